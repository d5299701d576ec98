"""Images without what their takers did not mean to send: where and when, with which device.

Each function walks over an image that it must understand to its end, and returns the pieces that are
kept: spans of the file, and bytes of ours in between. Pixels are not touched. What follows the image's
end is left out as well, so no image is something else at the same time.
"""

from __future__ import annotations

import mmap
import re
import zlib

from bot.domain.errors import UnsupportedFile

Data = bytes | mmap.mmap
Pieces = tuple[tuple[int, int] | bytes, ...]

MOST_PIXELS = 150_000_000
"""More than the finest telephone has, and less than what would fill a browser's memory many times."""

MOST_STEPS = 50_000
"""Segments, chunks or blocks that an image may have: far more than any, and soon walked over."""

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FILL = re.compile(rb"\xff+(?=\xff)")
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT"
    b" acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"})
_ORIENTATION = 0x0112


def jpeg(data: Data) -> Pieces:
    """Keep a JPEG's picture, colours and orientation, without Exif, XMP, IPTC, comments and previews."""
    pieces: list[tuple[int, int] | bytes] = [(0, 2)]
    at, seen = 2, False
    for _ in range(MOST_STEPS):
        fill = _FILL.match(data, at)
        at = fill.end() if fill else at
        marker = data[at + 1] if data[at : at + 1] == b"\xff" and at + 1 < len(data) else 0
        if marker == 0xD9:
            if not seen:
                raise _damaged()
            return _joined([*pieces, (at, at + 2)])
        end = _segment_end(data, at)
        body = at + 4
        if _is_frame(marker):
            _check_pixels(_number(data, body + 3, 2), _number(data, body + 1, 2))
            seen = True
        if marker == 0xDA:
            scan = _MARKER.search(data, end)
            if scan is None:
                raise _damaged()
            end = scan.start()
        if marker == 0xE1 and data[body : body + 6] == b"Exif\0\0":
            turned = _orientation(bytes(data[body + 6 : end]))
            pieces += [_exif(turned)] if 1 < turned <= 8 else []
        elif _is_kept(data, marker, body):
            pieces.append((at, end))
        at = end
    raise _damaged()


def _segment_end(data: Data, at: int) -> int:
    length = _number(data, at + 2, 2)
    if data[at : at + 1] != b"\xff" or length < 2 or at + 2 + length > len(data):
        raise _damaged()
    return at + 2 + length


def _is_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def _is_kept(data: Data, marker: int, body: int) -> bool:
    """Keep what a decoder needs: of the application's own segments only JFIF, colours and Adobe's."""
    if marker == 0xE2:
        return data[body : body + 12] == b"ICC_PROFILE\0"
    return marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _orientation(tiff: bytes) -> int:
    """Return which way up the camera was held; 0 when that is not said."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 0
    little = order == "little"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if little else "big")

    directory = number(4, 4)
    for index in range(min(number(directory, 2), 200)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == 3:
            return number(entry + 8, 2)
    return 0


def _exif(orientation: int) -> bytes:
    """Return an Exif segment that says which way up the picture is, and nothing else."""
    tiff = b"MM\0*\0\0\0\x08\0\x01" + b"\x01\x12\0\x03\0\0\0\x01" + bytes((0, orientation, 0, 0)) + bytes(4)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


def png(data: Data) -> Pieces:
    """Keep a PNG's picture and colours, without texts, times and Exif."""
    pieces: list[tuple[int, int] | bytes] = [(0, 8)]
    at = 8
    for _ in range(MOST_STEPS):
        length, name = _number(data, at, 4), bytes(data[at + 4 : at + 8])
        end = at + 12 + length
        if end > len(data) or (at == 8) != (name == b"IHDR"):
            raise _damaged()
        if name == b"IHDR":
            _check_pixels(_number(data, at + 8, 4), _number(data, at + 12, 4))
        # Small chunks are checked; a picture with a wrong bit in it is still a picture.
        if name in (b"IHDR", b"IEND") and zlib.crc32(data[at + 4 : end - 4]) != _number(data, end - 4, 4):
            raise _damaged()
        if name in _PNG_KEPT:
            pieces.append((at, end))
        elif not name[0] & 0x20:  # a chunk without which the picture cannot be shown, unknown to us
            raise UnsupportedFile(reason="kind")
        at = end
        if name == b"IEND":
            return _joined(pieces)
    raise _damaged()


def gif(data: Data) -> Pieces:
    """Keep a GIF's pictures and their timing, without comments and foreign data."""
    _check_pixels(_number(data, 6, 2, "little"), _number(data, 8, 2, "little"))
    at = 13 + _palette(data, 10)
    pieces: list[tuple[int, int] | bytes] = [(0, at)]
    blocks = _Blocks(data)
    for _ in range(MOST_STEPS):
        kind = bytes(data[at : at + 1])
        if kind == b";":
            return _joined([*pieces, (at, at + 1)])
        if kind == b",":
            end = blocks.end(at + 11 + _palette(data, at + 9))
            keep = True
        elif kind == b"!":
            end = blocks.end(at + 2)
            looping = data[at + 3 : at + 14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0")
            keep = data[at + 1 : at + 2] in (b"\xf9", b"\x01") or looping
        else:
            raise _damaged()
        if keep:
            pieces.append((at, end))
        at = end
    raise _damaged()


def _palette(data: Data, flags_at: int) -> int:
    flags = _number(data, flags_at, 1)
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


class _Blocks:
    """Chains of a GIF's blocks, which have up to 255 bytes each."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._left = MOST_STEPS + len(data) // 64

    def end(self, at: int) -> int:
        """Return where the chain that begins at `at` ends."""
        size = -1
        while size:
            size = _number(self._data, at, 1)
            at += 1 + size
            self._left -= 1
            if self._left < 0:
                raise _damaged()
        return at


def webp(data: Data) -> Pieces:
    """Keep a WebP's pictures and colours, without Exif and XMP."""
    whole = 8 + _number(data, 4, 4, "little")
    if whole > len(data) + 1:
        raise _damaged()
    at, pieces, size, steps = 12, list[tuple[int, int] | bytes](), 4, 0
    while at + 8 <= min(whole, len(data)):
        name, length = bytes(data[at : at + 4]), _number(data, at + 4, 4, "little")
        end = at + 8 + length + length % 2
        if end > len(data) + length % 2:
            raise _damaged()
        if name in _WEBP_KEPT:
            size += end - at
            if name == b"VP8X":
                _check_pixels(
                    1 + _number(data, at + 12, 3, "little"), 1 + _number(data, at + 15, 3, "little")
                )
                # Bits 8 and 4 say that Exif and XMP follow.
                pieces += [(at, at + 8), bytes((data[at + 8] & ~0x0C,)), (at + 9, end)]
            else:
                pieces.append((at, min(end, len(data))))
                pieces += [b"\0"] if end > len(data) else []
        at, steps = end, steps + 1
        if steps > MOST_STEPS:
            raise _damaged()
    if size <= 4:
        raise _damaged()
    return _joined([b"RIFF" + size.to_bytes(4, "little") + b"WEBP", *pieces])


def _number(data: Data, at: int, size: int, order: str = "big") -> int:
    found = data[at : at + size]
    if len(found) < size:
        raise _damaged()
    return int.from_bytes(found, "little" if order == "little" else "big")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UnsupportedFile("The image has too many pixels.", reason="bomb")
    if width * height == 0:
        raise _damaged()


def _joined(pieces: list[tuple[int, int] | bytes]) -> Pieces:
    """Return fewer, larger spans."""
    joined: list[tuple[int, int] | bytes] = []
    for piece in pieces:
        last = joined[-1] if joined else b""
        if isinstance(piece, tuple) and isinstance(last, tuple) and last[1] == piece[0]:
            joined[-1] = (last[0], piece[1])
        else:
            joined.append(piece)
    return tuple(joined)


def _damaged() -> UnsupportedFile:
    return UnsupportedFile("The image is damaged or cut off.", reason="damaged")

"""Sound and video by their bytes: whether they are what they begin like, and have pictures."""

from __future__ import annotations

import mmap
import re

from bot.domain.errors import UnsupportedFile

Data = bytes | mmap.mmap

MOST_BOXES = 100_000
"""Boxes that a recording may have outermost; a live one has a few for each second."""

_HANDLERS = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
_BITRATES = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP4_BRANDS = frozenset(
    b"isom,iso2,iso3,iso4,iso5,iso6,iso7,iso8,mp41,mp42,avc1,dash,MSNV,mmp4,3gp4,3gp5,3gp6,"
    b"M4V ,M4VP,M4A ,M4B ".split(b",")
)
_OGG_VOICES = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")


def wav(data: Data) -> None:
    """Accept WAVE sound."""
    if data[8:12] != b"WAVE":
        raise UnsupportedFile(reason="kind")
    declared = int.from_bytes(data[4:8], "little")
    # A recorder that did not know the length writes nought or the greatest number.
    if declared not in (0, 0xFFFFFFFF) and declared + 8 > len(data) + 1:
        raise _damaged()


def ogg(data: Data) -> None:
    """Accept Ogg with sound."""
    # The first page has one packet, which says what the stream is.
    if not bytes(data[28:40]).startswith(_OGG_VOICES):
        raise UnsupportedFile(reason="kind")


def mp4(data: Data) -> bool:
    """Accept MP4, after a walk over the outermost boxes; say whether there are pictures in it."""
    if bytes(data[8:12]) not in _MP4_BRANDS:
        raise UnsupportedFile(reason="kind")
    at, end, steps = 0, len(data), 0
    while at < end:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        elif size == 0:
            size = end - at
        if size < 8 or at + size > end or not name.isascii() or steps > MOST_BOXES:
            raise _damaged()
        at, steps = at + size, steps + 1
    tracks = {found[1] for found in _HANDLERS.finditer(data)}
    if not tracks:
        raise _damaged()
    return b"vide" in tracks


def webm(data: Data) -> bool:
    """Accept WebM; say whether there are pictures in it."""
    head = bytes(data[:8192])
    if b"webm" not in head[:64]:
        raise UnsupportedFile(reason="kind")
    found = {codec for codec in (b"V_VP8", b"V_VP9", b"V_AV1", b"A_OPUS", b"A_VORBIS") if codec in head}
    if not found:
        raise _damaged()
    return any(codec.startswith(b"V_") for codec in found)


def tagged_mp3(data: Data) -> None:
    """Accept MP3 behind an ID3 tag."""
    size = 10
    for shift, byte in zip((21, 14, 7, 0), data[6:10], strict=False):
        size += (byte & 0x7F) << shift
    gap = re.compile(rb"\x00{0,4096}").match(data, size) if size < len(data) else None
    if gap is None or not is_mpeg_audio(data, gap.end()):
        raise _damaged()


def is_mpeg_audio(data: Data, at: int) -> bool:
    """Say whether two frames of MPEG layer 3 follow each other here: one may be chance."""
    size = _frame(bytes(data[at : at + 4]))
    return size > 0 and (at + size >= len(data) or _frame(bytes(data[at + size : at + size + 4])) > 0)


def _frame(head: bytes) -> int:
    """Return the length of the frame that begins with `head`; 0 when none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kilobits = _BITRATES[1 if version == 3 else 2][bitrate]
    return (144_000 if version == 3 else 72_000) * kilobits // _RATES[version][rate] + (head[2] >> 1 & 1)


def _damaged() -> UnsupportedFile:
    return UnsupportedFile("The file is damaged or cut off.", reason="damaged")

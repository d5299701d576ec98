"""What a file is, told by its bytes; and images without place and device."""

from __future__ import annotations

import io
import mmap
import random
import struct
import time
import wave
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from bot.domain import file_types
from bot.domain.errors import UnsupportedFile
from bot.domain.file_types import Recognised, recognise

SECRET = b"geheimer-ort"


def picture(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    dice = random.Random(7)
    pixels = bytes(
        dice.randrange(256) for _ in range(size[0] * size[1] * len(Image.new(mode, (1, 1)).getbands()))
    )
    return Image.frombytes(mode, size, pixels)


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def exif(orientation: int = 0) -> Image.Exif:
    data = Image.Exif()
    if orientation:
        data[0x0112] = orientation
    data[0x010F] = SECRET.decode()
    gps = data.get_ifd(0x8825)
    gps[1], gps[2] = "N", (52.0, 31.0, 12.0)
    return data


def zipped(members: dict[str, bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name in stored else None)
    return out.getvalue()


def office(member: str, **more: bytes) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", member: b"<x/>", **more})


def opendocument(kind: str = "text") -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}".encode()
    return zipped({"mimetype": mime, "content.xml": b"<x/>"}, stored=("mimetype",))


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def mp4(*handlers: bytes, brand: bytes = b"isom") -> bytes:
    tracks = b"".join(box(b"trak", box(b"hdlr", bytes(8) + handler + bytes(12))) for handler in handlers)
    return box(b"ftyp", brand + bytes(4) + b"mp41") + box(b"mdat", bytes(99)) + box(b"moov", tracks)


def mp3(frames: int = 5) -> bytes:
    head = b"\xff\xfb\x90\x00"  # 128 kbit/s, 44.1 kHz
    return (head + bytes(413)) * frames


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(800))
    return out.getvalue()


def ogg(head: bytes) -> bytes:
    return b"OggS\0\x02" + bytes(20) + b"\x01\x13" + head + bytes(40)


def webm(codec: bytes) -> bytes:
    return b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + bytes(20) + b"\x86\x85" + codec + bytes(50)


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n"
TAG = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)

TAKEN = {
    "jpeg": (saved(picture(), "JPEG"), "image/jpeg"),
    "progressive jpeg": (saved(picture(), "JPEG", progressive=True), "image/jpeg"),
    "cmyk jpeg": (saved(picture("CMYK"), "JPEG"), "image/jpeg"),
    "grey jpeg": (saved(picture("L"), "JPEG"), "image/jpeg"),
    "png": (saved(picture(), "PNG"), "image/png"),
    "palette png": (saved(picture("P"), "PNG"), "image/png"),
    "gif": (saved(picture("P"), "GIF"), "image/gif"),
    "webp": (saved(picture(), "WEBP"), "image/webp"),
    "lossless webp": (saved(picture("RGBA"), "WEBP", lossless=True), "image/webp"),
    "pdf": (PDF, "application/pdf"),
    "text": ("Grüße, 你好\r\n\tzweite Zeile\n".encode(), "text/plain"),
    "text with a mark": (b"\xef\xbb\xbfhello", "text/plain"),
    "text with a heart": (b"<3 you", "text/plain"),
    "docx": (office("word/document.xml"), file_types.DOCX.mime),
    "xlsx": (office("xl/workbook.xml"), file_types.XLSX.mime),
    "pptx": (office("ppt/presentation.xml"), file_types.PPTX.mime),
    "odt": (opendocument(), file_types.ODT.mime),
    "ods": (opendocument("spreadsheet"), file_types.ODS.mime),
    "mp3": (mp3(), "audio/mpeg"),
    "tagged mp3": (TAG + mp3(), "audio/mpeg"),
    "ogg opus": (ogg(b"OpusHead\x01"), "audio/ogg"),
    "ogg vorbis": (ogg(b"\x01vorbis"), "audio/ogg"),
    "wav": (wav(), "audio/wav"),
    "m4a": (mp4(b"soun", brand=b"M4A "), "audio/mp4"),
    "mp4": (mp4(b"soun", b"vide"), "video/mp4"),
    "webm": (webm(b"V_VP9"), "video/webm"),
    "webm sound": (webm(b"A_OPUS"), "audio/webm"),
}

REFUSED = {
    "nothing": b"",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "html after space": b"\xef\xbb\xbf \n\t<html>",
    "html after a comment": b"<!-- x --><html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b"<?xml version='1.0'?><svg/>",
    "php": b"<?php system($_GET['x']);",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "batch": b"@ECHO OFF\r\ndel *",
    "exe": b"MZ\x90\x00" + bytes(200),
    "elf": b"\x7fELF" + bytes(100),
    "zip": zipped({"a.txt": b"a"}),
    "jar": zipped({"META-INF/MANIFEST.MF": b"a", "A.class": b"\xca\xfe"}),
    "docx with macros": office("word/document.xml", **{"word/vbaProject.bin": b"x"}),
    "epub": zipped({"mimetype": b"application/epub+zip", "content.xml": b""}, stored=("mimetype",)),
    "rar": b"Rar!\x1a\x07\x00" + bytes(30),
    "binary": bytes(range(256)) * 3,
    "terminal text": b"hello \x1b[2J",
    "latin text": "Grüße".encode("latin-1"),
    "bmp": saved(picture(), "BMP"),
    "tiff": saved(picture(), "TIFF"),
    "heic": box(b"ftyp", b"heic" + bytes(4) + b"mif1"),
    "ogg video": ogg(b"\x80theora"),
    "matroska": webm(b"V_VP9").replace(b"webm", b"matr"),
    "avi": b"RIFF\x10\0\0\0AVI " + bytes(40),
}


def kept(data: bytes, found: Recognised) -> bytes:
    if not found.pieces:
        return data
    return b"".join(p if isinstance(p, bytes) else data[p[0] : p[1]] for p in found.pieces)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str) -> None:
    data, mime = TAKEN[name]
    found = recognise(data)
    assert found.type.mime == mime
    first = mime.partition("/")[0]
    assert found.type.kind == (first if first in ("image", "audio", "video") else "file")
    # What is kept is read again as the same, and loses nothing more.
    again = kept(data, found)
    assert recognise(again).type == found.type
    assert kept(again, recognise(again)) == again


def test_every_kind_that_is_taken_is_tried() -> None:
    assert {recognise(data).type for data, _ in TAKEN.values()} == set(file_types.ACCEPTED)


@pytest.mark.parametrize("name", TAKEN)
def test_a_mapped_file_is_read_alike(name: str, tmp_path: Path) -> None:
    data, _ = TAKEN[name]
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert recognise(mapped) == recognise(data)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedFile) as refused:
        recognise(REFUSED[name])
    assert refused.value.fields["reason"] in ("kind", "empty", "macros")


@pytest.mark.parametrize("name", [n for n in TAKEN if "text" not in n and n not in ("mp3", "tagged mp3", "ogg opus", "ogg vorbis", "webm", "webm sound")])  # fmt: skip
def test_what_is_cut_off_is_refused(name: str) -> None:
    data, _ = TAKEN[name]
    for share in (0.3, 0.6, 0.95):
        with pytest.raises(UnsupportedFile):
            recognise(data[: int(len(data) * share)])


@pytest.mark.parametrize("name", TAKEN)
def test_noise_is_refused_or_taken_and_never_breaks(name: str) -> None:
    data, dice = TAKEN[name][0], random.Random(name)
    for _ in range(120):
        spoilt = bytearray(data)
        for _ in range(dice.choice((1, 3, 20))):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        cut = bytes(spoilt[: dice.choice((len(spoilt), dice.randrange(len(spoilt)) + 1))])
        try:
            found = recognise(cut)
        except UnsupportedFile:
            continue
        assert len(kept(cut, found)) <= len(cut) + 64


POLYGLOTS: dict[str, Callable[[bytes], bytes]] = {
    "a program behind": lambda data: data + b"MZ" + bytes(300),
    "an archive behind": lambda data: data + zipped({"A.class": b"\xca\xfe\xba\xbe"}),
    "a page behind": lambda data: data + b"<script>alert(1)</script>",
}


@pytest.mark.parametrize("behind", POLYGLOTS)
@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "webp"])
def test_what_is_behind_an_image_is_left_out(name: str, behind: str) -> None:
    data, _ = TAKEN[name]
    both = POLYGLOTS[behind](data)
    assert kept(both, recognise(both)) == data


@pytest.mark.parametrize("name", ["docx", "mp4"])
def test_a_container_with_more_behind_it_is_refused(name: str) -> None:
    data, _ = TAKEN[name]
    with pytest.raises(UnsupportedFile):
        recognise(data + b"<script>alert(1)</script>" * 4_000)


@pytest.mark.parametrize("orientation", [0, 1, 3, 6, 8])
def test_a_photo_keeps_its_pixels_and_its_top_and_loses_the_place(orientation: int) -> None:
    image = picture()
    data = saved(image, "JPEG", exif=exif(orientation), comment=SECRET, icc_profile=b"colours", quality=90)
    data = data[:2] + b"\xff\xe1\x00\x20http://ns.adobe.com/xap/1.0/\0x" + data[2:]
    data = data[:2] + b"\xff\xed\x00\x16Photoshop 3.0\0geheim" + data[2:]
    clean = kept(data, recognise(data))
    assert SECRET in data
    for gone in (SECRET, b"adobe.com", b"Photoshop", b"geheim", b"GPS"):
        assert gone not in clean
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(clean))
    assert after.tobytes() == before.tobytes()
    assert after.info.get("icc_profile") == b"colours"
    said = dict(after.getexif())
    assert said == ({0x0112: orientation} if orientation > 1 else {})
    assert not after.getexif().get_ifd(0x8825)


def test_orientation_is_read_in_both_byte_orders() -> None:
    for mark, entry in (
        (b"II*\0\x08\0\0\0\x01\0", b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"),
        (b"MM\0*\0\0\0\x08\0\x01", b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    ):
        tiff = b"Exif\0\0" + mark + entry + bytes(4)
        data = TAKEN["jpeg"][0]
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 2) + tiff + data[2:]
        assert Image.open(io.BytesIO(kept(data, recognise(data)))).getexif()[0x0112] == 6


def test_a_drawing_loses_what_is_written_in_it() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SECRET.decode())
    notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    data = saved(picture(), "PNG", pnginfo=notes, exif=exif(), dpi=(72, 72))
    clean = kept(data, recognise(data))
    assert SECRET in data
    assert SECRET not in clean
    assert Image.open(io.BytesIO(clean)).tobytes() == picture().tobytes()


def test_webp_loses_exif_and_says_so() -> None:
    data = saved(picture(), "WEBP", exif=exif(6), xmp=b"<x>" + SECRET + b"</x>", lossless=True)
    clean = kept(data, recognise(data))
    assert SECRET in data
    assert SECRET not in clean
    image = Image.open(io.BytesIO(clean))
    assert (image.tobytes(), dict(image.getexif())) == (picture().tobytes(), {})


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_what_moves_still_moves(kind: str) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    more = {"comment": SECRET} if kind == "GIF" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80, loop=0, **more)
    clean = kept(data, recognise(data))
    image = Image.open(io.BytesIO(clean))
    assert (image.n_frames, image.info.get("loop")) == (3, 0)
    assert SECRET not in clean


def test_bombs_are_refused() -> None:
    pixels = bytearray(saved(Image.new("1", (8, 8)), "PNG"))
    pixels[16:24] = struct.pack(">II", 60_000, 60_000)
    pixels[29:33] = struct.pack(">I", zlib.crc32(pixels[12:29]))
    small = bytearray(office("word/document.xml"))
    # What the table of contents says that the last member has when it is unpacked.
    struct.pack_into("<I", small, small.rindex(b"PK\x01\x02") + 24, 250_000_000)
    many = zipped(
        {"[Content_Types].xml": b"", "word/document.xml": b"", **{f"a{n}": b"" for n in range(5_000)}}
    )
    for bomb in (bytes(pixels), bytes(small), many):
        with pytest.raises(UnsupportedFile) as refused:
            recognise(bomb)
        assert refused.value.fields["reason"] == "bomb"


def test_an_archive_whose_members_share_their_bytes_is_refused() -> None:
    """The quoted-overlap bomb: many entries of the table point at one piece of data."""
    plain = bytearray(office("word/document.xml", big=random.Random(3).randbytes(50_000)))
    at = plain.index(b"PK\x01\x02", plain.index(b"PK\x01\x02", plain.index(b"PK\x01\x02") + 4) + 4)
    end = plain.index(b"PK\x05\x06")
    entry = bytes(plain[at:end])
    bomb = plain[:end] + entry * 9 + plain[end:]
    tail = len(bomb) - 22
    struct.pack_into("<HH", bomb, tail + 8, 12, 12)
    struct.pack_into("<I", bomb, tail + 12, end + 9 * len(entry) - plain.index(b"PK\x01\x02"))
    with pytest.raises(UnsupportedFile) as refused:
        recognise(bytes(bomb))
    assert refused.value.fields["reason"] == "bomb"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def archive_of(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:x}", b"")
    return out.getvalue()


TEDIOUS: dict[str, Callable[[int], bytes]] = {
    "jpeg of segments": lambda size: b"\xff\xd8" + b"\xff\xe0\0\2" * (size // 4),
    "jpeg of filling": lambda size: b"\xff\xd8" + b"\xff" * size,
    "jpeg of scans": lambda size: TAKEN["jpeg"][0][:-2] + b"\xff\xda\0\2" * (size // 4),
    "png of chunks": lambda size: TAKEN["png"][0][:33] + chunk(b"tEXt") * (size // 12),
    "gif of blocks": lambda size: b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1a\1a\1a\0" * (size // 9),
    "gif of a block": lambda size: b"GIF89a\1\0\1\0\0\0\0!\xfe" + b"\1a" * (size // 2),
    "webp of chunks": lambda size: (
        b"RIFF" + struct.pack("<I", size) + b"WEBP" + b"EXIF\0\0\0\0" * (size // 8)
    ),
    "mp4 of boxes": lambda size: mp4()[:16] + b"\0\0\0\x08free" * (size // 8),
    "archive of members": lambda size: archive_of(size // 400),
}


@pytest.mark.parametrize("name", TEDIOUS)
def test_nobody_keeps_us_walking(name: str) -> None:
    """Ten megabytes of the smallest pieces are given up long before their end."""
    data = TEDIOUS[name](10_000_000)
    begun = time.process_time()
    with pytest.raises(UnsupportedFile):
        recognise(data)
    assert time.process_time() - begun < 3

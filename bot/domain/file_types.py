"""Which kind of file some bytes are, told by the bytes alone; names and declared types are not asked.

`data` may be bytes or a memory-mapped file: it is looked at in places and never copied as a whole.
"""

from __future__ import annotations

import codecs
import mmap
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, cast

from bot.domain import recordings
from bot.domain.errors import UnsupportedFile
from bot.domain.images import gif, jpeg, png, webp

Data = bytes | mmap.mmap

TEXT_AT_ONCE = 1 << 16
LONGEST_INFLATED = 200 * 1024 * 1024
"""Bytes that an office document may say it has when unpacked."""
MOST_MEMBERS = 5_000
LONGEST_TABLE = 1_000_000
"""Bytes of an archive's table of contents, so that nobody keeps us reading it."""

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f]")
_PROGRAM_TEXT = re.compile(r"<[a-z!?/%]|#!|@echo|%!ps", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file that is taken; `endings` are those that its name may have, the usual one first."""

    kind: str
    mime: str
    endings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is, and the spans of it that are kept, in order; bytes are put in between."""

    type: FileType
    pieces: tuple[tuple[int, int] | bytes, ...] = ()
    """Nothing when all of it is kept."""


JPEG = FileType("image", "image/jpeg", (".jpg", ".jpeg", ".jfif"))
PNG = FileType("image", "image/png", (".png",))
GIF = FileType("image", "image/gif", (".gif",))
WEBP = FileType("image", "image/webp", (".webp",))
PDF = FileType("file", "application/pdf", (".pdf",))
TEXT = FileType("file", "text/plain", (".txt", ".text", ".log", ".md", ".csv"))
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = FileType("file", f"{_OFFICE}wordprocessingml.document", (".docx",))
XLSX = FileType("file", f"{_OFFICE}spreadsheetml.sheet", (".xlsx",))
PPTX = FileType("file", f"{_OFFICE}presentationml.presentation", (".pptx",))
ODT = FileType("file", "application/vnd.oasis.opendocument.text", (".odt",))
ODS = FileType("file", "application/vnd.oasis.opendocument.spreadsheet", (".ods",))
MP3 = FileType("audio", "audio/mpeg", (".mp3",))
OGG = FileType("audio", "audio/ogg", (".ogg", ".oga", ".opus"))
M4A = FileType("audio", "audio/mp4", (".m4a", ".mp4"))
WAV = FileType("audio", "audio/wav", (".wav",))
WEBM_AUDIO = FileType("audio", "audio/webm", (".webm", ".weba"))
MP4 = FileType("video", "video/mp4", (".mp4", ".m4v"))
WEBM = FileType("video", "video/webm", (".webm",))

ACCEPTED = (
    JPEG, PNG, GIF, WEBP, PDF, TEXT, DOCX, XLSX, PPTX, ODT, ODS, MP3, OGG, M4A, WAV, WEBM_AUDIO, MP4, WEBM,
)  # fmt: skip
MIMES = tuple(dict.fromkeys(one.mime for one in ACCEPTED))
"""What may be sent, for file choosers."""

_ZIPPED = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_OPEN_DOCUMENTS = {one.mime.encode(): one for one in (ODT, ODS)}


def recognise(data: Data) -> Recognised:
    """Return what a whole file is.

    Raises:
        UnsupportedFile: it is of no kind that is taken (reason: kind), empty, damaged or cut off
            (damaged), or unpacks to far more than it is (bomb).
    """
    if len(data) == 0:
        raise UnsupportedFile("The file is empty.", reason="empty")
    head = bytes(data[:16])
    for starts, reader in _READERS:
        if starts(head):
            return reader(data)
    if recordings.is_mpeg_audio(data, 0):
        return Recognised(MP3)
    return _text(data)


def _damaged() -> UnsupportedFile:
    return UnsupportedFile("The file is damaged or cut off.", reason="damaged")


def _pdf(data: Data) -> Recognised:
    if b"%%EOF" not in data[-4096:]:
        raise _damaged()
    return Recognised(PDF)


def _zip(data: Data) -> Recognised:
    """Tell office documents by their table of contents; nothing is unpacked."""
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Window(data))) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        raise _damaged() from None
    names = {member.filename for member in members}
    inflated = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MOST_MEMBERS or inflated > LONGEST_INFLATED or packed > len(data):
        raise UnsupportedFile("The file unpacks to far more than it may.", reason="bomb")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise UnsupportedFile("Documents with macros are not accepted.", reason="macros")
    if "[Content_Types].xml" in names:
        for member, found in _ZIPPED.items():
            if member in names:
                return Recognised(found)
    # OpenDocument says what it is in a first member that is not packed.
    if data[30:38] == b"mimetype" and "content.xml" in names:
        for mime, found in _OPEN_DOCUMENTS.items():
            if data[38 : 38 + len(mime) + 2] == mime + b"PK":
                return Recognised(found)
    raise UnsupportedFile(reason="kind")


class _Window:
    """As much of a file as `zipfile` needs to read its table of contents."""

    def __init__(self, data: Data) -> None:
        self._data, self._at = data, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        start = (0, self._at, len(self._data))[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else min(self._at + size, len(self._data))
        if end - self._at > LONGEST_TABLE:
            raise UnsupportedFile("The file has too many files in it.", reason="bomb")
        found = bytes(self._data[self._at : end])
        self._at += len(found)
        return found

    def seekable(self) -> bool:
        return True


def _riff(data: Data) -> Recognised:
    if data[8:12] == b"WEBP":
        return Recognised(WEBP, webp(data))
    recordings.wav(data)
    return Recognised(WAV)


def _ogg(data: Data) -> Recognised:
    recordings.ogg(data)
    return Recognised(OGG)


def _mp3(data: Data) -> Recognised:
    recordings.tagged_mp3(data)
    return Recognised(MP3)


def _text(data: Data) -> Recognised:
    """Take plain text in UTF-8 that is neither a page, nor a drawing, nor a script by its first words."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), TEXT_AT_ONCE):
            text = decoder.decode(data[at : at + TEXT_AT_ONCE], final=at + TEXT_AT_ONCE >= len(data))
            if _NOT_TEXT.search(text) or (at == 0 and _is_program(text)):
                raise UnsupportedFile(reason="kind")
    except UnicodeDecodeError:
        raise UnsupportedFile(reason="kind") from None
    return Recognised(TEXT)


def _is_program(text: str) -> bool:
    return _PROGRAM_TEXT.match(text.lstrip("\ufeff \t\r\n\f")) is not None


def _starts(*with_: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(with_)


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[Data], Recognised]], ...] = (
    (_starts(b"\xff\xd8\xff"), lambda data: Recognised(JPEG, jpeg(data))),
    (_starts(b"\x89PNG\r\n\x1a\n"), lambda data: Recognised(PNG, png(data))),
    (_starts(b"GIF87a", b"GIF89a"), lambda data: Recognised(GIF, gif(data))),
    (_starts(b"RIFF"), _riff),
    (_starts(b"%PDF-"), _pdf),
    (_starts(b"PK\x03\x04"), _zip),
    (_starts(b"OggS"), _ogg),
    (_starts(b"ID3"), _mp3),
    (_starts(b"\x1aE\xdf\xa3"), lambda data: Recognised(WEBM if recordings.webm(data) else WEBM_AUDIO)),
    (lambda head: head[4:8] == b"ftyp", lambda data: Recognised(MP4 if recordings.mp4(data) else M4A)),
)

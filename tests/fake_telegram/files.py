"""Files on the platform: ids that belong to one bot, and addresses that last an hour."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fake_telegram.errors import bad
from tests.fake_telegram.params import Params, Upload

MB = 1024 * 1024
PHOTO = 10 * MB
"""A bot's photos; everything else may have 50 MB."""
OTHER = 50 * MB
DOWNLOAD = 20 * MB
"""getFile gives bots nothing bigger: 400 "file is too big"."""
ADDRESS_LASTS = timedelta(hours=1)
"""A file's address is good for at least an hour; here not a moment longer."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8", b"BM")
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file; `claimed` is the size that is told, if it is not the true one."""

    id: str
    unique_id: str
    bot: int
    kind: str
    data: bytes
    name: str = ""
    mime: str = ""
    claimed: int = 0

    @property
    def size(self) -> int:
        return self.claimed or len(self.data)

    @property
    def folder(self) -> str:
        return {"photo": "photos", "voice": "voice", "video": "videos", "audio": "music"}.get(
            self.kind, "documents"
        )

    def told(self, **more: Any) -> dict[str, Any]:
        """Write it as messages do."""
        content = {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}
        if self.kind not in {"photo", "voice", "sticker", "video_note"}:
            content |= {k: v for k, v in (("file_name", self.name), ("mime_type", self.mime)) if v}
        return content | more


@dataclass(slots=True)
class Shelf:
    """Keeps files and hands out addresses."""

    files: dict[str, File] = field(default_factory=dict)
    _addresses: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def put(self, bot: int, kind: str, data: bytes, **more: Any) -> File:
        """Keep a file for a bot."""
        number = next(_numbers)
        file = File(
            id=f"AgACAgIAAxkBAAI{bot:X}f{number:X}w", unique_id=f"AQAD{number:06X}", bot=bot, kind=kind,
            data=data, **more,
        )  # fmt: skip
        self.files[file.id] = file
        return file

    def find(self, bot: int, file_id: str) -> File:
        """Return a file. An id is worth nothing to any other bot than the one that was given it."""
        file = self.files.get(file_id)
        if file is None or file.bot != bot:
            raise bad("invalid file_id")
        return file

    def describe(self, file: File, now: datetime) -> dict[str, Any]:
        """Answer getFile, which is where big files end."""
        if file.size > DOWNLOAD:
            raise bad("file is too big", ours=False)
        number, dot = next(_numbers), "." in file.name
        path = f"{file.folder}/file_{number}{'.' + file.name.rpartition('.')[2] if dot else ''}"
        self._addresses[path] = file.id, now + ADDRESS_LASTS
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": file.size,
            "file_path": path,
        }

    def download(self, bot: int, path: str, now: datetime) -> File | None:
        """Return what is at an address of this bot, if it is still good."""
        file_id, until = self._addresses.get(path, ("", now))
        file = self.files.get(file_id)
        return file if file and file.bot == bot and now < until else None

    def received(self, bot: int, params: Params, kind: str) -> File:
        """Take the file of sendPhoto and its kin: an upload, an id, `attach://NAME`; no address."""
        upload = params.files.get(kind)
        given = params.text(kind)
        if upload is None and given.startswith("attach://"):
            upload = params.files.get(given.removeprefix("attach://"))
        if upload is not None:
            return self._uploaded(bot, kind, upload)
        if not given:
            raise bad(f"there is no {kind} in the request")
        if "://" in given:
            raise bad("failed to get HTTP URL content")
        return self.find(bot, given)

    def _uploaded(self, bot: int, kind: str, upload: Upload) -> File:
        if not upload.data:
            raise bad("file must be non-empty")
        most = PHOTO if kind == "photo" else OTHER
        if len(upload.data) > most:
            size = len(upload.data)
            raise bad(
                f"file of size {size} bytes is too big for a {kind}; the maximum size is {most} bytes"
            )
        if kind == "photo":
            _check_picture(upload.data)
        return self.put(bot, kind, upload.data, name=upload.name, mime=upload.mime)


def _check_picture(data: bytes) -> None:
    """A photo must be a picture that the platform can read; its sides are together at most 10000."""
    if not data.startswith(PICTURES):
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = picture_size(data)
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")


def picture_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG; other kinds are not looked into."""
    if data.startswith(PICTURES[1]) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return max(1, width), max(1, height)
    return 90, 90


def in_message(file: File) -> Mapping[str, Any]:
    """Write the part of a message that describes its file."""
    width, height = picture_size(file.data)
    if file.kind == "photo":
        # A photo is a list of sizes, the last is the biggest; only that one is the file itself.
        small = {"file_id": file.id + "s", "file_unique_id": file.unique_id + "s", "file_size": 900}
        return {
            "photo": [
                small | {"width": min(width, 90), "height": min(height, 90)},
                file.told(width=width, height=height),
            ]
        }
    about: dict[str, dict[str, Any]] = {
        "voice": {"duration": 3, "mime_type": "audio/ogg"},
        "video": {"duration": 5, "width": 320, "height": 240},
        "audio": {"duration": 60},
    }
    return {file.kind: file.told(**about.get(file.kind, {}))}

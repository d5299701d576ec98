"""Files on the platform: uploaded ones, customers' ones, and their addresses that last five minutes."""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.fake_whatsapp.errors import Refused

MB = 1024 * 1024
# What each kind may be and weigh. Audio in Ogg must be Opus; stickers are 100 KB, animated ones 500 KB.
TYPES: dict[str, frozenset[str]] = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
    "sticker": frozenset({"image/webp"}),
    "document": frozenset(
        {
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    ),
}
SIZES = {"image": 5 * MB, "audio": 16 * MB, "video": 16 * MB, "sticker": 500 * 1024, "document": 100 * MB}
UPLOADABLE = frozenset().union(*TYPES.values())
ADDRESS_LASTS = timedelta(minutes=5)
UPLOAD_LASTS = timedelta(days=30)
RECEIVED_LASTS = timedelta(days=7)
"""An id from a webhook is good for a week, one of an upload for 30 days."""

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file that the platform keeps."""

    id: str
    data: bytes
    mime: str
    number: str
    """Id of the phone number it belongs to."""
    until: datetime
    name: str = ""

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.data).digest()

    @property
    def base_type(self) -> str:
        return self.mime.partition(";")[0].strip().lower()

    def in_webhook(self) -> dict[str, Any]:
        """Write it as webhooks do, with the digest in base64."""
        return {"mime_type": self.mime, "sha256": base64.b64encode(self.digest).decode(), "id": self.id}


class MediaShelf:
    """Keeps the files and hands out addresses."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self._addresses: dict[str, tuple[str, datetime]] = {}

    def put(self, data: bytes, mime: str, number: str, until: datetime, name: str = "") -> File:
        """Keep a file."""
        file = File(
            id=str(1_100_000_000_000_000 + next(_numbers)),
            data=data,
            mime=mime,
            number=number,
            until=until,
            name=name,
        )
        self.files[file.id] = file
        return file

    def upload(self, data: bytes, mime: str, number: str, now: datetime, name: str) -> File:
        """Keep what a business sends, or refuse it."""
        base = mime.partition(";")[0].strip().lower()
        if base not in UPLOADABLE:
            allowed = ", ".join(sorted(UPLOADABLE))
            raise Refused(
                100,
                f"Param file must be a file with one of the following types: {allowed}. Received: {mime}",
            )
        limit = max(SIZES[kind] for kind, types in TYPES.items() if base in types)
        if not 0 < len(data) <= limit:
            raise Refused(131053, f"File size {len(data)} is not between 1 and {limit} bytes for {base}")
        return self.put(data, mime, number, now + UPLOAD_LASTS, name)

    def find(self, media_id: str, number: str, now: datetime) -> File:
        """Return a file that is still there; with a number, only if it belongs to it."""
        file = self.files.get(media_id)
        if file is None or file.until <= now or number not in ("", file.number):
            raise Refused(
                100, f"Unsupported get request. Object with ID '{media_id}' does not exist", subcode=33
            )
        return file

    def describe(self, file: File, base_url: str, now: datetime) -> dict[str, Any]:
        """Write what the platform says of a file, with an address for five minutes and the digest in hex."""
        secret = hashlib.sha256(f"{file.id} {next(_numbers)}".encode()).hexdigest()[:24]
        self._addresses[secret] = file.id, now + ADDRESS_LASTS
        expires = int((now + ADDRESS_LASTS).timestamp())
        return {
            "messaging_product": "whatsapp",
            "url": f"{base_url}/whatsapp_business/attachments/?mid={file.id}&ext={expires}&hash={secret}",
            "mime_type": file.mime,
            "sha256": file.digest.hex(),
            "file_size": len(file.data),
            "id": file.id,
        }

    def download(self, secret: str, now: datetime) -> File | None:
        """Return what is at an address, if it is still good."""
        media_id, until = self._addresses.get(secret, ("", now))
        return self.files.get(media_id) if now < until else None

    def fits(self, file: File, kind: str) -> str:
        """Say why a file cannot be sent as this kind; "" when it can."""
        if file.base_type not in TYPES[kind]:
            allowed = ", ".join(sorted(TYPES[kind]))
            return f"Unsupported {kind} mime type {file.mime}. Please use one of {allowed}."
        if file.base_type == "audio/ogg" and "opus" not in file.mime and b"OpusHead" not in file.data[:128]:
            return "Ogg audio must be encoded with Opus."
        if len(file.data) > SIZES[kind]:
            return f"Media file of {len(file.data)} bytes exceeds {SIZES[kind]} bytes for {kind}."
        return ""

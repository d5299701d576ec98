"""How a file is sent: as what the platform shows best, or as a document, which takes the rest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.domain.media import media_id
from bot.domain.message import Attachment

MB = 1_000_000
DOCUMENT, DOCUMENT_LIMIT = "document", 100 * MB
LIMITS: Mapping[str, int] = {"image": 5 * MB, "audio": 16 * MB, "video": 16 * MB, DOCUMENT: DOCUMENT_LIMIT}
"""Bytes that the platform takes of each."""
MIMES: Mapping[str, frozenset[str]] = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
}
_ENDINGS: Mapping[str, str] = {
    ".jpg": "image", ".jpeg": "image", ".png": "image", ".mp4": "video", ".3gp": "video",
    ".aac": "audio", ".amr": "audio", ".mp3": "audio", ".m4a": "audio", ".ogg": "audio",
}  # fmt: skip
MAX_NAME = 240


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCall:
    """A file as the API takes it; `upload` is one of ours, which gets its id when it is there."""

    type: str
    content: dict[str, Any]
    upload: Attachment | None = None
    simpler: FileCall | None = None

    @property
    def takes_caption(self) -> bool:
        """Say whether words may stand under it."""
        return self.type != "audio"


def file_call(attachment: Attachment) -> FileCall:
    """Return how a file of ours, or one that anybody may fetch, is sent."""
    own = bool(media_id(attachment))
    kind = _type(attachment, own=own)
    as_document = FileCall(
        type=DOCUMENT,
        content=_content(attachment, own=own) | {"filename": _name(attachment)},
        upload=attachment if own else None,
    )
    if kind == DOCUMENT:
        return as_document
    return FileCall(
        type=kind,
        content=_content(attachment, own=own),
        upload=attachment if own else None,
        simpler=as_document,
    )


def _type(attachment: Attachment, *, own: bool) -> str:
    mime = attachment.mime.partition(";")[0].strip().lower()
    if not mime and not own:
        ending = PurePosixPath(urlsplit(attachment.url).path).suffix.lower()
        # A picture of a response may have an address without an ending.
        kind = _ENDINGS.get(ending, "image" if attachment.kind == "image" and not ending else DOCUMENT)
    else:
        kind = next((kind for kind, mimes in MIMES.items() if mime in mimes), DOCUMENT)
    return kind if (attachment.size or 0) <= LIMITS[kind] else DOCUMENT


def _content(attachment: Attachment, *, own: bool) -> dict[str, Any]:
    return {} if own else {"link": attachment.url}


def _name(attachment: Attachment) -> str:
    name = attachment.name or PurePosixPath(unquote(urlsplit(attachment.url).path)).name
    return name[-MAX_NAME:] or "file"

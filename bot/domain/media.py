"""Files that customers and agents send: whose they are, what they may be called, how large they are."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from bot.domain.message import Attachment

SCHEME = "media:"
"""How an attachment's `url` begins when the file is ours; each side renders its own address."""
REMOTE = "remote:"
"""How it begins while the platform still has the file; the rest is the channel's own name for it."""
PART_SIZE = 256 * 1024
"""Bytes of a file that are stored and read at a time."""
MAX_FILES = 5
"""Files that one message may have."""
MAX_UNSENT = 20
"""Files that one customer may have uploaded without sending them."""
UNSENT_KEPT = timedelta(days=1)
"""How long a file is kept that was uploaded and never sent."""
MAX_NAME = 120
"""Characters of a file's name."""

PROGRAMS = frozenset(
    {
        ".ade", ".apk", ".app", ".appx", ".bat", ".cmd", ".com", ".cpl", ".dll", ".dmg", ".exe",
        ".gadget", ".hta", ".htm", ".html", ".iso", ".jar", ".js", ".jse", ".jsp", ".lnk", ".mht",
        ".mjs", ".msc", ".msi", ".msp", ".php", ".pif", ".ps1", ".py", ".reg", ".scr", ".sh",
        ".svg", ".svgz", ".swf", ".url", ".vb", ".vbe", ".vbs", ".wsf", ".xhtml",
    }
)  # fmt: skip
"""Endings of names that say: to be run. Such a file is refused whatever is in it."""

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_IN_NAMES = frozenset('"*:<>?|\\/')


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """One stored file.

    A customer's upload has their address, an agent's the agent's id and the conversation. As long as
    `message_seq` is 0 it is in no message, and only who uploaded it may use it.
    """

    id: str
    created_at: datetime
    kind: str
    """image, audio, video or file."""
    mime: str
    name: str
    size: int
    conversation_id: str = ""
    message_seq: int = 0
    channel: str = ""
    account: str = ""
    address: str = ""
    agent_id: str = ""
    ready: bool = False
    """All of it is stored."""

    @property
    def attachment(self) -> Attachment:
        """Return the file as a message has it."""
        return Attachment(
            kind=self.kind, url=SCHEME + self.id, name=self.name, mime=self.mime, size=self.size
        )

    @property
    def parts(self) -> int:
        """Return how many parts it is stored in."""
        return -(-self.size // PART_SIZE)


def media_id(attachment: Attachment) -> str:
    """Return the id of the stored file, or nothing for one that is elsewhere."""
    return attachment.url.removeprefix(SCHEME) if attachment.url.startswith(SCHEME) else ""


def remote_ref(attachment: Attachment) -> str:
    """Return the channel's own name of a file that is not fetched yet, or nothing."""
    return attachment.url.removeprefix(REMOTE) if attachment.url.startswith(REMOTE) else ""


def is_program(name: str) -> bool:
    """Say whether a name claims to be something that is run."""
    return PurePosixPath(name.strip().rstrip(". ")).suffix.lower() in PROGRAMS


def clean_name(given: str, endings: tuple[str, ...]) -> str:
    """Return a name that is safe to show and to save under, ending in one of the type's `endings`.

    The ending decides what a double click does, so it is the content's and not the sender's choice.
    """
    whole = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in unicodedata.normalize("NFC", whole) if _may_be_in_name(c))
    name = " ".join(kept.split()).strip(". ")
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    if suffix.lower() not in endings:
        stem, suffix = name, endings[0]
    stem = stem[: MAX_NAME - len(suffix)].strip(". ")
    return f"{stem or 'file'}{suffix}"


def _may_be_in_name(character: str) -> bool:
    if character in _BIDI or character in _NOT_IN_NAMES:
        return False
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")

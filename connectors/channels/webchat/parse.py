"""Reads what a widget sends: one frame, strictly, and a customer message out of it. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec

from bot.domain.errors import InvalidInput, TooLarge
from bot.domain.feedback import MAX_COMMENT
from bot.domain.media import MAX_FILES
from bot.domain.message import MAX_TEXT, Attachment, IdentityClaim, InboundMessage

NAME = "webchat"
MAX_FRAME = 16 * 1024
"""Bytes of one frame."""
MAX_PAGE = 500
MAX_HISTORY = 50
MAX_SESSION = 512
_SEQ = msgspec.Meta(ge=0, le=2**53)
_CHOICE = re.compile(r"~[0-9a-f]{1,13}\.[0-9a-f]{1,4}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z_-]{8,64}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MESSAGE_ID = re.compile(rb'"id"\s*:\s*"([0-9A-Za-z_-]{8,64})"')
_IS_MESSAGE = re.compile(rb'"type"\s*:\s*"message"')
_LONGEST_COMPLAINT = 160


class _Frame(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """What all have in common."""


class Hello(_Frame, tag="hello"):
    """The first frame: who comes, what they remember, and up to where."""

    v: int = 1
    session: str | None = None
    identity: str | None = None
    after: Annotated[int, _SEQ] = 0
    language: str | None = None
    page: str | None = None


class Say(_Frame, tag="message"):
    """A customer message; the same `id` again is the same message."""

    id: str
    text: str = ""
    choice: str = ""
    files: list[str] = []


class Typing(_Frame, tag="typing"):
    """The customer is writing."""


class Read(_Frame, tag="read"):
    """The customer has seen everything up to `seq`."""

    seq: Annotated[int, _SEQ]


class History(_Frame, tag="history"):
    """Older messages are wanted."""

    before: Annotated[int, _SEQ]
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_HISTORY)] = 30


class Rate(_Frame, tag="rate"):
    """How the customer found the agent's help."""

    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    comment: str = ""


class Identify(_Frame, tag="identify"):
    """A new identity token, for the same person or for another one."""

    identity: str


class New(_Frame, tag="new"):
    """A new conversation is wanted."""


class Erase(_Frame, tag="erase"):
    """Everything that is stored of this customer is to be deleted."""


class Ping(_Frame, tag="ping"):
    """The widget asks whether anybody is there."""


Frame = Hello | Say | Typing | Read | History | Rate | Identify | New | Erase | Ping
ALWAYS = (Hello, Identify, Ping)
"""Frames that may come from anybody; all others come from those who are received."""
_decode = msgspec.json.Decoder(Frame).decode


def read(raw: bytes) -> Frame:
    """Return the frame that `raw` holds.

    Raises:
        TooLarge: it is over the limit.
        InvalidInput: it makes no sense.
    """
    if len(raw) > MAX_FRAME:
        raise TooLarge(f"A frame may have {MAX_FRAME} bytes.", limit=MAX_FRAME)
    try:
        frame: Frame = _decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{str(error)[:_LONGEST_COMPLAINT]}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("A frame is one JSON object in UTF-8.") from None
    return frame


def id_of(raw: bytes) -> str:
    """Return the id of a message that cannot be read, so that it can be refused by name; or nothing."""
    found = _MESSAGE_ID.search(raw) if _IS_MESSAGE.search(raw) else None
    return found[1].decode() if found else ""


def check_hello(hello: Hello) -> None:
    """Refuse a greeting with values that cannot be. Raises InvalidInput."""
    if hello.v != 1:
        raise InvalidInput("This server speaks version 1.", field="v")
    if hello.language and not (len(hello.language) <= 35 and _LANGUAGE.fullmatch(hello.language)):
        raise InvalidInput("`language` must be like en or de-AT.", field="language")
    if len(hello.page or "") > MAX_PAGE:
        raise TooLarge(f"`page` may have {MAX_PAGE} characters.", field="page", limit=MAX_PAGE)


def check_say(frame: Say) -> None:
    """Refuse a message that cannot be one. Raises InvalidInput or TooLarge."""
    if not _ID.fullmatch(frame.id):
        raise InvalidInput("`id` must be 8 to 64 letters, digits, - or _.", field="id")
    if frame.choice and (frame.text or frame.files):
        raise InvalidInput("A message has either a choice or a text and files.", field="choice")
    if frame.choice and not _CHOICE.fullmatch(frame.choice):
        raise InvalidInput("`choice` is not the token of a choice.", field="choice")
    if len(frame.files) > MAX_FILES:
        raise InvalidInput(f"A message may have {MAX_FILES} files.", field="files", limit=MAX_FILES)
    if not all(_ID.fullmatch(name) for name in frame.files) or len(set(frame.files)) < len(frame.files):
        raise InvalidInput("`files` must be ids of uploaded files, each once.", field="files")
    if len(frame.text) > MAX_TEXT:
        raise TooLarge(
            f"A message may have {MAX_TEXT} characters; this one has {len(frame.text)}.",
            field="text",
            limit=MAX_TEXT,
        )
    if _CONTROL.search(frame.text):
        raise InvalidInput("The message has control characters.", field="text")
    if not frame.choice and not frame.files and not frame.text.strip():
        raise InvalidInput("The message is empty.", field="text")


def check_rate(frame: Rate) -> None:
    """Refuse a comment that cannot be kept. Raises InvalidInput or TooLarge."""
    if len(frame.comment) > MAX_COMMENT:
        raise TooLarge(f"`comment` may have {MAX_COMMENT} characters.", field="comment", limit=MAX_COMMENT)
    if _CONTROL.search(frame.comment):
        raise InvalidInput("`comment` has control characters.", field="comment")


def inbound(
    frame: Say,
    *,
    address: str,
    now: datetime,
    identity: IdentityClaim | None = None,
    attachments: tuple[Attachment, ...] = (),
    language: str = "",
    page: str = "",
) -> InboundMessage:
    """Return a checked message as the core takes it; text that begins with / is text."""
    raw: dict[str, Any] = {"page": page} if page else {}
    return InboundMessage(
        channel=NAME,
        address=address,
        external_id=own_id(frame.id),
        received_at=now,
        text=frame.text,
        choice=frame.choice,
        attachments=attachments,
        identity=identity,
        language=language.partition("-")[0].lower(),
        signed_in_only=True,
        raw=raw,
    )


def own_id(message_id: str) -> str:
    """Return the widget's id of a message as it is stored."""
    return f"={message_id}"

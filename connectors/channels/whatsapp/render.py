"""Turns a message into calls of the Cloud API, one for each bubble. Pure: the same message, the same calls.

Choices go down a ladder: up to three with short titles are buttons, up to ten are a list, all others a
numbered text whose number the core understands when it is typed back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.message import Attachment, Choice, Message, choice_token
from connectors.channels.core.splitting import length, split
from connectors.channels.whatsapp.files import FileCall, file_call
from connectors.channels.whatsapp.people import is_user_id

MAX_TEXT = 4_096
MAX_BUTTONS, MAX_BUTTON_TITLE, MAX_BUTTONS_BODY = 3, 20, 1_024
MAX_ROWS, MAX_ROW_TITLE, MAX_LIST_BODY = 10, 24, 4_096
MAX_LIST_LABEL = 20
MAX_CAPTION = 1_024
MAX_VARIABLE = 1_024
NO_BODY = "👇"
"""Stands where the platform wants words above choices and there are none."""
NO_LABEL = "☰"
"""Opens a list when no trainer has given it a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One bubble: `body` is what it has beside the recipient; `file` must be uploaded before.

    `simpler` is the same in a plainer form, for when the platform does not take this one.
    """

    body: dict[str, Any]
    file: Attachment | None = None
    simpler: Call | None = None


def calls(message: Message, *, label: str = "") -> tuple[Call, ...]:
    """Return the calls that show a message, in order; none for one that has nothing to show.

    `label` opens a list.
    """
    text = message.text.strip()
    words = _with_files(message, text, label) if message.attachments else _words(message, text, label)
    return (*_place(message), *words)


def addressed(call: Call, *, address: str, ref: str = "") -> dict[str, Any]:
    """Return a call's whole body; `ref` is what the platform gives back with each receipt."""
    # A customer without a visible number is reached by Meta's own id, which has a field of its own.
    recipient = {"recipient" if is_user_id(address) else "to": address}
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", **recipient, **call.body}
    return body | ({"biz_opaque_callback_data": ref} if ref else {})


def with_file(call: Call, media_id: str) -> Call:
    """Return a call with the platform's id of its file."""
    kind = call.body["type"]
    return Call(body={**call.body, kind: {**call.body[kind], "id": media_id}})


def linked(call: Call, *, name: str, url: str) -> Call:
    """Return a file as words: what stands under it, its name and where it is."""
    caption = call.body[call.body["type"]].get("caption", "")
    return _text("\n\n".join(part for part in (caption, f"{name}\n{url}".strip()) if part))


def template(name: str, language: str, words: str = "") -> Call:
    """Return the call for a template without variables, or with one that `words` fill."""
    content: dict[str, Any] = {"name": name, "language": {"code": language}}
    if words:
        filled = {"type": "body", "parameters": [{"type": "text", "text": words}]}
        content["components"] = [filled]
    return Call(body={"type": "template", "template": content})


def in_template(message: Message) -> str:
    """Return what a template's variable says of a message: one line; nothing for what it cannot say."""
    whole = " ".join(" ".join(_numbered(message.text, message.choices)).split())
    fits = not message.attachments and not _place(message) and length(whole) <= MAX_VARIABLE
    return whole if fits else ""


def read_mark(message_id: str, *, typing: bool) -> dict[str, Any]:
    """Return the body that marks a customer's message as read and may show that we write."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
    }
    return body | ({"typing_indicator": {"type": "text"}} if typing else {})


def _with_files(message: Message, text: str, label: str) -> tuple[Call, ...]:
    """Say the words under the first file if they fit there; else before it, or after it with choices."""
    first, *others = [file_call(attachment) for attachment in message.attachments]
    rest = tuple(_file(file, "") for file in others)
    if text and not message.choices and first.takes_caption and length(text) <= MAX_CAPTION:
        return (_file(first, text), *rest)
    shown = (_file(first, ""), *rest)
    words = _words(message, text, label)
    return (*shown, *words) if message.choices else (*words, *shown)


def _file(file: FileCall, caption: str) -> Call:
    plainer = _file(file.simpler, caption) if file.simpler else None
    content = file.content | ({"caption": caption} if caption else {})
    return Call(body={"type": file.type, file.type: content}, file=file.upload, simpler=plainer)


def _place(message: Message) -> tuple[Call, ...]:
    """Show a place that a response names as `custom: {location: {latitude, longitude, name, address}}`."""
    place = (message.custom or {}).get("location")
    if not isinstance(place, dict):
        return ()
    where = {name: place.get(name) for name in ("latitude", "longitude")}
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in where.values()):
        return ()
    words = {name: str(place[name])[:1_000] for name in ("name", "address") if place.get(name)}
    return (Call(body={"type": "location", "location": where | words}),)


def _words(message: Message, text: str, label: str) -> tuple[Call, ...]:
    choices = message.choices
    if not choices:
        return tuple(_text(piece) for piece in split(text, MAX_TEXT))
    if _as_buttons(choices):
        return _interactive(message, text, MAX_BUTTONS_BODY, _buttons(message))
    if _as_list(choices):
        return _interactive(message, text, MAX_LIST_BODY, _list(message, label))
    return tuple(_text(piece) for piece in _numbered(text, choices))


def _text(text: str) -> Call:
    return Call(body={"type": "text", "text": {"body": text, "preview_url": False}})


def _interactive(message: Message, text: str, limit: int, shape: dict[str, Any]) -> tuple[Call, ...]:
    """Put the choices under the end of the text; what is too long for that is said before."""
    *before, last = split(text, MAX_TEXT, last=limit) or [NO_BODY]
    plainer = _numbered(last if text else "", message.choices)
    call = Call(
        body={"type": "interactive", "interactive": {**shape, "body": {"text": last}}},
        simpler=_text(plainer[0]) if len(plainer) == 1 else None,
    )
    return (*(_text(piece) for piece in before), call)


def _titles(choices: Sequence[Choice], count: int, longest: int) -> bool:
    """Say whether there are at most so many, with titles that are there, short, and each another one."""
    titles = [choice.title.strip() for choice in choices]
    fit = all(0 < length(title) <= longest for title in titles)
    return fit and len(titles) <= count and len(set(titles)) == len(titles)


def _as_buttons(choices: Sequence[Choice]) -> bool:
    return _titles(choices, MAX_BUTTONS, MAX_BUTTON_TITLE)


def _as_list(choices: Sequence[Choice]) -> bool:
    return _titles(choices, MAX_ROWS, MAX_ROW_TITLE)


def _entries(message: Message) -> list[dict[str, str]]:
    return [
        {"id": choice_token(message.seq, index), "title": choice.title.strip()}
        for index, choice in enumerate(message.choices)
    ]


def _buttons(message: Message) -> dict[str, Any]:
    buttons = [{"type": "reply", "reply": entry} for entry in _entries(message)]
    return {"type": "button", "action": {"buttons": buttons}}


def _list(message: Message, label: str) -> dict[str, Any]:
    button = label.strip() if 0 < length(label.strip()) <= MAX_LIST_LABEL else NO_LABEL
    return {"type": "list", "action": {"button": button, "sections": [{"rows": _entries(message)}]}}


def _numbered(text: str, choices: Sequence[Choice]) -> list[str]:
    lines = [f"{number}. {choice.title.strip()}" for number, choice in enumerate(choices, start=1)]
    return split("\n\n".join(part for part in (text, "\n".join(lines)) if part), MAX_TEXT)

"""What a message of the business must look like. Pure: a body goes in, the platform's refusal comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fake_whatsapp import rules_interactive
from tests.fake_whatsapp.checks import field, invalid, missing, only, sized
from tests.fake_whatsapp.errors import Refused

# A business-scoped user id: the country's two letters, a dot, up to 128 letters and digits; of a
# parent company with "ENT." between them.
BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{5,24}")
TOP = frozenset(
    {
        "messaging_product",
        "recipient_type",
        "to",
        "recipient",
        "type",
        "context",
        "biz_opaque_callback_data",
        "text",
        "interactive",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "template",
        "reaction",
    }
)


def recipient(body: Mapping[str, Any]) -> str:
    """Return to whom it goes: digits of a phone, or a business-scoped user id."""
    if body.get("recipient_type", "individual") != "individual":
        raise invalid("recipient_type must be 'individual'")
    # `to` is for phones and `recipient` for business-scoped user ids; with both, the phone counts.
    if body.get("to"):
        phone = field(body, "to")
        if not PHONE.fullmatch(phone):
            raise invalid("'to' is not a phone number")
        return re.sub(r"\D", "", phone)
    found = str(field(body, "recipient")) if "recipient" in body else ""
    if not found:
        raise missing("to")
    if not BSUID.fullmatch(found):
        raise invalid("'recipient' is not a business-scoped user id")
    return found


def check(body: Mapping[str, Any]) -> str:
    """Check a message and return its type."""
    if body.get("messaging_product") != "whatsapp":
        raise Refused(100, "(#100) The parameter messaging_product is required.")
    only(body, TOP, "root")
    recipient(body)
    kind = str(body.get("type", "text"))
    if kind not in CHECKS:
        raise Refused(100, f"Param type must be one of {{{', '.join(sorted(CHECKS))}}} - got {kind!r}.")
    if others := (set(CHECKS) - {kind}) & set(body):
        raise Refused(100, f"Unexpected key {min(others)!r} on a message of type {kind}.")
    # Our own words that come back with each status.
    if "biz_opaque_callback_data" in body:
        sized(body["biz_opaque_callback_data"], "biz_opaque_callback_data", 512)
    if "context" in body:
        field(field(body, "context", dict), "message_id", where="context.")
    CHECKS[kind](field(body, kind, dict))
    return kind


def text(part: Mapping[str, Any]) -> None:
    """Text: 1 to 4096 characters."""
    only(part, {"body", "preview_url"}, "text")
    if len(field(part, "body", where="text.")) > 4096:
        raise Refused(100, "Param text['body'] must be at most 4096 characters long.")
    if not part["body"].strip():
        raise missing("text.body")
    if not isinstance(part.get("preview_url", False), bool):
        raise Refused(100, "Param text['preview_url'] must be a boolean.")


def media(kind: str, *, caption: bool) -> Callable[[Mapping[str, Any]], None]:
    """Files: by id or by link; a caption of at most 1024 characters, which sound and stickers cannot have."""
    allowed = {"id", "link"} | ({"caption"} if caption else set())
    allowed |= {"filename"} if kind == "document" else {"voice"} if kind == "audio" else set()

    def judge(part: Mapping[str, Any]) -> None:
        only(part, allowed, kind)
        if ("id" in part) == ("link" in part):
            raise Refused(100, f"Param {kind} must have either id or link.")
        if "link" in part and not re.match(r"https?://", str(part["link"])):
            raise invalid(f"{kind}.link is not a web address")
        if part.get("caption"):
            sized(part["caption"], f"{kind} caption", 1024)
        if "filename" in part:
            sized(part["filename"], "document filename", 240)

    return judge


def location(part: Mapping[str, Any]) -> None:
    """A place: two numbers, and perhaps words."""
    only(part, {"latitude", "longitude", "name", "address"}, "location")
    for name, most in (("latitude", 90), ("longitude", 180)):
        if name not in part:
            raise missing(f"location.{name}")
        try:
            number = float(part[name])
        except (TypeError, ValueError):
            raise invalid(f"location.{name} is not a number") from None
        if not -most <= number <= most:
            raise invalid(f"location.{name} is out of range")


def reaction(part: Mapping[str, Any]) -> None:
    """A reaction names a message; an empty emoji takes it back."""
    only(part, {"message_id", "emoji"}, "reaction")
    field(part, "message_id", where="reaction.")
    if not isinstance(part.get("emoji"), str):
        raise missing("reaction.emoji")


def template(part: Mapping[str, Any]) -> None:
    """A template: its name and language; its parameters are counted where templates are known."""
    only(part, {"name", "language", "components"}, "template")
    sized(field(part, "name", where="template."), "template name", 512)
    field(field(part, "language", dict, "template."), "code", where="template.language.")
    for component in part.get("components", []):
        if lower(component) not in {"header", "body", "button"}:
            raise invalid("template component type must be header, body or button")
        for parameter in component.get("parameters", []):
            if lower(parameter) == "text":
                parameter_text(parameter.get("text"))


def lower(part: Mapping[str, Any]) -> str:
    """Return the type of a part of a template, which may be written in capitals (pywa does)."""
    return str(part.get("type", "")).lower()


def parameter_text(value: Any) -> None:
    """A parameter: at most 1024 characters, on one line, without tabs or more than four spaces in a row."""
    if not isinstance(value, str) or not value:
        raise missing("template.components.parameters.text")
    if re.search(r"[\n\r\t]| {5}", value):
        raise Refused(
            132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    sized(value, "template parameter", 1024)


CHECKS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "text": text,
    "interactive": rules_interactive.check,
    "image": media("image", caption=True),
    "video": media("video", caption=True),
    "document": media("document", caption=True),
    "audio": media("audio", caption=False),
    "sticker": media("sticker", caption=False),
    "location": location,
    "reaction": reaction,
    "template": template,
}

"""What the tests of the connector share: an account, webhook bodies, messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.message import Author, Choice, Kind, Message
from bot.setting_types import Secret
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.parse import Arrived, parse
from tests.fake_whatsapp import NUMBER, Number
from tests.fake_whatsapp.payloads import encode

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()) - 60)
BSUID = "US.13491208655302741918"
PHONE = "972987654321"


def account(number: Number = NUMBER, url: str = "https://graph.facebook.com", **more: Any) -> Account:
    values: dict[str, Any] = {
        "name": "default",
        "token": Secret(number.token),
        "app_secret": Secret(number.app_secret),
        "verify_token": Secret(number.verify_token),
        "phone_number_id": number.id,
        "api_url": url,
    }
    return Account(**(values | more))


def value(*messages: dict[str, Any], key: str = "messages", **more: Any) -> dict[str, Any]:
    contact = {"profile": {"name": "Ada"}, "wa_id": PHONE, "user_id": BSUID}
    metadata = {"display_phone_number": NUMBER.display, "phone_number_id": NUMBER.id}
    return {"metadata": metadata, "contacts": [contact], key: list(messages), **more}


def body(*values: dict[str, Any], field: str = "messages") -> bytes:
    changes = [{"field": field, "value": each} for each in values]
    return encode({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})


def said(kind: str, content: Any = None, **more: Any) -> dict[str, Any]:
    message = {"id": "wamid.1", "from": PHONE, "timestamp": STAMP, "type": kind, **more}
    return message | ({kind: content} if content is not None else {})


def read(raw: bytes, *, numbers: Mapping[str, str] | None = None) -> Arrived:
    return parse(raw, accounts=numbers or {NUMBER.id: "default"}, now=NOW)


def one(*messages: dict[str, Any], **more: Any) -> Any:
    """Parse a body with one value and return what arrived, if it is one thing."""
    found = read(body(value(*messages, **more))).arrivals
    assert len(found) == 1, found
    return found[0]


def message(text: str = "", choices: tuple[str, ...] = (), **more: Any) -> Message:
    values: dict[str, Any] = {
        "id": "m1",
        "conversation_id": "c1",
        "seq": 7,
        "author": Author.BOT,
        "kind": Kind.CHOICES if choices else Kind.TEXT,
        "created_at": NOW,
        "text": text,
        "choices": tuple(Choice(title=title, payload=f"/p{n}") for n, title in enumerate(choices)),
    }
    return Message(**(values | more))

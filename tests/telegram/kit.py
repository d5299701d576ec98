"""What the tests of the connector share: an account, updates, messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.message import Author, Choice, Kind, Message
from bot.setting_types import Secret
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.parse import parse
from connectors.channels.telegram.parsed import Parsed

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp()) - 60
CHAT = 77_001
BOT_ID = 123_456_789
TOKEN = f"{BOT_ID}:AAHd-no_real_token_1234567890abcdef"
SECRET = "a-webhook-secret_0123456789"
ADA: dict[str, Any] = {
    "id": CHAT,
    "is_bot": False,
    "first_name": "Ada",
    "last_name": "Test",
    "language_code": "de-AT",
}
PRIVATE: dict[str, Any] = {"id": CHAT, "type": "private", "first_name": "Ada", "last_name": "Test"}
GROUP: dict[str, Any] = {"id": -100_500, "type": "supergroup", "title": "Friends"}


def account(url: str = "https://api.telegram.org", **more: Any) -> Account:
    values: dict[str, Any] = {
        "name": "default",
        "token": Secret(TOKEN),
        "secret": Secret(SECRET),
        "api_url": url,
    }
    return Account(**(values | more))


def said(**content: Any) -> dict[str, Any]:
    """Return a message of Ada's in her chat with the bot."""
    return {"message_id": 5, "from": ADA, "chat": PRIVATE, "date": STAMP, **content}


def update(update_id: int = 1_000, **content: Any) -> bytes:
    return json.dumps({"update_id": update_id, **content}, ensure_ascii=False).encode()


def read(raw: bytes) -> Parsed:
    return parse(raw, account="default", now=NOW)


def one(**content: Any) -> Any:
    """Parse an update and return what arrived, if it is one thing."""
    found = read(update(**content)).arrivals
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

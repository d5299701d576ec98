"""Runs with pywa's own Python: says what pywa understands of webhooks, and sends with pywa's client.

`python pywa_peer.py read` takes lines of JSON {"raw": hex, "signature": text} and answers each with a
line; `send URL` sends to a server and prints what came back. It imports nothing of Baton.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import httpx
from pywa import WhatsApp, handlers, types
from pywa.errors import WhatsAppError
from pywa.types import templates

ABOUT = json.loads(sys.argv[2])
"""phone_id, token, app_secret, verify_token, url and to."""


def plain(value: Any) -> Any:
    """Make a value of pywa's into JSON."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return int(value.timestamp())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [
            f.name for f in dataclasses.fields(value) if f.name not in {"_client", "raw", "shared_data"}
        ]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else repr(value)


def read() -> None:
    """Read webhooks."""
    client = WhatsApp(
        phone_id=ABOUT["phone_id"],
        token=ABOUT["token"],
        app_secret=ABOUT["app_secret"],
        verify_token=ABOUT["verify_token"],
        server=None,
        skip_duplicate_updates=False,
    )
    found: list[dict[str, Any]] = []
    kinds = [k for k in vars(handlers).values() if isinstance(k, type) and issubclass(k, handlers.Handler)]
    for kind in kinds:
        if getattr(kind, "_update", None) is None or kind is handlers.RawUpdateHandler:
            continue
        client.add_handlers(
            kind(lambda _, update: found.append({"class": type(update).__name__, **plain(update)}))
        )
    for line in sys.stdin:
        given = json.loads(line)
        raw = bytes.fromhex(given["raw"])
        found.clear()
        refused = client.webhook_update_validator(raw, given["signature"])
        if refused is None:
            client.webhook_update_handler(raw)
        print(json.dumps({"refused": refused, "found": found}), flush=True)


def attempt(call: Callable[[], Any]) -> dict[str, Any]:
    """Call, and say what came of it."""
    try:
        return {"id": getattr(call(), "id", None)}
    except WhatsAppError as error:
        return {"code": error.code, "class": type(error).__name__, "details": error.details}


def send() -> None:
    """Send one of each kind."""
    session = httpx.Client(trust_env=False)
    client = WhatsApp(phone_id=ABOUT["phone_id"], token=ABOUT["token"], session=session, server=None)
    session.base_url = f"{ABOUT['url']}/v25.0"
    to, picture = ABOUT["to"], b"\xff\xd8\xff\xe0 a picture"
    buttons = [types.Button(title=t, callback_data=t.lower()) for t in ("Yes", "No", "Later")]
    rows = [
        types.SectionRow(title=f"Row {n}", callback_data=f"r{n}", description="About") for n in range(10)
    ]
    menu = types.SectionList("Menu", [types.Section(title="All", rows=rows)])
    link = types.URLButton(title="Open", url="https://shop.example.com")
    body = templates.BodyText.params("Ada", "order 1")
    english = templates.TemplateLanguage.ENGLISH
    calls: dict[str, Callable[[], Any]] = {
        "text": lambda: client.send_message(to, "Hello 😀", tracker="c1:1"),
        "reply": lambda: client.send_message(to, "To that", reply_to_message_id=ABOUT["message"]),
        "buttons": lambda: client.send_message(to, "Sure?", buttons=buttons, header="H", footer="F"),
        "list": lambda: client.send_message(to, "Which?", buttons=menu),
        "link": lambda: client.send_message(to, "Look", buttons=link),
        "image": lambda: client.send_image(to, picture, caption="Look", mime_type="image/jpeg"),
        "document": lambda: client.send_document(
            to, b"%PDF-", filename="a.pdf", mime_type="application/pdf"
        ),
        "link image": lambda: client.send_image(to, client.upload_media(picture, "image/jpeg", "a.jpg")),
        "location": lambda: client.send_location(to, 52.5, 13.4, name="Shop"),
        "reaction": lambda: client.send_reaction(to, "👍", ABOUT["message"]),
        "typing": lambda: client.indicate_typing(ABOUT["message"]),
        "read": lambda: client.mark_message_as_read(ABOUT["message"]),
        "template": lambda: client.send_template(to, "reply_waiting", english, [body]),
        "no template": lambda: client.send_template(to, "other", english, [body]),
        "long button": lambda: client.send_message(
            to, "?", buttons=[types.Button("x" * 21, callback_data="x")]
        ),
        "long text": lambda: client.send_message(to, "x" * 4097),
        "scoped id": lambda: client.send_message(ABOUT["bsuid"], "By id"),
    }
    for name, call in calls.items():
        print(json.dumps({"name": name, **attempt(call)}), flush=True)
    url = client.get_media_url(ABOUT["media"])
    print(
        json.dumps({"name": "media", **plain(url), "bytes": client.get_media_bytes(url.url).hex()}),
        flush=True,
    )


if __name__ == "__main__":
    {"read": read, "send": send}[sys.argv[1]]()

"""Webhook bodies, written as the platform writes them. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

Batch = Literal["customers", "mixed", "apart"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A business's phone number: what Baton calls an account."""

    id: str
    display: str
    token: str
    app_secret: str
    verify_token: str
    waba: str = "102290129340398"
    name: str = "Example Shop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """How the platform shows a customer.

    Since 2026 everybody has a business-scoped user id; whoever has taken a user name has no phone any
    more in webhooks. Both variants and the old one, a phone alone, are in use.
    """

    name: str
    phone: str = ""
    bsuid: str = ""
    parent: str = ""
    username: str = ""

    def contact(self) -> dict[str, Any]:
        """Write the `contacts` entry."""
        profile = _filled(name=self.name, username=self.username)
        ids = _filled(wa_id=self.phone, user_id=self.bsuid, parent_user_id=self.parent)
        return {"profile": profile, **ids}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that a webhook tells."""

    number: Number
    identity: Identity
    key: str
    """In which list it stands: "messages", "statuses", "message_echoes"..."""
    item: dict[str, Any]
    field: str = "messages"


def message(
    who: Identity, message_id: str, at: datetime, kind: str, content: Any, **more: Any
) -> dict[str, Any]:
    """Write a message of a customer; `timestamp` is a string."""
    return {
        **_filled(context=more.pop("context", None)),
        **_filled(from_=who.phone, from_user_id=who.bsuid, from_parent_user_id=who.parent),
        "id": message_id,
        "timestamp": stamp(at),
        "type": kind,
        **({kind: content} if content is not None else {}),
        **more,
    }


def echo(
    number: Number, who: Identity, message_id: str, at: datetime, kind: str, content: Any
) -> dict[str, Any]:
    """Write what a person of the business wrote in the Business app: `from` is the displayed number."""
    return {
        "from": number.display,
        **_filled(to=who.phone, to_user_id=who.bsuid, to_parent_user_id=who.parent),
        "id": message_id,
        "timestamp": stamp(at),
        "type": kind,
        kind: content,
    }


def status(
    who: Identity, message_id: str, at: datetime, name: str, *, ref: str = "", template: bool = False
) -> dict[str, Any]:
    """Write how far a message of the business has come."""
    category = "utility" if template else "service"
    # Who is told by phone alone is told in the form from before 2025: priced by conversation.
    old = not who.bsuid
    pricing: dict[str, Any] = {"billable": template, "pricing_model": "CBP" if old else "PMP"}
    pricing |= {"category": category}
    pricing |= {} if old else {"type": "regular" if template else "free_customer_service"}
    conversation = {"id": "7270432eae37498234f4444b35ff", "origin": {"type": category}}
    return {
        "id": message_id,
        "status": name,
        "timestamp": stamp(at),
        **_filled(recipient_id=who.phone, recipient_user_id=who.bsuid, recipient_parent_user_id=who.parent),
        **_filled(biz_opaque_callback_data=ref),
        **({"conversation": conversation} if old and name == "sent" else {}),
        **({"pricing": pricing} if name in {"sent", "delivered", "read"} else {}),
    }


def body(changes: Sequence[Change], batch: Batch = "customers") -> bytes:
    """Put changes into one body.

    The platform batches: several entries, several changes, several messages. "customers" puts what one
    customer did into one value, "mixed" what several did, "apart" each thing into an entry of its own.
    """
    groups: list[list[Change]] = []
    for change in changes:
        last = groups[-1][-1] if groups else None
        if last and batch != "apart" and _group(last, batch) == _group(change, batch):
            groups[-1].append(change)
        else:
            groups.append([change])
    entries: list[dict[str, Any]] = []
    for group in groups:
        number = group[0].number
        written = {"value": _value(group), "field": group[0].field}
        if entries and entries[-1]["id"] == number.waba and batch != "apart":
            entries[-1]["changes"].append(written)
        else:
            entries.append({"id": number.waba, "changes": [written]})
    return encode({"object": "whatsapp_business_account", "entry": entries})


def encode(content: Any) -> bytes:
    r"""Write JSON as the platform does: no blanks, `\uXXXX` beyond ASCII, and slashes escaped too.

    A client that signs its own re-serialised copy of a body finds a different signature.
    """
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode()


def signatures(raw: bytes, secret: str) -> dict[str, str]:
    """Sign the raw bytes; the old SHA-1 header comes along and proves nothing."""
    key = secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(key, raw, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest(),
    }


def stamp(at: datetime) -> str:
    """Write a time: whole seconds, as a string."""
    return str(int(at.timestamp()))


def without_phone(who: Identity) -> Identity:
    """Return the identity as it is once the phone is hidden."""
    return replace(who, phone="")


def _group(change: Change, batch: Batch) -> tuple[str, ...]:
    who = change.identity
    customer = (who.phone, who.bsuid) if batch == "customers" else ()
    return (change.number.id, change.field, change.key, *customer)


def _value(group: Sequence[Change]) -> dict[str, Any]:
    number, contacts = group[0].number, []
    for change in group:
        contact = change.identity.contact()
        if contact not in contacts:
            contacts.append(contact)
    # Before there were business-scoped ids, only customers' messages came with contacts.
    named = group[0].key == "messages" or any(change.identity.bsuid for change in group)
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.display, "phone_number_id": number.id},
        **({"contacts": contacts} if named else {}),
        group[0].key: [change.item for change in group],
    }


def _filled(**values: Any) -> dict[str, Any]:
    return {name.removesuffix("_"): value for name, value in values.items() if value not in (None, "")}

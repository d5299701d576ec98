"""Reads the messages of customers, and what they do to messages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.domain.arrival import Deleted, Edited, Moved, Reaction
from bot.domain.message import IdentityClaim, InboundMessage
from connectors.channels.whatsapp import wire
from connectors.channels.whatsapp.kinds import meaning, pieces
from connectors.channels.whatsapp.people import MAX_ADDRESS, Person, person
from connectors.channels.whatsapp.reading import NAME, Found, Place, read, together

WINDOW = timedelta(hours=24)
"""How long after a customer's message free text is allowed."""
MAX_REFERRAL = 500
_HEAD = msgspec.json.Decoder(wire.Head)
_EXTRAS = msgspec.json.Decoder(wire.Extras)
_REFERRAL = ("source_type", "source_id", "source_url", "headline", "body")


def messages(value: wire.Value, place: Place) -> Found:
    """Return the messages of a change."""
    heads = [(raw, read(_HEAD, raw)) for raw in value.messages or ()]
    alone = len({head.sender or head.from_user_id for _, head in heads if head}) == 1
    return together([_message(head, raw, place, alone) for raw, head in heads])


def _message(head: wire.Head | None, raw: msgspec.Raw, place: Place, alone: bool) -> Found:
    if head is None or not head.id:
        return Found(passed_over=("malformed_message",))
    if head.group_id:
        return Found(passed_over=("group",))
    kind = head.type or ""
    if kind in _PASSED_OVER:
        return Found(passed_over=(kind,))
    sender = person(phone=head.sender, user_id=head.from_user_id, contacts=place.contacts, alone=alone)
    if kind == "system":
        return _system(head, raw, place)
    if sender is None:
        return Found(passed_over=("no_sender",))
    report = _REPORTS.get(kind)
    return report(head, raw, place, sender) if report else _said(head, raw, place, sender)


def _said(head: wire.Head, raw: msgspec.Raw, place: Place, sender: Person) -> Found:
    """Return what a customer says; a text that is too long for the core comes in pieces."""
    said, extras = meaning(head.type or "", raw), read(_EXTRAS, raw) or wire.Extras()
    at = wire.moment(head.timestamp, place.now)
    texts = pieces(said.text)
    common: dict[str, Any] = {
        "channel": NAME,
        "account": place.account,
        "address": sender.address,
        "aliases": sender.aliases,
        "received_at": place.now,
        "authentic": True,
        "identity": _claim(sender),
        "display_name": sender.name,
        "reply_until": at + WINDOW,
    }
    first = InboundMessage(
        **common,
        external_id=head.id,
        text=texts[0],
        choice=said.choice,
        attachments=said.attachments,
        location=said.location,
        aside=said.aside,
        unsupported=said.unsupported,
        reply_to_external=(extras.context.id if extras.context else None) or "",
        raw=_raw(extras),
    )
    more = [
        InboundMessage(**common, external_id=f"{head.id}#{number}", text=text)
        for number, text in enumerate(texts[1:], start=2)
    ]
    return Found(timed=tuple((at, message) for message in (first, *more)))


def _claim(sender: Person) -> IdentityClaim | None:
    """WhatsApp vouches for a number that it shows us; without one we know a name that anybody may take."""
    if not sender.phone:
        return None
    return IdentityClaim(trust="channel", name=sender.name, phone=sender.phone)


def _raw(extras: wire.Extras) -> dict[str, Any]:
    """Return what agents may like to know: where a customer comes from, and whether they pass it on."""
    known: dict[str, Any] = {}
    context = extras.context
    if context is not None and (context.forwarded or context.frequently_forwarded):
        known["forwarded"] = True
    if extras.referral:
        known["referral"] = {
            name: text for name in _REFERRAL if (text := _short(extras.referral.get(name)))
        }
    return known


def _short(raw: msgspec.Raw | None) -> str:
    text = msgspec.json.decode(raw) if raw is not None else ""
    return text[:MAX_REFERRAL] if isinstance(text, str) else ""


def _about(head: wire.Head, place: Place, sender: Person) -> tuple[datetime, dict[str, Any]]:
    at = wire.moment(head.timestamp, place.now)
    return at, {
        "channel": NAME,
        "account": place.account,
        "address": sender.address,
        "aliases": sender.aliases,
        "key": head.id,
        "at": at,
    }


class _WithReaction(msgspec.Struct):
    reaction: wire.Emoji


class _WithEdit(msgspec.Struct):
    edit: wire.Changed


class _WithRevoke(msgspec.Struct):
    revoke: wire.Revoked


class _WithSystem(msgspec.Struct):
    system: wire.System


_REACTION = msgspec.json.Decoder(_WithReaction)
_EDIT = msgspec.json.Decoder(_WithEdit)
_REVOKE = msgspec.json.Decoder(_WithRevoke)
_SYSTEM = msgspec.json.Decoder(_WithSystem)


def _reacted(head: wire.Head, raw: msgspec.Raw, place: Place, sender: Person) -> Found:
    body = read(_REACTION, raw)
    if body is None:
        return Found(passed_over=("malformed_reaction",))
    at, about = _about(head, place, sender)
    emoji = (body.reaction.emoji or "")[:32]
    return Found(timed=((at, Reaction(**about, external_id=body.reaction.message_id, emoji=emoji)),))


def _edited(head: wire.Head, raw: msgspec.Raw, place: Place, sender: Person) -> Found:
    body = read(_EDIT, raw)
    if body is None:
        return Found(passed_over=("malformed_edit",))
    inner = read(_INNER, body.edit.message)
    text = meaning(inner.type or "", body.edit.message).text if inner else ""
    at, about = _about(head, place, sender)
    return Found(timed=((at, Edited(**about, external_id=body.edit.original_message_id, text=text)),))


def _revoked(head: wire.Head, raw: msgspec.Raw, place: Place, sender: Person) -> Found:
    body = read(_REVOKE, raw)
    if body is None:
        return Found(passed_over=("malformed_revoke",))
    at, about = _about(head, place, sender)
    return Found(timed=((at, Deleted(**about, external_id=body.revoke.original_message_id)),))


class _Inner(msgspec.Struct):
    type: str | None = None


_INNER = msgspec.json.Decoder(_Inner)


def _system(head: wire.Head, raw: msgspec.Raw, place: Place) -> Found:
    """Follow a customer to their new number or id; the platform names it in the old one's thread."""
    body = read(_SYSTEM, raw)
    if body is None:
        return Found(passed_over=("malformed_system",))
    system = body.system
    if system.type == "customer_identity_changed":
        return Found(passed_over=("identity_changed",))
    if system.type not in _MOVES:
        return Found(passed_over=("unknown_system",))
    before = (system.previous_user_id, head.from_user_id, head.sender)
    after = system.user_id or system.wa_id or system.new_wa_id
    return moved(head.id, before, after, at=wire.moment(head.timestamp, place.now), place=place)


def moved(
    key: str, before: Sequence[str | None], after: str | None, *, at: datetime, place: Place
) -> Found:
    """Return that a person has another address now."""
    new, *old = ((name or "").removeprefix("+") for name in (after, *before))
    known = tuple(name for name in dict.fromkeys(old) if name and name != new)
    if not new or not known or any(len(name) > MAX_ADDRESS for name in (new, *known)):
        return Found(passed_over=("malformed_move",))
    report = Moved(channel=NAME, account=place.account, address=new, aliases=known, key=key, at=at)
    return Found(timed=((at, report),))


_MOVES = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
_REPORTS: Mapping[str, Callable[[wire.Head, msgspec.Raw, Place, Person], Found]] = {
    "reaction": _reacted,
    "edit": _edited,
    "revoke": _revoked,
}
_PASSED_OVER = frozenset({"request_welcome"})
"""Kinds that nobody has written: the customer has opened the chat."""

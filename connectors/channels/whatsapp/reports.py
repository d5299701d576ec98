"""Reads what is told of our own messages, of answers from the Business app, and of new ids. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from bot.domain.arrival import Echo, Receipt
from bot.domain.message import Delivery
from connectors.channels.whatsapp import errors, wire
from connectors.channels.whatsapp.incoming import moved
from connectors.channels.whatsapp.kinds import meaning
from connectors.channels.whatsapp.people import person
from connectors.channels.whatsapp.reading import NAME, Found, Place, read, together

DELIVERIES: Mapping[str, Delivery] = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "played": Delivery.READ,
    "failed": Delivery.FAILED,
}
"""What the platform's words mean; the core merges by rank, for they come in any order."""
_REF = re.compile(r"[0-9A-Za-z_-]{1,64}:[0-9]{1,15}", re.ASCII)
_STATUS = msgspec.json.Decoder(wire.Status)
_PROBLEM = msgspec.json.Decoder(wire.Problem)
_HEAD = msgspec.json.Decoder(wire.Head)
_NEW_ID = msgspec.json.Decoder(wire.NewId)
_CHANGES = frozenset({"edit", "revoke", "reaction", "system"})


def statuses(value: wire.Value, place: Place) -> Found:
    """Return the receipts of a change."""
    return together([_status(read(_STATUS, raw), place) for raw in value.statuses or ()])


def problems(value: wire.Value) -> Found:
    """Return the errors that are about no message of ours."""
    found = [read(_PROBLEM, raw) for raw in value.errors or ()]
    return Found(
        passed_over=("error",) * len(found),
        codes=tuple(problem.code for problem in found if problem is not None),
    )


def echoes(value: wire.Value, place: Place) -> Found:
    """Return what people of the company have written in the WhatsApp Business app."""
    return together([_echo(raw, read(_HEAD, raw), place) for raw in value.message_echoes or ()])


def new_ids(value: wire.Value, place: Place) -> Found:
    """Return which customers have another id now."""
    return together([_new_id(read(_NEW_ID, raw), place) for raw in value.user_id_update or ()])


def _status(status: wire.Status | None, place: Place) -> Found:
    if status is None:
        return Found(passed_over=("malformed_status",))
    delivery = DELIVERIES.get(status.status)
    if delivery is None:
        return Found(passed_over=("unknown_status",))
    if status.recipient_type == "group":
        return Found(passed_over=("group",))
    at = wire.moment(status.timestamp, place.now)
    to = person(phone=status.recipient_id, user_id=status.recipient_user_id, contacts=place.contacts)
    codes = tuple(problem.code for problem in status.errors or ()) if delivery is Delivery.FAILED else ()
    ref = status.biz_opaque_callback_data or ""
    receipt = Receipt(
        channel=NAME,
        account=place.account,
        address=to.address if to else "",
        aliases=to.aliases if to else (),
        key=f"{status.id}:{status.status}",
        at=at,
        external_id=status.id,
        delivery=delivery,
        ref=ref if _REF.fullmatch(ref) else "",
        reason=_reason(status) if delivery is Delivery.FAILED else "",
    )
    return Found(timed=((at, receipt),), codes=codes)


def _reason(status: wire.Status) -> str:
    for problem in status.errors or ():
        return errors.rule(problem.code).words
    return errors.rule(None).words


def _echo(raw: msgspec.Raw, head: wire.Head | None, place: Place) -> Found:
    if head is None or not head.id:
        return Found(passed_over=("malformed_echo",))
    if head.type in _CHANGES:
        return Found(passed_over=("echo_of_a_change",))
    to = person(phone=head.to, user_id=head.to_user_id, contacts=place.contacts, alone=True)
    if to is None:
        return Found(passed_over=("no_recipient",))
    said, at = meaning(head.type or "", raw), wire.moment(head.timestamp, place.now)
    place_text = said.location.text if said.location else ""
    echo = Echo(
        channel=NAME,
        account=place.account,
        address=to.address,
        aliases=to.aliases,
        key=head.id,
        at=at,
        external_id=head.id,
        text=said.text or place_text or (f"({said.unsupported})" if said.unsupported else ""),
        attachments=said.attachments,
    )
    return Found(timed=((at, echo),))


def _new_id(change: wire.NewId | None, place: Place) -> Found:
    if change is None:
        return Found(passed_over=("malformed_move",))
    ids = change.user_id
    key = f"user_id:{ids.previous}:{ids.current}"
    at = wire.moment(change.timestamp, place.now)
    return moved(key, (ids.previous,), ids.current, at=at, place=place)

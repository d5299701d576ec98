"""Turns the bytes of a webhook into what has arrived. Pure.

One body may hold many entries, changes and messages, of several numbers. Each is read on its own: what
cannot be read harms nothing else, and everything that is passed over has a named reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bot.domain.arrival import Arrival, Ignored
from bot.domain.errors import PayloadRejected
from connectors.channels.core.characters import whole_characters
from connectors.channels.whatsapp import wire
from connectors.channels.whatsapp.incoming import messages
from connectors.channels.whatsapp.reading import NAME, Found, Place, contacts_of, read
from connectors.channels.whatsapp.reports import echoes, new_ids, problems, statuses

_EVENT = re.compile(r"[A-Za-z_]{1,64}", re.ASCII)
OBJECT = "whatsapp_business_account"
NOTICES = frozenset(
    {
        "account_alerts", "account_review_update", "account_update", "business_capability_update",
        "message_template_quality_update", "message_template_status_update", "phone_number_name_update",
        "phone_number_quality_update", "security", "template_category_update",
    }
)  # fmt: skip
"""Fields by which Meta tells the company, not the bot: they go to the log."""
PASSED_OVER = frozenset(
    {
        "account_settings_update", "automatic_events", "business_status_update", "calls", "flows",
        "group_lifecycle_update", "group_participants_update", "group_settings_update",
        "group_status_update", "history", "message_echoes", "message_template_components_update",
        "partner_solutions", "payment_configuration_update", "smb_app_state_sync", "tracking_events",
        "user_preferences",
    }
)  # fmt: skip
"""Fields that are known and need nothing done; any other is counted as unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """An error code that Meta reports of one of our numbers."""

    account: str
    code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What Meta tells the company: the field, and the event if it is a plain word."""

    about: str
    event: str = ""


@dataclass(kw_only=True, slots=True)
class Arrived:
    """What a body holds: arrivals in the order of their times, errors, and notices for the company."""

    arrivals: list[Arrival] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def parse(raw: bytes, *, accounts: Mapping[str, str], now: datetime) -> Arrived:
    """Return what has arrived for our numbers; `accounts` has the accounts' names by number id.

    Raises PayloadRejected for a body that is not a webhook's at all.
    """
    body = _decoded(raw)
    arrived = Arrived()
    if body.object != OBJECT:
        arrived.arrivals.append(ignored("", "other_object"))
        return arrived
    timed: list[tuple[datetime, Arrival]] = []
    for change in _changes(body, arrived):
        _take(change, accounts, now, arrived, timed)
    # Meta keeps no order, and a customer's pieces make sense in theirs only. The sort is stable.
    timed.sort(key=lambda pair: pair[0])
    arrived.arrivals[:0] = [arrival for _, arrival in timed]
    return arrived


def _decoded(raw: bytes) -> wire.Body:
    """Read a body; one that is JSON but for half characters is read without them."""
    # A part that is only looked at later must not hold bytes that are no characters.
    raw = raw.decode(errors="replace").encode()
    for given in (raw, whole_characters(raw)):
        try:
            return _BODY.decode(given)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    raise PayloadRejected("The body is not what WhatsApp sends.")


def ignored(account: str, reason: str) -> Ignored:
    """Return the note that something needed nothing done."""
    return Ignored(channel=NAME, account=account, reason=reason)


def _changes(body: wire.Body, arrived: Arrived) -> Iterator[wire.Change]:
    for raw_entry in body.entry or ():
        entry = read(_ENTRY, raw_entry)
        if entry is None:
            arrived.arrivals.append(ignored("", "malformed_entry"))
            continue
        for raw_change in entry.changes or ():
            change = read(_CHANGE, raw_change)
            if change is None:
                arrived.arrivals.append(ignored("", "malformed_change"))
            else:
                yield change


def _take(
    change: wire.Change,
    accounts: Mapping[str, str],
    now: datetime,
    arrived: Arrived,
    timed: list[tuple[datetime, Arrival]],
) -> None:
    reader = _FIELDS.get(change.field or "")
    if reader is None:
        arrived.arrivals.append(ignored("", _reason(change, arrived)))
        return
    value = read(_VALUE, change.value)
    if value is None:
        arrived.arrivals.append(ignored("", "malformed_change"))
        return
    account = accounts.get((value.metadata.phone_number_id if value.metadata else None) or "")
    if account is None:
        arrived.arrivals.append(ignored("", "foreign_number"))
        return
    found = reader(value, Place(account=account, now=now, contacts=contacts_of(value)))
    timed.extend(found.timed)
    arrived.arrivals.extend(ignored(account, reason) for reason in found.passed_over)
    arrived.troubles.extend(Trouble(account=account, code=code) for code in found.codes)


def _reason(change: wire.Change, arrived: Arrived) -> str:
    name = change.field or ""
    if name in NOTICES:
        news = read(_NEWS, change.value)
        event = (news.event if news else None) or ""
        arrived.notices.append(Notice(about=name, event=event if _EVENT.fullmatch(event) else ""))
        return name
    return name if name in PASSED_OVER else "unknown_field"


def _messages_field(value: wire.Value, place: Place) -> Found:
    return messages(value, place) + statuses(value, place) + problems(value)


_FIELDS: Mapping[str, Callable[[wire.Value, Place], Found]] = {
    "messages": _messages_field,
    "smb_message_echoes": echoes,
    "user_id_update": new_ids,
}
_BODY = msgspec.json.Decoder(wire.Body)
_ENTRY = msgspec.json.Decoder(wire.Entry)
_CHANGE = msgspec.json.Decoder(wire.Change)
_VALUE = msgspec.json.Decoder(wire.Value)
_NEWS = msgspec.json.Decoder(wire.News)

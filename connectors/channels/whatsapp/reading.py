"""What the readers of a webhook share: the circumstances of a change, and what was found in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from bot.domain.arrival import Arrival
from connectors.channels.whatsapp import wire

T = TypeVar("T")
NAME = "whatsapp"
_CONTACT = msgspec.json.Decoder(wire.Contact)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where and when a change was read: our account, the time, and the contacts beside it."""

    account: str
    now: datetime
    contacts: Sequence[wire.Contact] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a change holds: arrivals with their times, reasons for what was passed over, error codes."""

    timed: tuple[tuple[datetime, Arrival], ...] = ()
    passed_over: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(
            timed=self.timed + other.timed,
            passed_over=self.passed_over + other.passed_over,
            codes=self.codes + other.codes,
        )


def together(parts: Sequence[Found]) -> Found:
    """Return everything that was found."""
    return Found(
        timed=tuple(pair for part in parts for pair in part.timed),
        passed_over=tuple(reason for part in parts for reason in part.passed_over),
        codes=tuple(code for part in parts for code in part.codes),
    )


def read(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    """Return what `raw` holds, or None if it is something else."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def contacts_of(value: wire.Value) -> tuple[wire.Contact, ...]:
    """Return the contacts that can be read."""
    found = (read(_CONTACT, raw) for raw in value.contacts or ())
    return tuple(contact for contact in found if contact is not None)

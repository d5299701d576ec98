"""The services behind the desk's administration, as tests put them together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.desk.admin_services import Administration
from bot.domain.hours import OpeningHours
from bot.ports import Bus, Clock, Store
from bot.services.attention import Attention, Patience
from bot.services.audit_search import AuditLog
from bot.services.canned import CannedReplies
from bot.services.handoffs import Handoffs
from bot.services.office_hours import OfficeHours
from bot.services.people import People
from bot.services.record import Record
from bot.services.second_factor import SecondFactors
from bot.services.sign_in_list import SignInList
from bot.services.teams import Teams

KEY = "key of the tests"
_PATIENCE = Patience(agent=timedelta(minutes=5), gone=timedelta(0), customer=timedelta(minutes=5))
ALWAYS = "Mon-Sun 00:00-24:00 UTC"


def an_office(
    store: Store,
    bus: Bus,
    clock: Clock,
    *,
    record: Record | None = None,
    handoffs: Handoffs | None = None,
    attention: Attention | None = None,
    sent: Callable[[], None] = lambda: None,
    hours: str = ALWAYS,
) -> Administration:
    """Put them together; without `record` and `handoffs`, for desks without conversations."""
    shared: dict[str, Any] = {"store": store, "bus": bus, "clock": clock}
    office_hours = OfficeHours(**shared, setting=OpeningHours.parse(hours))
    if record is None or handoffs is None:
        record = Record(sentences=None, channels={})  # type: ignore[arg-type]
        handoffs = Handoffs(record=record, bus=bus, clock=clock, hours=office_hours)
    return Administration(
        teams=Teams(**shared),
        canned=CannedReplies(**shared),
        people=People(
            **shared,
            handoffs=handoffs,
            attention=attention or Attention(record=record, handoffs=handoffs, patience=_PATIENCE),
            sent=sent,
        ),
        factors=SecondFactors(store=store, clock=clock, key=KEY),
        sign_ins=SignInList(**shared),
        hours=office_hours,
        log=AuditLog(store=store, clock=clock),
    )

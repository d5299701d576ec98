"""The services behind the desk's administration, as tests put them together."""

from __future__ import annotations

from bot.desk.admin_services import Administration
from bot.ports import Bus, Clock, Store
from bot.services.canned import CannedReplies
from bot.services.people import People
from bot.services.teams import Teams


def an_office(store: Store, bus: Bus, clock: Clock) -> Administration:
    return Administration(
        teams=Teams(store=store, bus=bus, clock=clock),
        canned=CannedReplies(store=store, bus=bus, clock=clock),
        people=People(store=store, bus=bus, clock=clock),
    )

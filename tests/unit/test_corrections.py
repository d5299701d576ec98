"""What agents say that misread messages meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.agents import Agent, Role
from bot.domain.correction import CorrectionStatus
from bot.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from bot.services.corrections import decide
from tests.support.world import INTENTS, World


class Office:
    """A world with a message that was misread, an agent, and a trainer."""

    async def start(self) -> Office:
        self.world = await World().start()
        self.ana = await self.world.agent("Ana")
        self.tom = await self.world.agent("Tom", Role.TRAINER)
        await self.world.ask("where my card 4111 1111 1111 1111 parcel")
        self.one = str((await self.world.conversation()).id)
        return self

    async def correct(self, by: Agent | None = None, seq: int = 1, **more: Any) -> dict[str, Any]:
        wanted = {"intent": "track_order", "note": "", **more}
        return await self.world.corrections.correct(by or self.ana, self.one, seq, **wanted)

    async def shown(self) -> dict[str, Any] | None:
        messages = await self.world.desk.messages(self.ana, self.one, after=0, limit=1)
        correction: dict[str, Any] | None = messages[0].get("correction")
        return correction

    async def listed(self, status: str = "open") -> list[dict[str, Any]]:
        return await self.world.corrections.list(self.tom, status=status)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = await Office().start()
    yield office
    await office.world.store.stop()


async def test_a_correction_is_shown_and_listed(office: Office) -> None:
    hints = office.world.bus.subscribe()
    first = anext(hints)
    made = await office.correct(note=" about a parcel ")
    hint = await first
    assert (hint.conversation_id, hint.seq, hint.kind) == (office.one, 1, "correction")
    shown = await office.shown()
    assert made["correction"] == shown
    assert shown is not None
    assert (shown["intent"], shown["by"], shown["by_name"], shown["status"]) == (
        "track_order",
        "ana",
        "Ana",
        "open",
    )
    [listed] = await office.listed()
    assert listed["text"] == "where my card [card ending 1111] parcel", "masked as it was taken in"
    assert (listed["number"], listed["guessed"], listed["confidence"]) == (1, "where", 0.9)
    assert (listed["title"], listed["note"], listed["similar"]) == ("Track an order", "about a parcel", 1)
    entries = await office.world.store.read(lambda tx: tx.audit(conversation_id=office.one))
    assert entries[0].action == "correction.made"


async def test_a_second_one_takes_its_place_and_it_can_be_taken_back(office: Office) -> None:
    await office.correct()
    await office.correct(office.tom, intent="cancel_order")
    [listed] = await office.listed()
    assert (listed["number"], listed["intent"], listed["by"]) == (1, "cancel_order", "tom")
    back = await office.world.corrections.withdraw(office.ana, office.one, 1)
    assert back["correction"] is None
    assert await office.shown() is None
    with pytest.raises(NotFound):
        await office.world.corrections.withdraw(office.ana, office.one, 1)


async def test_what_cannot_be(office: Office) -> None:
    for seq in (2, 99):
        with pytest.raises(NotFound):
            await office.correct(seq=seq)
    with pytest.raises(InvalidInput):
        await office.correct(intent="nlu_fallback")
    with pytest.raises(NotPermitted):
        await office.world.corrections.list(office.ana, status="open")
    with pytest.raises(NotPermitted):
        await office.world.corrections.drop(office.ana, 1, reason="")
    assert await office.listed() == []


async def test_what_the_trainers_decided(office: Office) -> None:
    await office.correct()
    await office.world.corrections.drop(office.tom, 1, reason="Not clear.")
    assert await office.listed() == []
    shown = await office.shown()
    assert shown is not None
    assert (shown["status"], shown["reason"]) == ("dropped", "Not clear.")
    [dropped] = await office.listed("dropped")
    assert (dropped["reason"], dropped["decided_by"]) == ("Not clear.", "Tom")
    with pytest.raises(Conflict):
        await office.world.corrections.drop(office.tom, 1, reason="")
    with pytest.raises(NotFound):
        await office.world.corrections.drop(office.tom, 7, reason="")
    await office.correct(note="It is clear.")
    now = office.world.clock.now()
    await office.world.store.write(
        lambda tx: decide(tx, 1, CorrectionStatus.ACCEPTED, by="command line", now=now)
    )
    for change in (office.correct(), office.world.corrections.withdraw(office.ana, office.one, 1)):
        with pytest.raises(Conflict):
            await change
    shown = await office.shown()
    assert shown is not None
    assert shown["status"] == "accepted"


async def test_alike_ones_are_counted(office: Office) -> None:
    for text in ("where my parcel is", "where is my parcel", "cancel it all now"):
        await office.world.ask(text)
    for seq, intent in ((3, "track_order"), (5, "track_order"), (7, "cancel_order")):
        await office.correct(seq=seq, intent=intent)
    assert [one["similar"] for one in await office.listed()] == [2, 2, 1]


async def test_intents_are_those_of_the_project(office: Office) -> None:
    found = await office.world.corrections.intents(office.tom)
    assert [one["name"] for one in found] == [info.name for info in INTENTS]


async def test_it_goes_with_the_customer(office: Office) -> None:
    await office.correct()
    conversation = await office.world.conversation()
    await office.world.store.write(lambda tx: tx.erase_customer(conversation.customer_id))
    assert await office.listed() == []

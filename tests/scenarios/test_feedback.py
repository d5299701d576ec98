"""Read marks and ratings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bot.bus.memory import MemoryBus
from bot.domain.errors import Conflict, InvalidInput, NotFound, UnknownConversation
from bot.domain.feedback import Rating
from bot.ports import Hint
from bot.services.feedback import to_rate
from tests.support.world import World

KIM = ("rest", "default", "kim")


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture
def hints(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Hint]:
    """Return the hints of the kind `read` that are published."""
    found: list[Hint] = []
    publish: Callable[..., Any] = MemoryBus.publish

    async def noting(self: MemoryBus, hint: Hint) -> None:
        found.extend([hint] if hint.kind == "read" else [])
        await publish(self, hint)

    monkeypatch.setattr(MemoryBus, "publish", noting)
    return found


async def claimed(world: World) -> tuple[Any, str]:
    await world.ask("hello")
    ana, conversation = await world.agent(), await world.conversation()
    await world.desk.claim(ana, conversation.id)
    return ana, conversation.id


async def test_a_customers_mark_moves_on_and_is_told(world: World, hints: list[Hint]) -> None:
    _, conversation_id = await claimed(world)
    seq = (await world.conversation()).seq
    found = [(await world.feedback.customer_read(*KIM, one)).customer for one in (2, 1, 2, 999, 0, -3)]
    assert found == [2, 2, 2, seq, seq, seq]
    assert [(hint.conversation_id, hint.data) for hint in hints] == [
        (conversation_id, {"who": "customer", "seq": 2}),
        (conversation_id, {"who": "customer", "seq": seq}),
    ]
    assert (await world.feedback.customer_read("rest", "default", "nobody", 5)).customer == 0


async def test_only_the_owners_reading_counts(world: World, hints: list[Hint]) -> None:
    ana, conversation_id = await claimed(world)
    ben = await world.agent("Ben")
    assert (await world.feedback.agent_read(ben, conversation_id, 2)).agent == 0
    assert (await world.feedback.agent_read(ana, conversation_id, 2)).agent == 2
    await world.desk.resolve(ana, conversation_id, note="")
    assert (await world.feedback.agent_read(ana, conversation_id, 3)).agent == 2
    assert [hint.data for hint in hints] == [{"who": "agent", "seq": 2}]
    with pytest.raises(UnknownConversation):
        await world.feedback.agent_read(ana, "nothing", 1)


async def test_the_desk_sees_marks_and_the_rating(world: World) -> None:
    ana, conversation_id = await claimed(world)
    shown = await world.desk.conversation(ana, conversation_id)
    assert (shown["customer_read"], shown["agent_read"], shown["rating"]) == (0, 0, None)
    await world.feedback.customer_read(*KIM, 2)
    await world.feedback.agent_read(ana, conversation_id, 1)
    await world.desk.resolve(ana, conversation_id, note="")
    await world.feedback.rate(*KIM, 4, "quick")
    shown = await world.desk.conversation(ana, conversation_id)
    assert (shown["customer_read"], shown["agent_read"]) == (2, 1)
    assert (shown["rating"]["score"], shown["rating"]["comment"]) == (4, "quick")


async def may(world: World, conversation_id: str) -> datetime | None:
    return await world.store.read(lambda tx: to_rate(tx, conversation_id, world.clock.now()))


async def test_help_is_rated_once_it_has_ended(world: World) -> None:
    with pytest.raises(NotFound):
        await world.feedback.rate(*KIM, 5)
    ana, conversation_id = await claimed(world)
    assert not await may(world, conversation_id)
    with pytest.raises(NotFound):
        await world.feedback.rate(*KIM, 5)
    await world.desk.release(ana, conversation_id)
    assert await may(world, conversation_id)
    rating = await world.feedback.rate(*KIM, 5, " thanks,\0 my card is 4111 1111 1111 1111 ")
    assert isinstance(rating, Rating)
    assert (rating.score, "4111" in rating.comment, "\0" in rating.comment) == (5, False, False)
    assert not await may(world, conversation_id)
    event = (await world.messages())[-1]
    assert (event.text, event.visible_to_customer) == ("rated", False)
    assert event.custom is not None
    assert (event.custom["score"], event.custom["agent"]) == (5, ana.id)


async def test_a_rating_may_be_changed_for_a_day(world: World) -> None:
    ana, conversation_id = await claimed(world)
    await world.desk.resolve(ana, conversation_id, note="")
    first = await world.feedback.rate(*KIM, 2)
    seq = (await world.conversation()).seq
    assert await world.feedback.rate(*KIM, 2) == first
    assert (await world.conversation()).seq == seq
    world.clock.move(86_399)
    second = await world.feedback.rate(*KIM, 3, "on second thoughts")
    assert (second.score, second.at, second.handoff_id) == (3, first.at, first.handoff_id)
    world.clock.move(2)
    with pytest.raises(Conflict):
        await world.feedback.rate(*KIM, 1)
    assert await world.store.read(lambda tx: tx.ratings(conversation_id)) == [second]


async def test_each_help_has_a_rating_of_its_own(world: World) -> None:
    ana, conversation_id = await claimed(world)
    await world.desk.resolve(ana, conversation_id, note="")
    await world.feedback.rate(*KIM, 1)
    await world.ask("hello again")
    world.clock.move(1)
    await world.desk.claim(ana, conversation_id)
    with pytest.raises(NotFound):
        await world.feedback.rate(*KIM, 5)
    await world.desk.resolve(ana, conversation_id, note="")
    await world.feedback.rate(*KIM, 5)
    assert [r.score for r in await world.store.read(lambda tx: tx.ratings(conversation_id))] == [1, 5]


async def test_nobody_is_asked_after_a_week_or_when_no_agent_came(world: World) -> None:
    ana, conversation_id = await claimed(world)
    await world.desk.resolve(ana, conversation_id, note="")
    world.clock.move(7 * 86_400 + 1)
    assert not await may(world, conversation_id)
    with pytest.raises(NotFound):
        await world.feedback.rate(*KIM, 5)


@pytest.mark.parametrize(("score", "comment"), [(0, ""), (6, ""), (5, "a" * 1_001)])
async def test_what_is_no_rating(world: World, score: int, comment: str) -> None:
    with pytest.raises(InvalidInput):
        await world.feedback.rate(*KIM, score, comment)

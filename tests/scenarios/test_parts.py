"""Long messages go out in parts: what the platform has is not sent again, what is left follows."""

from __future__ import annotations

import pytest

from bot.domain.errors import DeliveryFailed
from bot.domain.message import Author, Delivery
from tests.scenarios.test_path import deliver
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


async def _sent(world: World, parts: int) -> World:
    world.platform.parts_of = lambda message: parts
    await world.write("hello", channel="push")
    await world.idle()
    return world


async def test_a_part_that_arrived_is_not_repeated_when_the_next_one_fails(world: World) -> None:
    await _sent(world, 3)
    world.platform.plan = [None, DeliveryFailed("slow down", retryable=True, retry_after=7)]
    await deliver(world)
    assert len(world.platform.sent) == 1
    world.clock.move(7)
    await deliver(world)
    assert len(world.platform.sent) == 3
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (answer.delivery, answer.external_id) == (Delivery.SENT, "p3")


async def test_every_part_leads_back_to_its_message(world: World) -> None:
    await _sent(world, 2)
    await deliver(world)
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    for external_id in ("p1", "p2"):
        found = await world.store.read(
            lambda tx, one=external_id: tx.message_by_external_id("push", "default", one)
        )
        assert found is not None
        assert found.seq == answer.seq


async def test_a_refusal_in_the_middle_is_shown_with_its_reason(world: World) -> None:
    await _sent(world, 2)
    world.platform.plan = [None, DeliveryFailed("The customer has blocked us.")]
    await deliver(world)
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (answer.delivery, answer.delivery_note) == (Delivery.FAILED, "The customer has blocked us.")
    assert len(world.platform.sent) == 1


async def test_after_a_part_of_unknown_fate_the_rest_still_goes_and_agents_see_the_doubt(
    world: World,
) -> None:
    await _sent(world, 3)
    world.platform.plan = [None, DeliveryFailed("Lost.", outcome_unknown=True, more=True)]
    await deliver(world)
    assert len(world.platform.sent) == 3  # none of them twice
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert answer.delivery is Delivery.FAILED
    assert "a part of it" in answer.delivery_note


async def test_the_doubt_survives_a_later_retry(world: World) -> None:
    await _sent(world, 2)
    lost = DeliveryFailed("Lost.", outcome_unknown=True, more=True)
    world.platform.plan = [lost, DeliveryFailed("slow down", retryable=True, retry_after=5)]
    await deliver(world)
    world.clock.move(5)
    await deliver(world)
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (answer.delivery, len(world.platform.sent)) == (Delivery.FAILED, 2)


async def test_a_last_part_of_unknown_fate_is_no_delivery_however_the_first_was_read(world: World) -> None:
    await _sent(world, 2)
    world.platform.plan = [None, DeliveryFailed("Lost.", outcome_unknown=True)]
    await deliver(world)
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert answer.delivery is Delivery.FAILED

"""A cancellation that comes together with what was waited for still ends the part that waits."""

from __future__ import annotations

import asyncio

import pytest

from bot.services import dispatcher
from tests.support.world import World


@pytest.fixture
async def world() -> World:
    return await World().start()


async def test_delivery_ends_when_it_is_cancelled_as_it_is_woken(world: World) -> None:
    task = asyncio.create_task(world.deliveries.run())
    await asyncio.sleep(0.02)
    world.deliveries.wake()
    await asyncio.sleep(0)  # the event is set, and the task has not run yet
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.5)
    task.cancel()
    assert done, "it went on"


async def test_a_pause_for_fragments_ends_when_it_is_cancelled_as_it_is_woken(world: World) -> None:
    accepted = await world.write("a fragment", channel="push")
    await asyncio.sleep(0.02)
    task = world.dispatcher._tasks[accepted.conversation_id]
    world.dispatcher._woken[accepted.conversation_id].set()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.5)
    task.cancel()
    assert done, "it went on"
    assert dispatcher.LOOK_EVERY > 0.5


async def test_a_waiting_reader_ends_when_it_is_cancelled_as_a_hint_comes(world: World) -> None:
    await world.ask("hello")
    conversation = await world.conversation()
    task = asyncio.create_task(world.transcript.by_address("rest", "default", "kim", after=99, wait=30.0))
    await asyncio.sleep(0.02)
    for event in world.watch._events[conversation.id]:
        event.set()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.5)
    task.cancel()
    assert done, "it went on"

"""What goes wrong around the message path: lost words, broken timers, a store that comes and goes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.app import _keep
from bot.compose import node_name
from bot.domain.conversation import Owner
from bot.domain.errors import StoreError
from bot.domain.handoff import Reason
from bot.domain.message import Author, Delivery
from bot.domain.work import InboxOutcome, Timer, TimerKind
from bot.sentences import written_catalogue
from bot.services import delivery
from tests.support.world import World, until

PROJECT = Path(__file__).parents[2]
SERVICES = PROJECT / "bot" / "services"
_SENTENCE = re.compile(r"\"(utter_system_[a-z_]*[a-z])\"")


@pytest.fixture
async def world() -> World:
    return await World().start()


class Flaky:
    """A store whose next transactions fail, as when the database is gone for a moment."""

    def __init__(self, store: Any, failures: int) -> None:
        self._store = store
        self.failures = failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        if self.failures:
            self.failures -= 1
            raise StoreError("gone for a moment")
        return await self._store.write(work)


async def run_for(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Run a loop for a while and end it."""
    task = asyncio.ensure_future(work())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- loops


async def test_a_part_that_ends_does_not_hold_up_the_event_loop() -> None:
    runs = 0

    async def ends_at_once() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            raise asyncio.CancelledError  # or this test would never end

    task = asyncio.create_task(_keep(ends_at_once))
    await asyncio.sleep(0.05)
    assert runs < 3, "it was run again and again without a pause"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_dispatcher_can_be_cancelled_while_it_drains(world: World) -> None:
    looking = asyncio.create_task(world.dispatcher.run())
    await asyncio.sleep(0)
    await world.dispatcher.drain(0.1)
    await asyncio.sleep(0)
    assert not looking.done()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_a_broken_timer_does_not_hold_up_the_others(world: World) -> None:
    await world.agent()
    await world.ask("person")
    await world.ask("hello", sender="lou")
    kim, lou = await world.conversation(), await world.conversation("lou")

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    world.timers._handlers[TimerKind.QUEUE_UPDATE] = broken
    early = Timer(conversation_id=kim.id, kind=TimerKind.QUEUE_UPDATE, due_at=world.clock.now())
    await world.store.write(lambda tx: tx.set_timer(early))
    world.clock.move(3600 + 1)
    await run_for(world.timers.run, 0.1)
    assert (await world.conversation("lou")).owner is Owner.NOBODY, lou.id
    again = await world.store.read(lambda tx: tx.next_timer_at())
    assert again is not None, "it is tried again later"
    assert again > world.clock.now()


# --- words that are not there


async def test_a_missing_sentence_does_not_keep_a_customer_from_people(world: World) -> None:
    ana = await world.agent()
    world.sentences.missing.add("*")
    accepted = await world.write("boom")
    for _ in range(4):
        world.dispatcher.wake(accepted.conversation_id)
        await world.idle()
    conversation = await world.conversation()
    assert conversation.owner is Owner.QUEUE
    assert await world.store.read(lambda tx: tx.pending(conversation.id)) == []
    await world.desk.claim(ana, conversation.id)
    await world.desk.release(ana, conversation.id)
    assert (await world.conversation()).owner is Owner.BOT
    await world.ask("", choice="~99.0")
    await world.ask("person")
    await world.pass_time(3)
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_a_conversation_whose_customer_is_gone_is_still_answered(world: World) -> None:
    await world.ask("hello")
    conversation = await world.conversation()
    direct = world.store._direct
    direct.connection.execute("DELETE FROM customers WHERE id = ?", (conversation.customer_id,))
    assert await world.ask("again") == ["echo 2: again"]


async def test_a_message_whose_conversation_is_gone_is_not_looked_at_for_ever(world: World) -> None:
    world.engine.hold = True
    accepted = await world.write("hello")
    await until(lambda: bool(world.engine.gates))
    direct = world.store._direct
    direct.connection.execute("DELETE FROM conversations")
    await world.crash()
    world.dispatcher.wake(accepted.conversation_id)
    await world.idle()
    row = await world.store.read(lambda tx: tx.inbox(accepted.inbox_id))
    assert row is None or row.outcome is InboxOutcome.FAILED


# --- delivery


async def test_a_store_that_is_gone_for_a_moment_does_not_block_a_customer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "STORE_PAUSE", 0.01)
    for failures in (1, 2, 3):
        await world.write(f"m{failures}", channel="push")
        await world.idle()
        world.deliveries._store = Flaky(world.store, 0)
        real = world.platform.send

        async def send(*given: Any, real: Any = real, fails: int = failures, **named: Any) -> Any:
            sent = await real(*given, **named)
            world.deliveries._store.failures = fails  # the outcome cannot be written
            return sent

        world.platform.send = send  # type: ignore[method-assign]
        await run_for(world.deliveries.run, 0.1)
        world.platform.send = real  # type: ignore[method-assign]
        await until(lambda: not world.deliveries._tasks, 20.0)
    said = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert [m.delivery for m in said] == [Delivery.SENT] * 3
    assert len(world.platform.sent) == 3


async def test_a_message_that_could_not_be_begun_is_sent_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "STORE_PAUSE", 0.01)
    await world.write("one", channel="push")
    await world.idle()
    rows = await world.store.write(lambda tx: tx.take_outbox(world.clock.now(), "n1"))
    world.deliveries._store = Flaky(world.store, 1)
    await world.deliveries._deliver(rows[0])
    assert len(world.platform.sent) == 1


async def test_a_row_that_another_node_has_begun_is_not_sent_twice(world: World) -> None:
    """A node that slept too long finds that its row was given to another one."""
    await world.write("one", channel="push")
    await world.idle()
    late = (await world.store.write(lambda tx: tx.take_outbox(world.clock.now(), "slow")))[0]
    world.clock.move(301)
    await run_for(world.deliveries.run, 0.05)
    await run_for(world.deliveries.run, 0.05)
    assert len(world.platform.sent) == 1, "taken over from the node that sleeps"
    await world.deliveries._deliver(late)
    assert len(world.platform.sent) == 1
    assert [m.delivery for m in await world.messages(channel="push") if m.author is Author.BOT] == [
        Delivery.SENT
    ]


async def test_two_processes_on_one_host_do_not_take_each_others_rows(world: World) -> None:
    assert node_name(shared=True) != node_name(shared=True)
    assert node_name(shared=False) == node_name(shared=False)


async def test_a_send_that_does_not_end_is_cut_off_and_its_outcome_unknown(world: World) -> None:
    await world.write("one", channel="push")
    await world.idle()
    world.platform.hold = True
    await world.deliveries._take()
    await until(lambda: bool(world.platform.gates))
    await world.deliveries.drain(0.05)
    assert not world.deliveries._tasks
    world.platform.hold = False
    await world.crash()
    assert await world.deliveries.recover() == 1
    await run_for(world.deliveries.run, 0.05)
    said = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert [m.delivery for m in said] == [Delivery.UNKNOWN]
    assert len(world.platform.sent) == 1


async def test_a_timer_that_another_node_has_in_hand_is_not_waited_for_in_a_circle(world: World) -> None:
    await world.ask("hello")
    world.clock.move(7200)
    real = world.store.write

    async def write(work: Any) -> Any:
        async def locked(tx: Any) -> Any:
            class Skipping:
                async def take_timer(self, now: Any) -> None:
                    return None

                def __getattr__(self, name: str) -> Any:
                    return getattr(tx, name)

            return await work(Skipping())

        return await real(locked)

    world.store.write = write  # type: ignore[method-assign]
    assert not await world.timers.run_due()


# --- races


async def test_leaving_a_message_to_people_looks_again_who_owns_it(world: World) -> None:
    ana = await world.agent()
    world.engine.hold = True
    await world.write("person")
    await until(lambda: len(world.engine.gates) == 1)
    second = await world.write("and this")
    conversation = await world.conversation()
    real, world.store.read = world.store.read, None  # type: ignore[method-assign]

    async def read(work: Any) -> Any:
        found = await real(work)
        owner = getattr(getattr(found, "conversation", None), "owner", None)
        if owner is Owner.QUEUE:  # between this look and what follows from it
            world.store.read = real  # type: ignore[method-assign]
            world.engine.hold = False
            place = next(m for m in reversed(await world.messages()) if m.choices)
            await world.write(choice=f"~{place.seq:x}.0")
        return found

    world.store.read = read  # type: ignore[method-assign]
    world.engine.gates[0].set_result(None)
    said = await world.replies.wait(second, 5.0)
    await world.idle()
    assert [m.text for m in said or ()] == ["echo 2: and this"], ana.id
    assert conversation.id


async def test_one_transaction_less_for_a_message(world: World) -> None:
    await world.ask("hello")
    reads = 0
    real = world.store.read

    async def read(work: Any) -> Any:
        nonlocal reads
        reads += 1
        return await real(work)

    world.store.read = read  # type: ignore[method-assign]
    await world.ask("again")
    await world.idle()
    assert reads == 1


async def test_a_message_that_comes_while_fragments_are_weighed_is_not_left_waiting(world: World) -> None:
    """It wakes the turn even before the pause has begun."""
    weighing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    real = world.engine.understand

    async def understand(text: str) -> Any:
        await weighing
        return await real(text)

    world.engine.understand = understand  # type: ignore[method-assign]
    await world.write("a fragment", channel="push")
    await asyncio.sleep(0.01)
    await world.write("4521 is late", channel="push")
    weighing.set_result(None)
    await asyncio.wait_for(world.idle(), 0.5)
    assert [r.text for r in world.engine.requests] == ["a fragment 4521 is late"]


# --- words


def test_every_sentence_of_the_services_is_in_the_domain() -> None:
    named = {name for file in SERVICES.glob("*.py") for name in _SENTENCE.findall(file.read_text())}
    named |= {f"utter_system_handoff_{reason.value}" for reason in Reason}
    assert len(named) > 15
    words = written_catalogue(PROJECT)
    assert named <= words.names
    for name in sorted(named):
        assert words.render(name, place=1, opening_hours="always", agent="Ana").text


def test_a_project_without_words_starts_all_the_same(tmp_path: Path) -> None:
    assert written_catalogue(tmp_path).names == frozenset()
    (tmp_path / "domain.yml").write_text("responses: 3")
    assert written_catalogue(tmp_path).names == frozenset()

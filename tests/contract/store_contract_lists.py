"""What every store says of the desk's lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import Customer
from bot.domain.handoff import Handoff, Reason
from bot.domain.message import Author, Kind
from bot.domain.overview import UNREAD_COUNTED, DeskCounts, Overview
from bot.domain.task import Task, TaskKind, TaskOutcome
from bot.ports import Store, Tx
from tests.contract.store_kit import NOW, a_conversation, a_message, later, put_all, waiting, write


async def ids(store: Store, **options: Any) -> list[str]:
    found = await store.read(lambda tx: tx.conversations(**options))
    return [conversation.id for conversation in found]


async def say(store: Store, conversation_id: str, *authors: Author, **changes: Any) -> None:
    said = [
        replace(a_message(conversation_id, seq), author=author, **changes)
        for seq, author in enumerate(authors, 1)
    ]
    await write(store, *(lambda tx, one=one: tx.add_message(one) for one in said))


C, B, A, S = Author.CUSTOMER, Author.BOT, Author.AGENT, Author.SYSTEM


def a_task(key: str, conversation_id: str, due: float, closed: float | None = None) -> Task:
    return Task(
        id=key,
        conversation_id=conversation_id,
        kind=TaskKind.MESSAGE,
        text=f"text of {key}",
        created_at=NOW,
        due_at=later(due),
        closed_at=None if closed is None else later(closed),
    )


class ListsContract:
    async def test_recent_waits_are_of_those_who_waited(self, store: Store) -> None:
        def handoff(key: str, accepted: float | None, reason: Reason = Reason.VIP) -> Handoff:
            at = None if accepted is None else later(accepted)
            return Handoff(id=key, conversation_id="c1", reason=reason, requested_at=NOW, accepted_at=at)

        await put_all(store, a_conversation(id="c1"))
        made = (
            handoff("h1", 30),
            handoff("h2", None),
            handoff("h3", 90),
            handoff("h4", 50, Reason.AGENT_REQUESTED),
            handoff("h5", 10),
        )
        await write(store, *(lambda tx, one=one: tx.put_handoff(one) for one in made))
        assert await store.read(lambda tx: tx.recent_waits(since=later(20), limit=9)) == [90.0, 30.0]
        assert await store.read(lambda tx: tx.recent_waits(since=NOW, limit=1)) == [90.0]

    async def test_tasks_are_kept_and_end_once(self, store: Store) -> None:
        made = {"conversation_id": "c1", "kind": TaskKind.MESSAGE, "created_at": NOW}
        one = Task(id="t1", text="it leaks 👋", due_at=later(50), handoff_id="h1", team="billing", **made)
        two = Task(id="t2", text="", due_at=later(20), **made)
        other = Task(id="t3", text="", due_at=later(1), **{**made, "conversation_id": "c2"})
        await put_all(store, a_conversation(id="c1"), a_conversation(id="c2"))
        await write(store, *(lambda tx, task=task: tx.put_task(task) for task in (one, two, other)))
        assert await store.read(lambda tx: tx.open_tasks("c1")) == [two, one]
        assert await store.read(lambda tx: tx.task("t1")) == one
        assert await store.read(lambda tx: tx.task("t9")) is None
        end = {"by": "ana", "outcome": TaskOutcome.ANSWERED}
        assert await store.write(lambda tx: tx.close_task("t1", at=later(5), **end))
        assert not await store.write(lambda tx: tx.close_task("t1", at=later(6), **end))
        assert await store.read(lambda tx: tx.open_tasks("c1")) == [two]
        closed = replace(one, closed_at=later(5), closed_by="ana", outcome=TaskOutcome.ANSWERED)
        assert await store.read(lambda tx: tx.task("t1")) == closed

    async def test_lists_are_narrowed(self, store: Store) -> None:
        handoff = Handoff(id="h1", conversation_id="c1", reason=Reason.VIP, requested_at=NOW)
        await put_all(
            store,
            waiting(id="c1", team="billing", channel="web", handoff_id="h1"),
            waiting(id="c2", team="billing", waiting_since=later(1)),
            waiting(id="c3", channel="web", waiting_since=later(2)),
            a_conversation(id="c4", channel="web"),
        )
        await store.write(lambda tx: tx.put_handoff(handoff))
        assert await ids(store, owner=Owner.QUEUE, team="billing") == ["c1", "c2"]
        assert await ids(store, owner=Owner.QUEUE, channel="web") == ["c1", "c3"]
        assert await ids(store, owner=Owner.QUEUE, reason="vip") == ["c1"]
        assert await ids(store, owner=Owner.QUEUE, reason="vip", team="sales") == []
        assert sorted(await ids(store, channel="web")) == ["c1", "c3", "c4"]
        assert await ids(store, reason="vip") == ["c1"]

    async def test_unread_is_what_no_agent_has_read(self, store: Store) -> None:
        await put_all(store, *(waiting(id=f"c{n}", waiting_since=later(n)) for n in range(1, 6)))
        await say(store, "c1", C, B, C)
        await say(store, "c2", C, B, C, A)
        await say(store, "c3", B, S, A)
        await say(store, "c5", C)
        await store.write(lambda tx: tx.mark_read("c1", A, 1, NOW))
        await store.write(lambda tx: tx.mark_read("c2", A, 3, NOW))
        await store.write(lambda tx: tx.mark_read("c5", C, 1, NOW))
        assert await ids(store, owner=Owner.QUEUE, unread=True) == ["c1", "c5"]
        assert await ids(store, owner=Owner.QUEUE, unread=True, after="c1") == ["c5"]
        seen = await store.read(lambda tx: tx.overviews(["c1", "c2", "c3", "c4", "c5", "unknown"]))
        assert {key: one.unread for key, one in seen.items()} == {
            "c1": 1, "c2": 0, "c3": 0, "c4": 0, "c5": 1,
        }  # fmt: skip

    async def test_unread_is_counted_up_to_a_bound(self, store: Store) -> None:
        await put_all(store, waiting(id="c1"))
        await say(store, "c1", *[C] * (UNREAD_COUNTED + 7))
        assert (await store.read(lambda tx: tx.overviews(["c1"])))["c1"].unread == UNREAD_COUNTED

    async def test_an_overview_has_all_that_a_list_shows(self, store: Store) -> None:
        handoff = Handoff(id="h1", conversation_id="c1", reason=Reason.FRUSTRATED, requested_at=NOW)
        newest = a_message("c1", 2, author=A, kind=Kind.NOTE, text="careful")
        await put_all(
            store,
            waiting(id="c1", customer_id="cu1", handoff_id="h1"),
            waiting(id="c2", customer_id="cu2"),
            waiting(id="c3", customer_id="cu3"),
        )
        await write(
            store,
            lambda tx: tx.put_handoff(handoff),
            lambda tx: tx.put_customer(Customer(id="cu1", created_at=NOW, name="Ana")),
            lambda tx: tx.put_profile("cu1", {"name": "Another"}, "demo", NOW),
            lambda tx: tx.put_customer(Customer(id="cu2", created_at=NOW)),
            lambda tx: tx.put_profile("cu2", {"name": "Zoë 👋", "tier": "gold"}, "demo", NOW),
            lambda tx: tx.add_message(a_message("c1", 1, failed=True)),
            lambda tx: tx.add_message(newest),
            lambda tx: tx.add_message(a_message("c1", 3, author=S, kind=Kind.EVENT, text="claimed")),
            lambda tx: tx.add_message(a_message("c1", 4, author=S, text="You are number 2.")),
            lambda tx: tx.add_message(a_message("c2", 1, failed=True)),
            lambda tx: tx.add_message(a_message("c2", 2)),
        )
        seen = await store.read(lambda tx: tx.overviews(["c1", "c2", "c3"]))
        assert seen["c1"] == Overview(
            customer_name="Ana", reason="frustrated", unread=1, failed=True, last_message=newest
        )
        assert (seen["c2"].customer_name, seen["c2"].failed, seen["c2"].unread) == ("Zoë 👋", False, 2)
        assert seen["c3"] == Overview()
        assert await store.read(lambda tx: tx.overviews([])) == {}

    async def test_counts_of_each_list(self, store: Store) -> None:
        await put_all(
            store,
            waiting(id="q1", waiting_since=later(5)),
            waiting(id="q2", waiting_since=later(3)),
            a_conversation(id="a1", owner=Owner.AGENT, assignee="kim"),
            a_conversation(id="a2", owner=Owner.AGENT, assignee="kim"),
            a_conversation(id="a3", owner=Owner.AGENT, assignee="lee"),
            a_conversation(id="b1"),
        )
        for conversation_id in ("q1", "a1", "a3", "b1"):
            await say(store, conversation_id, C)
        assert await store.read(lambda tx: tx.desk_counts("kim")) == DeskCounts(
            owners={Owner.QUEUE: 2, Owner.AGENT: 3, Owner.BOT: 1, Owner.NOBODY: 0},
            mine=2,
            unread_mine=1,
            unread_queue=1,
            oldest_waiting_since=later(3),
        )

    async def test_counts_of_an_empty_desk(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.desk_counts("")) == DeskCounts(owners=dict.fromkeys(Owner, 0))
        assert await ids(store, work=True) == []

    async def test_open_tasks_are_listed_by_when_they_are_due(self, store: Store) -> None:
        tasks = (
            a_task("t1", "c1", 50),
            a_task("t2", "c2", 30),
            a_task("t3", "c2", 90),
            a_task("t4", "c3", 10, closed=11),
            a_task("t5", "c4", 30),
        )
        await put_all(store, *(a_conversation(id=f"c{n}", owner=Owner.NOBODY) for n in range(1, 5)))
        await write(store, *(lambda tx, task=task: tx.put_task(task) for task in tasks))
        assert await ids(store, work=True) == ["c2", "c4", "c1"]
        assert await ids(store, work=True, limit=1) == ["c2"]
        assert await ids(store, work=True, after="c2") == ["c4", "c1"]
        assert await ids(store, work=True, after="c3") == ["c2", "c4", "c1"]
        assert (await store.read(lambda tx: tx.desk_counts("kim"))).work == 3
        seen = await store.read(lambda tx: tx.overviews(["c1", "c2", "c3"]))
        assert seen["c2"].task == tasks[1]
        assert seen["c3"].task is None

    async def test_paging_through_narrowed_lists_meets_everyone_once(self, store: Store) -> None:
        everyone = [
            a_conversation(owner=owner, team=team, updated_at=later(number))
            for number, (owner, team) in enumerate([(o, t) for o in Owner for t in ("x", "y")] * 3)
        ]
        await put_all(store, *everyone)
        seen: list[str] = []

        async def next_page(tx: Tx) -> list[Conversation]:
            return await tx.conversations(team="x", after=seen[-1] if seen else "", limit=5)

        while found := await store.read(next_page):
            seen += [conversation.id for conversation in found]
        wanted = [one.id for one in everyone if one.team == "x"]
        assert seen == wanted[::-1]

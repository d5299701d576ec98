"""What every store does, whatever database is behind it: customers, conversations, messages, work."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import ChannelIdentity, Customer, Effect, Status, Trust
from bot.domain.errors import Conflict
from bot.domain.handoff import Handoff, Outcome, Reason, queue_key
from bot.domain.message import (
    DELIVERY_STEPS,
    Attachment,
    Author,
    Choice,
    Delivery,
    Entity,
    IdentityClaim,
    IntentScore,
    Kind,
    Nlu,
)
from bot.domain.mood import Mood, Sign
from bot.domain.work import InboxKind, InboxOutcome, InboxStatus, Timer, TimerKind
from bot.ports import Store, Tx
from tests.contract.store_kit import (
    NOW,
    a_conversation,
    a_message,
    an_inbox_row,
    an_outbox_row,
    later,
    put_all,
    waiting,
    write,
)

NLU = Nlu(
    intents=(IntentScore(name="track_order", confidence=0.91), IntentScore(name="greet", confidence=0.05)),
    entities=(Entity(name="order_number", value="4521", start=3, end=7),),
    fallback=True,
    mood=Mood(
        frustration=0.6,
        level="frustrated",
        evidence=(Sign(kind="phrase", text="third time", weight=0.6),),
    ),
)


class CustomersContract:
    async def test_a_customer_comes_back_as_it_was(self, store: Store) -> None:
        first = Customer(
            id="cu1", created_at=NOW, directory_ref="R1", name="Ana", email="a@b.c", trust=Trust.VERIFIED
        )
        changed = Customer(id="cu1", created_at=NOW, name="Ana María")
        await store.write(lambda tx: tx.put_customer(first))
        assert await store.read(lambda tx: tx.customer("cu1")) == first
        await store.write(lambda tx: tx.put_customer(changed))
        assert await store.read(lambda tx: tx.customer("cu1")) == changed
        assert await store.read(lambda tx: tx.customer("nobody")) is None

    async def test_the_oldest_customer_with_a_reference_is_the_one(self, store: Store) -> None:
        old = Customer(id="cu9", created_at=NOW, directory_ref="R1")
        new = Customer(id="cu1", created_at=later(1), directory_ref="R1")
        unknown = Customer(id="cu0", created_at=NOW)
        for customer in (new, old, unknown):
            await store.write(lambda tx, customer=customer: tx.put_customer(customer))
        assert await store.read(lambda tx: tx.customer_by_ref("R1")) == old
        assert await store.read(lambda tx: tx.customer_by_ref("R2")) is None
        assert await store.read(lambda tx: tx.customer_by_ref("")) is None

    async def test_an_address_belongs_to_one_customer(self, store: Store) -> None:
        first = ChannelIdentity(
            channel="rest",
            account="default",
            address="x",
            customer_id="1",
            conversation_id="c",
            created_at=NOW,
        )
        second = ChannelIdentity(
            channel="rest",
            account="default",
            address="x",
            customer_id="2",
            conversation_id="d",
            created_at=NOW,
        )
        assert await store.write(lambda tx: tx.identity("rest", "default", "x")) is None
        await store.write(lambda tx: tx.put_identity(first))
        assert await store.read(lambda tx: tx.identity("rest", "default", "x")) == first
        await store.write(lambda tx: tx.put_identity(second))
        assert await store.read(lambda tx: tx.identity("rest", "default", "x")) == second
        for other in (("rest", "other", "x"), ("web", "default", "x"), ("rest", "default", "y")):
            assert await store.read(lambda tx, other=other: tx.identity(*other)) is None

    async def test_a_profile_is_kept_with_its_source_and_time(self, store: Store) -> None:
        data = {"name": "Ana", "notes": ["a", {"b": None}], "spent": 12.5}
        await store.write(lambda tx: tx.put_profile("cu1", {"old": True}, "demo", NOW))
        await store.write(lambda tx: tx.put_profile("cu1", data, "shop", later(5)))
        assert await store.read(lambda tx: tx.profile("cu1")) == (data, "shop", later(5))
        assert await store.read(lambda tx: tx.profile("cu2")) is None


class ConversationsContract:
    async def test_a_conversation_comes_back_as_it_was(self, store: Store) -> None:
        full = a_conversation(
            id="c1",
            updated_at=later(1),
            account="shop",
            owner=Owner.AGENT,
            owner_version=7,
            assignee="ag1",
            desk="builtin",
            team="billing",
            language="pt",
            reply_until=later(86_400),
            seq=12,
            handoff_id="h1",
            priority=30,
            waiting_since=later(2),
            reopens_to_queue=True,
            last_customer_at=later(3),
            returned_at=later(4),
        )
        plain = a_conversation(id="c1")
        await put_all(store, full)
        assert await store.read(lambda tx: tx.conversation("c1")) == full
        assert await store.write(lambda tx: tx.conversation("c1", lock=True)) == full
        await put_all(store, plain)
        assert await store.read(lambda tx: tx.conversation("c1")) == plain
        assert await store.write(lambda tx: tx.conversation("c2", lock=True)) is None

    async def test_lists_by_owner_assignee_and_customer(self, store: Store) -> None:
        mine = a_conversation(id="c1", owner=Owner.AGENT, assignee="ag1", updated_at=later(1))
        theirs = a_conversation(id="c2", owner=Owner.AGENT, assignee="ag2", updated_at=later(3))
        bots = a_conversation(id="c3", customer_id="cu2", updated_at=later(2))
        done = a_conversation(id="c4", owner=Owner.NOBODY, updated_at=later(4))
        await put_all(store, mine, theirs, bots, done)

        async def ids(**options: object) -> list[str]:
            found = await store.read(lambda tx: tx.conversations(**options))  # type: ignore[arg-type]
            return [conversation.id for conversation in found]

        assert await ids() == ["c4", "c2", "c3", "c1"]
        assert await ids(limit=2) == ["c4", "c2"]
        assert await ids(after="c2") == ["c3", "c1"]
        assert await ids(owner=Owner.AGENT) == ["c2", "c1"]
        assert await ids(owner=Owner.AGENT, assignee="ag1") == ["c1"]
        assert await ids(assignee="ag2") == ["c2"]
        assert await ids(customer_id="cu1") == ["c4", "c2", "c1"]
        assert await ids(customer_id="cu1", owner=Owner.AGENT, after="c2") == ["c1"]
        assert await ids(owner=Owner.QUEUE) == []
        assert await ids(after="unknown") == []

    async def test_the_queue_is_in_the_domains_order(self, store: Store) -> None:
        dice = random.Random(7)
        queue = [
            waiting(
                priority=dice.choice((10, 20, 30)),
                reply_until=dice.choice((None, later(dice.randrange(5)))),
                waiting_since=later(dice.randrange(-5, 0)),
            )
            for _ in range(40)
        ]
        await put_all(store, *queue, a_conversation())
        found = await store.read(lambda tx: tx.conversations(owner=Owner.QUEUE))
        keys = [
            queue_key(priority=c.priority, deadline=c.reply_until, waiting_since=c.waiting_since or NOW)
            for c in found
        ]
        assert len(found) == 40
        assert keys == sorted(keys)
        assert len(set(keys)) > 20

    async def test_paging_the_queue_meets_everyone_once(self, store: Store) -> None:
        queue = [waiting(priority=index % 3, reply_until=later(index % 2)) for index in range(25)]
        await put_all(store, *queue)
        seen: list[str] = []

        async def page(tx: Tx) -> list[Conversation]:
            return await tx.conversations(owner=Owner.QUEUE, after=seen[-1] if seen else "", limit=7)

        while found := await store.read(page):
            seen += [conversation.id for conversation in found]
        assert len(seen) == 25
        assert set(seen) == {conversation.id for conversation in queue}

    async def test_paging_goes_on_after_one_that_was_claimed(self, store: Store) -> None:
        first, second = waiting(id="q1", waiting_since=later(1)), waiting(id="q2", waiting_since=later(2))
        await put_all(store, first, second)
        await put_all(store, a_conversation(id="q1", owner=Owner.AGENT, assignee="ag1"))
        rest = await store.read(lambda tx: tx.conversations(owner=Owner.QUEUE, after="q1"))
        assert [conversation.id for conversation in rest] == ["q2"]

    async def test_counts_by_owner(self, store: Store) -> None:
        await put_all(store, a_conversation(), a_conversation(), waiting())
        counts = await store.read(lambda tx: tx.count_by_owner())
        assert counts == {Owner.BOT: 2, Owner.QUEUE: 1, Owner.AGENT: 0, Owner.NOBODY: 0}

    async def test_dialogue_state_is_bytes(self, store: Store) -> None:
        state = bytes(range(256)) * 40
        assert await store.read(lambda tx: tx.state("c1")) is None
        await store.write(lambda tx: tx.put_state("c1", b"old", "m1"))
        await store.write(lambda tx: tx.put_state("c1", state, "m2"))
        found = await store.read(lambda tx: tx.state("c1"))
        assert found == state
        assert type(found) is bytes


class MessagesContract:
    async def test_a_message_comes_back_as_it_was(self, store: Store) -> None:
        full = a_message(
            "c1",
            1,
            author=Author.AGENT,
            kind=Kind.MEDIA,
            text="Olá 👋",
            author_id="ag1",
            author_name="Zoë",
            choices=(Choice(title="Yes", payload='/affirm{"x": "y"}'), Choice(title="No", payload="/deny")),
            attachments=(
                Attachment(kind="image", url="https://x/y.png", name="y", mime="image/png", size=3),
            ),
            custom={"card": {"n": 1, "of": [1.5, None, "ü"]}},
            delivery=Delivery.PENDING,
            external_id="ext",
            client_id="cl",
            reply_to="in1",
            nlu=NLU,
            failed=True,
        )
        plain = a_message("c1", 2)
        await write(store, lambda tx: tx.add_message(full), lambda tx: tx.add_message(plain))
        assert await store.read(lambda tx: tx.message("c1", 1)) == full
        assert await store.read(lambda tx: tx.message("c1", 2)) == plain
        assert await store.read(lambda tx: tx.message("c2", 1)) is None

    async def test_messages_are_read_in_order_from_either_end(self, store: Store) -> None:
        said = [a_message("c1", seq) for seq in (3, 1, 5, 2, 4)]
        other = a_message("c2", 9)
        await write(store, *(lambda tx, one=one: tx.add_message(one) for one in (*said, other)))

        async def seqs(after: int, limit: int) -> list[int]:
            found = await store.read(lambda tx: tx.messages("c1", after=after, limit=limit))
            return [message.seq for message in found]

        assert await seqs(0, 200) == [1, 2, 3, 4, 5]
        assert await seqs(2, 2) == [3, 4]
        assert await seqs(5, 2) == []
        last = await store.read(lambda tx: tx.last_messages("c1", limit=2))
        assert [message.seq for message in last] == [4, 5]

    async def test_a_sequence_number_is_given_once(self, store: Store) -> None:
        await store.write(lambda tx: tx.add_message(a_message("c1", 1)))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.add_message(a_message("c1", 1)))

    async def test_a_client_id_is_used_once_in_a_conversation(self, store: Store) -> None:
        first = a_message("c1", 1, client_id="x")
        await store.write(lambda tx: tx.add_message(first))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.add_message(a_message("c1", 2, client_id="x")))
        await store.write(lambda tx: tx.add_message(a_message("c2", 1, client_id="x")))
        for seq in (2, 3):
            await store.write(lambda tx, seq=seq: tx.add_message(a_message("c1", seq)))
        assert await store.read(lambda tx: tx.message_by_client_id("c1", "x")) == first
        assert await store.read(lambda tx: tx.message_by_client_id("c1", "y")) is None
        assert await store.read(lambda tx: tx.message_by_client_id("c1", "")) is None

    async def test_finds_what_a_platform_reports_on(self, store: Store) -> None:
        await put_all(store, a_conversation(id="c1", channel="whatsapp", account="shop"))
        ours = a_message("c1", 2, author=Author.BOT, external_id="wamid.1")
        theirs = a_message("c1", 1, external_id="wamid.1")
        await write(store, lambda tx: tx.add_message(theirs), lambda tx: tx.add_message(ours))
        found = await store.read(lambda tx: tx.message_by_external_id("whatsapp", "shop", "wamid.1"))
        assert found == ours
        for wrong in (
            ("telegram", "shop", "wamid.1"),
            ("whatsapp", "x", "wamid.1"),
            ("whatsapp", "shop", ""),
        ):
            assert await store.read(lambda tx, wrong=wrong: tx.message_by_external_id(*wrong)) is None

    async def test_finds_the_answers_to_an_inbox_row(self, store: Store) -> None:
        said = [a_message("c1", 1), *(a_message("c1", seq, reply_to="i1") for seq in (3, 4))]
        said += [a_message("c1", 2, reply_to="i0"), a_message("c2", 5, reply_to="i1")]
        await write(store, *(lambda tx, one=one: tx.add_message(one) for one in said))

        async def seqs() -> list[int]:
            return [one.seq for one in await store.read(lambda tx: tx.replies_to("c1", "i1"))]

        assert await seqs() == [3, 4]
        await store.write(lambda tx: tx.add_inbox(an_inbox_row("c1", 1, id="i1")))
        assert await seqs() == [3, 4]

    async def test_keeps_what_was_understood(self, store: Store) -> None:
        await store.write(lambda tx: tx.add_message(a_message("c1", 1)))
        await store.write(lambda tx: tx.annotate("c1", 1, NLU, True))
        found = await store.read(lambda tx: tx.message("c1", 1))
        assert found is not None
        assert (found.nlu, found.failed) == (NLU, True)

    async def test_delivery_moves_along_the_arrows_and_nowhere_else(self, store: Store) -> None:
        pairs = [(old, new) for old in Delivery for new in Delivery]
        for seq, (old, _) in enumerate(pairs, 1):
            message = a_message("c1", seq, author=Author.BOT, delivery=old, external_id="before")
            await store.write(lambda tx, message=message: tx.add_message(message))
        for seq, (old, new) in enumerate(pairs, 1):
            named = "after" if seq % 2 else ""
            moved = await store.write(
                lambda tx, seq=seq, new=new, named=named: tx.set_delivery("c1", seq, new, named)
            )
            found = await store.read(lambda tx, seq=seq: tx.message("c1", seq))
            assert found is not None
            assert moved == (new in DELIVERY_STEPS[old]), (old, new)
            assert found.delivery is (new if moved else old)
            assert found.external_id == ("after" if moved and named else "before")
        assert not await store.write(lambda tx: tx.set_delivery("c1", 999, Delivery.SENT))


class WorkContract:
    async def test_a_platforms_message_is_remembered_once(self, store: Store) -> None:
        place = ("telegram", "default", "42")
        assert await store.write(lambda tx: tx.remember(*place, "k1", "i1", NOW)) is None
        assert await store.write(lambda tx: tx.remember(*place, "k1", "i2", later(9))) == "i1"
        assert await store.write(lambda tx: tx.remember(*place, "k2", "i3", NOW)) is None
        assert await store.write(lambda tx: tx.remember("whatsapp", *place[1:], "k1", "i4", NOW)) is None

    async def test_an_inbox_row_comes_back_as_it_was(self, store: Store) -> None:
        row = an_inbox_row(
            "c1",
            4,
            due_at=later(2),
            text="hi",
            payload='/greet{"a": 1}',
            status=InboxStatus.DONE,
            outcome=InboxOutcome.FAILED,
            attempts=2,
            trust=Trust.VERIFIED,
        )
        await store.write(lambda tx: tx.add_inbox(row))
        assert await store.read(lambda tx: tx.inbox(row.id)) == row
        assert await store.read(lambda tx: tx.inbox("nothing")) is None

    async def test_trust_is_that_of_the_newest_message_and_of_no_reminder(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.last_trust("c1")) is Trust.ANONYMOUS
        rows = [
            an_inbox_row("c1", 1, trust=Trust.VERIFIED),
            an_inbox_row("c1", 2, trust=Trust.CHANNEL, kind=InboxKind.REMINDER),
            an_inbox_row("c2", 3, trust=Trust.CLAIMED),
        ]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        assert await store.read(lambda tx: tx.last_trust("c1")) is Trust.VERIFIED
        await store.write(lambda tx: tx.add_inbox(an_inbox_row("c1", 3)))
        assert await store.read(lambda tx: tx.last_trust("c1")) is Trust.ANONYMOUS

    async def test_pending_rows_are_in_the_order_they_were_said(self, store: Store) -> None:
        rows = [an_inbox_row("c1", seq, text=str(seq)) for seq in (2, 1, 3)]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        assert await store.write(lambda tx: tx.finish_inbox([rows[2].id], InboxOutcome.ANSWERED)) == 1
        assert await store.read(lambda tx: tx.pending("c1")) == [rows[1], rows[0]]
        assert await store.read(lambda tx: tx.pending("c2")) == []

    async def test_conversations_with_due_work_come_longest_waiting_first(self, store: Store) -> None:
        rows = [
            an_inbox_row("young", 1, received_at=later(-1)),
            an_inbox_row("old", 1, received_at=later(-9)),
            an_inbox_row("old", 2, received_at=later(-8)),
            an_inbox_row("gathering", 1, received_at=later(-20), due_at=later(1)),
            an_inbox_row("done", 1, received_at=later(-30), status=InboxStatus.DONE),
        ]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        assert await store.read(lambda tx: tx.pending_conversations(NOW)) == ["old", "young"]
        assert await store.read(lambda tx: tx.pending_conversations(NOW, limit=1)) == ["old"]
        assert await store.read(lambda tx: tx.pending_conversations(later(1))) == [
            "gathering",
            "old",
            "young",
        ]

    async def test_a_row_is_finished_once(self, store: Store) -> None:
        rows = [an_inbox_row("c1", seq) for seq in (1, 2, 3)]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        ids = [row.id for row in rows]
        assert await store.write(lambda tx: tx.finish_inbox(ids[:2], InboxOutcome.WITH_PERSON)) == 2
        assert await store.write(lambda tx: tx.finish_inbox([*ids, "x"], InboxOutcome.ANSWERED)) == 1
        found = await store.read(lambda tx: tx.inbox(ids[0]))
        assert found is not None
        assert (found.status, found.outcome) == (InboxStatus.DONE, InboxOutcome.WITH_PERSON)

    async def test_attempts_are_counted(self, store: Store) -> None:
        rows = [an_inbox_row("c1", 1), an_inbox_row("c1", 2, attempts=3)]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        await store.write(lambda tx: tx.count_attempt([row.id for row in rows]))
        found = await store.read(lambda tx: tx.pending("c1"))
        assert [row.attempts for row in found] == [1, 4]

    async def test_the_outbox_gives_the_oldest_of_each_conversation(self, store: Store) -> None:
        rows = [an_outbox_row(conversation, seq) for conversation in ("c1", "c2") for seq in (2, 1)]
        await write(store, *(lambda tx, row=row: tx.add_outbox(row) for row in rows))
        taken = await store.write(lambda tx: tx.take_outbox(later(1), "n1"))
        assert [(row.conversation_id, row.message_seq) for row in taken] == [("c1", 1), ("c2", 1)]
        assert {(row.node, row.started_at) for row in taken} == {("n1", later(1))}
        # Both conversations have one under way.
        assert await store.write(lambda tx: tx.take_outbox(later(1), "n1")) == []
        await store.write(lambda tx: tx.drop_outbox(taken[0].id))
        taken = await store.write(lambda tx: tx.take_outbox(later(1), "n2"))
        assert [(row.conversation_id, row.message_seq) for row in taken] == [("c1", 2)]

    async def test_a_retry_holds_up_what_comes_after_it(self, store: Store) -> None:
        rows = [an_outbox_row("c1", seq) for seq in (1, 2)]
        await write(store, *(lambda tx, row=row: tx.add_outbox(row) for row in rows))
        await store.write(lambda tx: tx.take_outbox(NOW, "n1"))
        await store.write(lambda tx: tx.retry_outbox(rows[0].id, later(30)))
        assert await store.write(lambda tx: tx.take_outbox(later(29), "n1")) == []
        taken = await store.write(lambda tx: tx.take_outbox(later(30), "n1"))
        assert [(row.message_seq, row.attempts, row.due_at) for row in taken] == [(1, 1, later(30))]

    async def test_what_the_platform_has_of_a_message_is_kept_and_tries_count_anew(
        self, store: Store
    ) -> None:
        row = an_outbox_row("c1", 1, attempts=3)
        await write(store, lambda tx: tx.add_outbox(row))
        await store.write(lambda tx: tx.take_outbox(NOW, "n1"))
        await store.write(lambda tx: tx.continue_outbox(row.id, 2))
        await store.write(lambda tx: tx.retry_outbox(row.id, later(5)))
        (taken,) = await store.write(lambda tx: tx.take_outbox(later(5), "n1"))
        assert (taken.part, taken.attempts) == (2, 1)
        await store.write(lambda tx: tx.retry_outbox(row.id, later(9)))
        await store.write(lambda tx: tx.continue_outbox(row.id, 7))  # not under way: not ours
        (taken,) = await store.write(lambda tx: tx.take_outbox(later(9), "n1"))
        assert taken.part == 2

    async def test_a_part_of_a_message_leads_to_it_on_its_own_account_only(self, store: Store) -> None:
        conversation = a_conversation(channel="push", account="a")
        said = a_message(conversation.id, 1, author=Author.BOT, external_id="last")
        await write(
            store,
            lambda tx: tx.put_conversation(conversation),
            lambda tx: tx.add_message(said),
            *(
                lambda tx, one=one: tx.add_sent_part(conversation.id, 1, "push", "a", one)
                for one in ("first", "first", "second")
            ),
        )
        for one in ("first", "second", "last"):
            found = await store.read(lambda tx, one=one: tx.message_by_external_id("push", "a", one))
            assert found == said
        assert await store.read(lambda tx: tx.message_by_external_id("push", "b", "first")) is None
        assert await store.read(lambda tx: tx.message_by_external_id("push", "a", "")) is None

    async def test_a_customers_message_is_found_in_its_own_conversation(self, store: Store) -> None:
        theirs = a_message("c1", 1, author=Author.CUSTOMER, external_id="7")
        other = a_message("c2", 1, author=Author.CUSTOMER, external_id="7")
        ours = a_message("c1", 2, author=Author.BOT, external_id="7")
        await write(store, *(lambda tx, one=one: tx.add_message(one) for one in (theirs, other, ours)))
        assert await store.read(lambda tx: tx.message_from_customer("c1", "7")) == theirs
        assert await store.read(lambda tx: tx.message_from_customer("c1", "8")) is None

    async def test_files_of_a_message_are_replaced_and_a_failure_keeps_its_reason(
        self, store: Store
    ) -> None:
        said = a_message("c1", 1, author=Author.BOT, delivery=Delivery.SENDING)
        files = (Attachment(kind="image", url="media:1", name="a.png", note="why"),)
        await write(store, lambda tx: tx.add_message(said), lambda tx: tx.set_attachments("c1", 1, files))
        moved = await store.write(lambda tx: tx.set_delivery("c1", 1, Delivery.FAILED, "x", "blocked"))
        found = await store.read(lambda tx: tx.message("c1", 1))
        assert moved
        assert found is not None
        assert (found.attachments, found.external_id, found.delivery_note) == (files, "x", "blocked")

    async def test_a_link_is_used_by_one_address_and_only_in_time(self, store: Store) -> None:
        claim = IdentityClaim(trust="verified", directory_ref="C1", name="Ada", phone="+49")
        await write(store, lambda tx: tx.add_link("d1", claim, later(60)))
        used = [
            await store.write(
                lambda tx, address=address, at=at: tx.use_link("d1", "push", "a", address, later(at))
            )
            for address, at in (("kim", 1), ("kim", 2), ("lou", 3), ("kim", 61))
        ]
        assert used == [claim, claim, None, None]
        assert await store.write(lambda tx: tx.use_link("d2", "push", "a", "kim", NOW)) is None

    async def test_the_outbox_gives_no_more_than_asked(self, store: Store) -> None:
        rows = [an_outbox_row(f"c{index}", 1, due_at=later(-index)) for index in range(5)]
        await write(store, *(lambda tx, row=row: tx.add_outbox(row) for row in rows))
        taken = await store.write(lambda tx: tx.take_outbox(NOW, "n1", limit=3))
        assert [row.conversation_id for row in taken] == ["c4", "c3", "c2"]

    async def test_finds_sends_whose_process_is_gone(self, store: Store) -> None:
        rows = [an_outbox_row(f"c{index}", 1) for index in range(3)]
        for index, row in enumerate(rows[:2]):
            await store.write(lambda tx, row=row: tx.add_outbox(row))
            await store.write(lambda tx, index=index: tx.take_outbox(later(index), f"n{index}"))
        await store.write(lambda tx: tx.add_outbox(rows[2]))

        async def stale(node: str, seconds: float) -> list[str]:
            found = await store.read(lambda tx: tx.stale_outbox(node=node, before=later(seconds)))
            return [row.conversation_id for row in found]

        assert await stale("n0", 0) == ["c0"]
        assert await stale("n9", 1) == ["c0"]
        assert await stale("n1", 1) == ["c0", "c1"]
        assert await stale("n9", 2) == ["c0", "c1"]

    async def test_a_timer_of_a_kind_is_set_once_and_taken_once(self, store: Store) -> None:
        first = Timer(
            conversation_id="c1", kind=TimerKind.SESSION_EXPIRY, due_at=later(10), payload={"a": [1]}
        )
        moved = Timer(
            conversation_id="c1", kind=TimerKind.SESSION_EXPIRY, due_at=later(20), payload={"b": 2}
        )
        other = Timer(conversation_id="c1", kind=TimerKind.REMINDER, due_at=later(15))
        assert await store.read(lambda tx: tx.next_timer_at()) is None
        for timer in (first, moved, other):
            await store.write(lambda tx, timer=timer: tx.set_timer(timer))
        assert await store.read(lambda tx: tx.next_timer_at()) == later(15)
        assert await store.write(lambda tx: tx.take_timer(later(14))) is None
        assert await store.write(lambda tx: tx.take_timer(later(99))) == other
        assert await store.write(lambda tx: tx.take_timer(later(99))) == moved
        assert await store.write(lambda tx: tx.take_timer(later(99))) is None

    async def test_a_cleared_timer_does_not_come(self, store: Store) -> None:
        await store.write(
            lambda tx: tx.set_timer(Timer(conversation_id="c1", kind=TimerKind.REMINDER, due_at=NOW))
        )
        await store.write(lambda tx: tx.clear_timer("c1", TimerKind.QUEUE_UPDATE))
        assert await store.read(lambda tx: tx.next_timer_at()) == NOW
        await store.write(lambda tx: tx.clear_timer("c1", TimerKind.REMINDER))
        assert await store.write(lambda tx: tx.take_timer(later(9))) is None

    async def test_timers_of_a_kind_are_told_apart_by_name(self, store: Store) -> None:
        kind = TimerKind.REMINDER
        late = Timer(conversation_id="c1", kind=kind, due_at=later(20), name="a", payload={"n": 1})
        early = Timer(conversation_id="c1", kind=kind, due_at=later(10), name="b", until_written=True)
        other = Timer(conversation_id="c2", kind=kind, due_at=later(15), name="a")
        plain = Timer(conversation_id="c1", kind=TimerKind.SESSION_EXPIRY, due_at=later(5))
        for timer in (late, early, other, plain):
            await store.write(lambda tx, timer=timer: tx.set_timer(timer))
        assert await store.read(lambda tx: tx.timers("c1", kind)) == [early, late]
        moved = replace(late, due_at=later(1), payload={"n": 2})
        await store.write(lambda tx: tx.set_timer(moved))
        assert await store.read(lambda tx: tx.timers("c1", kind)) == [moved, early]
        await store.write(lambda tx: tx.clear_timer("c1", kind))
        await store.write(lambda tx: tx.clear_timer("c1", kind, "b"))
        assert await store.read(lambda tx: tx.timers("c1", kind)) == [moved]
        assert await store.write(lambda tx: tx.take_timer(later(1))) == moved
        assert await store.read(lambda tx: tx.timers("c1", kind)) == []
        assert await store.write(lambda tx: tx.take_timer(later(99))) == plain

    async def test_some_timers_go_when_the_customer_writes(self, store: Store) -> None:
        kind = TimerKind.REMINDER
        stays = Timer(conversation_id="c1", kind=kind, due_at=later(1), name="stays")
        goes = replace(stays, name="goes", until_written=True)
        nudge = replace(goes, kind=TimerKind.NUDGE, name="")
        elsewhere = replace(goes, conversation_id="c2")
        for timer in (stays, goes, nudge, elsewhere):
            await store.write(lambda tx, timer=timer: tx.set_timer(timer))
        await store.write(lambda tx: tx.clear_until_written("c1"))
        assert await store.read(lambda tx: tx.timers("c1", kind)) == [stays]
        assert await store.read(lambda tx: tx.timers("c1", TimerKind.NUDGE)) == []
        assert await store.read(lambda tx: tx.timers("c2", kind)) == [elsewhere]

    async def test_inbox_rows_keep_what_they_are(self, store: Store) -> None:
        rows = [an_inbox_row("c1", seq, kind=kind) for seq, kind in enumerate(InboxKind, start=1)]
        await write(store, *(lambda tx, row=row: tx.add_inbox(row) for row in rows))
        assert await store.read(lambda tx: tx.pending("c1")) == rows
        assert len(rows) == 3

    async def test_a_handoff_comes_back_as_it_was(self, store: Store) -> None:
        early = Handoff(id="h9", conversation_id="c1", reason=Reason.VIP, requested_at=NOW)
        full = Handoff(
            id="h1",
            conversation_id="c1",
            reason=Reason.NOT_UNDERSTOOD,
            requested_at=later(1),
            evidence={"turns": [1, 2]},
            priority=20,
            team="billing",
            skills=("refunds", "pt"),
            language="pt",
            agent_id="ag1",
            offered_at=later(2),
            accepted_at=later(3),
            closed_at=later(4),
            outcome=Outcome.RESOLVED,
            slots={"order": "4521", "n": None},
        )
        for handoff in (full, early):
            await store.write(lambda tx, handoff=handoff: tx.put_handoff(handoff))
        assert await store.read(lambda tx: tx.handoff("h1")) == full
        assert await store.read(lambda tx: tx.handoffs("c1")) == [early, full]
        assert await store.read(lambda tx: tx.handoff("h2")) is None

    async def test_an_effect_is_begun_and_finished_under_its_key(self, store: Store) -> None:
        begun = Effect(
            key="i1:cancel:0",
            conversation_id="c1",
            inbox_id="i1",
            action="action_cancel",
            method="cancel_order",
            arguments={"number": "4521"},
            started_at=NOW,
        )
        ended = Effect(
            key=begun.key,
            conversation_id="c1",
            inbox_id="i1",
            action="action_cancel",
            method="cancel_order",
            arguments={"number": "4521"},
            started_at=NOW,
            finished_at=NOW + timedelta(microseconds=1),
            status=Status.REFUSED,
            result={"detail": "shipped"},
        )
        await store.write(lambda tx: tx.put_effect(begun))
        assert await store.read(lambda tx: tx.effect(begun.key)) == begun
        await store.write(lambda tx: tx.put_effect(ended))
        assert await store.read(lambda tx: tx.effects("c1")) == [ended]
        assert await store.read(lambda tx: tx.effect("x")) is None

    async def test_effects_are_found_by_customer_and_method(self, store: Store) -> None:
        def gift(key: str, **changes: Any) -> Effect:
            plain = Effect(
                key=key,
                conversation_id="c1",
                inbox_id="",
                action="desk",
                method="grant_goodwill",
                arguments={"amount": "5.00"},
                started_at=NOW,
                agent_id="ana",
                customer_ref="C1",
            )
            return replace(plain, **changes)

        first, second = gift("a"), gift("b", conversation_id="c2", started_at=later(5))
        others = (
            gift("c", customer_ref="C2"),
            gift("d", method="cancel_order"),
            gift("e", started_at=later(-1)),
            gift("f", customer_ref="", agent_id=""),
        )
        for effect in (second, first, *others):
            await store.write(lambda tx, e=effect: tx.put_effect(e))
        for ask in (store.read, store.write):
            assert await ask(lambda tx: tx.effects_for("C1", "grant_goodwill", NOW)) == [first, second]
            assert await ask(lambda tx: tx.effects_for("", "grant_goodwill", NOW)) == []

    async def test_who_counts_a_customers_effects_counts_alone(self, store: Store) -> None:
        async def one_of_three(tx: Tx, name: str) -> None:
            if len(await tx.effects_for("C1", "grant_goodwill", NOW)) < 3:
                await tx.put_effect(
                    Effect(
                        key=name,
                        conversation_id=name,
                        inbox_id="",
                        action="desk",
                        method="grant_goodwill",
                        arguments={},
                        started_at=NOW,
                        customer_ref="C1",
                    )
                )

        await asyncio.gather(*(store.write(lambda tx, n=n: one_of_three(tx, f"k{n}")) for n in range(8)))
        assert len(await store.read(lambda tx: tx.effects_for("C1", "grant_goodwill", NOW))) == 3

    async def test_proved_orders_are_kept_in_order(self, store: Store) -> None:
        for index, number in enumerate(("9", "1", "9")):
            await store.write(lambda tx, n=number, i=index: tx.grant_order("c1", n, later(i)))
        assert await store.read(lambda tx: tx.order_grants("c1")) == ("9", "1")
        assert await store.read(lambda tx: tx.order_grants("c2")) == ()

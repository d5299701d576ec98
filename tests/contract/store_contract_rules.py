"""What every store does, continued: people, housekeeping, and the rules of a transaction."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.agents import BOT, CUSTOMER, SYSTEM, Agent, AuditEntry, Role, Session
from bot.domain.conversation import Owner
from bot.domain.correction import Correction, CorrectionStatus
from bot.domain.customer import ChannelIdentity, Customer, Effect
from bot.domain.errors import Conflict, InvalidInput, StoreError
from bot.domain.feedback import Rating
from bot.domain.handoff import Handoff, Reason
from bot.domain.message import Author, IdentityClaim
from bot.domain.task import Task, TaskKind
from bot.domain.work import InboxOutcome, Timer, TimerKind
from bot.ports import Store, Tx
from bot.store.tables import metadata
from tests.contract.store_kit import (
    NOW,
    StillClock,
    a_conversation,
    a_file,
    a_message,
    an_inbox_row,
    an_outbox_row,
    later,
    put_all,
    some_id,
    write,
)

HELD = {"conversation_id", "customer_id", "address", "media_id"}


def an_agent(agent_id: str, email: str, name: str = "Ana") -> Agent:
    return Agent(id=agent_id, email=email, name=name, role=Role.AGENT, created_at=NOW)


async def a_correction(tx: Tx, conversation_id: str, seq: int = 1, **changes: Any) -> Correction:
    """Store what a message meant."""
    plain = Correction(
        id=some_id("x"),
        number=await tx.next_correction(),
        conversation_id=conversation_id,
        message_seq=seq,
        text="secret",
        guessed="track_order",
        confidence=0.314,
        intent="cancel_order",
        agent_id="ag1",
        at=NOW,
    )
    made = replace(plain, **changes)
    await tx.put_correction(made)
    return made


async def a_whole_customer(
    store: Store, customer_id: str, address: str, owner: Owner = Owner.NOBODY
) -> str:
    """Store something of a customer in every table that can hold it; return the conversation's id."""
    conversation = a_conversation(
        customer_id=customer_id, address=address, owner=owner, updated_at=later(-100)
    )
    c = conversation.id
    await write(
        store,
        lambda tx: tx.put_customer(Customer(id=customer_id, created_at=NOW, email="secret@example.com")),
        lambda tx: tx.put_identity(
            ChannelIdentity(
                channel="rest",
                account="default",
                address=address,
                customer_id=customer_id,
                conversation_id=c,
                created_at=NOW,
            )
        ),
        lambda tx: tx.put_conversation(conversation),
        lambda tx: tx.put_state(c, b"\x00secret", "m"),
        lambda tx: tx.add_message(a_message(c, 1, text="secret", custom={"a": "secret"})),
        lambda tx: tx.remember("rest", "default", address, some_id("k"), "i", NOW),
        lambda tx: tx.add_inbox(an_inbox_row(c, 1, id=f"in-{c}", text="secret")),
        lambda tx: tx.add_outbox(an_outbox_row(c, 1, id=f"out-{c}", address=address)),
        lambda tx: tx.add_sent_part(c, 1, "rest", "default", f"part-{c}"),
        lambda tx: tx.add_link(f"link-{c}", IdentityClaim(trust="verified", name="secret"), later(60)),
        lambda tx: tx.use_link(f"link-{c}", "rest", "default", address, NOW),
        lambda tx: tx.put_handoff(
            Handoff(id=some_id("h"), conversation_id=c, reason=Reason.VIP, requested_at=NOW)
        ),
        lambda tx: tx.put_task(
            Task(
                id=some_id("t"),
                conversation_id=c,
                kind=TaskKind.MESSAGE,
                text="secret",
                created_at=NOW,
                due_at=NOW,
            )
        ),
        lambda tx: tx.put_effect(
            Effect(
                key=some_id("e"),
                conversation_id=c,
                inbox_id="i",
                action="a",
                method="m",
                arguments={"x": "secret"},
                started_at=NOW,
            )
        ),
        lambda tx: tx.grant_order(c, "4521", NOW),
        lambda tx: tx.put_profile(customer_id, {"name": "secret"}, "demo", NOW),
        lambda tx: tx.set_timer(Timer(conversation_id=c, kind=TimerKind.REMINDER, due_at=NOW)),
        *a_file(some_id("f"), conversation_id=c, message_seq=1, address=address),
        lambda tx: tx.mark_read(c, Author.CUSTOMER, 1, NOW),
        lambda tx: tx.put_rating(
            Rating(conversation_id=c, handoff_id="h1", score=1, comment="secret", at=NOW)
        ),
        lambda tx: a_correction(tx, c),
        lambda tx: tx.add_audit(
            AuditEntry(
                id=some_id("l"),
                at=NOW,
                actor="ag1",
                action="claim",
                conversation_id=c,
                detail={"s": "secret"},
            )
        ),
    )
    return c


async def settle(store: Store, conversation_id: str) -> None:
    """Answer what is pending and send what is on its way."""
    await store.write(lambda tx: tx.finish_inbox([f"in-{conversation_id}"], InboxOutcome.ANSWERED))
    await store.write(lambda tx: tx.drop_outbox(f"out-{conversation_id}"))


class DeskContract:
    async def test_an_agent_is_found_by_email_in_any_case(self, store: Store) -> None:
        agent = Agent(
            id="ag1",
            email="Zoë@Example.com",
            name="Zoë",
            role=Role.SUPERVISOR,
            created_at=NOW,
            password_hash="$argon2id$x",
            team="billing",
            disabled=True,
        )
        await store.write(lambda tx: tx.put_agent(agent))
        assert await store.read(lambda tx: tx.agent("ag1")) == agent
        assert await store.read(lambda tx: tx.agent_by_email("ZOË@example.COM")) == agent
        assert await store.read(lambda tx: tx.agent_by_email("zoe@example.com")) is None
        assert await store.read(lambda tx: tx.agent("ag2")) is None

    async def test_an_email_address_is_used_by_one_agent(self, store: Store) -> None:
        await store.write(lambda tx: tx.put_agent(an_agent("ag1", "a@b.c")))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.put_agent(an_agent("ag2", "A@B.C")))
        await store.write(lambda tx: tx.put_agent(an_agent("ag1", "A@b.c", name="Renamed")))
        assert [one.name for one in await store.read(lambda tx: tx.agents())] == ["Renamed"]

    async def test_agents_are_listed_by_name(self, store: Store) -> None:
        for index, name in enumerate(("bo", "Cy", "Ann", "ann")):
            await store.write(lambda tx, i=index, n=name: tx.put_agent(an_agent(f"ag{i}", f"{i}@x", n)))
        assert [one.name for one in await store.read(lambda tx: tx.agents())] == ["Ann", "ann", "bo", "Cy"]

    async def test_sign_ins_end_one_by_one_or_all(self, store: Store) -> None:
        def sign_in(digest: str, agent_id: str) -> Session:
            return Session(
                digest=digest,
                agent_id=agent_id,
                created_at=NOW,
                expires_at=later(60),
                csrf="t",
                label="web",
            )

        for session in (
            sign_in("d1", "ag1"),
            sign_in("d2", "ag1"),
            sign_in("d3", "ag1"),
            sign_in("d4", "ag2"),
        ):
            await store.write(lambda tx, session=session: tx.put_session(session))
        assert await store.read(lambda tx: tx.session("d1")) == sign_in("d1", "ag1")
        await store.write(lambda tx: tx.drop_session("d1"))
        assert await store.read(lambda tx: tx.session("d1")) is None
        assert await store.read(lambda tx: tx.session("d2")) is not None
        await store.write(lambda tx: tx.drop_sessions("ag1"))
        assert await store.read(lambda tx: tx.session("d3")) is None
        assert await store.read(lambda tx: tx.session("d4")) is not None

    async def test_the_audit_log_is_read_newest_first(self, store: Store) -> None:
        entries = [
            AuditEntry(
                id="l1", at=later(1), actor="a", action="claim", conversation_id="c1", detail={"n": 1}
            ),
            AuditEntry(id="l3", at=later(1), actor="b", action="sign_in"),
            AuditEntry(id="l2", at=later(2), actor="a", action="release", conversation_id="c2"),
        ]
        await write(store, *(lambda tx, entry=entry: tx.add_audit(entry) for entry in entries))

        async def ids(**options: Any) -> list[str]:
            return [entry.id for entry in await store.read(lambda tx: tx.audit(**options))]

        assert await store.read(lambda tx: tx.audit(limit=1, conversation_id="c1")) == [entries[0]]
        assert await ids() == ["l2", "l3", "l1"]
        assert await ids(limit=1) == ["l2"]
        assert await ids(after="l3") == ["l1"]
        assert await ids(actor="a") == ["l2", "l1"]
        assert await ids(actor="a", conversation_id="c2", after="l1") == []

    async def test_corrections_are_numbered_and_listed(self, store: Store) -> None:
        steps = [lambda tx, n=n: a_correction(tx, f"c{n}", note="why", at=later(-n)) for n in range(1, 4)]
        first, second, third = await write(store, *steps)
        assert [first.number, second.number, third.number] == [1, 2, 3]
        listed = await store.read(lambda tx: tx.corrections(CorrectionStatus.OPEN))
        assert listed == [third, second, first]
        assert await store.read(lambda tx: tx.corrections(CorrectionStatus.OPEN, limit=1)) == [third]
        assert await store.read(lambda tx: tx.correction(2)) == second
        assert await store.read(lambda tx: tx.correction(9)) is None
        for one, at in ((first, 7), (third, 8)):
            done = replace(
                one,
                status=CorrectionStatus.ACCEPTED,
                decided_by="t",
                decided_at=later(at),
                reason="as it is",
            )
            await write(store, lambda tx, d=done: tx.put_correction(d))
        accepted = await store.read(lambda tx: tx.corrections(CorrectionStatus.ACCEPTED))
        assert [(one.number, one.decided_at) for one in accepted] == [(3, later(8)), (1, later(7))]
        assert await store.read(lambda tx: tx.corrections(CorrectionStatus.OPEN)) == [second]
        await write(store, lambda tx: tx.drop_correction(2))
        assert await store.read(lambda tx: tx.corrections(CorrectionStatus.OPEN)) == []
        assert await store.write(lambda tx: tx.next_correction()) == 4

    async def test_a_message_has_one_correction(self, store: Store) -> None:
        await write(store, lambda tx: a_correction(tx, "c1", 2), lambda tx: a_correction(tx, "c1", 1))
        with pytest.raises(Conflict):
            await write(store, lambda tx: a_correction(tx, "c1", 2))
        found = await store.read(lambda tx: tx.corrections_of("c1"))
        assert [one.message_seq for one in found] == [1, 2]
        assert await store.read(lambda tx: tx.corrections_of("c2")) == []

    async def test_many_at_once_get_numbers_of_their_own(self, store: Store) -> None:
        made = await asyncio.gather(
            *(write(store, lambda tx, n=n: a_correction(tx, f"c{n}")) for n in range(8))
        )
        assert sorted(one.number for [one] in made) == list(range(1, 9))

    async def test_installation_wide_values(self, store: Store) -> None:
        assert await store.read(lambda tx: tx.meta("k")) is None
        for value in ("v1", "v2"):
            await store.write(lambda tx, value=value: tx.put_meta("k", value))
        assert await store.read(lambda tx: tx.meta("k")) == "v2"


class HousekeepingContract:
    async def test_every_table_about_customers_is_covered(self, store: Store) -> None:
        """A new table that names a conversation, customer or address must be met by the rest here."""
        await a_whole_customer(store, "cu1", "a1")
        export = await store.read(lambda tx: tx.export_customer("cu1"))
        holding = {table.name for table in metadata.sorted_tables if HELD & set(table.c.keys())}
        assert len(holding) >= 17
        assert set(export) == holding | {"customers"}
        assert {name: len(rows) for name, rows in export.items()} == dict.fromkeys(export, 1)

    async def test_an_export_is_plain_json_and_only_theirs(self, store: Store) -> None:
        mine = await a_whole_customer(store, "cu1", "a1")
        await a_whole_customer(store, "cu2", "a2")
        export = await store.read(lambda tx: tx.export_customer("cu1"))
        assert json.loads(json.dumps(export)) == export
        assert export["messages"][0]["text"] == "secret"
        assert export["messages"][0]["created_at"] == NOW.isoformat()
        assert export["messages"][0]["custom"] == {"a": "secret"}
        assert export["conversations"][0]["id"] == mine
        assert export["media_parts"][0]["data"] == "c2VjcmV0"
        assert export["dialogue_states"][0]["state"] == "AHNlY3JldA=="
        assert "cu2" not in json.dumps(export)

    async def test_erasing_leaves_nothing_of_theirs_and_all_of_others(self, store: Store) -> None:
        mine = await a_whole_customer(store, "cu1", "a1", Owner.AGENT)
        await a_whole_customer(store, "cu2", "a2")
        others = await store.read(lambda tx: tx.export_customer("cu2"))
        assert await store.write(lambda tx: tx.erase_customer("cu1")) == 1
        left = await store.read(lambda tx: tx.export_customer("cu1"))
        assert {name: rows for name, rows in left.items() if rows} == {}
        assert await store.read(lambda tx: tx.conversation(mine)) is None
        assert await store.read(lambda tx: tx.messages(mine)) == []
        assert await store.write(lambda tx: tx.remember("rest", "default", "a1", "again", "i", NOW)) is None
        assert await store.read(lambda tx: tx.export_customer("cu2")) == others
        assert await store.write(lambda tx: tx.erase_customer("cu1")) == 0

    async def test_the_audit_log_keeps_the_act_without_the_customer(self, store: Store) -> None:
        await a_whole_customer(store, "cu1", "a1")
        await store.write(lambda tx: tx.erase_customer("cu1"))
        (entry,) = await store.read(lambda tx: tx.audit())
        assert (entry.actor, entry.action, entry.conversation_id, entry.detail) == (
            "ag1",
            "claim",
            "",
            None,
        )

    async def test_what_no_agent_did_leaves_the_audit_log_with_its_conversation(self, store: Store) -> None:
        conversation = await a_whole_customer(store, "cu1", "a1")
        for actor in (BOT, CUSTOMER, SYSTEM):
            entry = AuditEntry(
                id=some_id("l"), at=NOW, actor=actor, action="x", conversation_id=conversation
            )
            await store.write(lambda tx, entry=entry: tx.add_audit(entry))
        await store.write(lambda tx: tx.erase_customer("cu1"))
        assert [entry.actor for entry in await store.read(lambda tx: tx.audit())] == ["ag1"]

    async def test_pruning_takes_what_is_over_and_old(self, store: Store) -> None:
        over = await a_whole_customer(store, "cu1", "a1")
        with_agent = await a_whole_customer(store, "cu2", "a2", Owner.AGENT)
        young = a_conversation(owner=Owner.NOBODY, updated_at=later(-10), customer_id="cu3")
        await put_all(store, young)
        await settle(store, over)
        gone = await store.write(
            lambda tx: tx.prune(conversations_before=later(-50), dedupe_before=later(-50))
        )
        assert gone == 1
        assert {
            n for n, r in (await store.read(lambda tx: tx.export_customer("cu1"))).items() if r
        } == set()
        assert await store.read(lambda tx: tx.conversation(with_agent)) is not None
        assert await store.read(lambda tx: tx.conversation(young.id)) is not None

    async def test_pruning_waits_for_messages_on_their_way(self, store: Store) -> None:
        over = await a_whole_customer(store, "cu1", "a1")

        async def prune() -> int:
            return await store.write(
                lambda tx: tx.prune(conversations_before=later(-50), dedupe_before=later(-50))
            )

        assert await prune() == 0
        await store.write(lambda tx: tx.finish_inbox([f"in-{over}"], InboxOutcome.ANSWERED))
        assert await prune() == 0
        await store.write(lambda tx: tx.drop_outbox(f"out-{over}"))
        assert await prune() == 1

    async def test_pruning_keeps_a_customer_who_is_elsewhere_too(self, store: Store) -> None:
        over = await a_whole_customer(store, "cu1", "a1")
        here = a_conversation(customer_id="cu1", channel="telegram", address="7", updated_at=later(-100))
        await put_all(store, here)
        await settle(store, over)
        await store.write(lambda tx: tx.prune(conversations_before=later(-50), dedupe_before=later(-50)))
        assert await store.read(lambda tx: tx.customer("cu1")) is not None
        assert await store.read(lambda tx: tx.conversation(here.id)) == here

    async def test_pruning_forgets_message_ids_and_ended_sign_ins(
        self, store: Store, clock: StillClock
    ) -> None:
        await store.write(lambda tx: tx.remember("rest", "d", "a", "old", "i1", later(-60)))
        await store.write(lambda tx: tx.remember("rest", "d", "a", "new", "i2", later(-40)))
        for digest, seconds in (("ended", -1), ("lives", 1)):
            session = Session(digest=digest, agent_id="a", created_at=NOW, expires_at=later(seconds))
            await store.write(lambda tx, session=session: tx.put_session(session))
        clock.at = NOW
        await store.write(lambda tx: tx.prune(conversations_before=later(-50), dedupe_before=later(-50)))
        assert await store.write(lambda tx: tx.remember("rest", "d", "a", "new", "i3", NOW)) == "i2"
        assert await store.write(lambda tx: tx.remember("rest", "d", "a", "old", "i4", NOW)) is None
        assert await store.read(lambda tx: tx.session("ended")) is None
        assert await store.read(lambda tx: tx.session("lives")) is not None


class TransactionContract:
    async def test_all_of_it_or_nothing(self, store: Store) -> None:
        async def fails(tx: Tx) -> None:
            await tx.put_meta("k", "v")
            assert await tx.meta("k") == "v"
            raise InvalidInput("no")

        with pytest.raises(InvalidInput, match="no"):
            await store.write(fails)
        assert await store.read(lambda tx: tx.meta("k")) is None

    async def test_a_refused_statement_ends_its_transaction_even_if_caught(self, store: Store) -> None:
        async def careless(tx: Tx) -> str:
            await tx.put_meta("k", "v")
            await tx.add_message(a_message("c1", 1))
            try:
                await tx.add_message(a_message("c1", 1))
            except Conflict:
                return "went on"
            return "no conflict"

        with pytest.raises(Conflict):
            await store.write(careless)
        assert await store.read(lambda tx: tx.meta("k")) is None

    async def test_one_that_fails_among_many_undoes_only_itself(self, store: Store) -> None:
        async def put(tx: Tx, index: int) -> int:
            await tx.put_meta(f"k{index}", str(index))
            if index % 10 == 3:
                raise InvalidInput(str(index))
            if index % 10 == 7:
                await tx.add_message(a_message("c1", 1))
                await tx.add_message(a_message("c1", 1))
            return index

        results = await asyncio.gather(
            *(store.write(lambda tx, i=i: put(tx, i)) for i in range(40)), return_exceptions=True
        )
        for index, result in enumerate(results):
            stored = await store.read(lambda tx, i=index: tx.meta(f"k{i}"))
            if index % 10 == 3:
                assert isinstance(result, InvalidInput)
            elif index % 10 == 7:
                assert isinstance(result, Conflict)
            else:
                assert (result, stored) == (index, str(index))
                continue
            assert stored is None

    async def test_reading_changes_nothing(self, store: Store) -> None:
        await store.write(lambda tx: tx.add_outbox(an_outbox_row("c1", 1)))
        for work in (
            lambda tx: tx.put_meta("k", "v"),
            lambda tx: tx.conversation("c1", lock=True),
            lambda tx: tx.take_outbox(later(1), "n1"),
            lambda tx: tx.take_timer(later(1)),
        ):
            with pytest.raises(StoreError):
                await store.read(work)
        assert await store.read(lambda tx: tx.meta("k")) is None
        assert await store.read(lambda tx: tx.stale_outbox(node="n1", before=later(9))) == []

    async def test_a_read_sees_one_moment(self, store: Store) -> None:
        await store.write(lambda tx: tx.put_meta("n", "0"))

        async def twice(tx: Tx) -> bool:
            first = await tx.meta("n")
            for _ in range(20):
                await tx.count_by_owner()
            return first == await tx.meta("n")

        async def change() -> None:
            for number in range(20):
                await store.write(lambda tx, n=number: tx.put_meta("n", str(n)))

        seen = await asyncio.gather(change(), *(store.read(twice) for _ in range(20)))
        assert all(seen[1:])

    async def test_what_was_written_is_read_at_once(self, store: Store) -> None:
        for number in range(50):
            await store.write(lambda tx, n=number: tx.put_meta("n", str(n)))
            assert await store.read(lambda tx: tx.meta("n")) == str(number)

    async def test_texts_of_every_kind(self, store: Store) -> None:
        """What PostgreSQL cannot store is replaced, in the same way everywhere."""
        same = [
            "",
            "a" * 100_000,
            "👩‍👩‍👧‍👦 é ü",
            "مرحبا",
            "<b>'\"\\;--</b>",
            "\u202e\x1b\x7f\ufffe",
            "\\u0000",
        ]
        cases = [(text, text) for text in same]
        cases += [
            ("a\0b", "a\ufffdb"),
            ("x\ud800y", "x\ufffdy"),
            ("\ud83d\ude00", "😀"),
            ("\udc00", "\ufffd"),
        ]
        for seq, (text, kept) in enumerate(cases, 1):
            message = a_message(
                "c1", seq, text=text, client_id=f"{seq}{text[:9]}", custom={"deep": [{text[:9]: text}]}
            )
            await store.write(lambda tx, message=message: tx.add_message(message))
            found = await store.read(lambda tx, m=message: tx.message_by_client_id("c1", m.client_id))
            assert found is not None
            assert found.text == kept
            assert found.custom == {"deep": [{kept[:9]: kept}]}

    async def test_a_strange_id_finds_nothing_and_breaks_nothing(self, store: Store) -> None:
        for strange in ("\0", "\ud800", "' OR 1=1 --", "x" * 10_000):
            assert await store.read(lambda tx, s=strange: tx.conversation(s)) is None
            assert await store.write(lambda tx, s=strange: tx.identity("rest", s, s)) is None
            assert await store.try_own(strange)
            await store.disown(strange)

    async def test_a_naive_time_is_refused(self, store: Store) -> None:
        with pytest.raises(TypeError):
            await store.write(
                lambda tx: tx.put_conversation(a_conversation(updated_at=NOW.replace(tzinfo=None)))
            )

    async def test_a_number_too_large_is_an_error_of_ours(self, store: Store) -> None:
        with pytest.raises(StoreError):
            await store.read(lambda tx: tx.messages("c1", after=2**70))

    async def test_work_is_counted(self, store: Store) -> None:
        before = store.stats
        for _ in range(3):
            await store.write(lambda tx: tx.put_meta("k", "v"))
        after = store.stats
        assert after["transactions"] - before["transactions"] == 3
        assert 1 <= after["groups"] - before["groups"] <= 3
        assert after["cpu_seconds"] > before["cpu_seconds"]

    async def test_owning_again_is_no_wait(self, store: Store) -> None:
        assert await store.try_own("c1")
        assert await store.try_own("c1")
        await store.disown("c1")
        await store.disown("c1")
        assert await store.try_own("c1")

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        await store.check()
        await store.stop()
        for call in (store.check(), store.write(lambda tx: tx.put_meta("k", "v"))):
            with pytest.raises(StoreError):
                await call
        await store.stop()

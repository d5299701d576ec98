"""What every store says of teams, canned replies, sign-ins and one-time passwords."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.agents import AuditEntry, AuditFilter, SecondFactor, Session
from bot.domain.conversation import Owner
from bot.domain.errors import Conflict
from bot.domain.office import CannedReply, Team, TeamUse
from bot.ports import Store
from tests.contract.store_contract_lists import a_task
from tests.contract.store_contract_rules import an_agent
from tests.contract.store_kit import NOW, StillClock, a_conversation, later, put_all, waiting, write


def a_reply(reply_id: str, **changes: Any) -> CannedReply:
    plain = CannedReply(
        id=reply_id,
        shortcut=reply_id,
        title="Hello",
        text="Hello {customer.name} 👋",
        updated_at=NOW,
        updated_by="ag1",
    )
    return replace(plain, **changes)


def a_session(digest: str, agent_id: str, **changes: Any) -> Session:
    plain = Session(digest=digest, agent_id=agent_id, created_at=NOW, expires_at=later(60), csrf="t")
    return replace(plain, **changes)


class OfficeContract:
    async def test_teams_are_listed_by_name(self, store: Store) -> None:
        teams = [Team(name=name, created_at=NOW) for name in ("b", "Ärzte", "A", "<b>אב</b>")]
        await write(store, *(lambda tx, team=team: tx.add_team(team) for team in teams))
        found = await store.read(lambda tx: tx.teams())
        assert sorted(found, key=str) == sorted(teams, key=str)
        assert [team.name for team in found if len(team.name) == 1] == ["A", "b"]
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.add_team(Team(name="A", created_at=later(1))))
        assert await store.write(lambda tx: tx.drop_team("A"))
        assert not await store.write(lambda tx: tx.drop_team("A"))

    async def test_who_and_what_is_in_a_team(self, store: Store) -> None:
        await put_all(
            store,
            waiting(id="c1", team="billing"),
            waiting(id="c2", team="billing"),
            waiting(id="c3"),
            a_conversation(id="c4", team="billing", owner=Owner.AGENT, assignee="ag1"),
            a_conversation(id="c5", team="billing", owner=Owner.NOBODY),
        )
        open_task, closed = a_task("t1", "c5", 50), a_task("t2", "c5", 50, closed=60)
        tasks = [replace(task, team="sales") for task in (open_task, closed)]
        await write(
            store,
            lambda tx: tx.put_agent(replace(an_agent("ag1", "a@b"), team="billing")),
            lambda tx: tx.put_agent(replace(an_agent("ag2", "b@b"), team="sales", disabled=True)),
            lambda tx: tx.put_agent(an_agent("ag3", "c@b")),
            lambda tx: tx.put_canned_reply(a_reply("r1", team="billing")),
            *(lambda tx, task=task: tx.put_task(task) for task in tasks),
        )
        assert await store.read(lambda tx: tx.team_uses()) == {
            "billing": TeamUse(agents=1, waiting=2, conversations=3, replies=1),
            "sales": TeamUse(agents=1, tasks=1),
        }

    async def test_canned_replies_are_kept_and_go(self, store: Store) -> None:
        first, second = a_reply("r1"), a_reply("r2", shortcut="a", team="x", language="de")
        await write(store, *(lambda tx, one=one: tx.put_canned_reply(one) for one in (first, second)))
        assert await store.read(lambda tx: tx.canned_replies()) == [second, first]
        changed = replace(first, text="Bye", updated_at=later(5))
        await store.write(lambda tx: tx.put_canned_reply(changed))
        assert await store.read(lambda tx: tx.canned_reply("r1")) == changed
        assert await store.write(lambda tx: tx.drop_canned_reply("r1"))
        assert not await store.write(lambda tx: tx.drop_canned_reply("r1"))
        assert await store.read(lambda tx: tx.canned_reply("r1")) is None

    async def test_a_shortcut_means_one_thing(self, store: Store) -> None:
        await store.write(lambda tx: tx.put_canned_reply(a_reply("r1", shortcut="hi")))
        with pytest.raises(Conflict):
            await store.write(lambda tx: tx.put_canned_reply(a_reply("r2", shortcut="hi")))
        await store.write(lambda tx: tx.put_canned_reply(a_reply("r2", shortcut="hi", language="de")))

    async def test_sign_ins_are_listed_while_they_last(self, store: Store, clock: StillClock) -> None:
        sessions = [
            a_session("d1", "ag1"),
            a_session("d2", "ag1", created_at=later(1), address="::1", client="Firefox"),
            a_session("d3", "ag1", expires_at=NOW),
            a_session("d4", "ag2", label="crm", csrf="", seen_at=later(2)),
        ]
        await write(store, *(lambda tx, one=one: tx.put_session(one) for one in sessions))
        assert await store.read(lambda tx: tx.sessions("ag1")) == [sessions[1], sessions[0]]
        assert len(await store.read(lambda tx: tx.sessions())) == 3
        await store.write(lambda tx: tx.touch_session("d1", later(9)))
        await store.write(lambda tx: tx.touch_session("gone", later(9)))
        assert await store.read(lambda tx: tx.session("d1")) == replace(sessions[0], seen_at=later(9))
        assert await store.read(lambda tx: tx.session("gone")) is None
        await store.write(lambda tx: tx.drop_sessions("ag1", but="d2"))
        assert [one.digest for one in await store.read(lambda tx: tx.sessions())] == ["d2", "d4"]

    async def test_the_audit_log_is_searched(self, store: Store) -> None:
        entries = [
            AuditEntry(id="l1", at=NOW, actor="ag1", action="agent.changed", detail={"name": "50% off_x"}),
            AuditEntry(
                id="l2", at=later(1), actor="ag2", action="conversation.claim", conversation_id="c1"
            ),
            AuditEntry(id="l3", at=later(2), actor="command line", action="agent.added"),
        ]
        await write(
            store,
            lambda tx: tx.put_agent(replace(an_agent("ag2", "zoe@b"), name="Zoe Pink")),
            *(lambda tx, entry=entry: tx.add_audit(entry) for entry in entries),
        )

        async def ids(after: str = "", **wanted: Any) -> list[str]:
            given = AuditFilter(**wanted)
            return [e.id for e in await store.read(lambda tx: tx.search_audit(given, after=after))]

        assert await ids() == ["l3", "l2", "l1"]
        assert await ids(action="agent.") == ["l3", "l1"]
        assert await ids(action="agent", after="l3") == ["l1"]
        assert await ids(since=later(1), until=later(2)) == ["l2"]
        assert await ids(q="0% OFF_") == ["l1"]
        assert await ids(q="0_") == await ids(q="!") == await ids(q="\\") == []
        assert await ids(q="pink") == ["l2"]
        assert await ids(q="C1", actor="ag2", conversation_id="c1") == ["l2"]
        assert await ids(q="command") == ["l3"]

    async def test_when_agents_were_seen_last(self, store: Store) -> None:
        for digest, at in (("d1", NOW), ("d2", later(5)), ("d3", None)):
            session = a_session(digest, "ag1", seen_at=at)
            await store.write(lambda tx, session=session: tx.put_session(session))
        await store.write(lambda tx: tx.put_session(a_session("d4", "ag2")))
        assert await store.read(lambda tx: tx.last_seen()) == {"ag1": later(5)}

    async def test_agents_are_read_to_be_changed(self, store: Store) -> None:
        await store.write(lambda tx: tx.put_agent(an_agent("ag1", "a@b")))
        assert [one.id for one in await store.write(lambda tx: tx.agents(lock=True))] == ["ag1"]

    async def test_a_time_step_is_used_once(self, store: Store) -> None:
        factor = SecondFactor(agent_id="ag1", sealed="x", made_at=NOW)
        await store.write(lambda tx: tx.put_second_factor(factor))
        assert await store.read(lambda tx: tx.second_factors()) == frozenset()
        confirmed = replace(factor, confirmed_at=later(5), last_step=7)
        await store.write(lambda tx: tx.put_second_factor(confirmed))
        assert await store.read(lambda tx: tx.second_factor("ag1")) == confirmed
        assert await store.read(lambda tx: tx.second_factors()) == frozenset({"ag1"})
        used = [
            await store.write(lambda tx, step=step: tx.use_step("ag1", step)) for step in (7, 8, 8, 6, 9)
        ]
        assert used == [False, True, False, False, True]
        assert not await store.write(lambda tx: tx.use_step("ag2", 1))

    async def test_a_recovery_code_is_used_once(self, store: Store) -> None:
        await store.write(lambda tx: tx.put_recovery_codes("ag1", ["a", "b"]))
        assert await store.write(lambda tx: tx.use_recovery_code("ag1", "a"))
        assert not await store.write(lambda tx: tx.use_recovery_code("ag1", "a"))
        assert not await store.write(lambda tx: tx.use_recovery_code("ag2", "b"))
        await store.write(lambda tx: tx.put_recovery_codes("ag1", ["c"]))
        assert not await store.write(lambda tx: tx.use_recovery_code("ag1", "b"))
        factor = SecondFactor(agent_id="ag1", sealed="x", made_at=NOW)
        await store.write(lambda tx: tx.put_second_factor(factor))
        assert await store.write(lambda tx: tx.drop_second_factor("ag1"))
        assert not await store.write(lambda tx: tx.drop_second_factor("ag1"))
        assert not await store.write(lambda tx: tx.use_recovery_code("ag1", "c"))

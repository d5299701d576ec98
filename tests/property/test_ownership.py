"""One owner at a time, nothing lost, nothing said twice: any order of messages, takeovers and crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain.agents import Role
from bot.domain.conversation import Owner
from bot.domain.errors import DeliveryFailed, InvalidTransition, NotPermitted
from bot.domain.handoff import Outcome
from bot.domain.message import Author, Delivery, Kind, Message
from bot.domain.work import InboxOutcome, InboxStatus, TimerKind
from tests.support.clock import settle
from tests.support.world import World

CHANNELS = {"kim": "rest", "lou": "push"}
SENDERS = st.sampled_from(sorted(CHANNELS))
TEXTS = st.sampled_from(
    [
        *("hello", "prove 7", "cancel 7", "cancel 8", "prove 8", "person", "boom", "bug", "a fragment"),
        *("remind 5", "remind 90", "remind30", "unremind", "form"),
        *("offer frustrated", "offer not_understood", "yes please", "no thanks"),
    ]
)
AGENTS = st.sampled_from(["ana", "bob", "eve"])
ACTS = st.sampled_from(
    [
        "claim", "claim", "claim", "take", "release", "resolve", "resolve_to_queue", "transfer", "to_team",
        "say", "say", "note", "close_task",
    ]
)  # fmt: skip
SYSTEM_CHOICES = [
    "leave_queue", "leave_queue", "leave_message", "message_as_it_is", "keep_waiting", "get_person", "no_person",
]  # fmt: skip
FATES: dict[str, Callable[[], Exception | None]] = {
    "arrives": lambda: None,
    "may have arrived": lambda: DeliveryFailed("timeout", outcome_unknown=True),
    "is refused for now": lambda: DeliveryFailed("429", retryable=True, retry_after=30.0),
    "is refused": lambda: DeliveryFailed("blocked"),
    "breaks the adapter": lambda: ValueError("bug"),
}
LAST = {Delivery.SENT, Delivery.UNKNOWN, Delivery.FAILED}

_STARTS_HUMAN = {"claimed", "reopened_by_agent", "transferred_to_agent", "taken_by_supervisor"}
_ENDS_HUMAN = {"returned_to_bot", "resolved", "agent_silent", "agent_gone", "transferred"}


class Ownership(RuleBasedStateMachine):
    """Drives real services over an in-memory store; turns finish only when a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.run(self.world.start())
        self.world.engine.hold = True
        self.people = {name: self.run(self.world.agent(name.capitalize())) for name in ("ana", "bob")}
        self.people["eve"] = self.run(self.world.agent("Eve", Role.SUPERVISOR))
        self.accepted: dict[str, tuple[str, str, str]] = {}
        self.proved: set[str] = set()
        self.has_said: set[tuple[str, str]] = set()
        self.count = 0

    def run(self, work):  # type: ignore[no-untyped-def]
        async def do():  # type: ignore[no-untyped-def]
            result = await work
            await settle(12)
            return result

        return self.loop.run_until_complete(do())

    # --- what customers do

    @initialize(sender=SENDERS, text=TEXTS, name=AGENTS, claims=st.booleans())
    def it_begins(self, sender: str, text: str, name: str, claims: bool) -> None:
        """Begin with conversations: Hypothesis tries many runs in which nobody writes or claims."""
        self.writes(sender, text)
        if claims:
            self.an_agent(sender, name, "claim")

    @rule(sender=SENDERS, text=TEXTS, name=AGENTS, what=ACTS)
    def a_customer_writes_and_an_agent_acts(self, sender: str, text: str, name: str, what: str) -> None:
        self.writes(sender, text)
        self.an_agent(sender, name, what)

    @rule(sender=SENDERS)
    def a_customer_asks_for_a_person(self, sender: str) -> None:
        self.is_answered(sender, "person")

    @rule(sender=SENDERS, name=AGENTS, acts=st.lists(ACTS, max_size=2), dies=st.booleans())
    def a_reminder_comes_due(self, sender: str, name: str, acts: list[str], dies: bool) -> None:
        """And while the bot works out what to say, agents act and perhaps the process dies."""
        self.is_answered(sender, "remind 5")
        self.time_passes(6)
        for what in acts:
            self.an_agent(sender, name, what)
        if dies:
            self.the_process_dies()
        self.a_turn_finishes(0)

    def is_answered(self, sender: str, text: str) -> None:
        self.writes(sender, text)
        self.world.engine.hold = False
        self.let_go(self.world.engine.gates)
        self.run(asyncio.sleep(0))
        self.world.engine.hold = True

    @rule(sender=SENDERS, text=TEXTS)
    def writes(self, sender: str, text: str) -> None:
        self.count += 1
        key = f"k{self.count}"
        self.run(self.world.write(text, sender=sender, message_id=key, channel=CHANNELS[sender]))
        self.accepted[key] = (sender, text, key)

    @rule(data=st.data())
    def repeats(self, data: st.DataObject) -> None:
        if self.accepted:
            sender, text, key = data.draw(st.sampled_from(sorted(self.accepted.values())))
            channel = CHANNELS[sender]
            again = self.run(self.world.write(text, sender=sender, message_id=key, channel=channel))
            assert again.duplicate

    @rule(sender=SENDERS, back=st.integers(1, 3), what=st.sampled_from(SYSTEM_CHOICES))
    def presses(self, sender: str, back: int, what: str) -> None:
        """Press one of the system's choices, the newest or an old one."""
        shown = [
            (message, place)
            for message in self.messages(sender)
            for place, choice in enumerate(message.choices)
            if choice.payload == f"/system_{what}"
        ]
        if not shown:
            return
        message, place = shown[-min(back, len(shown))]
        self.count += 1
        key, choice = f"k{self.count}", f"~{message.seq:x}.{place}"
        channel = CHANNELS[sender]
        self.run(self.world.write(sender=sender, channel=channel, message_id=key, choice=choice))
        self.accepted[key] = (sender, "?", key)

    # --- what the machine does

    @rule(position=st.integers(0, 3))
    def a_turn_finishes(self, position: int) -> None:
        gates = [gate for gate in self.world.engine.gates if not gate.done()]
        if gates:
            gates[position % len(gates)].set_result(None)
            self.run(asyncio.sleep(0))

    @rule(fate=st.sampled_from(sorted(FATES)), hold=st.booleans())
    def messages_are_sent(self, fate: str, hold: bool) -> None:
        self.world.platform.plan = [FATES[fate]()]
        self.world.platform.hold = hold
        self.run(self.world.deliveries._take())
        self.world.platform.plan, self.world.platform.hold = [], False

    @rule()
    def sends_return(self) -> None:
        self.let_go(self.world.platform.gates)
        self.run(asyncio.sleep(0))

    @rule()
    def the_process_dies(self) -> None:
        self.run(self.world.crash())
        self.run(self.world.deliveries.recover())
        self.world.engine.hold = True
        for agent in self.people.values():
            self.run(self.world.bus.set_presence(agent.id, "online", 1e6))
        self.look_for_work()

    @rule(minutes=st.sampled_from([0.05, 1, 3, 11, 35, 70, 260]))
    def time_passes(self, minutes: float) -> None:
        self.world.clock.move(minutes * 60.0)
        while self.run(self.world.timers.run_due()):
            pass
        self.look_for_work()  # pauses for fragments end as well

    # --- what agents do

    @rule(
        sender=SENDERS,
        name=AGENTS,
        what=st.sampled_from(
            [
                "claim",
                "take",
                "release",
                "resolve",
                "resolve_to_queue",
                "transfer",
                "to_team",
                "say",
                "note",
                "close_task",
            ]
        ),
    )
    def an_agent(self, sender: str, name: str, what: str) -> None:
        if not self.messages(sender):
            return
        agent, desk = self.people[name], self.world.desk
        before = self.run(self.world.conversation(sender, CHANNELS[sender]))
        other = self.people["bob" if name == "ana" else "ana"]
        call = {
            "claim": lambda: desk.claim(agent, before.id),
            "take": lambda: desk.claim(agent, before.id, take=True),
            "release": lambda: desk.release(agent, before.id),
            "resolve": lambda: desk.resolve(agent, before.id, note=""),
            "resolve_to_queue": lambda: desk.resolve(agent, before.id, note="", reopens_to="queue"),
            "transfer": lambda: desk.transfer(agent, before.id, to_agent=other.id, to_team="", note="n"),
            "to_team": lambda: desk.transfer(agent, before.id, to_agent="", to_team="billing", note=""),
            "say": lambda: desk.say(agent, before.id, text="hello", kind="reply", client_id="c"),
            "close_task": lambda: desk.close_task(agent, before.id),
            "note": lambda: desk.say(agent, before.id, text="between us", kind="note", client_id=""),
        }[what]
        try:
            self.run(call())
        except (InvalidTransition, NotPermitted) as error:
            after = self.run(self.world.conversation(sender, CHANNELS[sender]))
            assert after.owner_version == before.owner_version
            assert after.seq == before.seq
            if isinstance(error, InvalidTransition):
                assert error.fields["owner"] == before.owner.value
        else:
            repeated = what == "say" and (name, before.id) in self.has_said
            if what in ("release", "transfer", "to_team", "say") and not repeated:
                assert (before.owner, before.assignee) == (Owner.AGENT, agent.id)
            if what == "say":
                self.has_said.add((name, before.id))

    @rule(name=AGENTS, state=st.sampled_from(["online", "away", "offline"]))
    def an_agent_comes_or_goes(self, name: str, state: str) -> None:
        self.run(self.world.bus.set_presence(self.people[name].id, state, 1e6))

    @rule(sender=SENDERS, name=AGENTS, acts=st.lists(ACTS, max_size=2), dies=st.booleans())
    def a_message_is_left(self, sender: str, name: str, acts: list[str], dies: bool) -> None:
        """And what was promised by that comes due, whatever agents did or a dying process."""
        self.is_answered(sender, "person")
        self.presses(sender, 1, "leave_message")
        self.writes(sender, "please call me")
        for what in acts:
            self.an_agent(sender, name, what)
        if dies:
            self.the_process_dies()
        self.time_passes(260)

    @rule(sender=SENDERS, answer=st.sampled_from(["get_person", "no_person", "", "person", "offer vip"]))
    def a_person_is_offered(self, sender: str, answer: str) -> None:
        self.is_answered(sender, "offer frustrated")
        if answer.endswith("person") and answer != "person":
            self.presses(sender, 1, answer)
        elif answer:
            self.is_answered(sender, answer)

    # --- what must always hold

    @invariant()
    def the_bot_never_talks_over_a_person(self) -> None:
        for sender in CHANNELS:
            human = False
            for position, message in enumerate(self.messages(sender), start=1):
                assert message.seq == position, "a number is missing or doubled"
                if message.kind is Kind.EVENT:
                    human = message.text in _STARTS_HUMAN or (human and message.text not in _ENDS_HUMAN)
                assert not (human and message.author is Author.BOT), message.text

    @invariant()
    def nothing_is_said_twice(self) -> None:
        for sender in CHANNELS:
            replies = [m.reply_to for m in self.messages(sender) if m.author is Author.BOT]
            assert len(replies) == len(set(replies))

    @invariant()
    def an_assignee_exists_exactly_with_an_agent(self) -> None:
        for sender in CHANNELS:
            if self.messages(sender):
                conversation = self.run(self.world.conversation(sender, CHANNELS[sender]))
                assert bool(conversation.assignee) == (conversation.owner is Owner.AGENT)
                assert bool(conversation.waiting_since) == (conversation.owner is Owner.QUEUE)

    @invariant()
    def nothing_is_sent_twice_or_out_of_order(self) -> None:
        reached = [seq for _, seq in self.world.platform.reached]
        assert reached == sorted(set(reached))

    @invariant()
    def who_waits_for_people_has_a_timer(self) -> None:
        """In the queue, and with an agent who owes an answer, something happens within a bound."""
        for sender in CHANNELS:
            messages = self.messages(sender)
            if not messages:
                continue
            conversation = self.run(self.world.conversation(sender, CHANNELS[sender]))
            kinds = self.timers(conversation.id)
            if conversation.owner is Owner.QUEUE:
                assert "queue_update" in kinds
            people = (Author.CUSTOMER, Author.AGENT)
            last = [m.author for m in messages if m.visible_to_customer and m.author in people][-1]
            if conversation.owner is Owner.AGENT and last is Author.CUSTOMER:
                assert "agent_silent" in kinds
            if conversation.owner is Owner.BOT:
                assert "session_expiry" in kinds

    @invariant()
    def a_promise_is_never_forgotten(self) -> None:
        """An open task comes up again, unless the customer was told that it is late and went away."""
        for sender in CHANNELS:
            if not self.messages(sender):
                continue
            conversation = self.run(self.world.conversation(sender, CHANNELS[sender]))
            read = self.world.store.read
            tasks = self.run(read(lambda tx, c=conversation.id: tx.open_tasks(c)))
            timers = self.run(read(lambda tx, c=conversation.id: tx.timers(c, TimerKind.TASK_DUE)))
            handoffs = self.run(read(lambda tx, c=conversation.id: tx.handoffs(c)))
            told = {h.evidence.get("task") for h in handoffs if h.outcome is Outcome.CUSTOMER_LEFT}
            assert {task.id for task in tasks} - told <= {timer.name for timer in timers}

    @invariant()
    def a_person_is_offered_by_the_bot_alone(self) -> None:
        for sender in CHANNELS:
            if self.messages(sender):
                conversation = self.run(self.world.conversation(sender, CHANNELS[sender]))
                kinds = self.timers(conversation.id)
                assert "offer" not in kinds or conversation.owner in (Owner.BOT, Owner.NOBODY)
                assert "leave_message" not in kinds or conversation.owner is Owner.QUEUE
                assert "agent_gone" not in kinds or conversation.owner is Owner.AGENT

    @invariant()
    def what_is_due_is_said_at_most_once(self) -> None:
        """Each reminder that came due has one turn at most, and only the bot's own."""
        for sender in CHANNELS:
            messages = self.messages(sender)
            due = [m for m in messages if m.text == "reminder_due"]
            said = [m for m in messages if m.author is Author.BOT and "/EXTERNAL_" in m.text]
            assert len(said) <= len(due)
            for message in said:
                assert any(before.seq < message.seq for before in due)

    @invariant()
    def orders_are_cancelled_once_and_known(self) -> None:
        assert len(self.world.shop.cancelled) == len(set(self.world.shop.cancelled))
        known = {effect.arguments["number"] for sender in CHANNELS for effect in self.effects(sender)}
        assert set(self.world.shop.cancelled) <= known

    def teardown(self) -> None:
        """Let everything end: each accepted message was answered, given to a person, or shown as failed."""
        try:
            self.world.engine.hold = False
            self.let_go(self.world.engine.gates + self.world.platform.gates)
            for _ in range(6):
                self.world.clock.move(5.0)
                self.look_for_work()
                self.run(self.world.idle())
            for _ in range(200):
                self.world.clock.move(31.0)
                if not self.run(self.world.deliveries._take()):
                    break
            self.the_bot_never_talks_over_a_person()
            self.nothing_is_said_twice()
            self.every_message_has_an_end()
            self.nothing_is_pending()
            self.what_is_due_is_said_at_most_once()
            self.nothing_is_sent_twice_or_out_of_order()
            for message in self.messages("lou"):
                if message.visible_to_customer and message.author is not Author.CUSTOMER:
                    assert message.delivery in LAST, message
        finally:
            self.run(self.world.crash())  # leave no task behind
            self.loop.close()

    def nothing_is_pending(self) -> None:
        for sender, channel in CHANNELS.items():
            if self.messages(sender):
                conversation = self.run(self.world.conversation(sender, channel))
                found = self.run(self.world.store.read(lambda tx, c=conversation.id: tx.pending(c)))
                assert found == []

    def every_message_has_an_end(self) -> None:
        for key, (sender, _, _) in self.accepted.items():
            channel = CHANNELS[sender]
            again = self.run(self.world.write("?", sender=sender, message_id=key, channel=channel))
            assert again.duplicate
            row = self.run(self.world.store.read(lambda tx, i=again.inbox_id: tx.inbox(i)))
            assert row.status is InboxStatus.DONE, row
            said = [m for m in self.messages(sender) if m.reply_to == row.id and m.visible_to_customer]
            if channel == "push":  # fragments are answered together, under the id of the last
                said = [m for m in self.messages(sender) if m.reply_to and m.seq > row.message_seq]
            if row.outcome in (InboxOutcome.ANSWERED, InboxOutcome.FAILED):
                assert said, row

    # --- reading

    def messages(self, sender: str) -> list[Message]:
        channel = CHANNELS[sender]
        identity = self.run(self.world.store.read(lambda tx: tx.identity(channel, "default", sender)))
        return self.run(self.world.messages(sender, channel)) if identity else []

    def timers(self, conversation_id: str) -> set[str]:
        connection = self.world.store._direct.connection
        found = connection.execute("SELECT kind FROM timers WHERE conversation_id = ?", (conversation_id,))
        return {kind for (kind,) in found}

    def effects(self, sender: str) -> list:  # type: ignore[type-arg]
        channel = CHANNELS[sender]
        identity = self.run(self.world.store.read(lambda tx: tx.identity(channel, "default", sender)))
        if identity is None:
            return []
        return self.run(self.world.store.read(lambda tx: tx.effects(identity.conversation_id)))

    def let_go(self, gates: list[asyncio.Future[None]]) -> None:
        for gate in gates:
            if not gate.done():
                gate.set_result(None)

    def look_for_work(self) -> None:
        async def look() -> None:
            now = self.world.clock.now()
            for found in await self.world.store.read(lambda tx: tx.pending_conversations(now)):
                self.world.dispatcher.wake(found)

        self.run(look())


Ownership.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOwnership = Ownership.TestCase


class LongOwnership(Ownership):
    """The same rules for much longer."""


LongOwnership.TestCase.settings = settings(
    Ownership.TestCase.settings, max_examples=600, stateful_step_count=60
)
TestLongOwnership = pytest.mark.timeout(3600)(pytest.mark.long(LongOwnership.TestCase))

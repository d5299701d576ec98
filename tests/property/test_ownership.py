"""One owner at a time, nothing lost, nothing said twice: any order of messages, takeovers and crashes."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain.conversation import Owner
from bot.domain.errors import InvalidTransition
from bot.domain.message import Author, Kind, Message
from bot.domain.work import InboxOutcome, InboxStatus
from tests.support.clock import settle
from tests.support.world import World

SENDERS = st.sampled_from(["kim", "lou"])
TEXTS = st.sampled_from(["hello", "prove 7", "cancel 7", "cancel 8", "prove 8", "person", "boom", "bug"])
AGENTS = st.sampled_from(["ana", "bob"])

_STARTS_HUMAN = {"claimed", "transferred_to_agent", "taken_by_supervisor"}
_ENDS_HUMAN = {"returned_to_bot", "resolved", "agent_silent", "transferred"}


class Ownership(RuleBasedStateMachine):
    """Drives real services over an in-memory store; turns finish only when a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.run(self.world.start())
        self.world.engine.hold = True
        self.people = {name: self.run(self.world.agent(name.capitalize())) for name in ("ana", "bob")}
        self.accepted: dict[str, tuple[str, str, str]] = {}
        self.proved: set[str] = set()
        self.count = 0

    def run(self, work):  # type: ignore[no-untyped-def]
        async def do():  # type: ignore[no-untyped-def]
            result = await work
            await settle(12)
            return result

        return self.loop.run_until_complete(do())

    # --- what customers do

    @rule(sender=SENDERS, text=TEXTS)
    def writes(self, sender: str, text: str) -> None:
        self.count += 1
        key = f"k{self.count}"
        self.run(self.world.write(text, sender=sender, message_id=key))
        self.accepted[key] = (sender, text, key)

    @rule(data=st.data())
    def repeats(self, data: st.DataObject) -> None:
        if self.accepted:
            sender, text, key = data.draw(st.sampled_from(sorted(self.accepted.values())))
            again = self.run(self.world.write(text, sender=sender, message_id=key))
            assert again.duplicate

    @rule(sender=SENDERS)
    def leaves_the_queue(self, sender: str) -> None:
        for message in reversed(self.messages(sender)):
            if message.choices and message.choices[0].payload == "/system_leave_queue":
                self.count += 1
                self.run(
                    self.world.write(
                        sender=sender, message_id=f"k{self.count}", choice=f"~{message.seq:x}.0"
                    )
                )
                return

    # --- what the machine does

    @rule(position=st.integers(0, 3))
    def a_turn_finishes(self, position: int) -> None:
        gates = [gate for gate in self.world.engine.gates if not gate.done()]
        if gates:
            gates[position % len(gates)].set_result(None)
            self.run(asyncio.sleep(0))

    @rule()
    def the_process_dies(self) -> None:
        self.run(self.world.crash())
        self.world.engine.hold = True
        for agent in self.people.values():
            self.run(self.world.bus.set_presence(agent.id, "online", 1e6))
        self.look_for_work()

    @rule(minutes=st.sampled_from([1, 11, 70]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.move(minutes * 60.0)
        while self.run(self.world.timers.run_due()):
            pass

    # --- what agents do

    @rule(
        sender=SENDERS,
        name=AGENTS,
        what=st.sampled_from(["claim", "release", "resolve", "transfer", "say"]),
    )
    def an_agent(self, sender: str, name: str, what: str) -> None:
        if not self.messages(sender):
            return
        agent, desk = self.people[name], self.world.desk
        before = self.run(self.world.conversation(sender))
        other = self.people["bob" if name == "ana" else "ana"]
        call = {
            "claim": lambda: desk.claim(agent, before.id),
            "release": lambda: desk.release(agent, before.id),
            "resolve": lambda: desk.resolve(agent, before.id, note=""),
            "transfer": lambda: desk.transfer(agent, before.id, to_agent=other.id, to_team="", note="n"),
            "say": lambda: desk.say(agent, before.id, text="hello", kind="reply", client_id="c"),
        }[what]
        try:
            self.run(call())
        except InvalidTransition as error:
            assert error.fields["owner"] == before.owner.value
            after = self.run(self.world.conversation(sender))
            assert after.owner_version == before.owner_version
        else:
            if what in ("release", "transfer", "say"):
                assert before.owner is Owner.AGENT
                assert before.assignee == agent.id

    # --- what must always hold

    @invariant()
    def the_bot_never_talks_over_a_person(self) -> None:
        for sender in ("kim", "lou"):
            human = False
            for position, message in enumerate(self.messages(sender), start=1):
                assert message.seq == position, "a number is missing or doubled"
                if message.kind is Kind.EVENT:
                    human = message.text in _STARTS_HUMAN or (human and message.text not in _ENDS_HUMAN)
                assert not (human and message.author is Author.BOT), message.text

    @invariant()
    def nothing_is_said_twice(self) -> None:
        for sender in ("kim", "lou"):
            replies = [m.reply_to for m in self.messages(sender) if m.author is Author.BOT]
            assert len(replies) == len(set(replies))

    @invariant()
    def an_assignee_exists_exactly_with_an_agent(self) -> None:
        for sender in ("kim", "lou"):
            if self.messages(sender):
                conversation = self.run(self.world.conversation(sender))
                assert bool(conversation.assignee) == (conversation.owner is Owner.AGENT)
                assert bool(conversation.waiting_since) == (conversation.owner is Owner.QUEUE)

    @invariant()
    def orders_are_cancelled_once_and_known(self) -> None:
        assert len(self.world.shop.cancelled) == len(set(self.world.shop.cancelled))
        known = {effect.arguments["number"] for sender in ("kim", "lou") for effect in self.effects(sender)}
        assert set(self.world.shop.cancelled) <= known

    def teardown(self) -> None:
        """Let everything end: each accepted message was answered, given to a person, or shown as failed."""
        try:
            self.world.engine.hold = False
            for gate in self.world.engine.gates:
                if not gate.done():
                    gate.set_result(None)
            for _ in range(6):
                self.look_for_work()
                self.run(self.world.idle())
            self.the_bot_never_talks_over_a_person()
            self.nothing_is_said_twice()
            self.every_message_has_an_end()
        finally:
            self.loop.close()

    def every_message_has_an_end(self) -> None:
        for key, (sender, _, _) in self.accepted.items():
            again = self.run(self.world.write("?", sender=sender, message_id=key))
            assert again.duplicate
            row = self.run(self.world.store.read(lambda tx, i=again.inbox_id: tx.inbox(i)))
            assert row.status is InboxStatus.DONE, row
            said = [m for m in self.messages(sender) if m.reply_to == row.id and m.visible_to_customer]
            if row.outcome in (InboxOutcome.ANSWERED, InboxOutcome.FAILED):
                assert said, row

    # --- reading

    def messages(self, sender: str) -> list[Message]:
        identity = self.run(self.world.store.read(lambda tx: tx.identity("rest", "default", sender)))
        return self.run(self.world.messages(sender)) if identity else []

    def effects(self, sender: str) -> list:  # type: ignore[type-arg]
        identity = self.run(self.world.store.read(lambda tx: tx.identity("rest", "default", sender)))
        if identity is None:
            return []
        return self.run(self.world.store.read(lambda tx: tx.effects(identity.conversation_id)))

    def look_for_work(self) -> None:
        async def look() -> None:
            now = self.world.clock.now()
            for found in await self.world.store.read(lambda tx: tx.pending_conversations(now)):
                self.world.dispatcher.wake(found)

        self.run(look())


Ownership.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOwnership = Ownership.TestCase

"""Everybody at once on the same conversations: customers, agents, the bot, timers, and crashes.

A step is one thing that somebody begins. What is under way meets at the gates of `tests.support.gates`
and goes on in an order that the seed decides.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.domain.agents import Agent, Availability, Role
from bot.domain.errors import BotError, DeliveryFailed
from tests.long.ownership import Act, Diary, Stored, complaints
from tests.long.races_node import Node
from tests.support.gates import Gates

TEXTS = (
    *("hello", "order 4521", "ask", "form", "person", "person", "person please", "boom"),
    *("remind 5", "remind 90", "remind30", "unremind", "Back to the assistant"),
)
HOT = 6
"""Conversations on which most of what happens happens, so that people get in each other's way."""
HOT_FOR = 150
"""Steps until others are hot."""
KEPT = 60
PEOPLE = {
    "ana": ("", Role.AGENT), "bob": ("billing", Role.AGENT), "cyd": ("billing", Role.AGENT),
    "dan": ("", Role.AGENT), "eve": ("", Role.SUPERVISOR),
}  # fmt: skip
FATES: tuple[Callable[[], Exception | None], ...] = (
    *(lambda: None,) * 6,
    lambda: DeliveryFailed("timeout", outcome_unknown=True),
    lambda: DeliveryFailed("429", retryable=True, retry_after=5.0),
    lambda: DeliveryFailed("blocked"),
)
_Work = Callable[..., Awaitable[Any]]


@dataclass(kw_only=True)
class Races:
    """One run. `nodes` share the store, the clock and the gates; `load` reads all stored rows."""

    chance: random.Random
    gates: Gates
    nodes: list[Node]
    load: Callable[[], Stored]
    conversations: int
    crash_every: int = 400
    diary: Diary = field(default_factory=Diary)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    step: int = 0

    def __post_init__(self) -> None:
        self.senders = {f"s{n}": "push" if n % 2 else "rest" for n in range(self.conversations)}
        self.known: dict[str, str] = {}
        self.written: list[tuple[str, str, dict[str, str]]] = []
        self.agents: list[Agent] = []
        self.hot: list[str] = []
        self.acting: dict[asyncio.Task[None], Node] = {}
        self.ticking: dict[str, asyncio.Task[None]] = {}
        self.todo: tuple[tuple[int, Callable[[], None]], ...] = (
            (34, self.a_customer_writes), (5, self.a_choice_is_pressed), (3, self.a_message_is_repeated),
            (2, self.help_is_rated), (38, self.an_agent_acts), (3, self.all_agents_act),
            (8, self.an_agent_comes_or_goes), (4, self.time_passes), (9, self.timers_run),
            (4, self.messages_are_sent), (4, self.work_is_looked_for),
        )  # fmt: skip

    # --- the run

    async def run(self, steps: int, *, check_every: int) -> None:
        """Do so many steps, look at the rows now and then, and let everything end."""
        await self._people_come()
        for self.step in range(1, steps + 1):
            if self.step % HOT_FOR == 1:
                self.hot = self.chance.sample(sorted(self.senders), min(HOT, len(self.senders)))
            if self.chance.random() < 1 / self.crash_every:
                await self.a_node_dies()
            self._begin()
            await self._go_on()
            if self.step % check_every == 0:
                self.look()
        await self.settle()
        self.look(settled=True)
        await self.close()
        self.look(settled=True, closed=True)

    def look(self, **how: bool) -> None:
        """Raise AssertionError with the last steps if a promise is broken."""
        found = complaints(self.load(), self.diary, **how)
        assert not found, "\n".join(
            [
                f"{len(found)} promises broken at step {self.step}:",
                *found[:20],
                "before that:",
                *self.recent,
            ]
        )

    def _begin(self) -> None:
        weights = [weight for weight, _ in self.todo]
        self.chance.choices([do for _, do in self.todo], weights)[0]()

    async def _go_on(self) -> None:
        """Let some of those who wait go on, and more of them when many do."""
        for _ in range(self.chance.choice((0, 1, 2, 4, 8))):
            await self._open()
        busy = self.chance.choice((4, 12, 30))
        while len(self.acting) > busy or len(self.gates.waiting) > 2 * busy:
            await self._open()

    async def _open(self) -> None:
        # Without a gate to open, what is under way waits for a database's answer.
        await asyncio.sleep(0 if self.gates.open() else 0.0005)
        await asyncio.sleep(0)
        for task in [task for task in self.acting if task.done()]:
            del self.acting[task]
            task.result()

    def _start(self, node: Node, what: str, work: _Work, *values: Any, **named: Any) -> None:
        self.recent.append(f"{self.step} {node.name} {what}")

        async def do() -> None:  # its node may die before it has begun
            await work(*values, **named)

        task = asyncio.get_running_loop().create_task(do())
        self.acting[task] = node

    # --- choosing

    def _node(self) -> Node:
        return self.chance.choice(self.nodes)

    def _sender(self) -> str:
        return self.chance.choice(self.hot if self.chance.random() < 0.6 else sorted(self.senders))

    def _conversation(self) -> str:
        return self.known.get(self._sender(), "")

    # --- customers

    def a_customer_writes(self) -> None:
        sender, text = self._sender(), self.chance.choice(TEXTS)
        self._write(sender, f"k{self.step}", text=text)

    def a_message_is_repeated(self) -> None:
        if self.written:
            sender, key, what = self.chance.choice(self.written[-50:])
            self._write(sender, key, **what)

    def a_choice_is_pressed(self) -> None:
        """The newest choice in most cases, or one that has long been answered."""
        sender, node = self._sender(), self._node()
        if sender in self.known:
            self._start(node, f"{sender} presses", self._press, node, sender, f"k{self.step}")

    def help_is_rated(self) -> None:
        sender, node, score = self._sender(), self._node(), self.chance.randint(1, 5)
        at = (self.senders[sender], "default", sender)
        self._start(node, f"{sender} rates", self._allowed, "rates", node.feedback.rate, *at, score)

    def _write(self, sender: str, key: str, **what: Any) -> None:
        node = self._node()
        self._start(node, f"{sender} writes {key} {what}", self._accept, node, sender, key, **what)

    async def _press(self, node: Node, sender: str, key: str) -> None:
        conversation = self.known[sender]
        last = await node.store.read(lambda tx: tx.last_messages(conversation, limit=60))
        offered = [m.seq for m in last if m.choices]
        if offered:
            seq = offered[-1] if self.chance.random() < 0.8 else offered[0]
            await self._accept(node, sender, key, choice=f"~{seq:x}.0")

    async def _accept(self, node: Node, sender: str, key: str, **what: Any) -> None:
        channel = self.senders[sender]
        accepted = await node.write(sender=sender, channel=channel, message_id=key, **what)
        self.known[sender] = accepted.conversation_id
        before = self.diary.accepted.setdefault(key, accepted.inbox_id)
        assert before == accepted.inbox_id, f"{key} was accepted twice"
        self.written.append((sender, key, what))
        self.counts["customers: again" if accepted.duplicate else "customers: new"] += 1

    async def _allowed(self, what: str, work: _Work, *values: Any, **named: Any) -> str:
        """Carry something out that may be refused; say which."""
        try:
            await work(*values, **named)
            outcome = "ok"
        except BotError as error:
            outcome = "refused"
            assert error.http_status < 500, error
        self.counts[f"{what}: {outcome}"] += 1
        return outcome

    # --- agents

    def an_agent_acts(self) -> None:
        agent, what = self.chance.choice(self.agents), self._wish()
        self._act(agent, what, self._conversation())

    def all_agents_act(self) -> None:
        """All of them want the same conversation at the same time, mostly by claiming it."""
        conversation, claims = self._conversation(), self.chance.random() < 0.7
        for agent in self.agents:
            self._act(agent, "claim" if claims else self._wish(), conversation, exactly=True)

    def _wish(self) -> str:
        wishes = {
            "claim": 10, "take": 3, "release": 4, "resolve": 4, "resolve_to_queue": 2, "transfer": 5,
            "to_team": 3, "reply": 10, "reply_again": 2, "note": 2,
        }  # fmt: skip
        return self.chance.choices(list(wishes), list(wishes.values()))[0]

    def _act(self, agent: Agent, what: str, conversation: str, *, exactly: bool = False) -> None:
        if not conversation:
            return
        node, looks = self._node(), not exactly and self.chance.random() < 0.6
        said = f"{agent.id} {what} {'what is listed' if looks else conversation}"
        self._start(node, said, self._do, node, agent, what, conversation, looks, f"c{self.step}")

    async def _do(
        self, node: Node, agent: Agent, what: str, conversation: str, looks: bool, client_id: str
    ) -> None:
        if looks:  # as an agent does: by a list that is already out of date
            owner = "queue" if what == "claim" else "agent" if what == "take" else "mine"
            listed = await node.desk.conversations(agent, owner=owner, after="", limit=10)
            conversation = self.chance.choice(listed)["id"] if listed else conversation
        name, client, work, named = self._call(node, agent, what, client_id)
        at = len(self.diary.acts)
        act = Act(agent=agent.id, what=name, conversation=conversation, outcome="unknown", client_id=client)
        self.diary.acts.append(act)
        outcome = await self._allowed(f"agents: {what}", work, agent, conversation, **named)
        self.diary.acts[at] = Act(
            agent=agent.id, what=name, conversation=conversation, outcome=outcome, client_id=client
        )

    def _call(
        self, node: Node, agent: Agent, what: str, client_id: str
    ) -> tuple[str, str, _Work, dict[str, Any]]:
        """Return the action's name in the log, the client's id, and the call with its arguments."""
        desk, other = node.desk, self.chance.choice(self.agents)
        if what in ("claim", "take"):
            return "claim", "", desk.claim, {"take": what == "take"}
        if what == "release":
            return what, "", desk.release, {"note": self.chance.choice(("", "back to you"))}
        if what.startswith("resolve"):
            reopens = "queue" if what.endswith("queue") else "bot"
            return "resolve", "", desk.resolve, {"note": "", "reopens_to": reopens}
        if what in ("transfer", "to_team"):
            to = (other.id, "") if what == "transfer" else ("", "billing")
            return "transfer", "", desk.transfer, {"to_agent": to[0], "to_team": to[1], "note": "please"}
        kind = "note" if what == "note" else "reply"
        client = f"again{self.chance.randrange(3)}" if what == "reply_again" else client_id
        said = {"text": f"{kind} {client}", "kind": kind, "client_id": client}
        return kind, client, desk.say, said

    def an_agent_comes_or_goes(self) -> None:
        agent, node = self.chance.choice(self.agents), self._node()
        state = self.chance.choice((*(Availability.ONLINE,) * 6, Availability.AWAY, Availability.OFFLINE))
        what = node.desk.set_availability
        self._start(node, f"{agent.id} is {state.value}", self._allowed, state.value, what, agent, state)

    # --- machines

    def time_passes(self) -> None:
        seconds = self.chance.choice((1, 5, 20, 61, 61, 300, 660, 4000))
        self.recent.append(f"{self.step} {seconds} s pass")
        for node in self.nodes[:1]:
            node.clock.move(float(seconds))

    def timers_run(self) -> None:
        self._one_at_a_time(self._node(), "timers", self._timers)

    def messages_are_sent(self) -> None:
        node = self._node()
        node.platform.fate = self.chance.choice(FATES)
        self._one_at_a_time(node, "sends", self._sends)

    def work_is_looked_for(self) -> None:
        self._one_at_a_time(self._node(), "looks for work", self._looks)

    def _one_at_a_time(self, node: Node, what: str, work: Callable[[Node], Awaitable[None]]) -> None:
        """A node has one loop for each of these."""
        name = f"{node.name} {what}"
        running = self.ticking.get(name)
        if running is None or running.done():
            self._start(node, what, work, node)
            self.ticking[name] = next(reversed(self.acting))

    async def _timers(self, node: Node) -> None:
        for _ in range(12):
            if not await node.timers.run_due():
                return
            self.counts["timers"] += 1

    async def _sends(self, node: Node) -> None:
        self.counts["sends"] += await node.deliveries._take()

    async def _looks(self, node: Node) -> None:
        now = node.clock.now()
        for found in await node.store.read(lambda tx: tx.pending_conversations(now)):
            node.dispatcher.wake(found)

    async def a_node_dies(self) -> None:
        """Without warning: whatever it was doing is cut off where it is, and a new one starts."""
        node = self._node()
        self.recent.append(f"{self.step} {node.name} dies")
        mine = [task for task, at in self.acting.items() if at is node]
        await node.die(mine)
        for task in mine:
            del self.acting[task]
        self.counts["crashes"] += 1
        self.counts["acts cut off by crashes"] += len(mine)

    # --- beginning and end

    async def end(self) -> None:
        """Leave no task behind."""
        for node in self.nodes:
            await node.end([task for task, at in self.acting.items() if at is node])

    async def _people_come(self) -> None:
        for name, (team, role) in PEOPLE.items():
            agent = Agent(id=name, email=f"{name}@example.com", name=name.capitalize(), role=role, team=team,
                          created_at=self.nodes[0].clock.now())  # fmt: skip
            await self.nodes[0].raw_store.write(lambda tx, agent=agent: tx.put_agent(agent))
            self.agents.append(agent)
            node = self.nodes[0]
            self._start(node, f"{name} comes", node.bus.set_presence, name, "online", 60.0)

    async def quiet(self) -> None:
        """Let all that is under way end."""
        while self.acting or self.gates.waiting or any(node.busy for node in self.nodes):
            await self._open()

    async def settle(self) -> None:
        """Let everything be answered and sent, without anybody beginning anything."""
        await self.quiet()
        for _ in range(12):
            self.nodes[0].clock.move(31.0)
            for node in self.nodes:
                node.platform.fate = FATES[0]
                self._one_at_a_time(node, "looks for work", self._looks)
                self._one_at_a_time(node, "sends", self._sends)
            await self.quiet()

    async def close(self) -> None:
        """Let people close all that they have, and time do the rest, until nobody waits for anybody."""
        node, eve = self.nodes[0], self.agents[-1]
        for _ in range(8):
            rows = self.load().conversations
            left = sorted(name for name, row in rows.items() if row["owner"] in ("queue", "agent"))
            for name in left:
                self._act(eve, "take", name, exactly=True)
                await self.quiet()
                self._act(eve, "resolve", name, exactly=True)
                await self.quiet()
            node.clock.move(4000.0)
            while self.counts["timers"] != await self._counted_timers(node):
                pass
            await self.settle()

    async def _counted_timers(self, node: Node) -> int:
        before = self.counts["timers"]
        self._one_at_a_time(node, "timers", self._timers)
        await self.quiet()
        return before

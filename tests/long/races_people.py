"""What customers and agents do in the races, each as one task that others may overtake at every call."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.domain.agents import Agent, Availability
from bot.domain.errors import Conflict, InvalidTransition, NotFound, NotPermitted
from tests.long.ownership import Act, Diary, Stored
from tests.long.races_node import Node
from tests.support.gates import Gates

TEXTS = (
    *("hello", "order 4521", "ask", "form", "person", "person", "person please", "boom"),
    *("remind 5", "remind 90", "remind30", "unremind", "Back to the assistant"),
)
KEPT = 60
"""Steps that a failure shows."""
WISHES = {
    "claim": 10, "in_and_out": 4, "take": 3, "release": 4, "resolve": 4, "resolve_to_queue": 2,
    "transfer": 5, "to_team": 3, "reply": 10, "reply_again": 2, "note": 2, "close_task": 2,
}  # fmt: skip
"""What agents want, and how often."""
RATED_LONG_AGO = "The rating cannot be changed any more."
REFUSALS = (InvalidTransition, NotPermitted, NotFound)
"""What may be answered to who was slower, or may not; a clash in the database is nobody's answer."""
Work = Callable[..., Awaitable[Any]]


@dataclass(kw_only=True)
class People:
    """Everybody outside. `nodes` share the store, the clock and the gates; `load` reads all stored rows."""

    seed: int
    chance: random.Random
    gates: Gates
    nodes: list[Node]
    load: Callable[[], Stored]
    conversations: int
    diary: Diary = field(default_factory=Diary)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    step: int = 0
    acting: dict[asyncio.Task[None], Node] = field(default_factory=dict)
    """What is under way, and on which node."""

    def __post_init__(self) -> None:
        self.senders = {f"s{n}": "push" if n % 2 else "rest" for n in range(self.conversations)}
        self.known: dict[str, str] = {}
        self.written: list[tuple[str, str, dict[str, str]]] = []
        self.agents: list[Agent] = []
        self.hot: list[str] = []

    def _start(self, node: Node, what: str, work: Work, *values: Any, **named: Any) -> None:
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

    def a_message_is_left(self) -> None:
        """A waiting customer leaves a message, and then gives the bot to think; the promise comes due."""
        sender, node = self._sender(), self._node()
        if sender in self.known:
            self._start(node, f"{sender} leaves a message", self._leave, node, sender, f"k{self.step}")

    async def _leave(self, node: Node, sender: str, key: str) -> None:
        await self._press(node, sender, key, "Leave a message")
        ponder = self.chance.choice(("ponder this", "boom ponder"))
        for number, text in enumerate(("please call me", ponder)):
            await self._accept(node, sender, f"{key}.{number}", text=text)
        for _ in range(self.chance.choice((0, 40, 80))):
            await self.gates.wait(node.life)
        await self._press(node, sender, f"{key}.back", "Back to the assistant")

    def help_is_rated(self) -> None:
        sender, node, score = self._sender(), self._node(), self.chance.randint(1, 5)
        at = (self.senders[sender], "default", sender)
        self._start(node, f"{sender} rates", self._allowed, "rates", node.feedback.rate, *at, score)

    def _write(self, sender: str, key: str, **what: Any) -> None:
        node = self._node()
        self._start(node, f"{sender} writes {key} {what}", self._accept, node, sender, key, **what)

    async def _press(self, node: Node, sender: str, key: str, title: str = "") -> None:
        """Press what is called `title`, or anything."""
        conversation = self.known[sender]
        last = await node.store.read(lambda tx: tx.last_messages(conversation, limit=60))
        offered = [m for m in last if m.choices]
        if offered:
            shown = offered[-1] if self.chance.random() < 0.8 else offered[0]
            titles = [choice.title for choice in shown.choices]
            at = titles.index(title) if title in titles else self.chance.randrange(len(titles))
            await self._accept(node, sender, key, choice=f"~{shown.seq:x}.{at}")

    async def _accept(self, node: Node, sender: str, key: str, **what: Any) -> None:
        channel = self.senders[sender]
        accepted = await node.write(sender=sender, channel=channel, message_id=key, **what)
        self.known[sender] = accepted.conversation_id
        before = self.diary.accepted.setdefault(key, accepted.inbox_id)
        assert before == accepted.inbox_id, f"{key} was accepted twice"
        self.written.append((sender, key, what))
        self.counts["customers: again" if accepted.duplicate else "customers: new"] += 1

    async def _allowed(self, what: str, work: Work, *values: Any, **named: Any) -> str:
        """Carry something out that may be refused; say which."""
        try:
            await work(*values, **named)
            outcome = "ok"
        except Conflict as error:
            outcome = "refused"
            assert error.message == RATED_LONG_AGO, error
        except REFUSALS as error:
            outcome = "refused"
            told = not isinstance(error, InvalidTransition) or error.fields["owner"]
            assert told, "refused without saying who has it"
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
        return self.chance.choices(list(WISHES), list(WISHES.values()))[0]

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
        if what == "in_and_out":
            await self._carry_out(node, agent, "claim", conversation, "")
            what = "release"
        await self._carry_out(node, agent, what, conversation, client_id)

    async def _carry_out(
        self, node: Node, agent: Agent, what: str, conversation: str, client_id: str
    ) -> None:
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
    ) -> tuple[str, str, Work, dict[str, Any]]:
        """Return the action's name in the log, the client's id, and the call with its arguments."""
        desk, other = node.desk, self.chance.choice(self.agents)
        if what in ("claim", "take"):
            return "claim", "", desk.claim, {"take": what == "take"}
        if what == "release":
            return what, "", desk.release, {"note": self.chance.choice(("", "back to you"))}
        if what.startswith("resolve"):
            reopens = "queue" if what.endswith("queue") else "bot"
            return "resolve", "", desk.resolve, {"note": "", "reopens_to": reopens}
        if what == "close_task":
            return "task_closed", "", desk.close_task, {}
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

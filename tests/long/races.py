"""Everybody at once on the same conversations: customers, agents, the bot, timers, and crashes.

A step is one thing that somebody begins. What is under way meets at the gates of `tests.support.gates`
and goes on in an order that the seed decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.agents import Agent, Role
from bot.domain.errors import DeliveryFailed
from tests.long.ownership import complaints
from tests.long.races_node import Node
from tests.long.races_people import People

HOT = 6
"""Conversations on which most of what happens happens, so that people get in each other's way."""
HOT_FOR = 150
"""Steps until others are hot."""
AGENTS = {
    "ana": ("", Role.AGENT), "bob": ("billing", Role.AGENT), "cyd": ("billing", Role.AGENT),
    "dan": ("", Role.AGENT), "eve": ("", Role.SUPERVISOR),
}  # fmt: skip
FATES: tuple[Callable[[], Exception | None], ...] = (
    *(lambda: None,) * 6,
    lambda: DeliveryFailed("timeout", outcome_unknown=True),
    lambda: DeliveryFailed("429", retryable=True, retry_after=5.0),
    lambda: DeliveryFailed("blocked"),
)
"""What becomes of what is sent."""


@dataclass(kw_only=True)
class Races(People):
    """One run, in which a node dies every `crash_every` steps or so."""

    crash_every: int = 400

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ticking: dict[str, asyncio.Task[None]] = {}
        self.todo: tuple[tuple[int, Callable[[], None]], ...] = (
            (34, self.a_customer_writes), (6, self.a_choice_is_pressed), (3, self.a_message_is_left),
            (3, self.a_message_is_repeated), (2, self.help_is_rated), (38, self.an_agent_acts),
            (3, self.all_agents_act), (8, self.an_agent_comes_or_goes), (4, self.time_passes),
            (9, self.timers_run), (4, self.messages_are_sent), (4, self.work_is_looked_for),
        )  # fmt: skip

    # --- the run

    async def run(self, steps: int, *, check_every: int) -> None:
        """Do so many steps, look at the rows now and then, and let everything end."""
        try:
            await self._people_come()
            for self.step in range(1, steps + 1):
                await self._one_step()
                if self.step % check_every == 0:
                    self.look()
            await self.settle()
            self.look(settled=True)
            await self.close()
            self.look(settled=True, closed=True)
        except Exception as error:
            error.add_note("\n".join([f"seed {self.seed}, step {self.step}; before that:", *self.recent]))
            raise

    async def _one_step(self) -> None:
        if self.step % HOT_FOR == 1:
            self.hot = self.chance.sample(sorted(self.senders), min(HOT, len(self.senders)))
        if self.chance.random() < 1 / self.crash_every:
            await self.a_node_dies()
        self._begin()
        await self._go_on()

    def look(self, **how: bool) -> None:
        """Raise AssertionError if a promise is broken."""
        found = complaints(self.load(), self.diary, **how)
        assert not found, "\n".join([f"{len(found)} promises broken at step {self.step}:", *found[:20]])

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
        for name, (team, role) in AGENTS.items():
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

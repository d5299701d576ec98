"""A whole Baton server as a process of its own: `python -m tests.browser.serve`, with the scripted engine
unless `rasa` is said.

Settings come from the environment. A line "move 90" on its standard input sets its clock 90 seconds ahead.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

import uvloop

from bot import app, logs, settings
from bot.domain.agents import Agent, Role
from bot.domain.ids import new_id
from bot.engine.scripted import ScriptedEngine
from bot.services.passwords import hash_password
from bot.store import migrate
from tests.browser.script import script

PASSWORD = "a long password for the desk"
AGENTS = {
    "ana": ("Ana", Role.AGENT),
    "bob": ("Bob", Role.AGENT),
    "sue": ("Sue", Role.SUPERVISOR),
    "ada": ("Ada", Role.ADMIN),
    "tom": ("Tom", Role.TRAINER),
    "evil": ('<b onmouseover="window.__pwned=3">Eve</b>', Role.AGENT),
}
"""Name and role by login; all have the same password."""


class MovableClock:
    """The machine's time and what was added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Wait until it is that much later, in whichever way."""
        until = self.now() + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        while (left := (until - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left):
                    await moved.wait()
            except TimeoutError:
                return

    def move(self, seconds: float) -> None:
        """Set it ahead and wake who sleeps."""
        self.ahead += timedelta(seconds=seconds)
        self._moved.set()
        self._moved = asyncio.Event()


async def main() -> None:
    """Serve until told to stop (SIGTERM) or killed."""
    given = settings.load()
    logs.configure(given.log_level, given.log_format)
    settings.make_data_dir(given)
    migrate(given.database_url)
    clock = MovableClock()
    engine = None if "rasa" in sys.argv else ScriptedEngine(script())
    node = app.build(given, engine=engine, clock=clock)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_reader(sys.stdin.fileno(), _obey, clock)
    await node.start()
    try:
        await _hire(node)
        print("ready", flush=True)
        await told.wait()
    finally:
        await node.stop()


async def _hire(node: app.App) -> None:
    """Put the agents into a new store."""
    if await node.store.read(lambda tx: tx.agents()):
        return
    hashed = hash_password(PASSWORD)
    for login, (name, role) in AGENTS.items():
        agent = Agent(
            id=new_id(node.parts.clock.now()),
            email=f"{login}@example.com",
            name=name,
            role=role,
            created_at=node.parts.clock.now(),
            password_hash=hashed,
        )
        await node.store.write(lambda tx, agent=agent: tx.put_agent(agent))  # type: ignore[misc]


def _obey(clock: MovableClock) -> None:
    word, _, rest = sys.stdin.readline().partition(" ")
    if word == "move":
        clock.move(float(rest))


if __name__ == "__main__":
    uvloop.run(main())

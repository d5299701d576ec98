"""A real server in a folder of its own, with people at its desk, put through a storm."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import subprocess
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.bench import procs
from tests.bench.client import Client
from tests.bench.product import BATON, Baton, clean_environment
from tests.bench.shop import PROJECT
from tests.long.audit import audit, differs
from tests.long.reaper import Reaper, read_only
from tests.long.storm import Agent, Customer, Diary, Sent, Victims, sign_in, timed_orders

QUIET_WITHIN = 120.0
"""Seconds in which everything that is pending must have found its end."""
SETTINGS = {
    "BATON_RATE_LIMIT": "100000/minute",
    "BATON_LOG_LEVEL": "warning",
    "BATON_SHUTDOWN_SECONDS": "20",
}


def add_agent(server: Baton, name: str, role: str = "agent") -> tuple[str, str]:
    """Add somebody to the desk with the command line; return e-mail and password."""
    email, password = f"{name}@example.com", secrets.token_urlsafe(12)
    command = [str(BATON), "agents", "add", email, "--name", name.title(), "--role", role]
    done = subprocess.run(
        [*command, "--password-stdin"],
        input=password + "\n",
        text=True,
        capture_output=True,
        check=False,
        cwd=PROJECT,
        env=clean_environment() | server.env | {"BATON_DATA_DIR": str(server.folder / "data")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return email, password


@dataclass(kw_only=True)
class Storm:
    """One run: a server, its customers and agents, and whoever kills it."""

    server: Baton
    customers: list[Customer]
    diary: Diary
    seed: int = 1
    agents: int = 0
    plan: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    pids: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Start, storm, wait until all is quiet, look at everything, stop, and audit the files."""
        self.server.start()
        await self.server.wait_answer()
        await self.blow()
        await self.quiet()
        await self._compare()
        self._note_pids()
        await asyncio.to_thread(self.server.stop)
        self.problems += audit(self.server.folder / "data", self.diary)
        await asyncio.sleep(2.0)
        left = [procs.look(pid).command for pid in self.pids if procs.running(pid)]
        self.problems += [f"left running: {command}" for command in left]
        self.counts = self.diary.counts() | self._outcomes() | self.counts

    def _outcomes(self) -> dict[str, int]:
        """Count what became of the messages, and the changes in the shop."""
        with closing(read_only(self.server.folder / "data" / "baton.db")) as db:
            rows = db.execute("SELECT outcome, count(*) FROM inbox GROUP BY outcome").fetchall()
            down = db.execute("SELECT count(*) FROM handoffs WHERE reason = 'engine_down'").fetchone()
        with closing(read_only(self.server.folder / "data" / "demo.sqlite")) as shop:
            changes = shop.execute("SELECT what, count(*) FROM changes GROUP BY what").fetchall()
        found = {f"outcome: {outcome}": times for outcome, times in rows}
        found |= {f"shop: {what}": times for what, times in changes}
        return found | {
            "handed over because the engine was down": down[0],
            "broken promises": len(self.problems),
        }

    async def blow(self) -> None:
        """Let everybody write and work while the plan is carried out."""
        done = asyncio.Event()
        timed = timed_orders(sum("effect" in kill for kill in self.plan))
        victims = Victims(self.server.url, self.diary, timed)
        reaper = Reaper(server=self.server, chance=random.Random(self.seed), provoke=victims.provoke)
        people = [
            await asyncio.to_thread(add_agent, self.server, f"agent{number}")
            for number in range(self.agents)
        ]
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch_pids())
            customers = [group.create_task(customer.live(done)) for customer in self.customers]
            for email, password in people:
                agent = Agent(
                    url=self.server.url,
                    email=email,
                    password=password,
                    diary=self.diary,
                    chance=random.Random(email),
                )
                group.create_task(agent.work(done))
            await reaper.run(self.plan)
            await reaper.ready()
            done.set()
            await asyncio.gather(*customers)
            watch.cancel()
        self.counts |= {f"kills: {kind}": times for kind, times in sorted(reaper.kills.items())}
        self.counts["kills between effect and commit"] = reaper.between

    async def quiet(self) -> None:
        """Wait until nothing is pending any more."""
        until = time.monotonic() + QUIET_WITHIN
        while time.monotonic() < until:
            with closing(read_only(self.server.folder / "data" / "baton.db")) as db:
                if not db.execute("SELECT count(*) FROM inbox WHERE status = 'pending'").fetchone()[0]:
                    return
            await asyncio.sleep(0.5)
        self.problems.append(f"not quiet after {QUIET_WITHIN:.0f} s")

    async def _compare(self) -> None:
        """Read every conversation as its customer would, and through the agents' API."""
        by_sender: dict[str, list[Sent]] = defaultdict(list)
        for sent in self.diary.sent:
            by_sender[sent.sender].append(sent)
        client, desk = Client(self.server.url), Client(self.server.url)
        await sign_in(desk, *await asyncio.to_thread(add_agent, self.server, "auditor", "admin"))
        for sender, sent in by_sender.items():
            seen = await read_all(client, sender)
            self.problems += [f"{sender}: {text}" for text in differs(seen, sent)]
        listed = await self._listed(desk)
        self.problems += [f"{sender} is not at the desk" for sender in by_sender if sender not in listed]
        client.close()
        desk.close()

    async def _listed(self, desk: Client) -> set[str]:
        """Return the addresses of all conversations that the agents' API lists, page by page."""
        found, after = set[str](), ""
        while True:
            reply = await desk.get(f"/api/v1/conversations?owner=all&limit=200&after={after}")
            assert reply.status == 200, reply.body
            page = reply.json()
            found |= {conversation["address"] for conversation in page["conversations"]}
            after = page["after"]
            if not after:
                return found

    async def _watch_pids(self) -> None:
        while True:
            self._note_pids()
            await asyncio.sleep(1.0)

    def _note_pids(self) -> None:
        if self.server.pid:
            self.pids |= set(procs.tree(self.server.pid)) - {os.getpid()}


async def read_all(client: Client, sender: str) -> list[dict[str, object]]:
    """Return all that the REST channel shows of a conversation; slows down when asked to."""
    found: list[dict[str, object]] = []
    after = 0
    while True:
        reply = await client.get(f"/webhooks/rest/messages?sender={quote(sender)}&after={after}&wait=0")
        if reply.status == 429:
            await asyncio.sleep(1.0)
            continue
        assert reply.status == 200, reply.body
        page = reply.json()
        if not page["messages"]:
            return found
        found += page["messages"]
        after = page["last"]

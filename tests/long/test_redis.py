"""Redis killed under load: slower hints, nothing lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.bench.client import Client
from tests.bench.product import Baton
from tests.long.audit import audit
from tests.long.storm import Diary, crowd, sign_in
from tests.long.world import SETTINGS, add_agent
from tests.servers import RedisServer

SLOWEST = 8.0
"""Seconds in which an agent's words must reach a waiting customer while there is no Redis."""


class Talk:
    """One customer with an agent of their own."""

    def __init__(self, url: str) -> None:
        self.customer, self.waiting, self.desk = Client(url), Client(url), Client(url)
        self.conversation = ""
        self.after = 0
        self.words = 0

    async def begin(self, email: str, password: str) -> None:
        """Ask for a person; the person comes."""
        await sign_in(self.desk, email, password)
        body = {"sender": "redis-talk", "message": "I want to speak to a human"}
        assert (await self.customer.post("/webhooks/rest/webhook", body)).status == 200
        listed = (await self.desk.get("/api/v1/conversations?owner=queue&limit=200")).json()
        mine = [c["id"] for c in listed["conversations"] if c["address"] == "redis-talk"]
        self.conversation = mine[0]
        claimed = await self.desk.post(f"/api/v1/conversations/{self.conversation}/claim", {})
        assert claimed.status == 200, claimed.body
        await self._read(wait=0)

    async def exchange(self) -> float:
        """Let the agent say something while the customer waits; return the seconds it took to arrive."""
        self.words += 1
        text = f"word {self.words}"
        waiting = asyncio.ensure_future(self._read(wait=20))
        await asyncio.sleep(0.5)
        begun = time.perf_counter()
        said = await self.desk.post(
            f"/api/v1/conversations/{self.conversation}/messages", {"text": text, "client_id": text}
        )
        assert said.status == 200, said.body
        assert text in await waiting
        return time.perf_counter() - begun

    async def _read(self, *, wait: int) -> list[str]:
        path = f"/webhooks/rest/messages?sender=redis-talk&after={self.after}&wait={wait}"
        page = (await self.waiting.get(path)).json()
        self.after = page["last"]
        return [message["text"] for message in page["messages"]]

    def close(self) -> None:
        """Let go of the connections."""
        for client in (self.customer, self.waiting, self.desk):
            client.close()


@pytest.mark.long
@pytest.mark.services
@pytest.mark.timeout(900)
async def test_redis_killed_under_load(
    tmp_path: Path, redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Customers are answered and an agent is heard with Redis, without it, and with it again."""
    diary = Diary()
    server = Baton(folder=tmp_path, env=SETTINGS | {"BATON_REDIS_URL": redis.url})
    took: dict[str, float] = {}
    try:
        redis.start()
        server.start()
        await server.wait_answer()
        talk = Talk(server.url)
        await talk.begin(*await asyncio.to_thread(add_agent, server, "ruth"))
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for customer in crowd(server.url, 30, diary, think=(0.5, 2.0)):
                group.create_task(customer.live(done))
            await asyncio.sleep(3)
            took["with Redis"] = await talk.exchange()
            redis.kill()
            took["just killed"] = await talk.exchange()
            await asyncio.sleep(5)
            took["without it"] = await talk.exchange()
            redis.start()
            await asyncio.sleep(8)
            took["with it again"] = await talk.exchange()
            done.set()
        talk.close()
    finally:
        server.stop()
        redis.start()
    problems = audit(tmp_path / "data", diary)
    with capsys.disabled():
        shown = ", ".join(f"{when}: {seconds:.2f} s" for when, seconds in took.items())
        print(f"\n  an agent's words arrive after: {shown}; messages: {len(diary.sent)}")
        print(*(f"  BROKEN {text}" for text in problems[:40]), sep="\n")
    assert not problems
    assert diary.server_errors == 0
    assert all(seconds < SLOWEST for seconds in took.values())
    assert took["with it again"] < 1.0

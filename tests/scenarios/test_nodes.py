"""Two nodes on one PostgreSQL and one Redis: any node takes any message, one of them answers it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from bot import settings
from bot.app import App, build
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import Draft, InboundMessage
from bot.engine.scripted import Reply, Scene, Script, ScriptedEngine
from bot.services.sentences import Catalogue
from bot.store import migrate
from tests.servers import RedisServer, free_port

pytestmark = pytest.mark.services
PROJECT = Path(__file__).parents[2]


def script() -> Script:
    async def count(scene: Scene) -> Reply:
        await asyncio.sleep(0.01)
        return Reply(messages=(Draft(text=f"{scene.turns + 1}: {scene.request.text}"),))

    person = Reply(handoff=HandoffSignal(reason=Reason.ASKED_FOR_HUMAN))
    return Script(texts={"person": person}, otherwise=count)


@asynccontextmanager
async def node(folder: Path, database: str, redis: str) -> AsyncIterator[tuple[App, str]]:
    """Run a node; it ends without a word to the others, as a process that is killed does."""
    port = free_port()
    chosen = settings.load(
        {}, port=port, demo=True, data_dir=folder, project_dir=PROJECT, database_url=database,
        redis_url=redis, secret_key=settings.Secret("k" * 32), shutdown_seconds=1.0, log_level="error",
    )  # fmt: skip
    app = build(chosen, engine=ScriptedEngine(script()))
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text())["responses"]
    app.parts.sentences.catalogue = Catalogue(responses)
    await app.start()
    try:
        yield app, f"http://127.0.0.1:{port}"
    finally:
        await app.stop()


async def say(
    client: httpx.AsyncClient, url: str, sender: str, text: str, message_id: str = ""
) -> list[str]:
    body = {"sender": sender, "message": text, **({"message_id": message_id} if message_id else {})}
    answer = await client.post(f"{url}/webhooks/rest/webhook", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return [entry["text"] for entry in answer.json()]


async def write_first(app: App, sender: str, text: str) -> str:
    message = InboundMessage(
        channel="rest", address=sender, external_id=text, text=text, received_at=app.parts.clock.now()
    )
    return (await app.core.intake.accept(message)).conversation_id


async def test_any_node_takes_any_message(tmp_path: Path, postgres_url: str, redis: RedisServer) -> None:
    await asyncio.to_thread(migrate, postgres_url)
    async with (
        node(tmp_path / "a", postgres_url, redis.url) as (one, first),
        node(tmp_path / "b", postgres_url, redis.url) as (other, second),
        httpx.AsyncClient() as client,
    ):
        for number, url in enumerate([first, second, second, first], start=1):
            assert await say(client, url, "kim", f"m{number}") == [f"{number}: m{number}"]
        assert await say(client, second, "kim", "m1", message_id="x") == ["5: m1"]
        assert await say(client, first, "kim", "m1", message_id="x") == ["5: m1"]  # repeated elsewhere

        async def customer(name: str) -> None:
            for turn in range(1, 6):
                url = first if turn % 2 else second
                assert await say(client, url, name, "hi") == [f"{turn}: hi"]

        await asyncio.gather(*(customer(f"c{n}") for n in range(10)))

        burst = await asyncio.gather(
            *(say(client, (first, second)[n % 2], "lou", f"b{n}") for n in range(8))
        )
        turns = sorted(int(said[0].split(":")[0]) for said in burst)
        assert turns == list(range(1, 9)), "each message had a turn of its own, one after the other"

        # The first two messages of a customer, one at each node, begin one conversation.
        for number in range(20):
            pair = (write_first(app, f"new{number}", name) for name, app in (("a", one), ("b", other)))
            begun = await asyncio.gather(*pair)
            assert len(set(begun)) == 1, number

        # What is said at one node reaches a customer who waits at the other.
        poll = asyncio.create_task(
            client.get(f"{second}/webhooks/rest/messages?sender=kim&after=10&wait=20", timeout=30)
        )
        await asyncio.sleep(0.2)
        assert (await say(client, first, "kim", "person"))[0]
        assert (await poll).json()["messages"][0]["text"] == "person"
        assert (await other.store.read(lambda tx: tx.count_by_owner()))["queue"] == 1


async def test_the_other_node_answers_what_a_dead_one_left(
    tmp_path: Path, postgres_url: str, redis: RedisServer
) -> None:
    await asyncio.to_thread(migrate, postgres_url)
    async with httpx.AsyncClient() as client:
        async with node(tmp_path / "a", postgres_url, redis.url) as (app, first):
            assert await say(client, first, "kim", "one") == ["1: one"]
            # It accepts and dies before it answers: nothing wakes its dispatcher any more.
            app.core.dispatcher._stopping = True
            waiting = asyncio.create_task(say(client, first, "kim", "two", "m2"))
            await asyncio.sleep(0.3)
            waiting.cancel()
        async with node(tmp_path / "b", postgres_url, redis.url) as (_, second):
            assert await say(client, second, "kim", "two", "m2") == ["2: two"]
            assert await say(client, second, "kim", "three") == ["3: three"]

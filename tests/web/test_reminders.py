"""A reminder as a REST client sees it, with the scripted engine behind the real services."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from bot.domain.message import Draft
from bot.domain.reminders import Reminder
from bot.engine.scripted import Reply, Scene, Script, ScriptedEngine
from tests.support.world import World
from tests.web.test_real_services import HOOK, POLL, served

FOLLOW_UP = "EXTERNAL_follow_up"


def complaint(scene: Scene) -> Reply:
    reminder = Reminder(
        name="case",
        intent=FOLLOW_UP,
        due_at=scene.request.context.now + timedelta(days=2),
        entities={"case_number": "K1"},
        until_written=False,
    )
    return Reply(messages=(Draft(text="case K1 is open"),), reminders=(reminder,))


def question(scene: Scene) -> Reply:
    return Reply(messages=(Draft(text="which order?"),), awaiting="order_number")


SCRIPT = Script(
    texts={"hello": "hi", "complaint": complaint, "cancel": question},
    awaiting={"order_number": "thanks"},
    payloads={
        "EXTERNAL_silence": lambda scene: Reply(
            messages=(Draft(text="still here"), Draft(text="which order?")), awaiting=scene.awaiting
        ),
        FOLLOW_UP: lambda scene: f"news of {scene.entities['case_number']}",
    },
)


async def test_what_is_said_unasked_is_fetched_and_answers_nothing() -> None:
    world = World(engine_of=lambda: ScriptedEngine(SCRIPT))  # type: ignore[arg-type, return-value]
    await world.start()
    await world.engine.start()
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:

        async def ask(text: str) -> list[str]:
            response = await client.post(HOOK, json={"sender": "kim", "message": text})
            return [reply["text"] for reply in response.json()]

        async def fetch(after: int, wait: float = 0) -> list[dict[str, Any]]:
            query = {"sender": "kim", "after": after, "wait": wait}
            found: list[dict[str, Any]] = (await client.get(POLL, params=query)).json()["messages"]
            return found

        assert await ask("complaint") == ["case K1 is open"]
        assert await ask("cancel") == ["which order?"]
        last = (await fetch(0))[-1]["seq"]
        poll = asyncio.create_task(fetch(last, wait=20))
        await world.pass_time(6)
        await world.idle()
        assert (await poll)[0]["text"] == "still here"
        assert await ask("4521") == ["thanks"]
        shown = [m["text"] for m in await fetch(last)]
        assert shown == ["still here", "which order?", "4521", "thanks"]

        world.clock.move(2 * 86_400)
        while await world.timers.run_due():
            await world.idle()
        await world.idle()
        assert await ask("hello") == ["hi"]
        assert [m["text"] for m in await fetch(last)][4:] == ["news of K1", "hello", "hi"]

"""Jane signs in over HTTP and is offered her own orders: real services, the demo shop, a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.message import Choice, Draft, IdentityClaim
from bot.engine.scripted import Reply, Scene, Script, ScriptedEngine
from connectors.channels.core.identity import sign
from connectors.customers.demo import DemoDirectory
from tests.support.clock import FakeClock
from tests.support.world import World
from tests.web.test_real_services import HOOK, POLL, served

ROOT = Path(__file__).parents[2]
KEY = "k" * 32


async def which_order(scene: Scene) -> Reply:
    answer = await scene.directory.orders()
    if answer.value is None:
        return Reply(messages=(Draft(text=f"Which order? ({answer.detail})"),))
    choices = tuple(
        Choice(title=order.number, payload=f'/order{{"number": "{order.number}"}}')
        for order in answer.value
    )
    return Reply(messages=(Draft(text="Which order?", choices=choices),))


async def that_order(scene: Scene) -> str:
    answer = await scene.directory.order(scene.entities["number"])
    return answer.value.status if answer.value else answer.status.value


SCRIPT = Script(texts={"where is my order": which_order}, payloads={"order": that_order})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[DemoDirectory]:
    demo = DemoDirectory(tmp_path / "shop.db", FakeClock(), seed=ROOT / "data" / "demo" / "shop.json")
    await demo.start()
    yield demo
    await demo.stop()


async def test_jane_signs_in_and_chooses_among_her_orders(shop: DemoDirectory) -> None:
    engine = ScriptedEngine(SCRIPT)
    await engine.start()
    world = await World(shop=shop, engine_of=lambda: engine).start()  # type: ignore[arg-type]
    jane = IdentityClaim(trust="verified", directory_ref="C1001", name="Jane Miller")
    tariq = IdentityClaim(trust="verified", directory_ref="C1002", name="Tariq Mahmood")

    async with (
        served(world, identity_secret=KEY) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):

        async def say(text: str, who: IdentityClaim | None = None, **more: Any) -> httpx.Response:
            signed = {"identity": sign(who, secret=KEY, now=world.clock.now())} if who else {}
            return await client.post(HOOK, json={"sender": "kim", "message": text, **signed, **more})

        (stranger,) = (await say("where is my order")).json()
        assert stranger["text"] == "Which order? (sign_in)"
        (reply,) = (await say("where is my order", jane)).json()
        assert [button["title"] for button in reply["buttons"]] == ["4522", "4521", "4523"]
        press = reply["buttons"][1]["payload"]
        assert (await say(press, jane)).json()[0]["text"] == "out_for_delivery"
        # The buttons are still there, and the same person; but nobody vouches for it any more.
        assert (await say(press)).json()[0]["text"] == "not_allowed"
        assert (await say("where is my order")).json()[0]["text"] == "Which order? (sign_in)"

        before = (await client.get(POLL, params={"sender": "kim", "wait": 0})).json()["last"]
        other = await say("where is my order", tariq)
        assert (other.status_code, other.json()["error"]["code"]) == (409, "other_customer")
        late = sign(jane, secret=KEY, now=world.clock.now())
        world.clock.move(3_600)
        old = await say("where is my order", identity=late)
        assert (old.status_code, old.json()["error"]["reason"]) == (401, "expired")
        assert (await client.get(POLL, params={"sender": "kim", "wait": 0})).json()["last"] == before

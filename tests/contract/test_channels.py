"""REST and web chat keep the channels' contract."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest

from bot import logs
from bot.domain.message import IdentityClaim
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.core import identity
from connectors.channels.rest import RestChannel
from tests.contract.channel_contract import ChannelContract, Harness, Outcome, Seen
from tests.support.world import World
from tests.web.fakes import FakeEngine, FakeStore
from tests.webchat.kit import Chat, Page

SECRET = "identity-secret-of-the-tests-0123456789"
ADA = IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test")


@pytest.fixture(autouse=True, scope="module")
def _quiet_logs() -> None:
    logs.configure("error", "console")


class RestHarness(Harness):
    """A program that uses the REST channel."""

    channel = "rest"

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self.world, self.client = world, client

    async def write(self, text: str, *, message_id: str, **more: Any) -> Outcome:
        body = {"sender": "kim", "message": text, "message_id": message_id, **more}
        return self._outcome(await self.client.post("/webhooks/rest/webhook", json=body))

    async def press(self, token: str, *, message_id: str) -> Outcome:
        return await self.write(token, message_id=message_id)

    async def garbage(self, raw: bytes) -> Outcome:
        headers = {"content-type": "application/json"}
        return self._outcome(await self.client.post("/webhooks/rest/webhook", content=raw, headers=headers))

    async def unsigned(self) -> Outcome:
        token = identity.sign(ADA, secret="x" * 40, now=self.world.clock.now())
        return await self.write("secret words", message_id="message-9", identity=token)

    async def seen(self) -> list[Seen]:
        found = await self.client.get("/webhooks/rest/messages", params={"sender": "kim", "wait": "0"})
        return [
            Seen(
                author=entry["author"],
                text=entry.get("text", ""),
                name=entry.get("author_name", ""),
                choices=tuple((b["title"], b["payload"]) for b in entry.get("buttons", [])),
            )
            for entry in found.json()["messages"]
        ]

    async def address(self) -> str:
        return "kim"

    @staticmethod
    def _outcome(response: httpx.Response) -> Outcome:
        if response.status_code == 200:
            return Outcome(taken=True, shown=response.text)
        return Outcome(taken=False, code=response.json()["error"]["code"], shown=response.text)


class WebChatHarness(Harness):
    """A page with the widget."""

    channel = "webchat"

    def __init__(self, chat: Chat, page: Page) -> None:
        self.chat, self.world, self.page = chat, chat.world, page

    async def write(self, text: str, *, message_id: str) -> Outcome:
        return self._outcome(await self.page.say(text, id=message_id))

    async def press(self, token: str, *, message_id: str) -> Outcome:
        return self._outcome(await self.page.say(choice=token, id=message_id))

    async def garbage(self, raw: bytes) -> Outcome:
        await self.page.connection.send(raw)
        return self._outcome(await self.page.until("error", "ack"))

    async def unsigned(self) -> Outcome:
        lasts = timedelta(minutes=5)
        token = identity.sign(ADA, secret="x" * 40, now=self.world.clock.now(), lasts=lasts)
        async with self.chat.socket() as thief:
            refused = await thief.hello(session=self.page.session, identity=token)
            await thief.send("message", id="message-9", text="secret words")
            await thief.until("error")
            return self._outcome(refused)

    async def seen(self) -> list[Seen]:
        async with self.chat.page(session=self.page.session) as fresh:
            return [
                Seen(
                    author=entry["author"],
                    text=entry.get("text", ""),
                    name=entry.get("name", ""),
                    choices=tuple((c["title"], c["token"]) for c in entry.get("choices", [])),
                )
                for _, entry in sorted(fresh.shown.items())
            ]

    async def address(self) -> str:
        return self.page.address

    @staticmethod
    def _outcome(frame: dict[str, Any]) -> Outcome:
        return Outcome(taken=frame["type"] == "ack", code=frame.get("code", ""), shown=json.dumps(frame))


NO_PLATFORM = {
    "test_a_place_is_a_place_and_no_text": "there are no places in its protocol",
    "test_what_cannot_be_read_is_said_once": "what is not in its protocol is refused as garbage",
    "test_our_own_words_are_not_a_customers": "nobody tells a server its own words",
    "test_a_flood_is_waited_out": "nothing is sent: whoever is there reads",
    "test_who_cannot_be_reached_is_told_to_the_agent": "nothing is sent: whoever comes back reads",
}


class TestRest(ChannelContract):
    exempt: ClassVar[dict[str, str]] = NO_PLATFORM | {
        "test_a_file_is_an_attachment_and_no_text": "programs send texts",
        "test_without_a_secret_there_is_no_account": "without its token it is off (tests/web/test_rest_channel.py)",
        "test_a_receipt_changes_the_status_and_nothing_else": "programs do not say what was read",
        "test_a_slow_assistant_does_not_hold_up_the_acknowledgement": "the answer comes with the acknowledgement",
    }
    runs = 15

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        world = await World().start()
        rest = RestChannel(
            intake=world.intake,
            replies=world.replies,
            transcript=world.transcript,
            bus=world.bus,
            clock=world.clock,
            token="",
            demo=True,
            identity_secret=SECRET,
        )
        deps = WebDeps(
            store=FakeStore(),  # type: ignore[arg-type]
            engine=FakeEngine(),  # type: ignore[arg-type]
            metrics=Metrics(),
            public_url="",
            version="0",
            parts=(rest,),
        )
        server = WebServer(create_app(deps), port=0, parts=deps.parts)
        await server.start()
        try:
            url = f"http://127.0.0.1:{server.port}"
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
                yield RestHarness(world, client)
        finally:
            await server.stop(drain=1.0)


class TestWebChat(ChannelContract):
    exempt: ClassVar[dict[str, str]] = NO_PLATFORM | {
        "test_a_file_is_an_attachment_and_no_text": "files have a route of their own (tests/web/test_files.py)",
        "test_without_a_secret_there_is_no_account": "without its key the whole server does not start",
        "test_a_receipt_changes_the_status_and_nothing_else": "a frame of its own (tests/webchat/test_visits.py)",
    }
    runs = 16

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with contextlib.AsyncExitStack() as stack:
            chat = await stack.enter_async_context(Chat(await World().start()).serve())
            page = await stack.enter_async_context(chat.page())
            yield WebChatHarness(chat, page)

"""A real server with web chat over the real services, and a widget's side of the conversation."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bot.domain.agents import Agent
from bot.domain.message import IdentityClaim
from bot.web import Metrics, WebDeps, WebServer, create_app
from connectors.channels.core import identity
from connectors.channels.webchat import ChatLimits, WebChat
from tests.support.world import World
from tests.web.fakes import FakeEngine, FakeStore

IDENTITY_SECRET = "identity-secret-of-the-tests-0123456789"
SECRET = "secret-key-of-the-tests-0123456789abcdef"
SHOP = "https://shop.example.com"
ADA = IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test")
BEN = IdentityClaim(trust="verified", directory_ref="C2", name="Ben Test")
_numbers = itertools.count(1)


def new_id() -> str:
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"


@dataclass
class Chat:
    """One server; tests change its settings before it starts."""

    world: World
    limits: ChatLimits = field(default_factory=ChatLimits)
    origins: tuple[str, ...] = (SHOP,)
    identity_secret: str = IDENTITY_SECRET
    secret: str = SECRET
    proxies: int = 0
    url: str = ""

    def channel(self) -> WebChat:
        return WebChat(
            intake=self.world.intake,
            visits=self.world.visits,
            media=self.world.media.of("webchat"),
            bus=self.world.bus,
            clock=self.world.clock,
            secret=self.secret,
            identity_secret=self.identity_secret,
            origins=self.origins,
            limits=self.limits,
        )

    @contextlib.asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[Chat]:
        self.web = self.channel()
        deps = WebDeps(
            store=FakeStore(),  # type: ignore[arg-type]
            engine=FakeEngine(),  # type: ignore[arg-type]
            metrics=Metrics(),
            public_url="",
            version="0",
            parts=(self.web,),
            proxies=self.proxies,
        )
        self.server = server = WebServer(create_app(deps), port=port, parts=deps.parts)
        await server.start()
        self.url = f"http://127.0.0.1:{server.port}"
        try:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
                self.client = client
                yield self
        finally:
            await server.stop(drain=1.0)

    def token(self, claim: IdentityClaim, minutes: float = 5, **other: Any) -> str:
        lasts = timedelta(minutes=minutes)
        given = {"secret": IDENTITY_SECRET, "now": self.world.clock.now(), **other}
        return identity.sign(claim, lasts=lasts, **given)

    @contextlib.asynccontextmanager
    async def socket(self, **options: Any) -> AsyncIterator[Page]:
        """Connect without a greeting."""
        headers = options.pop("headers", {})
        options.setdefault("ping_interval", None)
        async with connect(
            self.url.replace("http", "ws") + "/chat", additional_headers=headers, proxy=None, **options
        ) as connection:
            yield Page(connection)

    @contextlib.asynccontextmanager
    async def page(self, *, headers: dict[str, str] | None = None, **hello: Any) -> AsyncIterator[Page]:
        """Connect, say hello and take the answer."""
        async with self.socket(headers=headers or {}) as page:
            await page.hello(**hello)
            yield page

    async def agent(self, page: Page, name: str = "Ana") -> tuple[Agent, str]:
        """Have the conversation of a page claimed by an agent."""
        agent = await self.world.agent(name)
        conversation = await self.world.conversation(page.address, "webchat")
        await self.world.desk.claim(agent, conversation.id)
        return agent, conversation.id


@dataclass
class Page:
    """A widget's side of one socket: what it shows, by the rules of the protocol."""

    connection: ClientConnection
    ready: dict[str, Any] = field(default_factory=dict)
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    last: int = 0
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def session(self) -> str:
        return str(self.ready["session"])

    @property
    def address(self) -> str:
        body = self.session.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["a"])

    @property
    def texts(self) -> list[str]:
        return [self.shown[seq]["text"] for seq in sorted(self.shown)]

    async def send(self, kind: str, **values: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **values}, ensure_ascii=False))

    async def hello(self, **values: Any) -> dict[str, Any]:
        await self.send("hello", **{"v": 1, **values})
        return await self.until("ready", "refused", "error")

    async def say(self, text: str = "", *, id: str = "", **values: Any) -> dict[str, Any]:
        """Send a message and return the ack or the refusal."""
        given = id or new_id()
        await self.send("message", id=given, **({"text": text} if text else {}), **values)
        while True:
            frame = await self.until("ack", "refused")
            if frame.get("id") == given:
                return frame

    async def ask(self, text: str) -> str:
        """Send a message and return the next one that is not the customer's."""
        before = self.last
        ack = await self.say(text)
        assert ack["type"] == "ack", ack
        seq = max(before, ack["seq"])
        await self.wait(lambda: any(s > seq for s in self.shown))
        return str(self.shown[min(s for s in self.shown if s > seq)]["text"])

    async def next(self, timeout: float = 5.0) -> dict[str, Any]:
        """Take one frame in, as a widget does."""
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), timeout))
        self.frames.append(frame)
        kind = frame["type"]
        if kind == "ready":
            if frame.get("reset") or frame.get("fresh"):
                self.shown.clear()
            self.ready, self.state = frame, frame["state"]
        if kind in ("ready", "messages"):
            for message in frame["messages"]:
                assert message["seq"] not in self.shown, "said twice"
                self.shown[message["seq"]] = message
            self.last = frame["last"]
        if kind == "state":
            self.state = {key: value for key, value in frame.items() if key != "type"}
        return frame

    async def until(self, *kinds: str, timeout: float = 5.0) -> dict[str, Any]:
        """Take frames in until one of these kinds, and return it."""
        while True:
            frame = await self.next(timeout)
            if frame["type"] in kinds:
                return frame

    async def wait(self, condition: Any, timeout: float = 5.0) -> None:
        """Take frames in until something holds."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self.next(timeout)

    async def quiet(self, seconds: float = 0.15) -> None:
        """Nothing comes."""
        try:
            frame = await self.next(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"this came: {frame}")

    async def closed(self, timeout: float = 8.0) -> int:
        """Take frames in until the end, and return the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.next(timeout)
        code = self.connection.close_code
        assert code is not None
        return code

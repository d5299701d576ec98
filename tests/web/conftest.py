"""A real server on a free port, with fakes behind it, and a client that keeps no surprises."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from bot.desk import DeskApi
from bot.store.sqlite import SqliteStore
from bot.web import DemoShop, Metrics, WebDeps, WebServer, create_app
from bot.web.media import MediaPages
from connectors.channels.rest import RestChannel, RestLimits
from tests.support.clock import FakeClock
from tests.support.office import an_office
from tests.web.desk_fakes import (
    PASSWORD,
    PEOPLE,
    FakeCorrections,
    FakeCustomers,
    FakeDesk,
    FakeFiles,
    FakeMedia,
    FakeSearch,
    FakeSignIn,
)
from tests.web.fakes import FakeBus, FakeCore, FakeEngine, FakeStore

TOKEN = "rest-token-of-the-tests"


@dataclass
class World:
    """Everything behind one server; tests change it before or after it starts."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    engine: FakeEngine = field(default_factory=FakeEngine)
    bus: FakeBus = field(default_factory=FakeBus)
    core: FakeCore = field(default_factory=FakeCore)
    metrics: Metrics = field(default_factory=Metrics)
    rest_token: str = ""
    metrics_token: str = ""
    identity_secret: str = ""
    demo: bool = True
    shop: DemoShop | None = None
    public_url: str = "http://127.0.0.1:8080"
    access_log: bool = False
    limits: RestLimits = field(default_factory=RestLimits)
    url: str = ""
    parts: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        self.desk = FakeDesk(bus=self.bus)
        self.files = FakeFiles(self.desk, FakeMedia())
        self.search = FakeSearch()
        self.customers = FakeCustomers(self.desk)
        self.corrections = FakeCorrections(self.desk)
        self.sign_in = FakeSignIn(self.clock)
        # Administration is served by the real services.
        self.kept = SqliteStore(":memory:", self.clock, inline=True)
        self.office = an_office(self.kept, self.bus, self.clock)  # type: ignore[arg-type]

    def rest(self) -> RestChannel:
        return RestChannel(
            intake=self.core,
            replies=self.core,
            transcript=self.core,
            bus=self.bus,
            clock=self.clock,
            token=self.rest_token,
            demo=self.demo,
            identity_secret=self.identity_secret,
            public_url=self.public_url,
            limits=self.limits,
        )

    def deps(self) -> WebDeps:
        self.api = DeskApi(
            desk=self.desk,
            files=self.files,
            search=self.search,
            orders=self.customers,
            actions=self.customers,
            corrections=self.corrections,
            sign_in=self.sign_in,
            admin=self.office,
            bus=self.bus,
            clock=self.clock,
            public_url=self.public_url,
        )
        self.parts = (self.rest(), self.api, MediaPages(self.files.media))
        return WebDeps(
            store=self.store,  # type: ignore[arg-type]
            engine=self.engine,  # type: ignore[arg-type]
            metrics=self.metrics,
            public_url=self.public_url,
            version="0.1.0",
            parts=self.parts,
            metrics_token=self.metrics_token,
            demo=self.demo,
            shop=self.shop,
            access_log=self.access_log,
        )

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[httpx.AsyncClient]:
        """Start the server and give a client for it."""
        deps = self.deps()
        await self.kept.start()
        for agent in PEOPLE:
            await self.kept.write(lambda tx, agent=agent: tx.put_agent(agent))
        self.server = server = WebServer(create_app(deps), port=0, parts=deps.parts)
        await server.start()
        self.url = f"http://127.0.0.1:{server.port}"
        try:
            async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
                yield client
        finally:
            await server.stop(drain=1.0)
            await self.kept.stop()


async def sign_in(client: httpx.AsyncClient, name: str = "kim") -> str:
    """Sign in; the client keeps the cookie and sends the csrf value from now on. Returns the token."""
    body = {"email": f"{name}@example.com", "password": PASSWORD}
    response = await client.post("/api/v1/session", json=body)
    assert response.status_code == 200, response.text
    client.headers["x-csrf-token"] = response.json()["csrf"]
    token = response.cookies["baton_session"]
    assert isinstance(token, str)
    return token


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server in demonstration mode."""
    async with world.serve() as client:
        yield client

"""A running node: the order in which its parts start and stop, and what the operator is told."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
import uvloop

from bot import compose, logs
from bot.accounts import DEFAULT, Accounts
from bot.demo_desk import furnish
from bot.domain.agents import Agent, Role
from bot.domain.errors import BotError, ConfigError
from bot.domain.ids import new_id, new_secret
from bot.engine.pool import EnginePool
from bot.ports import Channel, Clock, DialogueEngine, Store, Tx
from bot.sentences import catalogue
from bot.services.passwords import hash_password
from bot.settings import Settings, make_data_dir, secret_key
from bot.store import migrate
from bot.training.registry import Model, live_model

log = structlog.get_logger(__name__)

FIRST_ADMIN = "admin@localhost"
FIRST_NAME = "Support"
"""Customers see it until the administrator writes their own."""
DEFAULT_URL = "http://127.0.0.1:8080"
"""Where `baton chat` looks by itself."""
MOST_FILES = 65_536
MODEL_LOOK_EVERY = 2.0
"""Seconds between looks for a newly promoted model."""
MODEL_RETRY_AFTER = 60.0
"""Seconds until a model that did not load is tried again."""


class App:
    """One node of Baton."""

    def __init__(self, parts: compose.Parts) -> None:
        """Build the services; nothing is opened or started yet."""
        self.parts = parts
        self.core = compose.core(parts)
        self.web = compose.web(parts, self.core)
        self._tasks: list[asyncio.Task[None]] = []
        self._followed = parts.model.id if parts.model is not None else ""

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.parts.store

    async def start(self) -> None:
        """Accept messages first; they are answered as soon as an engine is ready.

        What was opened before something failed is closed again.
        """
        try:
            await self._open()
        except BaseException:
            await self.stop()
            raise
        core = self.core
        loops = (
            core.watch.run,
            core.dispatcher.run,
            core.deliveries.run,
            core.timers.run,
            # PostgreSQL keeps its index itself.
            *(() if self.parts.settings.uses_postgresql else (core.search_index.run,)),
            core.hours.run,
            self._follow_models,
        )
        self._tasks = [asyncio.get_running_loop().create_task(_keep(loop)) for loop in loops]
        # What start-up made stays: the collector need not walk it again and again under load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()

    async def _open(self) -> None:
        parts = self.parts
        await parts.store.start()
        await parts.bus.start()
        await self.core.hours.load()
        await parts.directory.start()
        unknown = await self.core.deliveries.recover()
        if unknown:
            log.warning("sends_of_unknown_outcome", count=unknown)
        await parts.engine.start()
        for channel in parts.channels.values():
            await channel.start()
        await self.web.start()

    async def stop(self) -> None:
        """Take nothing new, finish what is under way, then close; what is cut off is answered later.

        `shutdown_seconds` bounds the finishing as a whole.
        """
        parts, core = self.parts, self.core
        loop = asyncio.get_running_loop()
        deadline = loop.time() + parts.settings.shutdown_seconds

        def left() -> float:
            return max(deadline - loop.time(), 0.5)

        await _closed("web", self.web.stop(drain=left()))
        await _closed("dispatcher", core.dispatcher.drain(left()))
        await _closed("deliveries", core.deliveries.drain(left()))
        await _closed("fetching", core.fetching.stop())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name, channel in parts.channels.items():
            await _closed(name, channel.stop())
        await _closed("engine", parts.engine.stop())
        await _closed("directory", parts.directory.stop())
        await _closed("bus", parts.bus.stop())
        await _closed("store", parts.store.stop())

    async def _follow_models(self) -> None:
        """Load each promoted model beside the old one and let it take over between turns."""
        while True:
            await asyncio.sleep(MODEL_LOOK_EVERY)
            live = await asyncio.to_thread(live_model, self.parts.settings.models_dir)
            if live is None or live.id == self._followed:
                continue
            if await self._follow(live):
                self._followed = live.id
            else:
                await asyncio.sleep(MODEL_RETRY_AFTER)

    async def _follow(self, live: Model) -> bool:
        """Take `live` into use, its engine and its words together; if it is damaged, change nothing."""
        log.info("model_loading", model=live.id)
        try:
            words = await asyncio.to_thread(catalogue, live)
            if isinstance(self.parts.engine, EnginePool):
                await self.parts.engine.load(live.path)
        except BotError as error:
            log.warning("model_not_loaded", model=live.id, error=str(error))
            return False
        self.parts.sentences.catalogue = words
        log.info("model_live", model=live.id)
        return True


def build(
    settings: Settings,
    *,
    engine: DialogueEngine | None = None,
    channels: Mapping[str, Channel] | None = None,
    clock: Clock | None = None,
) -> App:
    """Return a node that is not started yet; the arguments replace the usual parts in tests."""
    return App(compose.parts(settings, engine=engine, channels=channels, clock=clock))


def run(settings: Settings) -> None:
    """Run a node in an event loop of its own; see `serve`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Run a node until it is told to stop (SIGTERM, SIGINT).

    Raises:
        ConfigError: it cannot start with these settings.
        StoreError: the store cannot be reached or has another schema.
    """
    logs.configure(settings.log_level, settings.log_format)
    _allow_many_files()
    folder = make_data_dir(settings)
    secret_key(settings)
    if settings.uses_postgresql:
        await _serve(settings)
        return
    with _only_server(folder / "server.lock"):
        await asyncio.to_thread(migrate, settings.database_url)
        await _serve(settings)


def _allow_many_files() -> None:
    """Every open chat is an open file, and many systems begin with room for a thousand of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # not everywhere is it ours to change
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _only_server(path: Path) -> Iterator[None]:
    """Keep a second server away from an embedded database: it has one writer, in one process.

    The lock ends with the process, however it ends. Raises ConfigError when it is taken.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                f"Another Baton server uses {path.parent}: stop it, or set another BATON_DATA_DIR."
            ) from None
        yield


async def _serve(settings: Settings) -> None:
    app = build(settings)
    told = _listen_for_signals()
    await app.start()
    try:
        password = await first_admin(app.store, app.parts.clock)
        if settings.demo and password is not None:
            await furnish(app.store, app.parts.clock, settings.project_dir / "data" / "demo" / "desk.json")
        _announce(app, password)
        await told.wait()
        log.info("stopping", seconds=settings.shutdown_seconds)
    finally:
        await app.stop()


async def first_admin(store: Store, clock: Clock) -> str | None:
    """Make the first administrator if there are no agents at all; return the password, once."""
    if await store.read(lambda tx: tx.agents()):
        return None
    password = new_secret(9)
    hashed = await asyncio.to_thread(hash_password, password)

    async def work(tx: Tx) -> bool:
        if await tx.agents():
            return False  # another node was faster
        now = clock.now()
        await tx.put_agent(
            Agent(
                id=new_id(now),
                email=FIRST_ADMIN,
                name=FIRST_NAME,
                role=Role.ADMIN,
                created_at=now,
                password_hash=hashed,
            )
        )
        return True

    return password if await store.write(work) else None


async def _keep(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a part's loop, and again should it ever end in an error."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("part_broke", part=getattr(work, "__qualname__", "?"))
        await asyncio.sleep(1.0)  # also when it only ended: without a pause nothing else would run


async def _closed(part: str, closing: Awaitable[None]) -> None:
    """Close one part; its trouble must not keep the others open."""
    try:
        await closing
    except Exception:
        log.exception("part_not_closed", part=part)


def _listen_for_signals() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


def _command() -> str:
    """Return how to call `baton` from where this process was started."""
    found = Path(sys.argv[0])
    with suppress(ValueError):
        found = found.relative_to(Path.cwd())
    return str(found) if found.name == "baton" else "baton"


def _channels(accounts: Accounts, url: str) -> list[str]:
    """Say how the platforms reach us, account by account."""
    lines = []
    for name, bot in accounts.telegram.items():
        path = "/webhooks/telegram" + ("" if name == DEFAULT else f"/{name}")
        how = "asked for messages (polling)" if bot.polls else f"{url}{path}"
        lines.append(f"  {_named('Telegram', name):<16} {how}")
    lines += [f"  {_named('WhatsApp', name):<16} {url}/webhooks/whatsapp" for name in accounts.whatsapp]
    return lines


def _named(channel: str, account: str) -> str:
    return channel if account == DEFAULT else f"{channel} {account}"


def _announce(app: App, password: str | None) -> None:
    """Tell the operator where things are; the password is shown now and never again."""
    settings = app.parts.settings
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    url = settings.public_url.rstrip("/") or f"http://{host}:{app.web.port}"
    lines = [
        "",
        f"Baton accepts messages at {url}",
        f"  start page       {url}/",
        f"  agents' desk     {url}/desk",
        f"  agents' API      {url}/openapi.json",
        f"  health           {url}/health/ready",
        f"  talk to it       {_command()} chat{'' if url == DEFAULT_URL else f' --url {url}'}",
        *_channels(app.parts.ground.accounts, url),
    ]
    if password is not None:
        lines += [
            "",
            "The first administrator (this password is shown once; change it with `baton agents passwd`):",
            f"  e-mail           {FIRST_ADMIN}",
            f"  password         {password}",
            f"  name             {FIRST_NAME} (customers see it; write your own at the desk)",
        ]
    if app.parts.model is None:
        lines += ["", "There is no trained model yet: run `baton train`; it is taken up at once."]
    lines += ["", "Engines are starting; messages are kept and answered in a few seconds.", ""]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()

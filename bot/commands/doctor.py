"""`baton doctor`: looks at everything that a running Baton needs and says what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.clock import SystemClock
from bot.commands.accounts import look_at_accounts
from bot.commands.findings import Finding, Level
from bot.commands.hours import opening_hours
from bot.commands.web_chat import chat_pages
from bot.domain.errors import BotError
from bot.setting_types import masked_url
from bot.settings import Settings

LEAST_DISK = 1_000_000_000
_BROKEN = {"store": "check BATON_DATABASE_URL, and that the database runs"}
"""What to do when a look itself breaks."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding after the other; a look that breaks is a finding too."""
    looks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python),
        ("project", _project),
        ("data folder", _data_dir),
        ("disk", _disk),
        ("store", _store),
        ("redis", _redis),
        ("hours", opening_hours),
        ("customers", _customers),
        ("model", _model),
        ("port", _port),
        ("channels", _channels),
        ("web chat", chat_pages),
        ("identity", _identity),
    )
    for what, look in looks:
        try:
            yield look(settings)
        except (BotError, OSError) as error:
            detail = " ".join(str(error).split())
            yield Finding(level="fail", what=what, detail=detail, advice=_BROKEN.get(what, ""))
    yield from look_at_accounts(settings)


def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == (3, 11):
        return Finding(level="ok", what="python", detail=version)
    return Finding(
        level="fail", what="python", detail=version, advice="Baton runs on 3.11; run: make setup"
    )


def _project(settings: Settings) -> Finding:
    missing = [
        name for name in ("domain.yml", "config.yml", "data") if not (settings.project_dir / name).exists()
    ]
    if not missing:
        return Finding(level="ok", what="project", detail=str(settings.project_dir))
    return Finding(
        level="fail",
        what="project",
        detail=f"{settings.project_dir} has no {', '.join(missing)}",
        advice="start in the project's folder, or set BATON_PROJECT_DIR",
    )


def _data_dir(settings: Settings) -> Finding:
    path = settings.data_dir
    if not path.exists():
        return Finding(level="ok", what="data folder", detail=f"{path} will be made at the first start")
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(
            level="fail",
            what="data folder",
            detail=f"{path} cannot be written",
            advice=f"chown it to {_user()}",
        )
    exposed = [p for p in (path, *path.glob("*.db"), path / "secret_key") if p.exists() and _is_exposed(p)]
    if exposed:
        return Finding(
            level="warn",
            what="data folder",
            detail=f"others may read {', '.join(p.name for p in exposed)}",
            advice=f"run: chmod -R go-rwx {path}",
        )
    return Finding(level="ok", what="data folder", detail=str(path))


def _is_exposed(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _user() -> str:
    return f"user {os.geteuid()}"


def _disk(settings: Settings) -> Finding:
    place = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free"
    if free >= LEAST_DISK:
        return Finding(level="ok", what="disk", detail=detail)
    return Finding(level="warn", what="disk", detail=detail, advice=f"make room where {place} is")


def _store(settings: Settings) -> Finding:
    from bot.store import schema_is_current, sqlite_path

    path, shown = sqlite_path(settings.database_url), masked_url(settings.database_url)
    if path is not None and not Path(path).exists():
        return Finding(level="ok", what="store", detail=f"{shown} will be made at the first start")
    if schema_is_current(settings.database_url):
        return Finding(level="ok", what="store", detail=shown)
    if path is not None:
        return Finding(level="ok", what="store", detail=f"{shown} will be migrated at the next start")
    return Finding(
        level="fail", what="store", detail=f"{shown} has another schema", advice="run: baton migrate"
    )


def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        level: Level = "warn" if settings.uses_postgresql else "ok"
        advice = "set BATON_REDIS_URL if there are several nodes" if settings.uses_postgresql else ""
        return Finding(level=level, what="redis", detail="not set: one node", advice=advice)
    from bot.bus import open_bus

    async def reachable() -> bool:
        bus = open_bus(settings.redis_url, SystemClock())
        await bus.start()
        try:
            return bus.healthy
        finally:
            await bus.stop()

    shown = masked_url(settings.redis_url)
    if asyncio.run(reachable()):
        return Finding(level="ok", what="redis", detail=shown)
    return Finding(
        level="fail",
        what="redis",
        detail=f"{shown} does not answer",
        advice="start it; Baton runs without, but nodes do not hear of each other",
    )


def _customers(settings: Settings) -> Finding:
    if settings.demo:
        return Finding(level="ok", what="customers", detail="demo shop")
    if not settings.customers_url:
        advice = "set BATON_CUSTOMERS_URL; without it, questions about orders are answered with try later"
        return Finding(level="warn", what="customers", detail="no system is connected", advice=advice)
    from connectors.customers.http import AnswerInvalid, NotAuthorised, Unavailable

    url = settings.customers_url
    try:
        where = f"{asyncio.run(_company_name(settings))} at {url}"
    except NotAuthorised:
        detail, advice = f"{url} refuses our token", "check BATON_CUSTOMERS_TOKEN"
    except Unavailable as error:
        detail, advice = f"{url} does not answer: {error}", "check BATON_CUSTOMERS_URL, and that it runs"
    except AnswerInvalid as error:
        detail = f"{url}/status answers otherwise than openapi.yaml says: {error}"
        advice = "check BATON_CUSTOMERS_URL, then the system behind it"
    else:
        if settings.customers_token:
            return Finding(level="ok", what="customers", detail=where)
        advice = "let it ask for a token, and set BATON_CUSTOMERS_TOKEN"
        return Finding(level="warn", what="customers", detail=f"{where} answers anybody", advice=advice)
    return Finding(level="fail", what="customers", detail=detail, advice=advice)


async def _company_name(settings: Settings) -> str:
    from bot.compose import company_system
    from bot.web.metrics import Metrics

    directory = company_system(settings, SystemClock(), Metrics())
    await directory.start()
    try:
        return await directory.check()
    finally:
        await directory.stop()


def _model(settings: Settings) -> Finding:
    from bot.training.project import Project
    from bot.training.registry import live_model

    live = live_model(settings.models_dir)
    if live is None:
        return Finding(level="fail", what="model", detail="none is live", advice="run: baton train")
    if live.entry.hash != Project.at(settings.project_dir).content_hash():
        return Finding(
            level="warn",
            what="model",
            detail=f"{live.id} is older than the data",
            advice="run: baton train",
        )
    return Finding(level="ok", what="model", detail=live.id)


def _port(settings: Settings) -> Finding:
    import httpx

    where = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError:
        pass
    else:
        return Finding(level="ok", what="port", detail=f"{where} is free")
    local = settings.base_url if not settings.public_url else f"http://127.0.0.1:{settings.port}"
    try:
        answer = httpx.get(f"{local}/health/ready", timeout=3.0, trust_env=False)
        status = answer.json()["status"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return Finding(
            level="fail",
            what="port",
            detail=f"{where} is taken by another program",
            advice="set BATON_PORT",
        )
    if status == "ready":
        return Finding(level="ok", what="port", detail=f"Baton answers at {where}")
    reasons = ", ".join(answer.json().get("reasons", ()))
    return Finding(level="warn", what="port", detail=f"Baton at {where} is not ready: {reasons}")


def _channels(settings: Settings) -> Finding:
    if settings.rest_token:
        rest = "with a token"
    elif settings.demo:
        rest = "demo: for this machine only"
    else:
        rest = "off: BATON_REST_TOKEN is not set"
    return Finding(level="ok", what="channels", detail=f"web chat, rest ({rest})")


def _identity(settings: Settings) -> Finding:
    if settings.chat_identity_secret:
        detail = "your site signs customers in"
    elif settings.demo:
        detail = "the demo has a key of its own; try: baton chat --as C1001"
    else:
        detail = "every customer is anonymous; with BATON_CHAT_IDENTITY_SECRET your site signs them in"
    return Finding(level="ok", what="identity", detail=detail)

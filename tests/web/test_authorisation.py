"""Who may do what: every route of a whole node and every live frame, by everybody, against one table.

A refusal has no effect: the database is the same before and after it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import select

from bot import compose, settings
from bot.bus.memory import MemoryBus
from bot.domain.agents import Agent, Role, Session
from bot.store.statements import Statement, every_statement
from bot.store.tables import metadata
from bot.store.values import to_json
from tests.support.office import KEY
from tests.support.world import World
from tests.web.test_real_services import PASSWORD, person, served

ALL = frozenset(Role)
ANSWER = ALL - {Role.TRAINER}
SUPERVISE = frozenset({Role.SUPERVISOR, Role.ADMIN})
TRAIN = frozenset({Role.SUPERVISOR, Role.TRAINER, Role.ADMIN})
ADMINISTER = frozenset({Role.ADMIN})

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class May:
    """Who may, with a body that the route takes. `person` routes refuse tokens of programs."""

    who: frozenset[Role] = ALL
    body: dict[str, Any] | None = None
    query: dict[str, Any] = field(default_factory=dict)
    person: bool = False


CANNED = {"shortcut": "x", "title": "X", "text": "x"}
ONE = "/api/v1/conversations/{conversation_id}"
CORRECTION = f"{ONE}/messages/{{seq}}/correction"

TABLE: dict[Key, May] = {
    ("DELETE", "/api/v1/session"): May(),
    ("GET", "/api/v1/me"): May(),
    ("PUT", "/api/v1/me"): May(body={"name": "Another"}),
    ("PUT", "/api/v1/me/availability"): May(who=ANSWER, body={"state": "away"}),
    ("PUT", "/api/v1/me/password"): May(body={"old": PASSWORD, "new": PASSWORD}, person=True),
    ("POST", "/api/v1/me/totp"): May(person=True),
    ("POST", "/api/v1/me/totp/confirm"): May(body={"code": "123456"}, person=True),
    ("POST", "/api/v1/me/totp/off"): May(body={"password": PASSWORD}, person=True),
    ("POST", "/api/v1/tokens"): May(body={"label": "crm"}, person=True),
    ("GET", "/api/v1/live"): May(),
    ("GET", "/api/v1/sessions"): May(),
    ("GET", "/api/v1/sessions?"): May(who=ADMINISTER, query={"agent_id": "all"}),
    ("DELETE", "/api/v1/sessions/{session_id}"): May(),
    ("GET", "/api/v1/agents"): May(),
    ("GET", "/api/v1/agents?"): May(who=SUPERVISE, query={"all": 1}),
    ("POST", "/api/v1/agents"): May(who=ADMINISTER, body={"email": "new@example.com", "name": "New"}),
    ("PATCH", "/api/v1/agents/{agent_id}"): May(who=ADMINISTER, body={"name": "Other"}),
    ("GET", "/api/v1/teams"): May(),
    ("POST", "/api/v1/teams"): May(who=SUPERVISE, body={"name": "new"}),
    ("DELETE", "/api/v1/teams/{name}"): May(who=SUPERVISE),
    ("GET", "/api/v1/canned"): May(),
    ("POST", "/api/v1/canned"): May(who=SUPERVISE, body=CANNED),
    ("PUT", "/api/v1/canned/{reply_id}"): May(who=SUPERVISE, body=CANNED),
    ("DELETE", "/api/v1/canned/{reply_id}"): May(who=SUPERVISE),
    ("GET", "/api/v1/hours"): May(),
    ("PUT", "/api/v1/hours"): May(who=SUPERVISE, body={"text": "Mon 09:00-10:00 UTC"}),
    ("GET", "/api/v1/audit"): May(who=SUPERVISE),
    ("GET", "/api/v1/audit.csv"): May(who=SUPERVISE),
    ("GET", "/api/v1/conversations"): May(),
    ("GET", "/api/v1/counts"): May(),
    ("GET", "/api/v1/search"): May(query={"q": "person"}),
    ("GET", ONE): May(),
    ("GET", f"{ONE}/messages"): May(),
    ("POST", f"{ONE}/messages"): May(who=ANSWER, body={"text": "a", "client_id": "b", "kind": "note"}),
    ("POST", f"{ONE}/messages?"): May(who=ANSWER, body={"text": "a", "client_id": "c"}),
    ("POST", f"{ONE}/claim"): May(who=ANSWER),
    ("POST", f"{ONE}/claim?"): May(who=SUPERVISE, body={"take": True}),
    ("POST", f"{ONE}/release"): May(who=ANSWER),
    ("POST", f"{ONE}/transfer"): May(who=ANSWER, body={"to_team": "first"}),
    ("POST", f"{ONE}/resolve"): May(who=ANSWER),
    ("POST", f"{ONE}/task/close"): May(who=ANSWER),
    ("POST", f"{ONE}/files"): May(who=ANSWER, query={"name": "a.txt"}),
    ("POST", f"{ONE}/read"): May(body={"seq": 1}),
    ("GET", f"{ONE}/orders"): May(),
    ("POST", f"{ONE}/orders"): May(who=ANSWER, body={"number": "7", "reason": "asked by phone"}),
    ("POST", f"{ONE}/actions"): May(
        who=ANSWER, body={"action": "cancel_order", "client_id": "d", "arguments": {"number": "7"}}
    ),
    ("GET", "/api/v1/media/{media_id}"): May(),
    ("GET", "/api/v1/intents"): May(),
    ("POST", CORRECTION): May(body={"intent": "track_order"}),
    ("DELETE", CORRECTION): May(),
    ("GET", "/api/v1/corrections"): May(who=TRAIN),
    ("POST", "/api/v1/corrections/{number}/drop"): May(who=TRAIN, body={}),
}  # fmt: skip
"""What needs a sign-in. A `?` at the end marks a second way to call the same route."""

OPEN: frozenset[Key] = frozenset(
    {
        ("GET", "/"), ("GET", "/openapi.json"), ("GET", "/health/live"), ("GET", "/health/ready"),
        ("GET", "/desk"), ("GET", "/desk/assets/{version}/{name}"), ("POST", "/api/v1/session"),
        ("GET", "/media/{media_id}/{signature}/{name}"),
        ("GET", "/chat"), ("POST", "/chat/frames"), ("POST", "/chat/files"), ("POST", "/chat/transcript"),
        ("GET", "/widget.js"),
        ("GET", "/webhooks/rest/"),
    }
)  # fmt: skip
"""What anybody may call: what it shows then is its own matter (signatures, tokens in frames)."""
OTHER_KEYS: frozenset[Key] = frozenset(
    {("GET", "/metrics"), ("POST", "/webhooks/rest/webhook"), ("GET", "/webhooks/rest/messages")}
)
"""What programs call with secrets of their own; no sign-in of the desk opens them."""

EVERY_ROW = {
    table.name: Statement(lambda _, table=table: select(table)) for table in metadata.sorted_tables
}
for _read in EVERY_ROW.values():
    every_statement.remove(_read)  # the test's own, not one of the product's
FRAMES: dict[str, frozenset[Role]] = {"ping": ALL, "viewing": ALL, "typing": ANSWER}


def calls() -> list[tuple[Key, May]]:
    """Return every way to call."""
    return [((method, path.rstrip("?")), may) for (method, path), may in TABLE.items()]


def test_the_table_has_every_route_of_a_node(tmp_path: Path) -> None:
    given = {"BATON_PROJECT_DIR": str(Path(__file__).parents[2])}
    parts = compose.parts(settings.load(given, env_file=tmp_path / "none", data_dir=tmp_path))
    served_routes = compose.web(parts, compose.core(parts))._app.router.routes
    found = {
        (method, "/" + re.sub(r"<(\w+):str>", r"{\1}", route.path))
        for route in served_routes
        for method in route.methods - {"HEAD", "OPTIONS"}
    }
    known = {key for key, _ in calls()} | OPEN | OTHER_KEYS
    assert found == known
    assert len({key for key, _ in calls()}) >= 48


@dataclass
class Desk:
    """A server on real services with people, sessions and conversations made at will."""

    world: World
    url: str
    client: httpx.AsyncClient
    numbers: Any = field(default_factory=itertools.count)

    async def session(self, agent_id: str, *, csrf: str = "c" * 22, **changes: Any) -> str:
        """Make a sign-in as the service does, and return its token."""
        token = f"{next(self.numbers):032d}"
        digest = hmac.new(KEY.encode(), token.encode(), hashlib.sha256).hexdigest()
        now = self.world.clock.now()
        plain = Session(
            digest=digest, agent_id=agent_id, created_at=now, expires_at=now + timedelta(hours=1), csrf=csrf
        )
        session = replace(plain, **changes)
        await self.world.store.write(lambda tx: tx.put_session(session))
        return token

    async def conversation(self, agent: Agent | None) -> str:
        """Let a customer be with `agent`, or wait; return the conversation's id."""
        sender = f"s{next(self.numbers)}"
        await self.world.ask("person please", sender=sender)
        conversation_id = str((await self.world.conversation(sender)).id)
        if agent is not None:
            await self.world.desk.claim(agent, conversation_id)
        return conversation_id

    async def call(self, key: Key, may: May, *, conversation_id: str, **headers: str) -> httpx.Response:
        """Send a request that fits the route."""
        method, path = key
        values = {
            "conversation_id": conversation_id, "seq": "1", "number": "1", "name": "first",
            "agent_id": "zed", "media_id": "m1", "reply_id": "r1", "session_id": "s1",
        }  # fmt: skip
        address = re.sub(r"{(\w+)}", lambda m: values[m[1]], path)
        self.client.cookies.clear()
        if path.endswith("/files"):
            headers["content-type"] = "application/octet-stream"
            return await self.client.post(address, content=b"words", params=may.query, headers=headers)
        return await self.client.request(method, address, json=may.body, params=may.query, headers=headers)

    async def everything(self) -> dict[str, list[str]]:
        """Return every row of the database."""

        async def work(tx: Any) -> dict[str, list[str]]:
            rows = {name: await tx.db.all(statement) for name, statement in EVERY_ROW.items()}
            return {name: sorted(str(tuple(row)) for row in found) for name, found in rows.items()}

        return await self.world.store.read(work)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    world = await World().start()
    assert isinstance(world.bus, MemoryBus)
    for role in Role:
        await person(world, role.value, role)
    await person(world, "zed", Role.AGENT)
    async with served(world) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield Desk(world, url, client)


def by_cookie(token: str, csrf: str = "c" * 22) -> dict[str, str]:
    return {"cookie": f"baton_session={token}", "x-csrf-token": csrf}


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


@pytest.mark.parametrize("token", [False, True], ids=["cookie", "token"])
@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_what_the_table_says(desk: Desk, role: Role, token: bool) -> None:
    me = await desk.world.store.read(lambda tx: tx.agent(role.value))
    zed = await desk.world.store.read(lambda tx: tx.agent("zed"))
    assert me is not None
    refused = allowed = 0
    for key, may in calls():
        if key[1] == "/api/v1/live":
            continue  # its own test
        answers = role in ANSWER
        taking = may.body == {"take": True}
        conversation_id = await desk.conversation(me if answers and not taking else zed)
        secret = await desk.session(role.value, csrf="" if token else "c" * 22)
        headers = {"authorization": f"Bearer {secret}"} if token else by_cookie(secret)
        before = await desk.everything()
        response = await desk.call(key, may, conversation_id=conversation_id, **headers)
        if role not in may.who or (token and may.person):
            assert (response.status_code, code(response)) == (403, "forbidden"), (key, response.text)
            assert await desk.everything() == before, key
            refused += 1
        else:
            assert response.status_code not in (400, 401, 403, 405, 415, 500) or key[1].endswith("/confirm"), (
                key, response.text,
            )  # fmt: skip
            allowed += 1
    assert refused + allowed == len(TABLE) - 1
    assert allowed >= 20


@pytest.mark.parametrize(
    "who",
    ["nobody", "forged", "expired", "revoked", "disabled", "expired token", "disabled's token", "cross-site",
     "another site's socket", "no csrf", "another's csrf", "token in a cookie"],
)  # fmt: skip
async def test_who_is_not_signed_in_or_sends_from_elsewhere(desk: Desk, who: str) -> None:
    admin = Role.ADMIN.value
    conversation_id = await desk.conversation(None)
    headers, expected = await strangers(desk, who, admin)
    before = await desk.everything()
    seen = 0
    for key, may in calls():
        reading = key[0] == "GET"
        if expected == 403 and reading != (who == "another site's socket" and key[1].endswith("/live")):
            continue  # a cookie that a browser sends along reads nothing for another site: no CORS
        response = await desk.call(key, may, conversation_id=conversation_id, **(headers | upgrade(key)))
        assert response.status_code == expected, (who, key, response.text)
        assert "set-cookie" not in response.headers
        assert "access-control-allow-origin" not in response.headers
        seen += 1
    assert seen >= (1 if who == "another site's socket" else 30)
    assert await desk.everything() == before


def upgrade(key: Key) -> dict[str, str]:
    if not key[1].endswith("/live"):
        return {}
    return {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip


async def strangers(desk: Desk, who: str, admin: str) -> tuple[dict[str, str], int]:
    """Return the headers of somebody who may not, and the status that they get."""
    store, now = desk.world.store, desk.world.clock.now()
    past = {"expires_at": now - timedelta(seconds=1)}
    if who == "nobody":
        return {}, 401
    if who == "forged":
        return by_cookie("f" * 64), 401
    if who in ("expired", "expired token"):
        secret = await desk.session(admin, csrf="" if "token" in who else "c" * 22, **past)
        return ({"authorization": f"Bearer {secret}"} if "token" in who else by_cookie(secret)), 401
    secret = await desk.session(admin, csrf="" if "token" in who else "c" * 22)
    if who == "revoked":
        await store.write(lambda tx: tx.drop_sessions(admin))
        return by_cookie(secret), 401
    if who.startswith("disabled"):
        agent = await store.read(lambda tx: tx.agent(admin))
        assert agent is not None
        await store.write(lambda tx: tx.put_agent(replace(agent, disabled=True)))
        return ({"authorization": f"Bearer {secret}"} if "token" in who else by_cookie(secret)), 401
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    return {
        "cross-site": by_cookie(secret) | foreign,
        "another site's socket": by_cookie(secret) | foreign,
        "no csrf": {"cookie": f"baton_session={secret}"},
        "another's csrf": by_cookie(secret, "d" * 22),
        "token in a cookie": by_cookie(secret, ""),
    }[who], 403


async def test_no_sign_in_opens_what_has_another_key(desk: Desk) -> None:
    secret = await desk.session(Role.ADMIN.value, csrf="")
    headers = {"authorization": f"Bearer {secret}", "x-forwarded-for": "203.0.113.9"}
    async with httpx.AsyncClient(base_url=desk.url, trust_env=False, headers=headers) as client:
        for method, path in sorted(OTHER_KEYS):
            response = await client.request(
                method, path, params={"sender": "a"} if "messages" in path else None
            )
            assert response.status_code in (401, 403, 404), (path, response.text)


@contextlib.asynccontextmanager
async def live(desk: Desk, token: str) -> AsyncIterator[websockets.ClientConnection]:
    address = f"{desk.url.replace('http', 'ws')}/api/v1/live"
    headers = {"cookie": f"baton_session={token}"}
    async with websockets.connect(address, additional_headers=headers, proxy=None) as connection:
        assert json.loads(await connection.recv())["type"] == "hello"
        yield connection


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_send_the_frames_of_the_table(desk: Desk, role: Role) -> None:
    conversation_id = await desk.conversation(None)
    token = await desk.session(role.value)
    before = await desk.everything()
    async with live(desk, token) as connection:
        for kind, who in FRAMES.items():
            frame = {"type": kind} if kind == "ping" else {"type": kind, "conversation_id": conversation_id}
            await connection.send(to_json(frame))
            answer = json.loads(await connection.recv())
            if role in who:
                assert answer["type"] == ("pong" if kind == "ping" else "hint"), answer
            else:
                assert (answer["type"], answer["code"]) == ("error", "forbidden")
    assert await desk.everything() == before


async def test_frames_are_all_in_the_table() -> None:
    from bot.desk import socket

    tags = {kind.__struct_config__.tag for kind in (socket.Typing, socket.Viewing, socket.Ping)}
    assert tags == set(FRAMES)
    with pytest.raises(Exception, match="Invalid value") as refused:
        socket._decode(b'{"type": "claim"}')
    assert "claim" in str(refused.value)

"""A desk and a sign-in service that keep to the rules of the real ones, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.domain.agents import Agent, Availability, Permission, Role, Session, may
from bot.domain.errors import (
    Conflict,
    InvalidTransition,
    NotFound,
    NotPermitted,
    NotSignedIn,
    UnknownConversation,
)
from bot.domain.media import Media
from tests.support.clock import FakeClock
from tests.web.fakes import BEGIN, FakeBus

PASSWORD = "correct horse battery"


def _agent(name: str, role: Role) -> Agent:
    return Agent(
        id=f"a-{name}",
        email=f"{name}@example.com",
        name=name.title(),
        role=role,
        created_at=BEGIN,
        password_hash="argon2-hash-of-the-tests",
        team="first",
    )


KIM = _agent("kim", Role.AGENT)
LEE = _agent("lee", Role.AGENT)
SAM = _agent("sam", Role.SUPERVISOR)
TESS = _agent("tess", Role.TRAINER)
ADA = _agent("ada", Role.ADMIN)
PEOPLE = (KIM, LEE, SAM, TESS, ADA)


@dataclass(frozen=True)
class FakeSignedIn:
    token: str
    csrf: str
    agent: Agent
    expires_at: datetime


class FakeSignIn:
    """Sessions by token; the digest is not a real one."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.sessions: dict[str, Session] = {}
        self.addresses: list[str] = []
        self.disabled: set[str] = set()

    async def sign_in(
        self, email: str, password: str, *, address: str, client: str = "", code: str = ""
    ) -> FakeSignedIn:
        self.addresses.append(address)
        agent = next((a for a in PEOPLE if a.email == email), None)
        if agent is None or password != PASSWORD:
            raise NotSignedIn("The e-mail address or the password is wrong.")
        number = len(self.sessions)
        session = self._session(agent, f"{number:064x}", csrf=f"csrf-{number:027d}", hours=12)
        return FakeSignedIn(session[0], session[1].csrf, agent, session[1].expires_at)

    def _session(self, agent: Agent, token: str, *, csrf: str, hours: int) -> tuple[str, Session]:
        now = self._clock.now()
        session = Session(
            digest=f"digest of {token}",
            agent_id=agent.id,
            created_at=now,
            expires_at=now + timedelta(hours=hours),
            csrf=csrf,
        )
        self.sessions[token] = session
        return token, session

    async def who(self, token: str) -> tuple[Agent, Session] | None:
        assert token.isascii()
        session = self.sessions.get(token)
        if session is None or session.expires_at <= self._clock.now() or session.agent_id in self.disabled:
            return None
        return next(a for a in PEOPLE if a.id == session.agent_id), session

    async def prove(self, agent: Agent, password: str, *, address: str) -> None:
        if password != PASSWORD:
            raise NotPermitted

    async def sign_out(self, token: str) -> None:
        del self.sessions[token]

    async def create_token(self, agent: Agent, *, label: str, days: int) -> str:
        return self._session(agent, f"program-{len(self.sessions):030d}", csrf="", hours=24 * days)[0]


@dataclass
class FakeDesk:
    """Conversations by id: owner and assignee."""

    bus: FakeBus
    owners: dict[str, tuple[str, str]] = field(default_factory=lambda: {"c1": ("queue", "")})
    said: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"c1": []})
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    fails: Exception | None = None

    def _enter(self, agent: Agent, permission: Permission, *call: Any) -> None:
        assert isinstance(agent, Agent)
        if self.fails is not None:
            raise self.fails
        if not may(agent.role, permission):
            raise NotPermitted(f"The role {agent.role.value} does not allow this.", role=agent.role.value)
        self.calls.append((agent.id, *call))

    def _view(self, conversation_id: str) -> dict[str, Any]:
        if conversation_id not in self.owners:
            raise UnknownConversation
        owner, assignee = self.owners[conversation_id]
        return {"id": conversation_id, "owner": owner, "assignee": assignee, "owner_version": 3}

    def _move(
        self, agent: Agent, conversation_id: str, sources: tuple[str, ...], owner: str
    ) -> dict[str, Any]:
        view = self._view(conversation_id)
        theirs = view["owner"] == "agent" and view["assignee"] != agent.id
        if view["owner"] not in sources or theirs:
            fields = {name: view[name] for name in ("owner", "assignee", "owner_version")}
            raise InvalidTransition(**fields)
        self.owners[conversation_id] = (owner, agent.id if owner == "agent" else "")
        return self._view(conversation_id)

    async def conversations(
        self, agent: Agent, *, owner: str, after: str = "", limit: int = 50, **narrowed: Any
    ) -> list[dict[str, Any]]:
        given = [value for value in narrowed.values() if value]
        self._enter(agent, Permission.READ, "conversations", owner, after, limit, *given)
        return [self._view(i) for i in self.owners][:limit]

    async def counts(self, agent: Agent) -> dict[str, Any]:
        self._enter(agent, Permission.READ, "counts")
        return {"queue": len(self.owners)}

    async def conversation(self, agent: Agent, conversation_id: str) -> dict[str, Any]:
        self._enter(agent, Permission.READ, "conversation", conversation_id)
        return {**self._view(conversation_id), "customer": {"name": "Ann"}, "packet": None}

    async def messages(
        self, agent: Agent, conversation_id: str, *, after: int, limit: int
    ) -> list[dict[str, Any]]:
        self._enter(agent, Permission.READ, "messages", conversation_id, after, limit)
        self._view(conversation_id)
        return [m for m in self.said[conversation_id] if m["seq"] > after][:limit]

    async def say(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        text: str,
        kind: str,
        client_id: str,
        files: Sequence[str] = (),
    ) -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "say", conversation_id, text, kind, *files)
        view, said = self._view(conversation_id), self.said[conversation_id]
        for message in said:
            if message["client_id"] == client_id:
                return message
        if kind == "reply" and (view["owner"], view["assignee"]) != ("agent", agent.id):
            raise InvalidTransition(owner=view["owner"], assignee=view["assignee"], owner_version=3)
        said.append({"seq": len(said) + 1, "text": text, "kind": kind, "client_id": client_id})
        return said[-1]

    async def claim(self, agent: Agent, conversation_id: str, *, take: bool = False) -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "claim", conversation_id, take)
        return self._move(agent, conversation_id, ("queue", "bot", "nobody", "agent"), "agent")

    async def release(self, agent: Agent, conversation_id: str, note: str = "") -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "release", conversation_id, note)
        return self._move(agent, conversation_id, ("agent",), "bot")

    async def transfer(
        self, agent: Agent, conversation_id: str, *, to_agent: str, to_team: str, note: str
    ) -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "transfer", conversation_id, to_agent, to_team, note)
        return self._move(agent, conversation_id, ("agent",), "queue")

    async def resolve(
        self, agent: Agent, conversation_id: str, *, note: str, reopens_to: str = "bot"
    ) -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "resolve", conversation_id, note, reopens_to)
        return self._move(agent, conversation_id, ("agent", "queue"), "nobody")

    async def close_task(self, agent: Agent, conversation_id: str, *, note: str = "") -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "close_task", conversation_id, note)
        return self._view(conversation_id)

    async def set_availability(self, agent: Agent, state: Availability) -> dict[str, Any]:
        self._enter(agent, Permission.ANSWER, "availability", state)
        await self.bus.set_presence(agent.id, state.value, 60.0)
        return {"agent": agent.id, "state": state.value, "for_seconds": 60.0}

    async def agents(self, agent: Agent) -> list[dict[str, Any]]:
        self._enter(agent, Permission.READ, "agents")
        return [{"id": a.id, "name": a.name} for a in PEOPLE]

    async def typing(self, agent: Agent, conversation_id: str, *, note: bool = False) -> None:
        self._enter(agent, Permission.ANSWER, "typing", conversation_id, *(["note"] if note else []))
        self._view(conversation_id)

    async def viewing(self, agent: Agent, conversation_id: str, *, here: bool) -> None:
        self._enter(agent, Permission.READ, "viewing", conversation_id, here)
        self._view(conversation_id)


@dataclass
class FakeSearch:
    """Finds nothing, and remembers what was asked."""

    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def search(self, agent: Agent, query: str, *, limit: int) -> dict[str, Any]:
        self.asked.append((agent.id, query, limit))
        return {"conversations": [], "customers": [], "took_ms": 0.1}


class FakeMedia:
    """Files by id, and one signature that is good for all."""

    GOOD = "5.good"

    def __init__(self) -> None:
        self.links = self
        self.files: dict[str, tuple[Media, bytes]] = {}

    def add(self, media_id: str, content: bytes, **facts: Any) -> None:
        facts = {"kind": "file", "mime": "application/pdf", "name": "a.pdf", **facts}
        self.files[media_id] = (
            Media(id=media_id, created_at=BEGIN, size=len(content), ready=True, **facts),
            content,
        )

    def seconds_left(self, media_id: str, signature: str) -> int:
        return 3600 if signature == self.GOOD else 0

    async def find(self, found_id: str) -> Media | None:
        return self.files[found_id][0] if found_id in self.files else None

    async def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        content = self.files[media.id][1][start:stop]
        for at in range(0, len(content), 7):
            yield content[at : at + 7]


@dataclass
class FakeCustomers:
    """Orders and what is done with them: notes the calls."""

    desk: FakeDesk

    async def orders(self, agent: Agent, conversation_id: str) -> dict[str, Any]:
        self.desk._enter(agent, Permission.READ, "orders", conversation_id)
        self.desk._view(conversation_id)
        return {"orders": [], "status": "stranger"}

    async def look_up(
        self, agent: Agent, conversation_id: str, *, number: str, reason: str
    ) -> dict[str, Any]:
        self.desk._enter(agent, Permission.ANSWER, "look_up", conversation_id, number, reason)
        self.desk._view(conversation_id)
        return {"number": number}

    async def act(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        action: str,
        arguments: Mapping[str, Any],
        client_id: str,
    ) -> dict[str, Any]:
        self.desk._enter(agent, Permission.ANSWER, "act", conversation_id, action, dict(arguments))
        self.desk._view(conversation_id)
        return {"status": "ok", "detail": "", "message": "Done.", "result": {}}


@dataclass
class FakeCorrections:
    """Notes what messages are said to mean."""

    desk: FakeDesk
    taken: bool = False

    async def intents(self, agent: Agent) -> list[dict[str, Any]]:
        self.desk._enter(agent, Permission.READ, "intents")
        return [{"name": "track_order", "title": "Track an order", "count": 1, "examples": ["where"]}]

    async def correct(
        self, agent: Agent, conversation_id: str, seq: int, *, intent: str, note: str
    ) -> dict[str, Any]:
        self.desk._enter(agent, Permission.READ, "correct", conversation_id, seq, intent, note)
        self.desk._view(conversation_id)
        if self.taken:
            raise Conflict
        return {"seq": seq, "correction": {"intent": intent}}

    async def withdraw(self, agent: Agent, conversation_id: str, seq: int) -> dict[str, Any]:
        self.desk._enter(agent, Permission.READ, "withdraw", conversation_id, seq)
        self.desk._view(conversation_id)
        return {"seq": seq, "correction": None}

    async def list(self, agent: Agent, *, status: str) -> list[dict[str, Any]]:
        self.desk._enter(agent, Permission.TRAIN, "corrections", status)
        return []

    async def drop(self, agent: Agent, number: int, *, reason: str) -> None:
        self.desk._enter(agent, Permission.TRAIN, "drop", number, reason)


@dataclass
class FakeFiles:
    """Takes files in without looking at them."""

    desk: FakeDesk
    media: FakeMedia
    max_bytes: int = 1_000_000

    async def keep(
        self, agent: Agent, conversation_id: str, stream: AsyncIterator[bytes], *, name: str
    ) -> dict[str, Any]:
        self.desk._enter(agent, Permission.ANSWER, "keep", conversation_id, name)
        self.desk._view(conversation_id)
        content = b"".join([chunk async for chunk in stream])
        self.media.add("f1", content)
        url = "/api/v1/media/f1"
        return {"id": "f1", "kind": "file", "url": url, "name": name, "mime": "x/y", "size": len(content)}

    async def open(self, agent: Agent, media_id: str) -> Media:
        self.desk._enter(agent, Permission.READ, "open", media_id)
        media = await self.media.find(media_id)
        if media is None:
            raise NotFound
        return media

    def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        return self.media.read(media, start, stop)

    async def mark_read(self, agent: Agent, conversation_id: str, seq: int) -> dict[str, int]:
        self.desk._enter(agent, Permission.READ, "read", conversation_id, seq)
        self.desk._view(conversation_id)
        return {"customer_read": 0, "agent_read": seq}

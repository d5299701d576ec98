"""The people at the desk: agents, their roles, sessions and presence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

BOT, CUSTOMER, SYSTEM = "bot", "customer", "system"
"""Actors in the audit log who are no agents; `SYSTEM` is the server: its timers, a failed engine."""


OUTSIDE = "outside"
"""Assignee of conversations that people answer in a platform's own app instead of at the desk."""
OUTSIDE_NAME = "Business app"


class Role(StrEnum):
    """What a person at the desk may do; see `may`."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    TRAINER = "trainer"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that a role allows."""

    READ = "read"
    ANSWER = "answer"
    SUPERVISE = "supervise"
    TRAIN = "train"
    ADMINISTER = "administer"
    AUDIT = "audit"


RANK = {Role.AGENT: 0, Role.TRAINER: 0, Role.SUPERVISOR: 1, Role.ADMIN: 2}
"""Nobody gives away a higher role than their own."""

_ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.READ, Permission.ANSWER}),
    Role.SUPERVISOR: frozenset(
        {Permission.READ, Permission.ANSWER, Permission.SUPERVISE, Permission.AUDIT}
    ),
    Role.TRAINER: frozenset({Permission.READ, Permission.TRAIN}),
    Role.ADMIN: frozenset(Permission),
}


def may(role: Role, permission: Permission) -> bool:
    """Say whether `role` includes `permission`."""
    return permission in _ALLOWED[role]


def permissions(role: Role) -> list[str]:
    """Return what `role` may do, in the order of `Permission`."""
    return [permission.value for permission in Permission if may(role, permission)]


class Availability(StrEnum):
    """An agent's own statement of presence."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """A person who can sign in at the desk. `password_hash` never leaves the server."""

    id: str
    email: str
    name: str
    role: Role
    created_at: datetime
    password_hash: str = ""
    team: str = ""
    disabled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A sign-in. The cookie's value is stored as a SHA-256 digest only.

    `csrf` is empty for bearer tokens of programs, which need none. `address` and `client` are those of
    the sign-in, `seen_at` is written every few minutes at most.
    """

    digest: str
    agent_id: str
    created_at: datetime
    expires_at: datetime
    csrf: str = ""
    label: str = ""
    address: str = ""
    client: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondFactor:
    """What makes an agent's one-time passwords. It counts from `confirmed_at` on.

    `sealed` is the secret, encrypted; `last_step` the newest time step whose code was used.
    """

    agent_id: str
    sealed: str
    made_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFilter:
    """Which entries of the audit log; what is empty does not matter.

    `action` is how an action begins (`conversation.`), `q` is part of any of its texts.
    """

    actor: str = ""
    conversation_id: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One thing that somebody did at the desk or the command line."""

    id: str
    at: datetime
    actor: str
    action: str
    conversation_id: str = ""
    detail: dict[str, Any] | None = None

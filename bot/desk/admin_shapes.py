"""What the administration of the desk reads and writes; described at /openapi.json as well."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from bot.desk.shapes import PresentPerson, Strict
from bot.domain.message import MAX_TEXT

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_TeamName = Annotated[str, msgspec.Meta(max_length=60)]


class NameBody(Strict):
    """The caller's own name, as customers see it."""

    name: _Name


class TeamBody(Strict):
    """A new team."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class CannedBody(Strict):
    """A canned reply. Without `team` or `language` it is for all of them.

    The text may name {customer.name}, {customer.first_name}, {agent.name} and {order.number}.
    """

    shortcut: Annotated[str, msgspec.Meta(min_length=1, max_length=41)]
    title: _Name
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
    team: _TeamName = ""
    language: Annotated[str, msgspec.Meta(max_length=20)] = ""


class TeamView(msgspec.Struct, kw_only=True):
    """A team: how many agents it has, and how many conversations wait for it."""

    name: str
    agents: int
    waiting: int


class TeamList(msgspec.Struct, kw_only=True):
    """All teams by name; also one that only an agent or a conversation names."""

    teams: list[TeamView]


class CannedView(msgspec.Struct, kw_only=True):
    """A canned reply, and the id of the agent who changed it last."""

    id: str
    shortcut: str
    title: str
    text: str
    team: str
    language: str
    updated_at: str
    updated_by: str


class CannedList(msgspec.Struct, kw_only=True):
    """All canned replies by shortcut."""

    replies: list[CannedView]


# --- people ------------------------------------------------------------------------------------

_Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Role = Literal["agent", "supervisor", "trainer", "admin"]
_AgentId = Annotated[str, msgspec.Meta(max_length=64)]


class PasswordBody(Strict):
    """The caller's present password, and the one to come."""

    old: _Password
    new: _Password


class CodeBody(Strict):
    """What the authenticator app shows."""

    code: _Code


class ProofBody(Strict):
    """The caller's password."""

    password: _Password


class NewAgentBody(Strict):
    """Somebody new at the desk. Without a password one is made."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=255)]
    name: _Name
    role: _Role = "agent"
    team: _TeamName = ""
    password: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class ChangesBody(Strict):
    """What is to become of an agent; what is left out stays as it is."""

    name: _Name | None = None
    role: _Role | None = None
    team: _TeamName | None = None
    disabled: bool | None = None
    password: _Password | None = None
    totp_off: bool = False


class AgentsQuery(Strict):
    """With `all=1`, supervisors and administrators see also who is disabled, and more of each."""

    all: Literal[0, 1] = 0


class SessionsQuery(Strict):
    """Whose sign-ins: the caller's, or for administrators an agent's, or `all`."""

    agent_id: _AgentId = ""


class FullPerson(PresentPerson, kw_only=True):
    """Somebody at the desk as administrators see them."""

    disabled: bool
    totp: bool
    last_seen_at: str | None


class NewAgentView(msgspec.Struct, kw_only=True):
    """Somebody new. `password` is the one that was made, shown this once; empty if one was given."""

    agent: FullPerson
    password: str


class TotpView(msgspec.Struct, kw_only=True):
    """A secret for an authenticator app; `qr` is an SVG picture of `uri`."""

    secret: str
    uri: str
    qr: str


class RecoveryView(msgspec.Struct, kw_only=True):
    """Codes that work once each when the phone is lost; they are shown this once."""

    recovery_codes: list[str]


class SignInView(msgspec.Struct, kw_only=True):
    """A sign-in, or a token of a program. `seen_at` is true to a few minutes."""

    id: str
    agent_id: str
    agent_name: str
    kind: Literal["browser", "token"]
    label: str
    created_at: str
    expires_at: str
    seen_at: str
    address: str
    client: str
    current: bool


class SignInsView(msgspec.Struct, kw_only=True):
    """The sign-ins that have not ended, newest first."""

    sessions: list[SignInView]


# --- hours and records -------------------------------------------------------------------------


class HoursBody(Strict):
    """Such as `Mon-Fri 09:00-17:30; Sat 10:00-14:00 Europe/London`; empty for the setting's hours."""

    text: Annotated[str, msgspec.Meta(max_length=500)]


class HoursView(msgspec.Struct, kw_only=True):
    """When people answer, as it is written and as it is said; `opens_at` while it is closed."""

    text: str
    words: str
    open: bool
    opens_at: str | None
    source: Literal["setting", "desk"]


class AuditExportQuery(Strict):
    """Which entries: of one person, about one conversation, with actions that begin so, in a time.

    `since` and `until` are times such as 2026-03-01T12:00:00Z; `q` is searched in all texts.
    """

    actor: _AgentId = ""
    conversation_id: _AgentId = ""
    action: Annotated[str, msgspec.Meta(max_length=60)] = ""
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    q: Annotated[str, msgspec.Meta(max_length=100)] = ""


class AuditQuery(AuditExportQuery):
    """The same, a page at a time: entries before the id `after`."""

    after: _AgentId = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100

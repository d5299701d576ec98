"""What the administration of the desk reads and writes; described at /openapi.json as well."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bot.desk.shapes import Strict
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

"""Searching: the handler, and what it reads and writes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sanic import HTTPResponse, Request

from bot.desk.guard import Caller
from bot.desk.services import DeskSearch
from bot.desk.shapes import ConversationView, Strict
from bot.domain.words import MAX_QUERY
from bot.http.bodies import answer, read_query


class SearchQuery(Strict):
    """Words, from three letters on perhaps only begun; case and accents do not matter."""

    q: Annotated[str, msgspec.Meta(max_length=MAX_QUERY)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20


class PartView(msgspec.Struct, kw_only=True):
    """A piece of text; `hit` for what was looked for."""

    text: str
    hit: bool


class SnippetView(msgspec.Struct, kw_only=True):
    """A piece of a message around what was found, as plain text in parts."""

    parts: list[PartView]


class HitView(msgspec.Struct, kw_only=True):
    """A message that has the words."""

    seq: int
    author: str
    kind: str
    at: str
    snippet: SnippetView


class FoundConversation(msgspec.Struct, kw_only=True):
    """A conversation with its newest hits."""

    conversation: ConversationView
    hits: list[HitView]


class FoundCustomer(msgspec.Struct, kw_only=True):
    """A customer whose name, e-mail address or reference has the words, with their conversations."""

    id: str
    name: str
    email: str
    directory_ref: str
    conversations: list[ConversationView]


class SearchView(msgspec.Struct, kw_only=True):
    """What was found, the newest first, and how long it took."""

    conversations: list[FoundConversation]
    customers: list[FoundCustomer]
    took_ms: float


class Searching:
    """The handler."""

    def __init__(self, *, search: DeskSearch) -> None:
        """Let `search` find."""
        self._search = search

    async def find(self, caller: Caller, request: Request) -> HTTPResponse:
        """Find conversations and customers."""
        query = read_query(request, SearchQuery)
        return answer(await self._search.search(caller.agent, query.q, limit=query.limit))

"""Search at the desk: messages and customers by words, each conversation once with its newest hits."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from bot.domain.agents import Agent, Permission
from bot.domain.conversation import Conversation
from bot.domain.customer import Customer
from bot.domain.message import Message
from bot.domain.words import asked, snippet
from bot.ports import Store, Tx
from bot.services.desk_views import essentials, require

LOOKED_AT = 300
"""Messages with the words that are looked at, the newest first; a frequent word has many more."""
HITS = 3
"""Messages that are shown of one conversation."""
CUSTOMERS = 10
OF_CUSTOMER = 5
"""Conversations that are shown of one customer."""


class Search:
    """Finds what agents may see: what customers, the bot and agents said, notes, and customers."""

    def __init__(self, *, store: Store) -> None:
        """Look into `store`."""
        self._store = store

    async def search(self, agent: Agent, query: str, *, limit: int) -> dict[str, Any]:
        """Return at most `limit` conversations, and some customers, that have every word of a query.

        A word of three letters or more may be the beginning of one, in customers' names any. A query
        without a letter or digit finds nothing.
        """
        require(agent, Permission.READ)
        words, begun = asked(query), time.perf_counter()
        found = await self._store.read(lambda tx: _found(tx, words, limit))
        return {**found, "took_ms": round((time.perf_counter() - begun) * 1000, 1)}


async def _found(tx: Tx, words: tuple[str, ...], limit: int) -> dict[str, Any]:
    messages = await tx.search_messages(words, limit=LOOKED_AT)
    messages.sort(key=lambda message: message.created_at, reverse=True)
    hits: dict[str, list[Message]] = {}
    for message in messages:
        if message.conversation_id in hits or len(hits) < limit:
            hits.setdefault(message.conversation_id, []).append(message)
    customers = await tx.search_customers(words, limit=CUSTOMERS)
    theirs = {one.id: await tx.conversations(customer_id=one.id, limit=OF_CUSTOMER) for one in customers}
    views = await _views(tx, list(hits), theirs)
    return {
        "conversations": [
            {"conversation": views[key], "hits": [_hit(one, words) for one in said[:HITS]]}
            for key, said in hits.items()
            if key in views
        ],
        "customers": [_customer(one, theirs[one.id], views) for one in customers],
    }


async def _views(
    tx: Tx, ids: list[str], theirs: dict[str, list[Conversation]]
) -> dict[str, dict[str, Any]]:
    """Return the essentials of all conversations that are shown, by id."""
    found = {one.id: one for of_one in theirs.values() for one in of_one}
    found |= {one.id: one for one in await tx.conversations_by_id([i for i in ids if i not in found])}
    return {view["id"]: view for view in await essentials(tx, list(found.values()))}


def _hit(message: Message, words: tuple[str, ...]) -> dict[str, Any]:
    parts = [asdict(part) for part in snippet(message.text, words)]
    return {
        "seq": message.seq,
        "author": message.author.value,
        "kind": message.kind.value,
        "at": message.created_at.isoformat(),
        "snippet": {"parts": parts},
    }


def _customer(
    customer: Customer, theirs: list[Conversation], views: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    shown = [views[one.id] for one in theirs]
    # The name may be known from the company's system alone.
    name = customer.name or next((view["customer_name"] for view in shown if view["customer_name"]), "")
    return {
        "id": customer.id,
        "name": name,
        "email": customer.email,
        "directory_ref": customer.directory_ref,
        "conversations": shown,
    }

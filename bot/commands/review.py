"""`baton review`: what agents say that misread messages meant, taken into the training data or not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bot.clock import SystemClock
from bot.commands import ACTOR, with_store
from bot.domain.correction import Correction, CorrectionStatus
from bot.domain.errors import Conflict, NotFound
from bot.ports import Store, Tx
from bot.services.corrections import decide, similar
from bot.settings import Settings
from bot.training.append import Place, add_example
from bot.training.proposal import Proposal, Proposer


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A correction for a trainer: who made it, how many open ones are alike, and the example."""

    correction: Correction
    agent: str
    alike: int
    proposal: Proposal

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        one = self.correction
        return {
            "number": one.number,
            "text": one.text,
            "guessed": one.guessed,
            "confidence": one.confidence,
            "intent": one.intent,
            "note": one.note,
            "agent": self.agent,
            "at": one.at.isoformat(),
            "status": one.status.value,
            "alike": self.alike,
            "example": self.proposal.text,
            "replaced": list(self.proposal.replaced),
            "doubts": list(self.proposal.doubts),
        }


def listed(settings: Settings) -> list[Item]:
    """Return the open corrections, oldest first. Raises StoreError or ConfigError."""
    found, known = asyncio.run(with_store(settings, lambda store: store.read(_open)))
    proposer, alike = Proposer(settings.project_dir), similar(found)
    return [
        Item(
            correction=one,
            agent=known[one.number][0],
            alike=alike[one.number],
            proposal=proposer.propose(one.text, names=known[one.number][1:]),
        )
        for one in found
    ]


def find(settings: Settings, number: int) -> Item:
    """Return an open correction. Raises NotFound, or Conflict if it is decided."""
    item = next((item for item in listed(settings) if item.correction.number == number), None)
    if item is not None:
        return item
    one = asyncio.run(with_store(settings, lambda store: store.read(lambda tx: tx.correction(number))))
    if one is None:
        raise NotFound(f"There is no correction {number}; `baton review list` shows the open ones.")
    raise Conflict(f"Correction {number} has been {one.status.value} already.")


def accept(settings: Settings, number: int, *, intent: str = "", text: str = "") -> tuple[Place, str]:
    """Add a correction's example to data/nlu and close it; return where it is and what it says.

    Raises:
        NotFound, Conflict: there is no such open correction; or see `add_example`.
    """
    item = find(settings, number)
    intent, text = intent or item.correction.intent, text.strip() or item.proposal.text
    place = add_example(settings.project_dir, intent, text)
    _decide(settings, number, CorrectionStatus.ACCEPTED, intent=intent)
    return place, text


def drop(settings: Settings, number: int, *, why: str = "") -> None:
    """Close a correction without an example. Raises NotFound or Conflict."""
    _decide(settings, number, CorrectionStatus.DROPPED, reason=why)


def _decide(
    settings: Settings, number: int, status: CorrectionStatus, *, intent: str = "", reason: str = ""
) -> None:
    now = SystemClock().now()

    async def write(store: Store) -> Correction:
        return await store.write(
            lambda tx: decide(tx, number, status, by=ACTOR, now=now, reason=reason, intent=intent)
        )

    asyncio.run(with_store(settings, write))


async def _open(tx: Tx) -> tuple[list[Correction], dict[int, list[str]]]:
    """Return the open corrections, and by number the agent's name and what the customer is called."""
    found = await tx.corrections(CorrectionStatus.OPEN)
    agents = {agent.id: agent.name for agent in await tx.agents()}
    known = {}
    for one in found:
        conversation = await tx.conversation(one.conversation_id)
        customer = await tx.customer(conversation.customer_id) if conversation else None
        profile = await tx.profile(customer.id) if customer else None
        called = [customer.name if customer else "", str(profile[0].get("name", "")) if profile else ""]
        known[one.number] = [agents.get(one.agent_id, one.agent_id), *filter(None, called)]
    return found, known

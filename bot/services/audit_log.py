"""Notes in the audit log: who did what, and what was before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.agents import Agent, AuditEntry
from bot.domain.ids import new_id
from bot.ports import Tx


async def note(
    tx: Tx, now: datetime, actor: Agent, action: str, /, *, conversation_id: str = "", **detail: Any
) -> None:
    """Add an entry in the transaction of what it is about. `detail` must hold no secret."""
    entry = AuditEntry(
        id=new_id(now),
        at=now,
        actor=actor.id,
        action=action,
        conversation_id=conversation_id,
        detail=detail or None,
    )
    await tx.add_audit(entry)


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that differ, each with its value before and after."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: {"before": before.get(name), "after": after[name]} for name in names}

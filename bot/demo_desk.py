"""What the desk of a new demo begins with: a few teams and canned replies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from bot.domain.ids import new_id
from bot.domain.office import CannedReply, Team
from bot.ports import Clock, Store, Tx
from bot.services.canned import CannedText


class _Desk(msgspec.Struct):
    teams: list[str]
    replies: list[dict[str, Any]]


async def furnish(store: Store, clock: Clock, file: Path) -> None:
    """Put the teams and replies of `file` into a desk that has none of its own yet."""
    desk = _read(file)
    texts = [CannedText(**reply).checked() for reply in desk.replies]

    async def work(tx: Tx) -> None:
        if await tx.canned_replies() or await tx.teams():
            return
        now = clock.now()
        for name in desk.teams:
            await tx.add_team(Team(name=name, created_at=now))
        for text in texts:
            await tx.put_canned_reply(
                CannedReply(id=new_id(now), updated_at=now, updated_by="", **asdict(text))
            )

    await store.write(work)


def _read(file: Path) -> _Desk:
    return msgspec.json.decode(file.read_bytes(), type=_Desk)

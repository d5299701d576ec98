"""Links that join a chat to a known customer: kept by digest, used once."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, literal_column, or_, select, update

from bot.domain.message import IdentityClaim
from bot.store import tables
from bot.store.queries.base import Part
from bot.store.statements import Statement, insert
from bot.store.values import to_json, to_micros

_l = tables.links.c

ADD_LINK = insert(tables.links)
LINK = Statement(lambda _: select(_l.claim).where(_l.digest == bindparam("digest")), "digest")
USE_LINK = Statement(
    lambda _: (
        update(tables.links)
        .where(_l.digest == bindparam("of_digest"), _l.expires_at > bindparam("now"))
        .where(
            or_(
                _l.address == literal_column("''"),
                (_l.channel == bindparam("by_channel"))
                & (_l.account == bindparam("by_account"))
                & (_l.address == bindparam("by_address")),
            )
        )
        .values(
            channel=bindparam("by_channel"),
            account=bindparam("by_account"),
            address=bindparam("by_address"),
        )
    ),
    "of_digest",
    "by_channel",
    "by_account",
    "by_address",
    "now",
)
_read_claim = msgspec.json.Decoder(IdentityClaim).decode


class Links(Part):
    """The part of `Tx` about links."""

    __slots__ = ()

    async def add_link(self, digest: str, claim: IdentityClaim, expires_at: datetime) -> None:
        """Keep whom a link stands for."""
        await self.db.run(ADD_LINK, (digest, to_json(claim), to_micros(expires_at), "", "", ""))

    async def use_link(
        self, digest: str, channel: str, account: str, address: str, now: datetime
    ) -> IdentityClaim | None:
        """Use a link up for one address; the same address may come again."""
        if not await self.db.run(USE_LINK, (digest, channel, account, address, to_micros(now))):
            return None
        row = await self.db.one(LINK, (digest,))
        return None if row is None else _read_claim(row[0])

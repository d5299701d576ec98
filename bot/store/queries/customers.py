"""Customers, their addresses, and what the directory said of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from bot.domain.customer import ChannelIdentity, Customer, Trust
from bot.store import tables
from bot.store.queries.base import Part, Row
from bot.store.statements import Flavour, Statement, upsert
from bot.store.values import from_json, from_micros, to_json, to_micros

_c, _i, _p = tables.customers.c, tables.identities.c, tables.profiles.c

CUSTOMER = Statement(lambda _: select(tables.customers).where(_c.id == bindparam("id")), "id")
CUSTOMER_BY_REF = Statement(
    lambda _: (
        select(tables.customers)
        .where(_c.directory_ref == bindparam("ref"), _c.directory_ref != literal_column("''"))
        .order_by(_c.created_at, _c.id)
        .limit(1)
    ),
    "ref",
)
PUT_CUSTOMER = upsert(tables.customers)
IDENTITY = Statement(
    lambda _: select(tables.identities).where(
        _i.channel == bindparam("channel"),
        _i.account == bindparam("account"),
        _i.address == bindparam("address"),
    ),
    "channel",
    "account",
    "address",
)
PUT_IDENTITY = upsert(tables.identities)
PROFILE = Statement(
    lambda _: select(_p.data, _p.source, _p.at).where(_p.customer_id == bindparam("id")), "id"
)
PUT_PROFILE = upsert(tables.profiles)

LOCK_ADDRESS = Statement(
    lambda _: select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("address"), 0))), "address"
)
"""PostgreSQL only."""

_TRUST = {trust.value: trust for trust in Trust}


def to_customer(row: Row) -> Customer:
    """Read a row of `customers`."""
    id_, created_at, directory_ref, name, email, trust, phone = row
    return Customer(
        id=id_,
        created_at=from_micros(created_at),
        directory_ref=directory_ref,
        name=name,
        email=email,
        trust=_TRUST[trust],
        phone=phone,
    )


def to_identity(row: Row) -> ChannelIdentity:
    """Read a row of `identities`."""
    channel, account, address, customer_id, conversation_id, created_at = row
    return ChannelIdentity(
        channel=channel,
        account=account,
        address=address,
        customer_id=customer_id,
        conversation_id=conversation_id,
        created_at=from_micros(created_at),
    )


class Customers(Part):
    """The part of `Tx` about customers."""

    __slots__ = ()

    async def identity(self, channel: str, account: str, address: str) -> ChannelIdentity | None:
        """Return who writes from this address.

        Of several transactions that would be the first to know an address, one goes on and the others
        wait here until it has ended: a customer's first two messages make one conversation.
        """
        key = (channel, account, address)
        row = await self.db.one(IDENTITY, key)
        if row is None and self.db.flavour is Flavour.POSTGRES and not self.db.readonly:
            await self.db.one(LOCK_ADDRESS, ("\n".join(key),))
            row = await self.db.one(IDENTITY, key)
        return None if row is None else to_identity(row)

    async def put_identity(self, identity: ChannelIdentity) -> None:
        """Insert or replace by (channel, account, address)."""
        values = (
            identity.channel,
            identity.account,
            identity.address,
            identity.customer_id,
            identity.conversation_id,
            to_micros(identity.created_at),
        )
        await self.db.run(PUT_IDENTITY, values)

    async def customer(self, customer_id: str) -> Customer | None:
        """Return a customer."""
        row = await self.db.one(CUSTOMER, (customer_id,))
        return None if row is None else to_customer(row)

    async def put_customer(self, customer: Customer) -> None:
        """Insert or replace by id."""
        values = (
            customer.id,
            to_micros(customer.created_at),
            customer.directory_ref,
            customer.name,
            customer.email,
            customer.trust.value,
            customer.phone,
        )
        await self.db.run(PUT_CUSTOMER, values)

    async def customer_by_ref(self, directory_ref: str) -> Customer | None:
        """Return the customer known under this id in the company's system; the oldest if several."""
        row = await self.db.one(CUSTOMER_BY_REF, (directory_ref,))
        return None if row is None else to_customer(row)

    async def put_profile(self, customer_id: str, data: dict[str, Any], source: str, at: datetime) -> None:
        """Keep a snapshot of what the directory said of a customer."""
        await self.db.run(PUT_PROFILE, (customer_id, to_json(data), source, to_micros(at)))

    async def profile(self, customer_id: str) -> tuple[dict[str, Any], str, datetime] | None:
        """Return the snapshot with its source and time."""
        row = await self.db.one(PROFILE, (customer_id,))
        return None if row is None else (from_json(row[0]), row[1], from_micros(row[2]))

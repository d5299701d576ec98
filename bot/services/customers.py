"""Customers as intake comes to know them: who the channel vouches for, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.customer import TRUST_RANK, Customer, Trust
from bot.domain.ids import new_id
from bot.domain.message import IdentityClaim, InboundMessage
from bot.ports import Tx


async def new_customer(tx: Tx, inbound: InboundMessage, now: datetime) -> Customer:
    """Return the customer behind an address that nobody has written from before."""
    claim = _vouched(inbound.identity)
    if claim is not None and claim.directory_ref:
        known = await tx.customer_by_ref(claim.directory_ref)
        if known is not None:
            return known
    customer = Customer(
        id=new_id(now),
        created_at=now,
        directory_ref=claim.directory_ref if claim else "",
        name=(claim.name if claim else "") or inbound.display_name,
        email=claim.email if claim else "",
        trust=Trust(claim.trust) if claim else Trust.ANONYMOUS,
    )
    await tx.put_customer(customer)
    return customer


async def learn(tx: Tx, customer_id: str, inbound: InboundMessage) -> None:
    """Raise what we know of a customer when the channel vouches for more than before."""
    customer, claim = await tx.customer(customer_id), _vouched(inbound.identity)
    if customer is None or claim is None:
        return
    better = TRUST_RANK[Trust(claim.trust)] > TRUST_RANK[customer.trust]
    if better and customer.directory_ref in ("", claim.directory_ref):
        await tx.put_customer(
            replace(
                customer,
                trust=Trust(claim.trust),
                directory_ref=claim.directory_ref or customer.directory_ref,
                name=claim.name or customer.name,
                email=claim.email or customer.email,
            )
        )


def _vouched(claim: IdentityClaim | None) -> IdentityClaim | None:
    """Return a claim without the company's id unless the channel vouches for it.

    Otherwise somebody who only says who they are would share a record with the one who is.
    """
    if claim is None or TRUST_RANK[Trust(claim.trust)] >= TRUST_RANK[Trust.CHANNEL]:
        return claim
    return replace(claim, directory_ref="")

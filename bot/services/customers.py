"""Customers as intake comes to know them: who the channel vouches for, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.conversation import Conversation
from bot.domain.customer import TRUST_RANK, ChannelIdentity, Customer, Trust
from bot.domain.errors import OtherCustomer
from bot.domain.ids import new_id
from bot.domain.message import IdentityClaim, InboundMessage
from bot.ports import Tx
from bot.services.record import Record


def trust_of(inbound: InboundMessage) -> Trust:
    """Return what the channel vouches for with this very message."""
    return Trust(inbound.identity.trust) if inbound.identity else Trust.ANONYMOUS


async def refuse_another(tx: Tx, inbound: InboundMessage) -> None:
    """Keep a second person out of a conversation that somebody has signed in to.

    Asked before anything else, so that they do not even see the answer to a repeated message.

    Raises:
        OtherCustomer: the channel vouches for somebody else than before, or, where it knows at each
            moment who is there (`signed_in_only`), for nobody.
    """
    claim = _vouched(inbound.identity)
    ref = claim.directory_ref if claim else ""
    if not ref and not inbound.signed_in_only:
        return
    identity = await tx.identity(inbound.channel, inbound.account, inbound.address)
    customer = await tx.customer(identity.customer_id) if identity else None
    if customer is not None and customer.directory_ref not in ("", ref):
        raise OtherCustomer


async def new_customer(tx: Tx, inbound: InboundMessage, now: datetime) -> Customer:
    """Return the customer behind an address that nobody has written from before."""
    claim = _vouched(inbound.identity)
    if claim is not None and claim.directory_ref:
        known = await tx.customer_by_ref(claim.directory_ref)
        if known is not None:
            return await _improved(tx, known, claim)
    customer = Customer(
        id=new_id(now),
        created_at=now,
        directory_ref=claim.directory_ref if claim else "",
        name=(claim.name if claim else "") or inbound.display_name,
        email=claim.email if claim else "",
        trust=Trust(claim.trust) if claim else Trust.ANONYMOUS,
        phone=claim.phone if claim else "",
    )
    await tx.put_customer(customer)
    return customer


async def learn(
    tx: Tx,
    record: Record,
    conversation: Conversation,
    identity: ChannelIdentity,
    claim: IdentityClaim,
    now: datetime,
) -> Conversation:
    """Take in what the channel vouches for, and return the conversation; the caller stores it.

    Who signs in in the middle joins the conversation to the customer that they are known as; agents
    see where in the transcript that was.
    """
    customer, vouched = await tx.customer(conversation.customer_id), _vouched(claim)
    if customer is None or vouched is None:
        return conversation
    if not vouched.directory_ref or customer.directory_ref:
        await _improved(tx, customer, vouched)
        return conversation
    known = await tx.customer_by_ref(vouched.directory_ref)
    await _improved(tx, known or customer, vouched)
    if known is not None:
        conversation = await _join(tx, conversation, identity, known)
    return await record.event(tx, conversation, "signed_in", now, customer=vouched.name)


async def _improved(tx: Tx, customer: Customer, claim: IdentityClaim) -> Customer:
    """Keep what is vouched for at least as well as what we have."""
    if TRUST_RANK[Trust(claim.trust)] < TRUST_RANK[customer.trust]:
        return customer
    less = bool(customer.directory_ref) and not claim.directory_ref
    better = replace(
        customer,
        trust=Trust(claim.trust),
        directory_ref=customer.directory_ref or claim.directory_ref,
        # What a platform calls somebody does not go before the company's own record of them.
        name=(customer.name if less else claim.name) or customer.name or claim.name,
        email=(customer.email if less else claim.email) or customer.email or claim.email,
        phone=claim.phone or customer.phone,
    )
    if better != customer:
        await tx.put_customer(better)
    return better


async def _join(
    tx: Tx, conversation: Conversation, identity: ChannelIdentity, known: Customer
) -> Conversation:
    """Give a stranger's conversation to the customer who it turned out to be; of the stranger nothing
    is left.
    """
    stranger = conversation.customer_id
    moved = replace(conversation, customer_id=known.id)
    await tx.put_conversation(moved)
    await tx.put_identity(replace(identity, customer_id=known.id))
    if not await tx.conversations(customer_id=stranger, limit=1):
        await tx.erase_customer(stranger)
    return moved


def _vouched(claim: IdentityClaim | None) -> IdentityClaim | None:
    """Return a claim without the company's id unless the channel vouches for it.

    Otherwise somebody who only says who they are would share a record with the one who is.
    """
    if claim is None or TRUST_RANK[Trust(claim.trust)] >= TRUST_RANK[Trust.CHANNEL]:
        return claim
    return replace(claim, directory_ref="")

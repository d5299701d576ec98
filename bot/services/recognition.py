"""Finds out who a customer is in the company's system, by a phone number that a platform vouches for."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.domain.conversation import Conversation
from bot.domain.customer import TRUST_RANK, Customer, Profile, Trust
from bot.domain.message import IdentityClaim
from bot.ports import Clock, CustomerDirectory, Store, Tx
from bot.services.customers import learn
from bot.services.record import Record

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=10)
"""Until somebody who was not found, or could not be looked up, is looked up again."""
MAX_KNOWN = 10_000


class Recognition:
    """Asks the directory once for each number, and joins the conversation to who it is."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: CustomerDirectory,
        record: Record,
        time_limit: float,
    ) -> None:
        """`time_limit` is how many seconds a customer's turn may wait for it."""
        self._store, self._clock, self._directory = store, clock, directory
        self._record, self._time_limit = record, time_limit
        self._asked: dict[str, datetime] = {}

    async def recognise(self, conversation: Conversation, customer: Customer | None) -> bool:
        """Say whether the conversation is now somebody's whom the company knows, and was not before."""
        if customer is None or not customer.phone or customer.directory_ref:
            return False
        if TRUST_RANK[customer.trust] < TRUST_RANK[Trust.CHANNEL] or self._lately(customer.phone):
            return False
        profile = await self._find(customer.phone)
        return profile is not None and await self._store.write(
            lambda tx: self._join(tx, conversation.id, customer.phone, profile)
        )

    def _lately(self, phone: str) -> bool:
        now = self._clock.now()
        asked = self._asked.get(phone)
        if asked is not None and now - asked < AGAIN_AFTER:
            return True
        if len(self._asked) >= MAX_KNOWN:
            self._asked.clear()
        self._asked[phone] = now
        return False

    async def _find(self, phone: str) -> Profile | None:
        try:
            async with asyncio.timeout(self._time_limit):
                answer = await self._directory.find(phone=phone)
        except Exception as error:  # whoever it is, they get their answer
            log.warning("customer_not_looked_up", error=type(error).__name__)
            return None
        return answer.value if answer.ok else None

    async def _join(self, tx: Tx, conversation_id: str, phone: str, profile: Profile) -> bool:
        conversation = await tx.conversation(conversation_id, lock=True)
        if conversation is None:
            return False
        place = (conversation.channel, conversation.account, conversation.address)
        identity = await tx.identity(*place)
        customer = await tx.customer(conversation.customer_id)
        if identity is None or customer is None or customer.directory_ref or customer.phone != phone:
            return False
        claim = IdentityClaim(
            trust=Trust.CHANNEL.value,
            directory_ref=profile.ref,
            name=profile.name,
            email=profile.email,
            phone=phone,
        )
        conversation = await learn(tx, self._record, conversation, identity, claim, self._clock.now())
        await tx.put_conversation(conversation)
        return True

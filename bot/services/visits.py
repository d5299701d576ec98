"""Who a visit to the web chat is for, and what may be seen and done there. The server decides; a page
only says what it remembers.

An address belongs to one person. Whoever comes without being signed in never sees what a signed-in
customer said, and two customers in one browser never see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.agents import AuditEntry
from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import ChannelIdentity, Customer
from bot.domain.errors import OtherCustomer
from bot.domain.ids import new_id, new_secret
from bot.domain.message import IdentityClaim, Message
from bot.domain.visit import Fresh, Look, MadeFor, Standing, Ticket, Visit
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.customers import learn
from bot.services.desk_views import marks
from bot.services.feedback import Feedback, to_rate
from bot.services.handoffs import QUEUE_COUNTED, Desk, Handoffs
from bot.services.record import Record

NEWEST = 30
"""Messages shown to somebody who comes without any, or with too old ones."""
MOST_MISSED = 100
"""Messages brought to somebody who was away; beyond this they begin anew with the newest."""
LOOKED_THROUGH = 50
TRANSCRIPT = 5_000
"""Entries that one transcript may hold."""
TOLD = 200
"""Erased conversations of which screens are told at once; they find out of others a little later."""
_PAGE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What the store has of an address."""

    identity: ChannelIdentity
    customer: Customer | None
    conversation: Conversation | None

    @property
    def ref(self) -> str:
        return self.customer.directory_ref if self.customer else ""

    @property
    def running(self) -> bool:
        return self.conversation is not None and self.conversation.owner is not Owner.NOBODY


class Visits:
    """Receives visitors of one channel."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        handoffs: Handoffs,
        feedback: Feedback,
        channel: str,
        account: str = "default",
        new_address: Callable[[], str] = lambda: new_secret(16),
    ) -> None:
        """`new_address` makes one that nobody can guess."""
        self._store, self._bus, self._clock = store, bus, clock
        self._record, self._handoffs, self._feedback = record, handoffs, feedback
        self._channel, self._account = channel, account
        self._new_address = new_address

    # --- whose a visit is

    async def arrive(self, ticket: Ticket | None, claim: IdentityClaim | None) -> Visit:
        """Return where a visitor is received who comes with `ticket`, signed in as `claim` says."""
        if claim is None:
            return await self._store.read(lambda tx: self._stranger(tx, ticket))
        visit = await self._store.read(lambda tx: self._customer(tx, ticket, claim))
        if visit is not None:
            return visit
        joined = await self._store.write(lambda tx: self._join(tx, ticket, claim))
        if joined is None:  # it ended, or somebody else signed in, while we looked
            return await self.arrive(ticket, claim)
        visit, conversation = joined
        await self._bus.publish(Hint(conversation_id=conversation.id, seq=conversation.seq, kind="owner"))
        return visit

    def elsewhere(self, fresh: Fresh, claim: IdentityClaim | None = None) -> Visit:
        """Return an address that nobody has used."""
        return Visit(address=self._new_address(), fresh=fresh, name=claim.name if claim else "")

    async def _stranger(self, tx: Tx, ticket: Ticket | None) -> Visit:
        if ticket is None:
            return Visit(address=self._new_address())
        known = await self._known(tx, ticket.address)
        if ticket.made_for is not MadeFor.NOBODY or (known is not None and known.ref):
            return self.elsewhere(Fresh.SIGNED_OUT)
        return _visit(ticket.address, known)

    async def _customer(self, tx: Tx, ticket: Ticket | None, claim: IdentityClaim) -> Visit | None:
        """Return a customer's visit; None if a stranger's conversation is to become theirs."""
        fresh: Fresh | None = None
        if ticket is not None:
            known = await self._known(tx, ticket.address)
            if (known.ref == claim.directory_ref) if known else (ticket.made_for is MadeFor.THEM):
                return _visit(ticket.address, known, claim)
            if known is not None and not known.ref and known.running:
                return None
            strangers = not known.ref if known else ticket.made_for is MadeFor.NOBODY
            fresh = Fresh.SIGNED_IN if strangers else Fresh.OTHER_CUSTOMER
        address = await self._newest(tx, claim.directory_ref) or self._new_address()
        return _visit(address, await self._known(tx, address), claim, fresh)

    async def _join(
        self, tx: Tx, ticket: Ticket | None, claim: IdentityClaim
    ) -> tuple[Visit, Conversation] | None:
        """Make a stranger's running conversation the customer's, as a signed message would."""
        known = await self._known(tx, ticket.address, lock=True) if ticket else None
        if known is None or known.ref or known.conversation is None or not known.running:
            return None
        now = self._clock.now()
        conversation = await learn(tx, self._record, known.conversation, known.identity, claim, now)
        await tx.put_conversation(conversation)
        visit = Visit(address=conversation.address, conversation_id=conversation.id, name=claim.name)
        return visit, conversation

    async def _known(self, tx: Tx, address: str, *, lock: bool = False) -> _Known | None:
        identity = await tx.identity(self._channel, self._account, address)
        if identity is None:
            return None
        conversation = await tx.conversation(identity.conversation_id, lock=lock)
        customer = await tx.customer(identity.customer_id)
        return _Known(identity=identity, customer=customer, conversation=conversation)

    async def _newest(self, tx: Tx, ref: str) -> str:
        """Return the address where a customer wrote last on this channel, on whichever device."""
        customer = await tx.customer_by_ref(ref)
        found = await tx.conversations(customer_id=customer.id, limit=LOOKED_THROUGH) if customer else []
        here = (c.address for c in found if (c.channel, c.account) == (self._channel, self._account))
        return next(here, "")

    # --- what is there

    async def look(self, address: str, *, after: int) -> Look:
        """Return what came after `after`, and how things stand."""
        return await self._store.read(lambda tx: self._look(tx, address, after))

    async def history(
        self, address: str, ref: str, *, before: int, limit: int
    ) -> tuple[list[Message], bool]:
        """Return visible messages before a number, and whether there are older ones."""

        async def work(tx: Tx) -> tuple[list[Message], bool]:
            known = await self._theirs(tx, address, ref)
            if known is None or known.conversation is None:
                return [], False
            before_it = min(before, known.conversation.seq + 1)
            return await _before(tx, known.conversation.id, before_it, limit)

        return await self._store.read(work)

    async def sequences(self, addresses: Sequence[str]) -> dict[str, tuple[str, int, int]]:
        """Return conversation, newest number and owner version at each address: a cheap look."""

        async def work(tx: Tx) -> dict[str, tuple[str, int, int]]:
            found = {}
            for address in addresses:
                identity = await tx.identity(self._channel, self._account, address)
                conversation = await tx.conversation(identity.conversation_id) if identity else None
                if conversation is not None:
                    found[address] = (conversation.id, conversation.seq, conversation.owner_version)
            return found

        return await self._store.read(work)

    async def places(self) -> dict[str, int]:
        """Return everybody's place in the queue by conversation, 1 for the next."""
        waiting = await self._store.read(
            lambda tx: tx.conversations(owner=Owner.QUEUE, limit=QUEUE_COUNTED)
        )
        return {conversation.id: place for place, conversation in enumerate(waiting, start=1)}

    async def desk(self) -> Desk:
        """Return whether somebody could answer now."""
        return await self._handoffs.desk()

    async def _look(self, tx: Tx, address: str, after: int) -> Look:
        known = await self._known(tx, address)
        if known is None or known.conversation is None:
            return Look(customer_ref=known.ref if known else "", reset=after > 0)
        conversation = known.conversation
        reset = not 0 < after <= conversation.seq or after < conversation.seq - MOST_MISSED
        if reset:
            messages, more = await _before(tx, conversation.id, conversation.seq + 1, NEWEST)
        else:
            found = await tx.messages(conversation.id, after=after, limit=MOST_MISSED)
            messages, more = [m for m in found if m.visible_to_customer], after > 0
        return Look(
            conversation_id=conversation.id,
            customer_ref=known.ref,
            messages=tuple(messages),
            last=conversation.seq,
            version=conversation.owner_version,
            more=more,
            reset=reset,
            standing=await self._standing(tx, conversation),
        )

    async def _standing(self, tx: Tx, conversation: Conversation) -> Standing:
        agent = await tx.agent(conversation.assignee) if conversation.assignee else None
        read = await marks(tx, conversation.id)
        # Only where a person has been can there be anything to rate: most talks need no look.
        without = conversation.owner not in (Owner.QUEUE, Owner.AGENT) and conversation.owner_version > 1
        return Standing(
            owner=conversation.owner,
            agent=agent.name if agent else "",
            assignee=conversation.assignee,
            rate=await to_rate(tx, conversation.id, self._clock.now()) if without else None,
            seen=read.agent,
            read=read.customer,
        )

    # --- what a visitor does

    async def typing(self, conversation_id: str) -> None:
        """Let the desks see that the customer is writing."""
        await self._bus.publish(
            Hint(conversation_id=conversation_id, kind="typing", data={"customer": True})
        )

    async def read(self, address: str, *, seq: int) -> None:
        """Note up to where the customer has read."""
        await self._feedback.customer_read(self._channel, self._account, address, seq)

    async def rate(self, address: str, ref: str, *, score: int, comment: str) -> None:
        """Keep what the customer says of the agent's help."""
        await self._store.read(lambda tx: self._theirs(tx, address, ref))
        await self._feedback.rate(self._channel, self._account, address, score, comment)

    async def check(self, ticket: Ticket, ref: str) -> None:
        """Let those pass who may be at an address. Raises OtherCustomer."""
        known = await self._store.read(lambda tx: self._theirs(tx, ticket.address, ref))
        if known is None and ticket.made_for is MadeFor.ANOTHER:
            raise OtherCustomer

    async def transcript(self, address: str, ref: str) -> list[Message]:
        """Return everything that the customer may see, from the beginning."""

        async def work(tx: Tx, after: int) -> list[Message]:
            known = await self._theirs(tx, address, ref)
            if known is None or known.conversation is None:
                return []
            return await tx.messages(known.conversation.id, after=after, limit=_PAGE)

        found: list[Message] = []
        while len(found) < TRANSCRIPT:
            after = found[-1].seq if found else 0
            page = await self._store.read(lambda tx, after=after: work(tx, after))  # type: ignore[misc]
            found += page
            if len(page) < _PAGE:
                break
        return [message for message in found if message.visible_to_customer]

    async def erase(self, address: str, ref: str) -> int:
        """Delete everything that is stored of the customer; return how many conversations went."""
        now = self._clock.now()

        async def work(tx: Tx) -> tuple[int, list[str]]:
            known = await self._theirs(tx, address, ref)
            if known is None:
                return 0, []
            whose = known.identity.customer_id
            held = await tx.conversations(customer_id=whose, limit=TOLD)
            count = await tx.erase_customer(whose)
            # Who it was is not kept, not even here.
            done = AuditEntry(id=new_id(now), at=now, actor="customer", action="customer.erased")
            await tx.add_audit(done)
            return count, [conversation.id for conversation in held]

        count, gone = await self._store.write(work)
        for conversation_id in gone:
            await self._bus.publish(Hint(conversation_id=conversation_id, kind="owner"))
        return count

    async def _theirs(self, tx: Tx, address: str, ref: str) -> _Known | None:
        """Return what there is, if it may be theirs. Raises OtherCustomer."""
        known = await self._known(tx, address)
        if known is not None and known.ref not in ("", ref):
            raise OtherCustomer
        return known


def _visit(
    address: str,
    known: _Known | None,
    claim: IdentityClaim | None = None,
    fresh: Fresh | None = None,
) -> Visit:
    stored = known.customer.name if known and known.customer and claim else ""
    return Visit(
        address=address,
        conversation_id=known.identity.conversation_id if known else "",
        fresh=fresh,
        name=(claim.name if claim else "") or stored,
    )


async def _before(tx: Tx, conversation_id: str, before: int, limit: int) -> tuple[list[Message], bool]:
    """Return up to `limit` visible messages before a number; entries are numbered without gaps."""
    found: list[Message] = []
    while before > 1 and len(found) <= limit:
        start = max(before - 1 - 2 * limit, 0)
        chunk = await tx.messages(conversation_id, after=start, limit=before - 1 - start)
        found = [message for message in chunk if message.visible_to_customer] + found
        before = start + 1
    return found[-limit:], len(found) > limit

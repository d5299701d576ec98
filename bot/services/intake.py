"""Takes a customer's message in: dedupe, identify, mask, store, commit; no engine involved."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.customer import TRUST_RANK, ChannelIdentity, Customer, Trust
from bot.domain.errors import InvalidInput, TooLarge
from bot.domain.handoff import HandoffSignal, Outcome, Reason
from bot.domain.ids import new_id
from bot.domain.message import (
    MAX_TEXT,
    Author,
    Choice,
    Draft,
    IdentityClaim,
    InboundMessage,
    Message,
    parse_choice_token,
)
from bot.domain.work import InboxOutcome, InboxRow, InboxStatus, Timer, TimerKind
from bot.ports import Bus, Clock, Hint, MetricsPort, Store, Tx
from bot.services.handoffs import Handoffs
from bot.services.masking import mask
from bot.services.record import Record, Say

LEAVE_QUEUE = "/system_leave_queue"
CONTEXTUAL = ("/affirm", "/deny", "/inform", "/stop")
"""Payloads that mean something only as an answer to the question they were shown with."""
DOUBLE_CLICK = timedelta(seconds=10)
WAITING_NOTICE_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A message that is stored for good. `done` says that no turn will follow; `replies` then holds
    what was answered at once.
    """

    inbox_id: str
    conversation_id: str
    seq: int
    duplicate: bool = False
    done: bool = False
    replies: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pressed:
    """A button press after its token was looked up."""

    title: str = ""
    payload: str = ""
    expired: bool = False
    repeated: bool = False
    """The same choice was taken a moment ago: a double click, not a second wish."""


@dataclass(slots=True)
class _Arrival:
    """What one intake transaction works on."""

    inbound: InboundMessage
    inbox_id: str
    text: str
    now: datetime
    payload: str = ""
    shown: str = ""
    silent: bool = False
    outcome: InboxOutcome | None = None
    replies: list[Message] = field(default_factory=list)


class Intake:
    """Accepts messages; once `accept` has returned, the message is never lost."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        handoffs: Handoffs,
        metrics: MetricsPort,
        wake: Callable[[str], None],
        expiry: timedelta,
        agent_silent: timedelta,
    ) -> None:
        """`wake` tells the dispatcher of new work; `expiry` is how long a silent talk stays open.

        `agent_silent` is how long an agent may leave a customer's message unanswered.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._record = record
        self._handoffs = handoffs
        self._metrics = metrics
        self._wake = wake
        self._expiry = expiry
        self._agent_silent = agent_silent

    async def accept(self, inbound: InboundMessage) -> Accepted:
        """Store a message and see to it that it is worked on.

        The same `external_id` from the same address is one message: a repetition gets the first answer.

        Raises:
            InvalidInput: it is empty or over a limit.
            StoreError: it could not be stored; the sender may try again.
        """
        text = _clean(inbound.text)
        _check(inbound, text)
        text = mask(text)
        now = self._clock.now()
        arrival = _Arrival(inbound=inbound, inbox_id=new_id(now), text=text, now=now)
        started = time.perf_counter()
        accepted = await self._store.write(lambda tx: self._store_arrival(tx, arrival))
        self._metrics.observe("accept", time.perf_counter() - started)
        if not accepted.duplicate:
            self._metrics.count("messages_in", channel=inbound.channel)
            hint = Hint(conversation_id=accepted.conversation_id, seq=accepted.seq)
            await self._bus.publish(hint)
        if not accepted.done:
            self._wake(accepted.conversation_id)
        return accepted

    async def _store_arrival(self, tx: Tx, arrival: _Arrival) -> Accepted:
        inbound, now = arrival.inbound, arrival.now
        arrival.replies, arrival.outcome = [], None
        first = await tx.remember(
            inbound.channel, inbound.account, inbound.address, inbound.external_id, arrival.inbox_id, now
        )
        if first is not None:
            return await self._seen_before(tx, first)
        conversation = await self._conversation(tx, arrival)
        conversation, message = await self._add_customer_message(tx, conversation, arrival)
        conversation = await self._route(tx, conversation, arrival)
        await tx.put_conversation(
            replace(
                conversation,
                last_customer_at=now,
                reply_until=inbound.reply_until or conversation.reply_until,
            )
        )
        await tx.add_inbox(_inbox_row(arrival, message))
        return Accepted(
            inbox_id=arrival.inbox_id,
            conversation_id=conversation.id,
            seq=conversation.seq,
            done=arrival.outcome is not None,
            replies=tuple(arrival.replies),
        )

    async def _seen_before(self, tx: Tx, inbox_id: str) -> Accepted:
        row = await tx.inbox(inbox_id)
        if row is None:
            return Accepted(inbox_id=inbox_id, conversation_id="", seq=0, duplicate=True, done=True)
        done = row.status is InboxStatus.DONE
        replies = await tx.replies_to(row.conversation_id, inbox_id) if done else []
        return Accepted(
            inbox_id=inbox_id,
            conversation_id=row.conversation_id,
            seq=row.message_seq,
            duplicate=True,
            done=done,
            replies=tuple(replies),
        )

    async def _conversation(self, tx: Tx, arrival: _Arrival) -> Conversation:
        """Return the conversation of this address, begun or reopened if need be."""
        inbound, now = arrival.inbound, arrival.now
        identity = await tx.identity(inbound.channel, inbound.account, inbound.address)
        if identity is None:
            return await self._begin(tx, inbound, now)
        conversation = await tx.conversation(identity.conversation_id, lock=True)
        if conversation is None:  # pruned or erased; the address is known, the talk is new
            return await self._begin(tx, inbound, now, customer_id=identity.customer_id)
        if inbound.identity is not None:
            await self._learn(tx, conversation.customer_id, inbound)
        if conversation.owner is Owner.NOBODY:
            return await self._reopen(tx, conversation, now)
        return conversation

    async def _begin(
        self, tx: Tx, inbound: InboundMessage, now: datetime, customer_id: str = ""
    ) -> Conversation:
        if not customer_id or await tx.customer(customer_id) is None:
            customer_id = (await self._new_customer(tx, inbound, now)).id
        conversation = Conversation(
            id=new_id(now),
            customer_id=customer_id,
            channel=inbound.channel,
            account=inbound.account,
            address=inbound.address,
            language=inbound.language or "en",
            created_at=now,
            updated_at=now,
        )
        await tx.put_conversation(conversation)
        await tx.put_identity(
            ChannelIdentity(
                channel=inbound.channel,
                account=inbound.account,
                address=inbound.address,
                customer_id=customer_id,
                conversation_id=conversation.id,
                created_at=now,
            )
        )
        await self._arm_expiry(tx, conversation, now)
        return conversation

    async def _new_customer(self, tx: Tx, inbound: InboundMessage, now: datetime) -> Customer:
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

    async def _learn(self, tx: Tx, customer_id: str, inbound: InboundMessage) -> None:
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

    async def _reopen(self, tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
        if conversation.reopens_to_queue:
            signal = HandoffSignal(reason=Reason.AGENT_REQUESTED, evidence={"reopened": True})
            event = OwnerEvent.CUSTOMER_WROTE_AGAIN
            opened = await self._handoffs.open(tx, conversation, signal, now=now, event=event)
            # The timer service knows who is at the desk and says in a moment what to expect.
            kind = TimerKind.QUEUE_UPDATE
            await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=now))
            return replace(opened, reopens_to_queue=False)
        await self._arm_expiry(tx, conversation, now)
        # Told to the engine as a fresh start: what was half asked in the old talk is not continued.
        return replace(conversation.moved(OwnerEvent.CUSTOMER_WROTE, now=now), returned_at=now)

    async def _arm_expiry(self, tx: Tx, conversation: Conversation, now: datetime) -> None:
        due = now + self._expiry
        kind = TimerKind.SESSION_EXPIRY
        await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=due))

    async def _add_customer_message(
        self, tx: Tx, conversation: Conversation, arrival: _Arrival
    ) -> tuple[Conversation, Message]:
        inbound = arrival.inbound
        arrival.shown, arrival.payload, arrival.silent = arrival.text, "", False
        if inbound.choice:
            pressed = await _pressed(tx, conversation, inbound.choice, arrival.now)
            arrival.payload, arrival.shown = pressed.payload, pressed.title or arrival.text
            if pressed.expired or pressed.repeated:
                arrival.outcome = InboxOutcome.ANSWERED
            arrival.silent = pressed.repeated
        elif conversation.owner is Owner.QUEUE and await _wants_out(tx, conversation, arrival.text):
            arrival.payload = LEAVE_QUEUE
        draft = Draft(text=arrival.shown, attachments=inbound.attachments)
        say = Say(author=Author.CUSTOMER, external_id=inbound.external_id)
        return await self._record.append(tx, conversation, say, draft, arrival.now)

    async def _route(self, tx: Tx, conversation: Conversation, arrival: _Arrival) -> Conversation:
        """Answer at once what needs no engine, and leave to people what is theirs."""
        now = arrival.now
        if arrival.silent:
            return conversation
        if arrival.payload == LEAVE_QUEUE:
            return await self._leave_queue(tx, conversation, arrival)
        if conversation.owner is Owner.BOT:
            if arrival.outcome is None and arrival.inbound.attachments and not arrival.text:
                return await self._system(tx, conversation, "utter_system_unsupported", arrival)
            if arrival.outcome is not None:
                return await self._system(tx, conversation, "utter_system_choice_expired", arrival)
            return conversation
        arrival.outcome = InboxOutcome.WITH_PERSON
        if conversation.owner is Owner.QUEUE and await _quiet(tx, conversation, now):
            conversation = await self._system(tx, conversation, "utter_system_waiting_received", arrival)
            arrival.outcome = InboxOutcome.WITH_PERSON
        if conversation.owner is Owner.AGENT:
            await _expect_agent(tx, conversation, now + self._agent_silent)
        return conversation

    async def _leave_queue(self, tx: Tx, conversation: Conversation, arrival: _Arrival) -> Conversation:
        if conversation.owner is not Owner.QUEUE:
            return await self._system(tx, conversation, "utter_system_choice_expired", arrival)
        now = arrival.now
        conversation = await self._handoffs.close(tx, conversation, Outcome.CUSTOMER_LEFT, now)
        conversation = conversation.moved(OwnerEvent.CUSTOMER_LEFT_QUEUE, now=now)
        conversation = replace(conversation, returned_at=now)
        await self._arm_expiry(tx, conversation, now)
        return await self._system(tx, conversation, "utter_system_left_queue", arrival)

    async def _system(
        self, tx: Tx, conversation: Conversation, name: str, arrival: _Arrival
    ) -> Conversation:
        conversation, message = await self._record.system(
            tx, conversation, name, arrival.now, reply_to=arrival.inbox_id
        )
        arrival.replies += [message] if message is not None else []
        arrival.outcome = InboxOutcome.ANSWERED
        return conversation


def _vouched(claim: IdentityClaim | None) -> IdentityClaim | None:
    """Return a claim without the company's id unless the channel vouches for it.

    Otherwise somebody who only says who they are would share a record with the one who is.
    """
    if claim is None or TRUST_RANK[Trust(claim.trust)] >= TRUST_RANK[Trust.CHANNEL]:
        return claim
    return replace(claim, directory_ref="")


async def _expect_agent(tx: Tx, conversation: Conversation, until: datetime) -> None:
    """Start to wait for the agent's answer, unless that is already being waited for."""
    last = await tx.last_messages(conversation.id, limit=2)
    if len(last) == 2 and last[0].author is Author.CUSTOMER:
        return
    kind = TimerKind.AGENT_SILENT
    await tx.set_timer(Timer(conversation_id=conversation.id, kind=kind, due_at=until))


async def _quiet(tx: Tx, conversation: Conversation, now: datetime) -> bool:
    """Say whether the system has not spoken to this waiting customer for a while."""
    recent = await tx.last_messages(conversation.id, limit=10)
    said = [m for m in recent if m.author is Author.SYSTEM and m.visible_to_customer]
    return not said or now - said[-1].created_at >= WAITING_NOTICE_EVERY


async def _pressed(tx: Tx, conversation: Conversation, token: str, now: datetime) -> _Pressed:
    """Look a token up in this conversation; a token of another one means nothing here."""
    place = parse_choice_token(token)
    message = await tx.message(conversation.id, place[0]) if place else None
    choice = _choice(message, place[1]) if message and place else None
    if choice is None:
        return _Pressed(expired=True)
    if choice.payload.startswith(CONTEXTUAL):
        later = await tx.messages(conversation.id, after=message.seq if message else 0, limit=200)
        taken = next((m for m in later if m.author is Author.CUSTOMER), None)
        if taken is not None:
            again = taken.text == choice.title and now - taken.created_at <= DOUBLE_CLICK
            return _Pressed(title=choice.title, expired=not again, repeated=again)
    return _Pressed(title=choice.title, payload=choice.payload)


async def _wants_out(tx: Tx, conversation: Conversation, text: str) -> bool:
    """Say whether a waiting customer typed what the choice to leave the queue says."""
    said = " ".join(text.split()).casefold()
    recent = await tx.last_messages(conversation.id, limit=20) if said else []
    titles = {c.title.casefold() for m in recent for c in m.choices if c.payload == LEAVE_QUEUE}
    return said in titles


def _choice(message: Message, index: int) -> Choice | None:
    return message.choices[index] if 0 <= index < len(message.choices) else None


def _inbox_row(arrival: _Arrival, message: Message) -> InboxRow:
    return InboxRow(
        id=arrival.inbox_id,
        conversation_id=message.conversation_id,
        message_seq=message.seq,
        received_at=arrival.now,
        due_at=arrival.now,
        text=arrival.shown,
        payload=arrival.payload,
        status=InboxStatus.PENDING if arrival.outcome is None else InboxStatus.DONE,
        outcome=arrival.outcome,
    )


_KEPT_CONTROLS = "\n\t"


def _clean(text: str) -> str:
    """Drop control characters that no customer means, and surrounding space."""
    if text.isprintable():
        return text.strip()
    return "".join(
        c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs")
    ).strip()


def _check(inbound: InboundMessage, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise TooLarge(f"A message may have at most {MAX_TEXT} characters.", limit=MAX_TEXT)
    if not text and not inbound.choice and not inbound.attachments:
        raise InvalidInput("The message is empty.")

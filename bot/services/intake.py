"""Takes a customer's message in: dedupe, identify, mask, store, commit; no engine involved."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import TRUST_RANK, Trust
from bot.domain.errors import InvalidInput, TooLarge
from bot.domain.ids import new_id
from bot.domain.message import (
    MAX_TEXT,
    Author,
    Draft,
    InboundMessage,
    Kind,
    Message,
)
from bot.domain.work import InboxOutcome, InboxRow, InboxStatus
from bot.ports import Bus, Capabilities, Clock, Hint, MetricsPort, Store, Tx
from bot.services.attachments import bind, told_of_files
from bot.services.attention import Attention
from bot.services.choices import WAITING, numbered, pressed, typed
from bot.services.customers import refuse_another, trust_of
from bot.services.handoffs import Handoffs
from bot.services.masking import mask
from bot.services.openings import Openings
from bot.services.record import Record, Say
from bot.services.remote_files import ALBUM, album_of, to_fetch
from bot.services.waiting import Step, Waiting

WAITING_NOTICE_EVERY = timedelta(seconds=60)
CANNOT_READ = "utter_system_cannot_read"
CARD_KEPT, VOICE_KEPT = "utter_system_card_kept", "utter_system_voice_kept"
FILE_KEPT, PLACE_KEPT = "utter_system_unsupported", "utter_system_place_kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A message that is stored for good. `done` says that no turn will follow; `replies` then holds
    what was answered at once. `seq` is the newest entry's number, `message_seq` the message's own.
    """

    inbox_id: str
    conversation_id: str
    seq: int
    message_seq: int = 0
    duplicate: bool = False
    done: bool = False
    replies: tuple[Message, ...] = ()
    changed: bool = False
    """It became part of message `message_seq`, which was there already: one more file of an album."""


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
        waiting: Waiting,
        metrics: MetricsPort,
        wake: Callable[[str], None],
        sent: Callable[[], None],
        expiry: timedelta,
        attention: Attention,
        channels: Mapping[str, Capabilities],
    ) -> None:
        """`wake` tells the dispatcher, `sent` the delivery, of new work; `expiry` is how long a silent
        talk stays open.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._record = record
        self._waiting = waiting
        self._metrics = metrics
        self._wake = wake
        self._sent = sent
        self._channels = channels
        self._openings = Openings(record=record, handoffs=handoffs, expiry=expiry)
        self._attention = attention

    async def accept(self, inbound: InboundMessage) -> Accepted:
        """Store a message and see to it that it is worked on.

        The same `external_id` from the same address is one message: a repetition gets the first answer.

        Raises:
            InvalidInput: it is empty or over a limit, or has a file that is not there (UnknownFile).
            OtherCustomer: somebody else has signed in to this conversation.
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
            kind, seq = (
                ("delivery", accepted.message_seq) if accepted.changed else ("message", accepted.seq)
            )
            await self._bus.publish(Hint(conversation_id=accepted.conversation_id, seq=seq, kind=kind))
            if accepted.replies:
                self._sent()
        if not accepted.done:
            self._wake(accepted.conversation_id)
        return accepted

    async def _store_arrival(self, tx: Tx, arrival: _Arrival) -> Accepted:
        inbound, now = arrival.inbound, arrival.now
        arrival.replies, arrival.outcome = [], None
        await refuse_another(tx, inbound)
        first = await tx.remember(
            inbound.channel, inbound.account, inbound.address, inbound.external_id, arrival.inbox_id, now
        )
        if first is not None:
            return await self._seen_before(tx, first)
        conversation = await self._openings.conversation(tx, inbound, now)
        await tx.clear_until_written(conversation.id)
        conversation = replace(
            conversation,
            address=inbound.address,
            last_customer_at=now,
            reply_until=_later(inbound.reply_until, conversation.reply_until),
        )
        if inbound.unsupported:
            return await self._unsupported(tx, conversation, arrival)
        album = await album_of(tx, conversation.id, inbound)
        if album is not None:
            return await self._more_of(tx, conversation, album, arrival)
        conversation, message = await self._add_customer_message(tx, conversation, arrival)
        conversation = await self._route(tx, conversation, arrival)
        await tx.put_conversation(conversation)
        await to_fetch(tx, message, _where(inbound), now)
        await tx.add_inbox(_inbox_row(arrival, message, await self._trust(tx, conversation, inbound)))
        return Accepted(
            inbox_id=arrival.inbox_id,
            conversation_id=conversation.id,
            seq=conversation.seq,
            message_seq=message.seq,
            done=arrival.outcome is not None,
            replies=tuple(arrival.replies),
        )

    async def _trust(self, tx: Tx, conversation: Conversation, inbound: InboundMessage) -> Trust:
        """Return what holds for this message: what comes with it, or what was proved at its address."""
        trust = trust_of(inbound)
        if not inbound.authentic or TRUST_RANK[trust] >= TRUST_RANK[Trust.CHANNEL]:
            return trust
        customer = await tx.customer(conversation.customer_id)
        proved = customer is not None and TRUST_RANK[customer.trust] >= TRUST_RANK[Trust.CHANNEL]
        return Trust.CHANNEL if proved else trust

    async def _more_of(
        self, tx: Tx, conversation: Conversation, album: Message, arrival: _Arrival
    ) -> Accepted:
        """Add further files to the message that their album has begun with."""
        files = (*album.attachments, *arrival.inbound.attachments)
        await tx.set_attachments(conversation.id, album.seq, files)
        first = len(album.attachments)
        more = replace(album, attachments=files)
        await to_fetch(tx, more, _where(arrival.inbound), arrival.now, first=first)
        await tx.put_conversation(conversation)
        return Accepted(
            inbox_id=arrival.inbox_id,
            conversation_id=conversation.id,
            seq=conversation.seq,
            message_seq=album.seq,
            done=True,
            changed=True,
        )

    async def _unsupported(self, tx: Tx, conversation: Conversation, arrival: _Arrival) -> Accepted:
        """Note what cannot be shown, and say so once; people at the desk see that there was something."""
        told = _told_of_kinds(await tx.last_messages(conversation.id, limit=10))
        kind = arrival.inbound.unsupported
        conversation = await self._record.event(tx, conversation, "unsupported", arrival.now, kind=kind)
        if conversation.owner is Owner.BOT and not told:
            conversation = await self._system(tx, conversation, CANNOT_READ, arrival)
        await tx.put_conversation(conversation)
        return Accepted(
            inbox_id=arrival.inbox_id,
            conversation_id=conversation.id,
            seq=conversation.seq,
            done=True,
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
            message_seq=row.message_seq,
            duplicate=True,
            done=done,
            replies=tuple(replies),
        )

    async def _add_customer_message(
        self, tx: Tx, conversation: Conversation, arrival: _Arrival
    ) -> tuple[Conversation, Message]:
        inbound = arrival.inbound
        arrival.shown, arrival.payload, arrival.silent = arrival.text, inbound.intent, False
        choice = inbound.choice or await self._numbered(tx, conversation, arrival.text)
        if choice:
            taken = await pressed(tx, conversation, choice, arrival.now)
            arrival.payload, arrival.shown = taken.payload, taken.title or arrival.text
            if taken.expired or taken.repeated:
                arrival.outcome = InboxOutcome.ANSWERED
            arrival.silent = taken.repeated
        elif conversation.owner is Owner.QUEUE:
            arrival.payload = await typed(tx, conversation, arrival.text)
        here = (inbound.channel, inbound.account, inbound.address)
        attachments = await bind(
            tx, inbound.attachments, conversation, lambda m: (m.channel, m.account, m.address) == here
        )
        draft = Draft(text=arrival.shown, attachments=attachments, custom=await self._beside(tx, inbound))
        if inbound.location is not None:
            draft = replace(draft, kind=Kind.LOCATION, text=arrival.shown or inbound.location.text)
        say = Say(author=Author.CUSTOMER, external_id=inbound.external_id)
        return await self._record.append(tx, conversation, say, draft, arrival.now)

    async def _numbered(self, tx: Tx, conversation: Conversation, text: str) -> str:
        """Return the choice whose number was typed, where choices may be shown as a numbered list."""
        channel = self._channels.get(conversation.channel)
        if channel is None or not channel.numbers_choices or conversation.owner is Owner.AGENT:
            return ""
        return await numbered(tx, conversation, text)

    async def _beside(self, tx: Tx, inbound: InboundMessage) -> dict[str, Any] | None:
        """Return what belongs to a message beside its text: place, album, the message that it quotes."""
        beside: dict[str, Any] = asdict(inbound.location) if inbound.location is not None else {}
        if inbound.album:
            beside[ALBUM] = inbound.album
        if inbound.reply_to_external:
            place = (inbound.channel, inbound.account, inbound.reply_to_external)
            quoted = await tx.message_by_external_id(*place)
            beside |= {"quotes": quoted.seq} if quoted is not None else {}
        return beside or None

    async def _route(self, tx: Tx, conversation: Conversation, arrival: _Arrival) -> Conversation:
        """Answer at once what needs no engine, and leave to people what is theirs."""
        now = arrival.now
        if arrival.silent:
            return conversation
        # Pressed after an agent came, it is a word to the agent.
        if arrival.payload in WAITING and conversation.owner is not Owner.AGENT:
            step = await self._waiting.choose(tx, conversation, arrival.payload, now)
            return await self._answer(tx, step, arrival)
        if arrival.outcome is None and await self._waiting.asked(tx, conversation):
            step = await self._waiting.leave(tx, conversation, arrival.shown, now)
            return await self._answer(tx, step, arrival)
        if conversation.owner is Owner.BOT:
            if arrival.outcome is None and _without_words(arrival):
                return await self._only_files(tx, conversation, arrival)
            if arrival.outcome is not None:
                return await self._system(tx, conversation, "utter_system_choice_expired", arrival)
            return conversation
        arrival.outcome = InboxOutcome.WITH_PERSON
        if conversation.owner is Owner.QUEUE and await _quiet(tx, conversation, now):
            conversation = await self._system(tx, conversation, "utter_system_waiting_received", arrival)
            arrival.outcome = InboxOutcome.WITH_PERSON
        if conversation.owner is Owner.AGENT:
            await self._attention.owed(tx, conversation.id, now)
        return conversation

    async def _only_files(self, tx: Tx, conversation: Conversation, arrival: _Arrival) -> Conversation:
        """Say that files are kept, once for several that come one after the other."""
        kinds = {attachment.kind for attachment in arrival.inbound.attachments}
        if told_of_files(await tx.last_messages(conversation.id, limit=10), arrival.now, kinds):
            arrival.outcome = InboxOutcome.ANSWERED
            return conversation
        kept = PLACE_KEPT if arrival.inbound.location is not None else FILE_KEPT
        kept = VOICE_KEPT if kinds == {"audio"} else kept
        kept = CARD_KEPT if arrival.inbound.aside else kept
        return await self._system(tx, conversation, kept, arrival)

    async def _answer(self, tx: Tx, step: Step, arrival: _Arrival) -> Conversation:
        conversation, name, values = step
        return await self._system(tx, conversation, name, arrival, **values)

    async def _system(
        self, tx: Tx, conversation: Conversation, name: str, arrival: _Arrival, **values: str
    ) -> Conversation:
        conversation, message = await self._record.system(
            tx, conversation, name, arrival.now, reply_to=arrival.inbox_id, **values
        )
        arrival.replies += [message] if message is not None else []
        arrival.outcome = InboxOutcome.ANSWERED
        return conversation


async def _quiet(tx: Tx, conversation: Conversation, now: datetime) -> bool:
    """Say whether the system has not spoken to this waiting customer for a while."""
    recent = await tx.last_messages(conversation.id, limit=10)
    said = [m for m in recent if m.author is Author.SYSTEM and m.visible_to_customer]
    return not said or now - said[-1].created_at >= WAITING_NOTICE_EVERY


def _where(inbound: InboundMessage) -> tuple[str, str, str]:
    return inbound.channel, inbound.account, inbound.address


def _without_words(arrival: _Arrival) -> bool:
    files = bool(arrival.inbound.attachments) or arrival.inbound.location is not None
    return arrival.inbound.aside or (files and not arrival.shown)


def _told_of_kinds(last: list[Message]) -> bool:
    """Say whether the newest entries are only such things and our words on them."""
    said = [m for m in last if m.author is not Author.SYSTEM or m.kind is Kind.EVENT]
    return bool(last) and bool(said) and said[-1].kind is Kind.EVENT and said[-1].text == "unsupported"


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later time: messages may come out of order."""
    return max((at for at in (one, other) if at is not None), default=None)


def _inbox_row(arrival: _Arrival, message: Message, trust: Trust) -> InboxRow:
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
        trust=trust,
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
    nothing = not (inbound.choice or inbound.attachments or inbound.location or inbound.unsupported)
    if not text and nothing:
        raise InvalidInput("The message is empty.")

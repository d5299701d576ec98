"""One turn: read what is pending, ask the engine, and make the result true in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.domain.agents import SYSTEM
from bot.domain.conversation import Conversation, Owner
from bot.domain.customer import TRUST_RANK, Customer, Trust, TurnContext
from bot.domain.errors import EngineError, StoreError, TurnFailed
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import Author, Message
from bot.domain.reminders import in_words
from bot.domain.turn import TurnRequest, TurnResult
from bot.domain.work import InboxKind, InboxOutcome, InboxRow
from bot.ports import Bus, Capabilities, Clock, DialogueEngine, DirectoryCall, Hint, MetricsPort, Store, Tx
from bot.services.bubbles import joined
from bot.services.gathering import Gathering
from bot.services.handoffs import Desk, Handoffs
from bot.services.offers import Answer, Offer, Offers
from bot.services.recognition import Recognition
from bot.services.record import Record, Say
from bot.services.reminders import Reminders, overtaken
from bot.services.replies import Replies
from bot.services.typing import Typing

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
"""A message whose turn broke this often in our own code goes to a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a turn starts from; void once the conversation has another owner version."""

    conversation: Conversation
    rows: tuple[InboxRow, ...]
    customer: Customer | None = None
    state: bytes | None = None
    grants: tuple[str, ...] = ()
    offer: Offer | None = None
    answers: str = ""
    """The platform's id of the newest message that is answered."""

    @property
    def ids(self) -> list[str]:
        """Return the inbox ids that this turn answers."""
        return [row.id for row in self.rows]

    @property
    def reminded(self) -> bool:
        """Say whether this is no customer's message but a reminder, which always stands alone."""
        return self.rows[0].kind is not InboxKind.MESSAGE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    """What a committed turn said, and whether more messages are pending."""

    said: list[Message]
    more: bool
    handed_over: bool = False
    put_off: bool = False
    """It failed, and is tried again later: a reminder."""


class _Lost(Exception):
    """The turn's rows were finished by somebody else meanwhile: nothing may be written."""


class _Gone(Exception):
    """Rows that wait for an answer in a conversation that is not there (a damaged or restored store)."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} messages without a conversation")
        self.ids = ids


class Turns:
    """Answers the pending messages of a conversation, one turn after the other."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        engine: DialogueEngine,
        directory: DirectoryCall,
        record: Record,
        handoffs: Handoffs,
        reminders: Reminders,
        offers: Offers,
        replies: Replies,
        metrics: MetricsPort,
        channels: dict[str, Capabilities],
        gathering: Gathering,
        facts: Callable[[datetime], dict[str, str]],
        sent: Callable[[], None],
        typing: Typing,
        recognition: Recognition,
        joins: Callable[[str, str], bool],
    ) -> None:
        """`facts` gives plain texts for responses; `sent` tells delivery of new outbox rows; `joins` says
        whether the texts of one answer are one message on a channel's account.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._engine = engine
        self._directory = directory
        self._record = record
        self._handoffs = handoffs
        self._reminders = reminders
        self._offers = offers
        self._replies = replies
        self._metrics = metrics
        self._channels = channels
        self._gathering = gathering
        self._facts = facts
        self._sent = sent
        self._typing = typing
        self._recognition = recognition
        self._joins = joins

    async def run_next(self, conversation_id: str) -> float | None:
        """Work on the next pending messages.

        Returns None when nothing is pending, else the seconds to wait before the next call (mostly 0).
        """
        try:
            job = await self._store.read(lambda tx: self._load(tx, conversation_id))
        except _Gone as gone:
            ids = gone.ids
            log.warning("conversation_missing", conversation_id=conversation_id, messages=len(ids))
            await self._store.write(lambda tx: tx.finish_inbox(ids, InboxOutcome.FAILED))
            return 0.0
        if job is None:
            return None
        if job.conversation.owner is not Owner.BOT:
            await self._leave_to_people(job)
            return 0.0
        if late := overtaken(job.rows):
            await self._store.write(lambda tx: tx.finish_inbox(late, InboxOutcome.OVERTAKEN))
            return 0.0
        if await self._recognition.recognise(job.conversation, job.customer):
            return 0.0  # who it is has changed: begin again
        wait = await self._gathering.wait(job.rows, self._channels.get(job.conversation.channel))
        if wait > 0:
            return wait
        if job.rows[0].attempts >= MAX_ATTEMPTS:
            await self._fail(replace(job, rows=job.rows[:1]), {"error": "gave_up"})
            return 0.0
        channel = self._channels.get(job.conversation.channel)
        job = replace(job, rows=await self._gathering.group(job.rows, channel))
        try:
            more = await self._answer(job)
        except StoreError:
            raise  # nothing was written and nothing is wrong with the message
        except Exception:
            await self._store.write(lambda tx: tx.count_attempt(job.ids))
            raise
        return 0.0 if more else None

    async def _load(self, tx: Tx, conversation_id: str) -> Job | None:
        rows = await tx.pending(conversation_id)
        if not rows:
            return None
        conversation = await tx.conversation(conversation_id)
        if conversation is None:
            raise _Gone([row.id for row in rows])
        if conversation.owner is not Owner.BOT:
            return Job(conversation=conversation, rows=tuple(rows))
        pushed = self._record.pushes(conversation)
        newest = await tx.message(conversation_id, rows[-1].message_seq) if pushed else None
        return Job(
            conversation=conversation,
            answers=newest.external_id if newest else "",
            customer=await tx.customer(conversation.customer_id),
            rows=tuple(rows),
            state=await tx.state(conversation_id),
            grants=await tx.order_grants(conversation_id),
            offer=await self._offers.load(tx, conversation, rows[0]),
        )

    async def _leave_to_people(self, job: Job) -> None:
        async def work(tx: Tx) -> bool:
            conversation = await tx.conversation(job.conversation.id, lock=True)
            if conversation is not None and conversation.owner is Owner.BOT:
                return False  # given back since we looked: the bot answers
            await tx.finish_inbox(job.ids, InboxOutcome.WITH_PERSON)
            return True

        if await self._store.write(work):
            self._metrics.count("turns", outcome="with_person")
            self._replies.deliver(job.ids, ())

    def _request(self, job: Job) -> TurnRequest:
        conversation, row, now = job.conversation, job.rows[-1], self._clock.now()
        customer = _as_vouched_for(job, now)
        context = TurnContext(
            conversation_id=conversation.id,
            customer_id=customer.id,
            # Effects are keyed by the first fragment: after a crash more of them may be read together.
            inbox_id=job.rows[0].id,
            channel=conversation.channel,
            now=now,
            trust=customer.trust,
            directory_ref=customer.directory_ref,
            name=customer.name,
            language=conversation.language,
            order_grants=job.grants,
            after_handoff=conversation.returned_at is not None,
            facts=self._facts(now),
        )
        return TurnRequest(
            turn_id=row.id,
            conversation_id=conversation.id,
            context=context,
            text="" if job.reminded else " ".join(r.text for r in job.rows if r.text),
            payload=row.payload,
            state=job.state,
            reminded=job.reminded,
        )

    async def _answer(self, job: Job) -> bool:
        """Do one turn; say whether more messages may be pending after it."""
        started = time.perf_counter()
        answer = Answer.OTHER if job.reminded else await self._offers.answer(job.offer, job.rows)
        if answer is not Answer.OTHER:
            return await self._settle(job, answer)
        try:
            with self._typing.during(job.conversation, job.answers):
                result = await self._engine.turn(self._request(job), self._directory)
        except TurnFailed as error:
            # The engine's messages name places and types, never what a customer wrote.
            why = error.message[:200]
            more = await self._fail(job, {"error": error.code, "why": why, **_known(error.fields)})
        except EngineError as error:
            more = await self._fail(job, {"error": error.code})
        else:
            more = await self._commit(job, result)
        self._metrics.observe("turn", time.perf_counter() - started)
        return more

    async def _settle(self, job: Job, answer: Answer) -> bool:
        """Do what the customer answered to the offer of a person; the engine has no part in it."""
        desk, now, row = await self._handoffs.desk(), self._clock.now(), job.rows[-1]

        async def work(tx: Tx) -> _Done | None:
            conversation = await _still_ours(tx, job)
            if conversation is None:
                return None
            await _finish(tx, job, InboxOutcome.ANSWERED)
            conversation = await self._offers.settle(
                tx, conversation, job.offer, answer, desk=desk, now=now, reply_to=row.id
            )
            await tx.put_conversation(conversation)
            handed_over = conversation.owner is Owner.QUEUE
            said = await tx.replies_to(conversation.id, row.id)
            return _Done(said=said, more=True, handed_over=handed_over)

        try:
            done = await self._store.write(work)
        except _Lost:
            done = None
        if done is not None and done.handed_over and job.offer is not None:
            self._metrics.count("handoffs", reason=job.offer.signal.reason.value)
        return await self._after(job, done, outcome="answered")

    async def _commit(self, job: Job, result: TurnResult) -> bool:
        desk = await self._handoffs.desk() if result.handoff else None
        now = self._clock.now()
        done = None
        try:
            done = await self._store.write(lambda tx: self._make_true(tx, job, result, desk, now))
        except _Lost:
            pass
        finally:
            self._engine.settle(result, committed=done is not None)
        if done is not None and done.handed_over and result.handoff is not None:
            self._metrics.count("handoffs", reason=result.handoff.reason.value)
        self._metrics.count("engine_cpu", result.cpu_ms / 1000)
        return await self._after(job, done, outcome="answered")

    async def _make_true(
        self, tx: Tx, job: Job, result: TurnResult, desk: Desk | None, now: datetime
    ) -> _Done | None:
        """Commit a turn's result; None when a person took over meanwhile and it is void."""
        conversation = await _still_ours(tx, job)
        if conversation is None:
            return None
        if job.reminded and (late := overtaken(await tx.pending(conversation.id))):
            await tx.finish_inbox(late, InboxOutcome.OVERTAKEN)
            return None
        await _finish(tx, job, InboxOutcome.ANSWERED)
        row = job.rows[-1]
        await tx.put_state(conversation.id, result.state, result.model)
        if not job.reminded:
            await tx.annotate(conversation.id, row.message_seq, result.nlu, failed=False)
        conversation = replace(conversation, returned_at=None)
        said = []
        join = self._joins(conversation.channel, conversation.account)
        for draft in joined(result.messages) if join else result.messages:
            say = Say(author=Author.BOT, reply_to=row.id)
            conversation, message = await self._record.append(tx, conversation, say, draft, now)
            said.append(message)
        if result.handoff is not None and desk is not None:
            conversation = await self._offers.request(
                tx,
                conversation,
                job.offer,
                result.handoff,
                desk=desk,
                now=now,
                slots=result.slots,
                reply_to=row.id,
            )
        elif not job.reminded:
            await self._offers.close(tx, conversation, job.offer)
        await tx.put_conversation(conversation)
        await self._reminders.keep(tx, conversation, row, result, now)
        if result.handoff is not None:
            said = await tx.replies_to(conversation.id, row.id)
        # Asked here, it costs a query; asked afterwards, a transaction.
        more = bool(await tx.pending(conversation.id))
        asks = result.awaiting and conversation.owner is Owner.BOT
        if asks and not more and not job.reminded:  # once for each question
            await self._reminders.await_answer(tx, conversation, row, now)
        return _Done(said=said, more=more, handed_over=conversation.owner is Owner.QUEUE)

    async def _fail(self, job: Job, evidence: dict[str, str]) -> bool:
        """Give the conversation to people with a plain sentence; its message is marked as failed."""
        log.warning(
            "turn_failed", conversation_id=job.conversation.id, inbox_id=job.rows[-1].id, **evidence
        )
        desk, now = await self._handoffs.desk(), self._clock.now()
        if job.reminded:
            evidence = {**evidence, "due": in_words(job.rows[-1].payload)}
        # Who was only to be reminded did not ask for anything that failed.
        signal = HandoffSignal(reason=Reason.ENGINE_DOWN, evidence=evidence, quiet=job.reminded)

        async def work(tx: Tx) -> _Done | None:
            conversation = await _still_ours(tx, job)
            if conversation is None:
                return None
            await _finish(tx, job, InboxOutcome.FAILED)
            row = job.rows[-1]
            if job.reminded and await self._reminders.put_off(tx, row, now):
                return _Done(said=[], more=True, put_off=True)
            for failed in () if job.reminded else job.rows:  # each fragment that was read with it
                await tx.annotate(conversation.id, failed.message_seq, None, failed=True)
            conversation = await self._handoffs.request(
                tx, conversation, signal, desk=desk, now=now, reply_to=row.id, by=SYSTEM
            )
            await tx.put_conversation(conversation)
            return _Done(said=await tx.replies_to(conversation.id, row.id), more=True)

        try:
            done = await self._store.write(work)
        except _Lost:
            done = None
        if done is not None and not done.put_off:
            self._metrics.count("handoffs", reason=signal.reason.value)
        return await self._after(job, done, outcome="failed")

    async def _after(self, job: Job, done: _Done | None, *, outcome: str) -> bool:
        """Tell everybody who waits; nothing here is needed for the result to be true.

        Returns whether more may be pending. Who waits for a void turn's words looks in the store.
        """
        self._metrics.count("turns", outcome=outcome if done else "dropped")
        if done is None:
            return True
        said = [message for message in done.said if message.visible_to_customer]
        self._replies.deliver(job.ids, said)
        for message in said:
            self._metrics.count(
                "messages_out", channel=job.conversation.channel, author=message.author.value
            )
        if done.said and self._record.pushes(job.conversation):
            self._sent()
        if done.said:
            by_system = any(m.author is Author.SYSTEM for m in done.said)
            kind = "owner" if by_system else "message"
            await self._bus.publish(
                Hint(conversation_id=job.conversation.id, seq=done.said[-1].seq, kind=kind)
            )
        return done.more


def _as_vouched_for(job: Job, now: datetime) -> Customer:
    """Return the customer as known through what the turn answers, not through earlier messages.

    A sign-in ends with its token, and a customer may have several addresses of which one alone is
    signed in. So the record says who it would be, and the message's own trust whether it is them.
    """
    customer, trust = job.customer, job.rows[-1].trust
    if customer is None:
        return Customer(id=job.conversation.customer_id, created_at=now)
    if not customer.directory_ref or TRUST_RANK[trust] >= TRUST_RANK[Trust.CHANNEL]:
        return replace(customer, trust=trust)
    return Customer(id=customer.id, created_at=customer.created_at, trust=trust)


async def _still_ours(tx: Tx, job: Job) -> Conversation | None:
    """Return the conversation if the bot still owns it as it did when the turn began.

    Otherwise the messages belong to whoever took over, and are finished as such. If the bot has it
    again by now, those that are still pending get a new turn.
    """
    conversation = await tx.conversation(job.conversation.id, lock=True)
    if conversation is not None and conversation.owner_version == job.conversation.owner_version:
        return conversation
    if conversation is None or conversation.owner is not Owner.BOT:
        await tx.finish_inbox(job.ids, InboxOutcome.WITH_PERSON)
    return None


async def _finish(tx: Tx, job: Job, outcome: InboxOutcome) -> None:
    if await tx.finish_inbox(job.ids, outcome) != len(job.rows):
        raise _Lost


def _known(fields: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if name in ("action", "kind", "reason")}

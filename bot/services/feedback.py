"""How far customers and agents have read, and how customers rate the agents' help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.agents import Agent
from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.feedback import MAX_COMMENT, MAY_CHANGE, MAY_RATE, SCORES, Rating
from bot.domain.handoff import Handoff, Outcome
from bot.domain.message import Author
from bot.ports import Bus, Clock, Hint, MetricsPort, Store, Tx
from bot.services.desk_views import Marks, get_conversation, marks
from bot.services.masking import mask
from bot.services.record import Record

_HELPED = (Outcome.RESOLVED, Outcome.RETURNED_TO_BOT)


class Feedback:
    """Takes read marks and ratings, and tells those who look at the conversation."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        metrics: MetricsPort,
        seen: Callable[[str], None],
    ) -> None:
        """Note ratings in the transcript by `record`; `seen` shows customers that an agent has read."""
        self._seen = seen
        self._store, self._bus, self._clock = store, bus, clock
        self._record, self._metrics = record, metrics

    async def customer_read(self, channel: str, account: str, address: str, seq: int) -> Marks:
        """Note how far the customer at an address has read. Nothing happens for an unknown address."""

        async def work(tx: Tx) -> tuple[Conversation, Marks, bool] | None:
            conversation = await conversation_at(tx, channel, account, address)
            if conversation is None:
                return None
            return await self._move(tx, conversation, Author.CUSTOMER, seq)

        moved = await self._store.write(work)
        return Marks() if moved is None else await self._told(*moved, who=Author.CUSTOMER)

    async def agent_read(self, agent: Agent, conversation_id: str, seq: int) -> Marks:
        """Note how far an agent has read; only who owns the conversation counts, others change nothing.

        Raises UnknownConversation.
        """

        async def work(tx: Tx) -> tuple[Conversation, Marks, bool]:
            conversation = await get_conversation(tx, conversation_id)
            if conversation.owner is not Owner.AGENT or conversation.assignee != agent.id:
                return conversation, await marks(tx, conversation_id), False
            return await self._move(tx, conversation, Author.AGENT, seq)

        return await self._told(*await self._store.write(work), who=Author.AGENT)

    async def _move(
        self, tx: Tx, conversation: Conversation, who: Author, seq: int
    ) -> tuple[Conversation, Marks, bool]:
        seq = min(seq, conversation.seq)
        moved = seq > 0 and await tx.mark_read(conversation.id, who, seq, self._clock.now())
        return conversation, await marks(tx, conversation.id), moved

    async def _told(self, conversation: Conversation, now: Marks, moved: bool, *, who: Author) -> Marks:
        if moved:
            data = {"who": who.value, "seq": now.customer if who is Author.CUSTOMER else now.agent}
            hint = Hint(conversation_id=conversation.id, seq=conversation.seq, kind="read", data=data)
            await self._bus.publish(hint)
            if who is Author.AGENT:
                self._seen(conversation.id)
        return now

    async def rate(self, channel: str, account: str, address: str, score: int, comment: str = "") -> Rating:
        """Rate the newest help of an agent; within a day a rating may be changed.

        Raises:
            InvalidInput: the score is not 1 to 5, or the comment too long.
            NotFound: no agent has helped here lately.
            Conflict: it was rated more than a day ago.
        """
        comment = _check(score, comment)
        now = self._clock.now()

        async def work(tx: Tx) -> tuple[Conversation, Rating, bool]:
            conversation = await conversation_at(tx, channel, account, address, lock=True)
            handoff = await rateable(tx, conversation.id, now) if conversation else None
            if conversation is None or handoff is None:
                raise NotFound("There is nothing to rate.")
            before = await tx.rating(conversation.id, handoff.id)
            if before is not None and now - before.at > MAY_CHANGE:
                raise Conflict("The rating cannot be changed any more.")
            if before is not None and (before.score, before.comment) == (score, comment):
                return conversation, before, False
            rating = Rating(
                conversation_id=conversation.id,
                handoff_id=handoff.id,
                score=score,
                comment=comment,
                at=before.at if before else now,
            )
            await tx.put_rating(rating)
            facts = {"score": score, "comment": comment, "handoff": handoff.id, "agent": handoff.agent_id}
            conversation = await self._record.event(tx, conversation, "rated", now, **facts)
            await tx.put_conversation(conversation)
            return conversation, rating, True

        conversation, rating, new = await self._store.write(work)
        if new:
            self._metrics.count("ratings", score=str(score))
            await self._bus.publish(Hint(conversation_id=conversation.id, seq=conversation.seq))
        return rating


async def conversation_at(
    tx: Tx, channel: str, account: str, address: str, *, lock: bool = False
) -> Conversation | None:
    """Return the conversation of an address."""
    identity = await tx.identity(channel, account, address)
    return await tx.conversation(identity.conversation_id, lock=lock) if identity else None


async def rateable(tx: Tx, conversation_id: str, now: datetime) -> Handoff | None:
    """Return the newest handoff if an agent has ended it, and not long ago."""
    handoffs = await tx.handoffs(conversation_id)
    last = handoffs[-1] if handoffs else None
    if last is None or last.accepted_at is None or last.closed_at is None or last.outcome not in _HELPED:
        return None
    return last if now - last.closed_at <= MAY_RATE else None


async def to_rate(tx: Tx, conversation_id: str, now: datetime) -> datetime | None:
    """Return when the agent's part ended that the customer may rate and has not yet, if there is one."""
    handoff = await rateable(tx, conversation_id, now)
    if handoff is None or await tx.rating(conversation_id, handoff.id) is not None:
        return None
    return handoff.closed_at


def _check(score: int, comment: str) -> str:
    if score not in SCORES:
        raise InvalidInput("score must be 1 to 5.", field="score")
    if len(comment) > MAX_COMMENT:
        raise InvalidInput(
            f"comment may have {MAX_COMMENT} characters.", field="comment", limit=MAX_COMMENT
        )
    kept = "".join(c for c in comment if c.isprintable() or c in "\n\t")
    return mask(kept.strip())

"""What people at the desk can do with conversations: read, claim, answer, pass on, close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.agents import OUTSIDE, Agent, AuditEntry, Availability, Permission, may
from bot.domain.conversation import Conversation, Owner, OwnerEvent
from bot.domain.errors import InvalidInput, InvalidTransition, NotFound
from bot.domain.handoff import HandoffSignal, Outcome, Reason
from bot.domain.ids import new_id
from bot.domain.media import MAX_FILES
from bot.domain.message import MAX_TEXT, Author, Draft, Kind, Message
from bot.domain.task import TaskOutcome
from bot.domain.work import InboxOutcome, Timer, TimerKind
from bot.ports import Bus, Clock, Hint, MetricsPort, Store, Tx
from bot.services.attachments import bind_uploads
from bot.services.attention import Attention
from bot.services.corrections import with_corrections
from bot.services.desk_lists import Wanted, counts, page
from bot.services.desk_views import get_conversation, person, require, with_names
from bot.services.directory_effects import plain
from bot.services.handoffs import Handoffs, next_in_line, quietly
from bot.services.packet import Packets, as_json
from bot.services.record import Record, Say
from bot.services.tasks import Tasks

PRESENCE_FOR = 60.0
"""Seconds that a stated presence lasts without a sign of life."""

_Change = Callable[[Tx, Conversation, datetime], Awaitable[Conversation]]


class DeskService:
    """Every call names the agent who makes it; what the role does not allow is refused here."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        record: Record,
        handoffs: Handoffs,
        tasks: Tasks,
        packets: Packets,
        metrics: MetricsPort,
        wake: Callable[[str], None],
        sent: Callable[[], None],
        expiry: timedelta,
        attention: Attention,
        typed: Callable[[str], None],
    ) -> None:
        """`wake` tells the dispatcher, `sent` the delivery, of new work; `typed` shows customers that an
        agent types.
        """
        self._store = store
        self._bus = bus
        self._clock = clock
        self._record = record
        self._handoffs = handoffs
        self._tasks = tasks
        self._packets = packets
        self._metrics = metrics
        self._wake = wake
        self._sent = sent
        self._typed = typed
        self._expiry = expiry
        self._attention = attention

    # --- reading

    async def conversations(
        self, agent: Agent, *, owner: str, after: str = "", limit: int = 50, **narrowed: Any
    ) -> list[dict[str, Any]]:
        """List conversations with the essentials; the queue in its order, others newest first.

        `narrowed` are further fields of `Wanted`.
        """
        require(agent, Permission.READ)
        wanted = Wanted(owner=owner, after=after, limit=limit, **narrowed)
        return await self._store.read(lambda tx: page(tx, agent, wanted))

    async def counts(self, agent: Agent) -> dict[str, Any]:
        """Return how many conversations are in each list of this agent."""
        require(agent, Permission.READ)
        return await self._store.read(lambda tx: counts(tx, agent))

    async def conversation(self, agent: Agent, conversation_id: str) -> dict[str, Any]:
        """Return a conversation with its customer and the packet of its newest handoff."""
        require(agent, Permission.READ)
        packet = await self._packets.build(conversation_id)  # first: it brings the profile up to date
        found = await self._store.read(lambda tx: with_names(tx, conversation_id))
        return {**found, "packet": plain(asdict(packet)) if packet else None}

    async def messages(
        self, agent: Agent, conversation_id: str, *, after: int, limit: int
    ) -> list[dict[str, Any]]:
        """Return messages, notes and events with a greater sequence number; below 0, the newest so many."""
        require(agent, Permission.READ)

        async def work(tx: Tx) -> list[dict[str, Any]]:
            conversation = await get_conversation(tx, conversation_id)
            first = after if after >= 0 else max(0, conversation.seq + after)
            found = await tx.messages(conversation_id, after=first, limit=limit)
            return await with_corrections(tx, conversation_id, found)

        return await self._store.read(work)

    async def agents(self, agent: Agent) -> list[dict[str, Any]]:
        """List the people at the desk with their presence."""
        require(agent, Permission.READ)
        found = await self._store.read(lambda tx: tx.agents())
        presence = await self._bus.presence()
        return [{**person(a), "state": presence.get(a.id, "offline")} for a in found if not a.disabled]

    # --- presence

    async def set_availability(self, agent: Agent, state: Availability) -> dict[str, Any]:
        """Note whether this agent takes work."""
        require(agent, Permission.ANSWER)
        await self._bus.set_presence(agent.id, state.value, PRESENCE_FOR)
        await self._bus.publish(
            Hint(conversation_id=agent.id, kind="presence", data={"state": state.value})
        )
        return {"agent": agent.id, "state": state.value, "for_seconds": PRESENCE_FOR}

    async def typing(self, agent: Agent, conversation_id: str, *, note: bool = False) -> None:
        """Let the others and, unless it is a note, the customer see that an answer is being written."""
        require(agent, Permission.ANSWER)
        data = {"agent": agent.id, "name": agent.name, "note": note}
        await self._bus.publish(Hint(conversation_id=conversation_id, kind="typing", data=data))
        if not note:
            self._typed(conversation_id)

    async def viewing(self, agent: Agent, conversation_id: str, *, here: bool) -> None:
        """Let the others see that this agent looks at a conversation, or no longer does."""
        require(agent, Permission.READ)
        data = {"agent": agent.id, "name": agent.name, "conversation_id": conversation_id, "here": here}
        await self._bus.publish(Hint(conversation_id=conversation_id, kind="viewing", data=data))

    # --- changing

    async def say(
        self,
        agent: Agent,
        conversation_id: str,
        *,
        text: str,
        kind: str,
        client_id: str,
        files: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Add a reply to the customer, or a note for agents, with files that this agent has uploaded.

        The same `client_id` again is the same message. Only the owner may reply; anybody who may
        answer may leave a note. Raises UnknownFile for a file that is not there.
        """
        require(agent, Permission.ANSWER)
        _check_say(text, kind, client_id, files)
        now = self._clock.now()

        async def work(tx: Tx) -> tuple[Conversation, Message, bool]:
            conversation = await get_conversation(tx, conversation_id, lock=True)
            before = await tx.message_by_client_id(conversation_id, _own(agent, client_id))
            if before is not None:
                return conversation, before, False
            if kind == "reply":
                _must_own(conversation, agent)
                await self._attention.given(tx, conversation_id, now)
                ended = TaskOutcome.ANSWERED
                await self._tasks.end(tx, conversation_id, by=agent.id, outcome=ended, now=now)
            say = Say(
                author=Author.AGENT,
                author_id=agent.id,
                author_name=agent.name,
                client_id=_own(agent, client_id),
            )
            attachments = await bind_uploads(tx, files, conversation, agent.id)
            draft = Draft(text=text, attachments=attachments, kind=Kind.NOTE if kind == "note" else None)
            conversation, message = await self._record.append(tx, conversation, say, draft, now)
            await tx.put_conversation(conversation)
            return conversation, message, True

        conversation, message, new = await self._store.write(work)
        if new:
            self._metrics.count("messages_out", channel=conversation.channel, author="agent")
            await self._told(conversation, "message")
        return {**as_json(message), "client_id": client_id}

    async def claim(self, agent: Agent, conversation_id: str, *, take: bool = False) -> dict[str, Any]:
        """Take a conversation that no person has; `take` lets a supervisor take it from an agent.

        One that has ended is opened again, and the customer hears of it by what the agent writes.

        Raises:
            InvalidTransition: somebody was faster; the fields name the present owner.
        """

        async def work(tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
            if conversation.owner is Owner.AGENT and conversation.assignee == agent.id:
                return conversation  # asked twice; it is theirs already
            event = OwnerEvent.CLAIMED
            if conversation.owner is Owner.AGENT and take:
                if conversation.assignee != OUTSIDE:
                    require(agent, Permission.SUPERVISE)
                event = OwnerEvent.TAKEN_BY_SUPERVISOR
            elif conversation.owner is Owner.NOBODY:
                event = OwnerEvent.REOPENED_BY_AGENT
            conversation = await self._open_if_none(tx, conversation, agent, now)
            await self._handoffs.accepted(tx, conversation, agent.id, now)
            await _finish_pending(tx, conversation_id)
            return await self._join(tx, conversation, agent, event, now)

        return await self._change(agent, conversation_id, "claim", work)

    async def release(self, agent: Agent, conversation_id: str, note: str = "") -> dict[str, Any]:
        """Give the conversation back to the bot and tell the customer."""

        async def work(tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
            _must_own(conversation, agent)
            conversation = await self._note(tx, conversation, agent, note, now)
            conversation = await self._handoffs.close(tx, conversation, Outcome.RETURNED_TO_BOT, now)
            await self._attention.over(tx, conversation_id)
            event = OwnerEvent.RETURNED_TO_BOT
            conversation = await self._record.move(tx, conversation, event, now=now, by=agent.id)
            conversation = await self._record.event(
                tx, conversation, "returned_to_bot", now, agent=agent.name
            )
            conversation, _ = await self._record.system(
                tx, conversation, "utter_system_returned_to_bot", now, agent=agent.name
            )
            due = now + self._expiry
            kind = TimerKind.SESSION_EXPIRY
            await tx.set_timer(Timer(conversation_id=conversation_id, kind=kind, due_at=due))
            return replace(conversation, returned_at=now)

        return await self._change(agent, conversation_id, "release", work)

    async def transfer(
        self, agent: Agent, conversation_id: str, *, to_agent: str, to_team: str, note: str
    ) -> dict[str, Any]:
        """Pass the conversation to another agent who is present, or to a team's queue."""
        if bool(to_agent) == bool(to_team):
            raise InvalidInput("Name either to_agent or to_team.", field="to_agent")
        present = (await self._bus.presence()).get(to_agent) == Availability.ONLINE.value
        desk = await self._handoffs.desk()

        async def work(tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
            _must_own(conversation, agent)
            conversation = await self._note(tx, conversation, agent, note, now)
            target = await tx.agent(to_agent) if to_agent else None
            if to_agent and (target is None or target.disabled or not may(target.role, Permission.ANSWER)):
                raise NotFound("There is no such agent to transfer to.", field="to_agent")
            if target is not None and present:
                await self._handoffs.accepted(tx, conversation, target.id, now)
                event = OwnerEvent.TRANSFERRED_TO_AGENT
                return await self._join(tx, conversation, target, event, now, by=agent)
            await self._attention.over(tx, conversation_id)
            team = to_team or (target.team if target else "")
            event = OwnerEvent.TRANSFERRED_TO_QUEUE
            moved = await self._record.move(tx, conversation, event, now=now, by=agent.id, team=team)
            moved = next_in_line(moved)
            moved = await self._record.event(
                tx, moved, "transferred", now, by=agent.name, to=to_team or (target.name if target else "")
            )
            return await self._handoffs.tell_place(tx, moved, desk=desk, now=now)

        return await self._change(agent, conversation_id, "transfer", work)

    async def resolve(
        self, agent: Agent, conversation_id: str, *, note: str, reopens_to: str = "bot"
    ) -> dict[str, Any]:
        """Close the matter; the customer's next message starts with the bot, or with people."""
        if reopens_to not in ("bot", "queue"):
            raise InvalidInput("reopens_to must be bot or queue.", field="reopens_to")

        async def work(tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
            if conversation.owner is Owner.AGENT and not may(agent.role, Permission.SUPERVISE):
                _must_own(conversation, agent)
            conversation = await self._note(tx, conversation, agent, note, now)
            # Also one who has just written to the bot must hear that nobody answers that here.
            tell = conversation.owner is not Owner.BOT or bool(await tx.pending(conversation_id))
            tell = tell and not await self._handoffs.untold(tx, conversation)
            silent = await self._attention.customer_is_silent(tx, conversation, now)
            conversation = await self._handoffs.close(tx, conversation, Outcome.RESOLVED, now)
            await self._attention.over(tx, conversation_id)
            await tx.clear_timer(conversation_id, TimerKind.SESSION_EXPIRY)
            ended = TaskOutcome.RESOLVED
            await self._tasks.end(tx, conversation_id, by=agent.id, outcome=ended, now=now)
            await _finish_pending(tx, conversation_id)
            event = OwnerEvent.RESOLVED
            moved = await self._record.move(tx, conversation, event, now=now, by=agent.id)
            moved = await self._record.event(tx, moved, "resolved", now, agent=agent.name)
            if tell:
                words = "utter_system_resolved_silent" if silent else "utter_system_resolved"
                moved, _ = await self._record.system(tx, moved, words, now, agent=agent.name)
            return replace(moved, reopens_to_queue=reopens_to == "queue")

        return await self._change(agent, conversation_id, "resolve", work)

    async def close_task(self, agent: Agent, conversation_id: str, *, note: str = "") -> dict[str, Any]:
        """Mark what the customer was promised as done, whoever has the conversation; they hear nothing.

        Where nothing is open, nothing changes.
        """

        async def work(tx: Tx, conversation: Conversation, now: datetime) -> Conversation:
            ended = TaskOutcome.CLOSED
            if not await self._tasks.end(tx, conversation_id, by=agent.id, outcome=ended, now=now):
                return conversation
            facts = {"agent": agent.name, **({"note": note.strip()} if note.strip() else {})}
            return await self._record.event(tx, conversation, "task_closed", now, **facts)

        return await self._change(agent, conversation_id, "task_closed", work)

    # --- parts

    async def _change(
        self, agent: Agent, conversation_id: str, action: str, change: _Change
    ) -> dict[str, Any]:
        """Do one change with its audit entry in one transaction, then tell everybody."""
        require(agent, Permission.ANSWER)
        now = self._clock.now()

        async def work(tx: Tx) -> Conversation:
            before = await get_conversation(tx, conversation_id, lock=True)
            after = await change(tx, before, now)
            if after is not before:
                await tx.put_conversation(after)
            if after is not before and after.owner_version == before.owner_version:
                entry = AuditEntry(
                    id=new_id(now),
                    at=now,
                    actor=agent.id,
                    action=f"conversation.{action}",
                    conversation_id=conversation_id,
                )
                await tx.add_audit(entry)  # what moves it is noted by Record.move
            return after

        conversation = await self._store.write(work)
        await self._told(conversation, "owner")
        self._metrics.count("desk_actions", action=action)
        return await self._store.read(lambda tx: with_names(tx, conversation_id))

    async def _told(self, conversation: Conversation, kind: str) -> None:
        if self._record.pushes(conversation):
            self._sent()
        await self._bus.publish(Hint(conversation_id=conversation.id, seq=conversation.seq, kind=kind))
        if conversation.owner is Owner.BOT:
            self._wake(conversation.id)

    async def _open_if_none(
        self, tx: Tx, conversation: Conversation, agent: Agent, now: datetime
    ) -> Conversation:
        """Give a conversation that no person waits in a handoff to its name."""
        tasks = await tx.open_tasks(conversation.id)
        evidence = {"task": tasks[0].id, "left": tasks[0].text} if tasks else {}
        signal = HandoffSignal(reason=Reason.AGENT_REQUESTED, evidence=evidence)
        if conversation.owner is Owner.NOBODY:
            conversation = replace(conversation, reopens_to_queue=False)
            return await self._handoffs.begin(tx, conversation, quietly(signal), now=now)
        if conversation.owner is Owner.BOT:
            return await self._handoffs.open(tx, conversation, signal, now=now, by=agent.id)
        return conversation

    async def _join(
        self,
        tx: Tx,
        conversation: Conversation,
        agent: Agent,
        event: OwnerEvent,
        now: datetime,
        by: Agent | None = None,
    ) -> Conversation:
        """Give the conversation to `agent`; `by` is who did it, if not they themselves."""
        who = (by or agent).id
        moved = await self._record.move(tx, conversation, event, now=now, by=who, assignee=agent.id)
        moved = await self._record.event(tx, moved, event.value, now, agent=agent.name)
        if not await self._handoffs.untold(tx, conversation):
            moved, _ = await self._record.system(
                tx, moved, "utter_system_agent_joined", now, agent=agent.name
            )
        # The customer waits for a first word; one who took it over gets the full time.
        await self._attention.owed(tx, moved.id, now, anew=True)
        return moved

    async def _note(
        self, tx: Tx, conversation: Conversation, agent: Agent, note: str, now: datetime
    ) -> Conversation:
        if not note.strip():
            return conversation
        say = Say(author=Author.AGENT, author_id=agent.id, author_name=agent.name)
        draft = Draft(text=note.strip()[:MAX_TEXT], kind=Kind.NOTE)
        conversation, _ = await self._record.append(tx, conversation, say, draft, now)
        return conversation


def _must_own(conversation: Conversation, agent: Agent) -> None:
    if conversation.owner is Owner.AGENT and conversation.assignee == agent.id:
        return
    raise InvalidTransition(
        "Only the agent who owns the conversation may do this.",
        owner=conversation.owner.value,
        assignee=conversation.assignee,
        owner_version=conversation.owner_version,
    )


def _own(agent: Agent, client_id: str) -> str:
    """Return the id under which an agent's own id is stored; two agents may use the same one."""
    return f"{agent.id}:{client_id}" if client_id else ""


def _check_say(text: str, kind: str, client_id: str, files: Sequence[str]) -> None:
    if kind not in ("reply", "note"):
        raise InvalidInput("kind must be reply or note.", field="kind")
    if not text.strip() and not files:
        raise InvalidInput("The message is empty.", field="text")
    if len(files) > MAX_FILES:
        raise InvalidInput(f"A message may have at most {MAX_FILES} files.", field="files")
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"A message may have at most {MAX_TEXT} characters.", field="text")
    if len(client_id) > 128:
        raise InvalidInput("client_id may have at most 128 characters.", field="client_id")


async def _finish_pending(tx: Tx, conversation_id: str) -> None:
    """What the customer wrote and nobody answered yet is the agent's now."""
    rows = await tx.pending(conversation_id)
    if rows:
        await tx.finish_inbox([row.id for row in rows], InboxOutcome.WITH_PERSON)

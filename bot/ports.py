"""What the core needs from outside. Adapters implement these; services know nothing else of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from bot.domain.agents import Agent, AuditEntry, AuditFilter, SecondFactor, Session
from bot.domain.conversation import Conversation, Owner
from bot.domain.correction import Correction, CorrectionStatus
from bot.domain.customer import (
    AddressChange,
    Answer,
    Cancellation,
    Case,
    ChannelIdentity,
    Closure,
    Customer,
    Effect,
    Goodwill,
    Invoice,
    Order,
    Preferences,
    Product,
    Profile,
    Refund,
    Trust,
    TurnContext,
)
from bot.domain.feedback import Rating, ReadMark
from bot.domain.handoff import Handoff
from bot.domain.media import Media
from bot.domain.message import Attachment, Author, Delivery, IdentityClaim, Message, Nlu
from bot.domain.office import CannedReply, Team, TeamUse
from bot.domain.overview import DeskCounts, Overview
from bot.domain.task import Task, TaskOutcome
from bot.domain.turn import TurnRequest, TurnResult
from bot.domain.work import InboxOutcome, InboxRow, OutboxRow, Timer, TimerKind

R = TypeVar("R")


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present time, in UTC and aware."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a test's clock returns when the test moves it."""
        ...


# --- store -------------------------------------------------------------------------------------


class Tx(Protocol):
    """One transaction. Everything in it happens, or nothing does.

    A transaction function awaits methods of its `Tx` and nothing else: the embedded store runs it on
    a thread of its own, where no event loop is. It may be run again when the database asks for that,
    so it must have no other effects.
    """

    # customers
    async def identity(self, channel: str, account: str, address: str) -> ChannelIdentity | None:
        """Return who writes from this address."""
        ...

    async def put_identity(self, identity: ChannelIdentity) -> None:
        """Insert or replace by (channel, account, address)."""
        ...

    async def customer(self, customer_id: str) -> Customer | None:
        """Return a customer."""
        ...

    async def put_customer(self, customer: Customer) -> None:
        """Insert or replace by id."""
        ...

    async def customer_by_ref(self, directory_ref: str) -> Customer | None:
        """Return the customer that is known under this id in the company's system."""
        ...

    # conversations
    async def conversation(self, conversation_id: str, *, lock: bool = False) -> Conversation | None:
        """Return a conversation; with `lock`, nobody else changes it before this transaction ends."""
        ...

    async def put_conversation(self, conversation: Conversation) -> None:
        """Insert or replace by id."""
        ...

    async def conversations(
        self,
        *,
        owner: Owner | None = None,
        assignee: str = "",
        customer_id: str = "",
        team: str = "",
        channel: str = "",
        reason: str = "",
        unread: bool = False,
        work: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> list[Conversation]:
        """List conversations.

        With `owner=QUEUE`: in queue order (see `bot.domain.handoff.queue_key`). With `work`: those
        with an open task, the nearest due first. Otherwise the most recently updated first. `reason`
        is the open handoff's; `unread` asks for a customer message that no agent has read. `after` is
        the id of the last one already seen.
        """
        ...

    async def conversations_by_id(self, ids: Sequence[str]) -> list[Conversation]:
        """Return these conversations, in no order, without those that are not there."""
        ...

    async def overviews(self, conversation_ids: Sequence[str]) -> dict[str, Overview]:
        """Return what a list shows of these conversations, by id."""
        ...

    async def desk_counts(self, agent_id: str) -> DeskCounts:
        """Count what is in each of this agent's lists."""
        ...

    async def count_by_owner(self) -> dict[Owner, int]:
        """Count conversations by owner."""
        ...

    # search
    async def search_messages(self, words: Sequence[str], *, limit: int) -> list[Message]:
        """Return messages with all these words (see `bot.domain.words.asked`), the newest first; a store
        may take the newest conversations first instead. Events are not looked at.
        """
        ...

    async def search_customers(self, words: Sequence[str], *, limit: int) -> list[Customer]:
        """Return customers whose name, e-mail address or reference has all these words."""
        ...

    async def conversations_behind(self, after: str, *, limit: int) -> tuple[list[str], str]:
        """Look at `limit` conversations after an id, in order of ids.

        Returns those with messages that the index has not taken in, and the last id that was looked
        at, which is empty at the end. A store that keeps its index itself has none behind.
        """
        ...

    async def index_conversation(self, conversation_id: str, *, limit: int) -> int:
        """Take at most `limit` new messages into the index, and what is new about the customer.

        Returns how many messages there were; fewer than `limit` means that it is up to date.
        """
        ...

    async def tidy_index(self, pages: int) -> None:
        """Merge what was added to the index in small pieces, about this many pages of it."""
        ...

    async def renew_index(self) -> bool:
        """Empty an index that was made by other rules for words; say whether it was."""
        ...

    async def state(self, conversation_id: str) -> bytes | None:
        """Return the committed dialogue state."""
        ...

    async def put_state(self, conversation_id: str, state: bytes, model: str) -> None:
        """Replace the dialogue state."""
        ...

    # messages
    async def add_message(self, message: Message) -> None:
        """Insert; (conversation_id, seq) is unique, and so is a non-empty (conversation_id, client_id).

        Raises Conflict, which ends the transaction even if it is caught.
        """
        ...

    async def message(self, conversation_id: str, seq: int) -> Message | None:
        """Return one message."""
        ...

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 200) -> list[Message]:
        """Return messages with a greater sequence number, in order."""
        ...

    async def last_messages(self, conversation_id: str, *, limit: int = 50) -> list[Message]:
        """Return the newest messages, in order."""
        ...

    async def message_by_client_id(self, conversation_id: str, client_id: str) -> Message | None:
        """Return the message that was stored under the sender's own id."""
        ...

    async def message_by_external_id(self, channel: str, account: str, external_id: str) -> Message | None:
        """Return the outgoing message that the platform knows by this id, or a part of it."""
        ...

    async def replies_to(self, conversation_id: str, inbox_id: str) -> list[Message]:
        """Return what was said in answer to an inbox row, in order."""
        ...

    async def annotate(self, conversation_id: str, seq: int, nlu: Nlu | None, failed: bool) -> None:
        """Keep what was understood of a customer message."""
        ...

    async def set_delivery(
        self, conversation_id: str, seq: int, delivery: Delivery, external_id: str = "", note: str = ""
    ) -> bool:
        """Move a message's delivery status if `DELIVERY_STEPS` allows it; say whether it moved.

        `note` says to agents why it failed.
        """
        ...

    async def set_attachments(
        self, conversation_id: str, seq: int, attachments: Sequence[Attachment]
    ) -> None:
        """Replace the files of a message: one more of an album has come, or one was fetched."""
        ...

    async def add_sent_part(
        self, conversation_id: str, seq: int, channel: str, account: str, external_id: str
    ) -> None:
        """Note the platform's id of one of several parts of a message; see `message_by_external_id`."""
        ...

    async def message_from_customer(self, conversation_id: str, external_id: str) -> Message | None:
        """Return the customer's message that the platform knows by this id."""
        ...

    # inbox
    async def remember(
        self, channel: str, account: str, address: str, key: str, inbox_id: str, at: datetime
    ) -> str | None:
        """Note that a platform's message was accepted as `inbox_id`.

        Returns None when it is new, otherwise the inbox id it was first accepted as.
        """
        ...

    async def add_inbox(self, row: InboxRow) -> None:
        """Insert a row."""
        ...

    async def inbox(self, inbox_id: str) -> InboxRow | None:
        """Return a row."""
        ...

    async def pending(self, conversation_id: str) -> list[InboxRow]:
        """Return the conversation's pending rows, oldest first."""
        ...

    async def last_trust(self, conversation_id: str) -> Trust:
        """Return what was vouched for with the customer's newest message; ANONYMOUS before the first."""
        ...

    async def pending_conversations(self, now: datetime, *, limit: int = 500) -> list[str]:
        """Return ids of conversations with a pending row that is due, longest waiting first."""
        ...

    async def finish_inbox(self, ids: Sequence[str], outcome: InboxOutcome) -> int:
        """Mark pending rows done; return how many were still pending."""
        ...

    async def count_attempt(self, inbox_ids: Sequence[str]) -> None:
        """Add one to `attempts` of these rows."""
        ...

    # outbox
    async def add_outbox(self, row: OutboxRow) -> None:
        """Insert a row."""
        ...

    async def take_outbox(self, now: datetime, node: str, *, limit: int = 50) -> list[OutboxRow]:
        """Take rows that are due, at most the oldest of each conversation, and mark them started.

        A conversation with a started row has none to give. On PostgreSQL rows locked by others are
        skipped.
        """
        ...

    async def retry_outbox(self, outbox_id: str, due_at: datetime) -> None:
        """Give a started row back, to be taken again at `due_at`; adds one to its attempts."""
        ...

    async def continue_outbox(self, outbox_id: str, part: int) -> None:
        """Note that the platform has the first `part` parts; attempts count anew from there."""
        ...

    async def outbox_of(self, conversation_id: str, seq: int) -> OutboxRow | None:
        """Return the row of a message whose sending is not over."""
        ...

    async def note_early(self, outbox_id: str, status: str) -> None:
        """Keep what the platform told of a message before its sending was over."""
        ...

    async def drop_outbox(self, outbox_id: str) -> None:
        """Remove a row whose message has its final or its sent status."""
        ...

    async def stale_outbox(self, *, node: str, before: datetime) -> list[OutboxRow]:
        """Return started rows of this node, or of any node if started before `before`: their outcome
        is unknown because the process that sent them is gone.
        """
        ...

    # handoffs
    async def handoff(self, handoff_id: str) -> Handoff | None:
        """Return a handoff."""
        ...

    async def put_handoff(self, handoff: Handoff) -> None:
        """Insert or replace by id."""
        ...

    async def handoffs(self, conversation_id: str) -> list[Handoff]:
        """Return all handoffs of a conversation, oldest first."""
        ...

    async def recent_waits(self, *, since: datetime, limit: int) -> list[float]:
        """Return the seconds from request to acceptance of handoffs accepted since then, newest first.

        Those that an agent began are not among them: nobody waited.
        """
        ...

    # tasks
    async def put_task(self, task: Task) -> None:
        """Insert or replace by id."""
        ...

    async def task(self, task_id: str) -> Task | None:
        """Return a task."""
        ...

    async def open_tasks(self, conversation_id: str) -> list[Task]:
        """Return the open tasks of a conversation, the nearest due first."""
        ...

    async def close_task(self, task_id: str, *, by: str, outcome: TaskOutcome, at: datetime) -> bool:
        """End an open task; false if it was not open."""
        ...

    # effects and proofs
    async def effect(self, key: str) -> Effect | None:
        """Return what was done under an idempotency key."""
        ...

    async def put_effect(self, effect: Effect) -> None:
        """Insert or replace by key."""
        ...

    async def effects(self, conversation_id: str) -> list[Effect]:
        """Return what was changed for a conversation, oldest first."""
        ...

    async def effects_for(self, customer_ref: str, method: str, since: datetime) -> list[Effect]:
        """Return what was begun for a customer of the company since then by one method, oldest first.

        In a transaction that writes, others that ask for the same customer wait until it has ended.
        """
        ...

    async def grant_order(self, conversation_id: str, order_number: str, at: datetime) -> None:
        """Remember that the customer proved this order."""
        ...

    async def order_grants(self, conversation_id: str) -> tuple[str, ...]:
        """Return the proved orders."""
        ...

    async def put_profile(self, customer_id: str, data: dict[str, Any], source: str, at: datetime) -> None:
        """Keep a snapshot of what the directory said of a customer."""
        ...

    async def profile(self, customer_id: str) -> tuple[dict[str, Any], str, datetime] | None:
        """Return the snapshot with its source and time."""
        ...

    # files
    async def add_media(self, media: Media) -> None:
        """Insert; its parts follow, then `finish_media`."""
        ...

    async def add_media_part(self, media_id: str, number: int, data: bytes) -> None:
        """Insert a part of PART_SIZE bytes (the last one may be shorter), numbered from 0."""
        ...

    async def finish_media(self, media_id: str) -> bool:
        """Note that all parts are there; false if the file was deleted meanwhile."""
        ...

    async def media(self, media_id: str) -> Media | None:
        """Return what is known of a file."""
        ...

    async def media_part(self, media_id: str, number: int) -> bytes | None:
        """Return the bytes of one part."""
        ...

    async def bind_media(self, media_id: str, conversation_id: str, seq: int) -> bool:
        """Make a whole file part of a message; false if it is in one already, or not whole."""
        ...

    async def count_unsent_media(self, channel: str, account: str, address: str) -> int:
        """Count the files that were uploaded from this address and are in no message."""
        ...

    async def drop_media(self, media_id: str) -> None:
        """Delete a file."""
        ...

    async def drop_unsent_media(self, before: datetime) -> int:
        """Delete files that were uploaded before and are in no message; return how many went. A store
        may take a bounded number at a time, so call again until it returns 0.
        """
        ...

    # read marks and ratings
    async def mark_read(self, conversation_id: str, who: Author, seq: int, at: datetime) -> bool:
        """Note that the customer or an agent has read up to `seq`; false if they had read as far before."""
        ...

    async def read_marks(self, conversation_id: str) -> dict[Author, ReadMark]:
        """Return how far the customer and the agents have read; who has read nothing is left out."""
        ...

    async def put_rating(self, rating: Rating) -> None:
        """Insert or replace by conversation and handoff."""
        ...

    async def rating(self, conversation_id: str, handoff_id: str) -> Rating | None:
        """Return the rating of a handoff."""
        ...

    async def ratings(self, conversation_id: str) -> list[Rating]:
        """Return the ratings of a conversation, oldest first."""
        ...

    # corrections
    async def next_correction(self) -> int:
        """Return a number that no correction has; others wait for theirs until the transaction ends."""
        ...

    async def put_correction(self, correction: Correction) -> None:
        """Insert or replace by id; one message has at most one. Raises Conflict, as `add_message` does."""
        ...

    async def correction(self, number: int) -> Correction | None:
        """Return a correction by its number."""
        ...

    async def corrections(self, status: CorrectionStatus, *, limit: int = 500) -> list[Correction]:
        """List the open ones, oldest first, or those of another status, latest decision first."""
        ...

    async def corrections_of(self, conversation_id: str) -> list[Correction]:
        """Return the corrections of a conversation, by message."""
        ...

    async def drop_correction(self, number: int) -> None:
        """Remove a correction, as if it had never been made."""
        ...

    # timers
    async def set_timer(self, timer: Timer) -> None:
        """Insert or move the timer of this kind and name for this conversation."""
        ...

    async def clear_timer(self, conversation_id: str, kind: TimerKind, name: str = "") -> None:
        """Remove it if it is there."""
        ...

    async def clear_until_written(self, conversation_id: str) -> None:
        """Remove the timers that go when the customer writes."""
        ...

    async def timers(self, conversation_id: str, kind: TimerKind) -> list[Timer]:
        """Return the conversation's timers of a kind, the nearest first."""
        ...

    async def take_timer(self, now: datetime) -> Timer | None:
        """Remove and return the timer that is due longest; the caller acts in the same transaction.

        On PostgreSQL rows locked by others are skipped.
        """
        ...

    async def next_timer_at(self) -> datetime | None:
        """Return when the next timer is due."""
        ...

    # agents
    async def agent(self, agent_id: str) -> Agent | None:
        """Return an agent."""
        ...

    async def agent_by_email(self, email: str) -> Agent | None:
        """Return an agent; e-mail addresses are compared in lower case."""
        ...

    async def put_agent(self, agent: Agent) -> None:
        """Insert or replace by id."""
        ...

    async def agents(self, *, lock: bool = False) -> list[Agent]:
        """Return all agents by name; with `lock`, nobody else changes one until the end."""
        ...

    async def session(self, digest: str) -> Session | None:
        """Return a sign-in."""
        ...

    async def put_session(self, session: Session) -> None:
        """Insert or replace by digest."""
        ...

    async def drop_session(self, digest: str) -> None:
        """End a sign-in."""
        ...

    async def drop_sessions(self, agent_id: str, *, but: str = "") -> None:
        """End all sign-ins of an agent, except the one whose digest is `but`."""
        ...

    async def sessions(self, agent_id: str = "") -> list[Session]:
        """Return the sign-ins that have not ended, newest first; of everybody if no agent is named."""
        ...

    async def touch_session(self, digest: str, at: datetime) -> None:
        """Note when a sign-in was used; one that has ended stays ended."""
        ...

    async def second_factor(self, agent_id: str) -> SecondFactor | None:
        """Return an agent's one-time passwords, confirmed or not."""
        ...

    async def second_factors(self) -> frozenset[str]:
        """Return the ids of the agents whose one-time passwords are confirmed."""
        ...

    async def put_second_factor(self, factor: SecondFactor) -> None:
        """Insert or replace by agent."""
        ...

    async def use_step(self, agent_id: str, step: int) -> bool:
        """Use up a time step and those before it; False if that was done already."""
        ...

    async def drop_second_factor(self, agent_id: str) -> bool:
        """Remove an agent's one-time passwords and recovery codes; False if there were none."""
        ...

    async def put_recovery_codes(self, agent_id: str, digests: Sequence[str]) -> None:
        """Replace an agent's recovery codes."""
        ...

    async def use_recovery_code(self, agent_id: str, digest: str) -> bool:
        """Use a recovery code up; False if there is no such one."""
        ...

    async def add_audit(self, entry: AuditEntry) -> None:
        """Append to the audit log."""
        ...

    async def audit(
        self, *, actor: str = "", conversation_id: str = "", after: str = "", limit: int = 100
    ) -> list[AuditEntry]:
        """Return entries, newest first; `after` is the id of the last one already seen."""
        ...

    async def search_audit(
        self, wanted: AuditFilter, *, after: str = "", limit: int = 100
    ) -> list[AuditEntry]:
        """Return the entries that are asked for, newest first; `after` is the last one already seen."""
        ...

    async def last_seen(self) -> dict[str, datetime]:
        """Return when each agent's sign-ins were last used, as far as they are kept."""
        ...

    # teams and canned replies
    async def teams(self) -> list[Team]:
        """Return all teams by name."""
        ...

    async def add_team(self, team: Team) -> None:
        """Insert. Raises Conflict if there is one of this name."""
        ...

    async def drop_team(self, name: str) -> bool:
        """Delete; False if there is none."""
        ...

    async def team_uses(self) -> dict[str, TeamUse]:
        """Return who and what is in each team, also in one that is not in the list."""
        ...

    async def canned_replies(self) -> list[CannedReply]:
        """Return all canned replies by shortcut."""
        ...

    async def canned_reply(self, reply_id: str) -> CannedReply | None:
        """Return a canned reply."""
        ...

    async def put_canned_reply(self, reply: CannedReply) -> None:
        """Insert or replace by id. Raises Conflict for a shortcut that its team and language have."""
        ...

    async def drop_canned_reply(self, reply_id: str) -> bool:
        """Delete; False if there is none."""
        ...

    # links
    async def add_link(self, digest: str, claim: IdentityClaim, expires_at: datetime) -> None:
        """Keep whom a link stands for, by the digest of its token."""
        ...

    async def use_link(
        self, digest: str, channel: str, account: str, address: str, now: datetime
    ) -> IdentityClaim | None:
        """Use a link up for one address; the same address may come again. None for one that is spent,
        used by another address, or unknown.
        """
        ...

    # housekeeping
    async def prune(self, *, conversations_before: datetime, dedupe_before: datetime) -> int:
        """Delete what is older: NOBODY-owned conversations with all that hangs on them, remembered
        message ids, ended sessions. Returns how many conversations went; a store may take a bounded
        number at a time, so call again until it returns 0.
        """
        ...

    async def export_customer(self, customer_id: str) -> dict[str, Any]:
        """Return everything that is stored of a customer, as plain JSON values."""
        ...

    async def erase_customer(self, customer_id: str) -> int:
        """Delete everything that is stored of a customer; return how many conversations went."""
        ...

    async def meta(self, key: str) -> str | None:
        """Return an installation-wide value."""
        ...

    async def put_meta(self, key: str, value: str) -> None:
        """Set an installation-wide value."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    async def write(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` in a transaction and return its result once that is on disk."""
        ...

    async def read(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """Run `work` on a consistent view; it must not change anything."""
        ...

    async def try_own(self, conversation_id: str) -> bool:
        """Become the only node that works on this conversation; false if another node does."""
        ...

    async def disown(self, conversation_id: str) -> None:
        """Let other nodes work on it again."""
        ...

    async def start(self) -> None:
        """Open connections. Raises StoreError if the schema is not the present one."""
        ...

    async def stop(self) -> None:
        """Finish what is queued and close."""
        ...

    async def check(self) -> None:
        """Raise StoreError if the store cannot be reached."""
        ...

    @property
    def stats(self) -> dict[str, float]:
        """Counters for metrics: transactions, groups, cpu_seconds of the store's own work."""
        ...


# --- bus ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """ "Conversation C is at sequence N": a hint to look, never the truth itself."""

    conversation_id: str
    seq: int = 0
    kind: str = "message"
    """message, owner, typing, viewing, read, queue, or presence (its conversation_id is an agent's id)."""
    data: dict[str, Any] = field(default_factory=dict)


class Bus(Protocol):
    """Hints, presence and rate limits. Losing it makes Baton slower to notify and loses nothing."""

    async def publish(self, hint: Hint) -> None:
        """Tell every subscriber on every node; never raises and never waits long."""
        ...

    def subscribe(self) -> AsyncIterator[Hint]:
        """Yield hints from now on; a subscriber that lags loses the oldest ones."""
        ...

    async def set_presence(self, agent_id: str, state: str, ttl: float) -> None:
        """Note an agent's state for `ttl` seconds."""
        ...

    async def presence(self) -> dict[str, str]:
        """Return the agents whose presence has not lapsed, with their states."""
        ...

    async def allow(self, key: str, *, limit: int, window: float) -> float:
        """Count one event; return 0.0 if it is within `limit` per `window` seconds, else how many
        seconds to wait. Fails open: an unreachable bus allows, by limits kept on this node.
        """
        ...

    async def forgive(self, key: str) -> None:
        """Take the latest event that `allow` counted out of the count again: it was harmless."""
        ...

    async def start(self) -> None:
        """Connect; does not raise when the other side is down."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...

    @property
    def healthy(self) -> bool:
        """Say whether hints reach other nodes at the moment."""
        ...


# --- engine ------------------------------------------------------------------------------------


class TurnDirectory(Protocol):
    """The company's data as one turn may see it: trust, keys and time limits are the server's work.

    Custom actions reach it through `turn_services`.
    """

    async def profile(self) -> Answer[Profile]:
        """Return the customer's own profile; NOT_ALLOWED when we do not know who they are."""
        ...

    async def orders(self) -> Answer[tuple[Order, ...]]:
        """Return the customer's recent orders, newest first; NOT_ALLOWED as above.

        A conversation that proved single orders gets exactly those.
        """
        ...

    async def order(self, number: str) -> Answer[Order]:
        """Return one order; NOT_ALLOWED when it must be proved first.

        For a number that does not exist the answer is NOT_ALLOWED too, so that numbers cannot be
        guessed, unless the customer is known; then NOT_FOUND.
        """
        ...

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Check an order's e-mail or postcode and, if right, open this order to the conversation.

        NOT_FOUND for a wrong number or proof alike; THROTTLED after too many.
        """
        ...

    async def cancel_order(self, number: str) -> Answer[Cancellation]:
        """Cancel an order, once. REFUSED with detail `shipped`, `delivered` or `cancelled` if not
        possible.
        """
        ...

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund"
    ) -> Answer[Refund]:
        """Open a return of an order or of one line of it, once, for its money or a replacement.

        REFUSED with detail `not_delivered`, `too_late`, `already`, `unknown_item` or
        `no_replacement` (out of stock).
        """
        ...

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund that belongs to an order."""
        ...

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Return an order's invoice; NOT_FOUND while there is none yet.

        Its `url` is empty unless we know who the customer is: number and postcode are not enough for it.
        """
        ...

    async def change_address(self, address: str, *, number: str = "") -> Answer[AddressChange]:
        """Send an order elsewhere, or change the account's own address, once.

        NOT_ALLOWED unless we know who the customer is (an order's e-mail or postcode is not enough to
        have parcels sent elsewhere); the account's own address needs them to be signed in. REFUSED with
        detail `left` (the order has gone) or `incomplete`.
        """
        ...

    async def set_preferences(self, changes: Mapping[str, bool]) -> Answer[Preferences]:
        """Change fields of `Preferences`, once; NOT_ALLOWED when we do not know who they are."""
        ...

    async def update_account_holder(self, changes: Mapping[str, str]) -> Answer[Profile]:
        """Change `name`, `email` or `phone`, once; NOT_ALLOWED unless signed in.

        REFUSED with detail `invalid` or `taken` (the e-mail is another account's).
        """
        ...

    async def close_account(self) -> Answer[Closure]:
        """Close the account, once; NOT_ALLOWED unless signed in. REFUSED with detail `open_orders`."""
        ...

    async def open_case(self, kind: str, text: str, *, number: str = "") -> Answer[Case]:
        """Have the company look into something, once; with an order, that must be open to them.

        THROTTLED after too many in a day.
        """
        ...

    async def case(self, number: str) -> Answer[Case]:
        """Return a case that was opened in this conversation or is the customer's own."""
        ...

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return the articles that fit a customer's words best, at most five; anybody may ask."""
        ...


@dataclass(frozen=True, slots=True)
class TurnServices:
    """What a custom action may use: the context, and the directory bound to it."""

    context: TurnContext
    directory: TurnDirectory


turn_services: ContextVar[TurnServices] = ContextVar("turn_services")
"""Set by whoever runs an action (engine process or action server) for the length of one turn."""

DirectoryCall = Callable[[TurnContext, str, int, str, dict[str, Any]], Awaitable[Answer[Any]]]
"""(context, action, ordinal, method of TurnDirectory, arguments) -> answer; given to the engine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineStatus:
    """`ready` says that at least one process answers; `processes` how many do."""

    ready: bool
    processes: int
    model: str
    detail: str = ""


class DialogueEngine(Protocol):
    """Understands and decides: a function between two commits."""

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        """Work out one turn.

        The caller has at most one turn of a conversation under way, and calls `settle` exactly once
        for each result.

        Raises:
            EngineUnavailable: no process was ready in time; nothing was started.
            TurnFailed: an error, a prediction limit or the time budget ended it.
            TurnDied: it killed its process while it ran alone.
        """
        ...

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        """Say whether the result became true; only then may the engine keep its live tracker."""
        ...

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue. Raises EngineUnavailable."""
        ...

    async def start(self) -> None:
        """Begin to start processes; returns before they are ready."""
        ...

    async def stop(self) -> None:
        """End the processes."""
        ...

    @property
    def status(self) -> EngineStatus:
        """Return the present state, for health and metrics."""
        ...


# --- outside systems ---------------------------------------------------------------------------


class CustomerDirectory(Protocol):
    """The company's own system. Every changing call carries an idempotency key and is done once."""

    name: str
    """Where profiles come from, shown to agents."""

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        """Find a customer by a contact that a channel vouches for."""
        ...

    async def profile(self, ref: str) -> Answer[Profile]:
        """Return a customer's profile."""
        ...

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        """Return a customer's recent orders, newest first."""
        ...

    async def order(self, number: str) -> Answer[Order]:
        """Return an order by number, whoever's it is."""
        ...

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        """Return the order if `proof` is its e-mail or postcode (case and spaces aside)."""
        ...

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        """Cancel; the same key again returns the first answer."""
        ...

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund", key: str
    ) -> Answer[Refund]:
        """Open a return; the same key again returns the first answer."""
        ...

    async def refund_status(self, number: str) -> Answer[Refund]:
        """Return the refund of an order."""
        ...

    async def invoice(self, number: str) -> Answer[Invoice]:
        """Return the invoice of an order."""
        ...

    async def change_address(
        self, address: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[AddressChange]:
        """Change the address of order `number`, or of customer `ref` if that is empty."""
        ...

    async def grant_goodwill(
        self, ref: str, number: str, amount: Decimal, currency: str, reason: str, *, key: str
    ) -> Answer[Goodwill]:
        """Give customer `ref` something for their trouble, with order `number` or without one.

        Baton keeps its own limits; the company may have others: REFUSED with detail `too_much` or
        `currency`. NOT_FOUND for an order that is not this customer's.
        """
        ...

    async def set_preferences(
        self, ref: str, changes: Mapping[str, bool], *, key: str
    ) -> Answer[Preferences]:
        """Change some of a customer's preferences; return them all."""
        ...

    async def update_account_holder(
        self, ref: str, changes: Mapping[str, str], *, key: str
    ) -> Answer[Profile]:
        """Change a customer's name, e-mail or phone."""
        ...

    async def close_account(self, ref: str, *, key: str) -> Answer[Closure]:
        """Close a customer's account; refused while orders are on their way."""
        ...

    async def open_case(
        self, kind: str, text: str, *, ref: str = "", number: str = "", key: str
    ) -> Answer[Case]:
        """Open a case, of a customer or an order if known."""
        ...

    async def case(self, number: str) -> Answer[Case]:
        """Return a case."""
        ...

    async def find_products(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return the articles that fit a text best, at most five, best first; OK with none as well."""
        ...

    async def start(self) -> None:
        """Open connections or files."""
        ...

    async def stop(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel can do; the core asks nothing else about it."""

    pushes: bool
    """True: messages are sent through `Channel.send`. False: the other side fetches by sequence."""
    gathers_fragments: bool = False
    shows_place: bool = False
    """True: who waits sees their place in the queue all the time, so messages need not say it."""
    max_text: int = 4_000
    max_choices: int = 10
    keeps_customer_for: float | None = None
    """Seconds that the platform allows free text after a customer message; None for no limit."""
    numbers_choices: bool = False
    """Whether choices may be shown as a numbered list; a number that is typed back is then a choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """One part of a message on its way; which parts there are follows from the message alone."""

    message: Message
    account: str
    address: str
    part: int = 0
    window_open: bool = True
    """Whether the platform allows free text to this customer now."""
    language: str = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The platform took a part of a message; `more` says that another one follows."""

    external_id: str = ""
    more: bool = False


class Channel(Protocol):
    """A way to customers that messages are pushed to."""

    name: str
    capabilities: Capabilities

    def joins(self, account: str) -> bool:
        """Say whether the texts of one answer are to be one message: short ones cost each."""
        ...

    async def ready(self, *, account: str, address: str) -> None:
        """Wait until the platform's pace allows one more call for this address; nothing is sent yet."""
        ...

    async def send(self, sending: Sending) -> Sent:
        """Send one part of a message in one call. Raises DeliveryFailed."""
        ...

    async def typing(self, *, account: str, address: str, message_id: str = "") -> None:
        """Show that an answer is being written to the customer's message; never raises."""
        ...

    async def seen(self, *, account: str, address: str, message_id: str) -> None:
        """Show the customer that their message was read; never raises."""
        ...

    def fetch(self, attachment: Attachment, *, account: str) -> AsyncIterator[bytes]:
        """Yield the content of a file that the platform has.

        Raises:
            TooLarge: it is larger than is taken, as far as the platform says so beforehand.
            UnknownFile: the platform has it no more.
            FetchFailed: it may work later.
        """
        ...

    async def start(self) -> None:
        """Open connections; does not raise when the platform is down."""
        ...

    async def stop(self) -> None:
        """Close them."""
        ...


class Desk(Protocol):
    """Where a handoff can go besides the built-in desk."""

    name: str

    async def start(self, packet: Any) -> str:
        """Open the case; return the desk's own reference."""
        ...

    async def send(self, reference: str, message: Message) -> None:
        """Pass on a customer message."""
        ...

    async def stop(self, reference: str, reason: str) -> None:
        """Close the case there."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class IntentInfo:
    """An intent for people: `count` of its examples, and some of them."""

    name: str
    title: str
    count: int
    examples: tuple[str, ...] = ()


class Sentences(Protocol):
    """The system's own sentences, from the trainers' responses."""

    def render(self, name: str, /, *, language: str = "en", **values: Any) -> Any:
        """Return a `Draft` for response `name`, with `values` filled in.

        Raises KeyError for a response that the domain does not have.
        """
        ...


def today(clock: Clock) -> date:
    """Return the present date in UTC."""
    return clock.now().date()


class MetricsPort(Protocol):
    """Counters and durations; the names are documented where they are exported."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in seconds."""
        ...

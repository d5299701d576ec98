"""What the agents' API reads and writes; the description at /openapi.json is made from these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from bot.domain.media import MAX_FILES
from bot.domain.message import MAX_TEXT

_Line = Annotated[str, msgspec.Meta(max_length=200)]
_Note = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
_Id = Annotated[str, msgspec.Meta(max_length=64)]


class Strict(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A body or query that takes what it names and nothing else."""


# --- read --------------------------------------------------------------------------------------


class SignInBody(Strict):
    """Who signs in. `code` is a one-time password or a recovery code, if they are on."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""


class TokenBody(Strict):
    """A token for a program; `label` says in the audit log what it is for."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 365


class AvailabilityBody(Strict):
    """The caller's own presence."""

    state: Literal["online", "away", "offline"]


class SayBody(Strict):
    """A reply to the customer, or a note for agents; the same `client_id` again changes nothing.

    `files` are ids of uploads; with one, the text may be empty.
    """

    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    kind: Literal["reply", "note"] = "reply"
    files: Annotated[list[_Id], msgspec.Meta(max_length=MAX_FILES)] = []

    def __post_init__(self) -> None:
        """Refuse what says nothing."""
        if not self.text and not self.files:
            raise ValueError("Expected `text` or `files`")


class ClaimBody(Strict):
    """With `take`, a supervisor takes the conversation from another agent."""

    take: bool = False


class ReleaseBody(Strict):
    """A note for whoever comes next."""

    note: _Note = ""


class TransferBody(Strict):
    """Where to: an agent's id or a team's name, not both."""

    to_agent: _Id = ""
    to_team: _Line = ""
    note: _Note = ""


class ResolveBody(Strict):
    """A closing note, and who answers should the customer write again."""

    note: _Note = ""
    reopens_to: Literal["bot", "queue"] = "bot"


class TaskCloseBody(Strict):
    """A note on how the task was done, for the transcript."""

    note: _Line = ""


class ReadBody(Strict):
    """Up to which entry the agent has read."""

    seq: _Seq


class ConversationsQuery(Strict):
    """Whose conversations; `after` is the last id of the page before.

    `work` lists those with an open task, the nearest due first. The other fields leave only what agrees
    with them; with `unread=1`, what has a customer message that no agent has read.
    """

    owner: Literal["queue", "mine", "agent", "bot", "nobody", "all", "work"] = "queue"
    after: _Id = ""
    limit: _Limit = 50
    team: _Line = ""
    channel: _Line = ""
    reason: _Line = ""
    unread: Literal[0, 1] = 0


class MessagesQuery(Strict):
    """Entries with a greater sequence number; with -50 the newest fifty."""

    after: Annotated[int, msgspec.Meta(ge=-200, le=2**53)] = 0
    limit: _Limit = 200


# --- written -----------------------------------------------------------------------------------


class Person(msgspec.Struct, kw_only=True):
    """Somebody at the desk."""

    id: str
    email: str
    name: str
    role: Literal["agent", "supervisor", "trainer", "admin"]
    team: str = ""


class PresentPerson(Person, kw_only=True):
    """Somebody at the desk, and whether they take work; the rest comes with `all=1` only."""

    state: Literal["online", "away", "offline"]
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    totp: bool | msgspec.UnsetType = msgspec.UNSET
    last_seen_at: str | msgspec.UnsetType | None = msgspec.UNSET


class SessionView(msgspec.Struct, kw_only=True):
    """A sign-in. Send `csrf` as X-CSRF-Token with every request that changes something."""

    csrf: str
    expires_at: str
    agent: Person


class MeView(SessionView, kw_only=True):
    """Who is signed in, whether they take work, and what they may do.

    `totp` says whether they sign in with one-time passwords as well.
    """

    state: Literal["online", "away", "offline"]
    totp: bool
    may: list[Literal["read", "answer", "supervise", "train", "administer", "audit"]]


class TokenView(msgspec.Struct, kw_only=True):
    """A bearer token; it is shown this once."""

    token: str
    label: str
    days: int


class AvailabilityView(msgspec.Struct, kw_only=True):
    """A stated presence lapses unless it is stated again or a live connection keeps it."""

    agent: str
    state: Literal["online", "away", "offline"]
    for_seconds: float


class FileView(msgspec.Struct, kw_only=True):
    """A file: where agents find it, what it is, how large. `id` is empty for one that is elsewhere.

    One that is fetching has no address yet, one that is missing has a note instead that says why.
    """

    id: str
    kind: str
    url: str
    name: str
    mime: str
    size: int | None
    note: str
    state: Literal["here", "fetching", "missing"]


class MarksView(msgspec.Struct, kw_only=True):
    """Up to which entry the customer, and the agents, have read."""

    customer_read: int
    agent_read: int


class RatingView(msgspec.Struct, kw_only=True):
    """How the customer found an agent's help, 1 to 5."""

    score: int
    comment: str
    at: str
    handoff_id: str


class CorrectionView(msgspec.Struct, kw_only=True):
    """What an agent says that a message meant, what the trainers made of it, and why they dropped it."""

    intent: str
    note: str
    by: str
    by_name: str
    at: str
    status: Literal["open", "accepted", "dropped"]
    reason: str


class MessageView(msgspec.Struct, kw_only=True):
    """One entry: a message, a note or an event. `nlu` is what was understood of a customer's."""

    id: str
    seq: int
    author: Literal["customer", "bot", "agent", "system"]
    author_id: str
    author_name: str
    kind: Literal["text", "choices", "media", "location", "note", "event"]
    text: str
    choices: list[str]
    attachments: list[FileView]
    custom: dict[str, Any] | None
    created_at: str
    delivery: str
    delivery_note: str
    client_id: str
    failed: bool
    nlu: dict[str, Any] | None = None
    event: str | None = None
    correction: CorrectionView | None = None


class TaskView(msgspec.Struct, kw_only=True):
    """Work that a customer was promised: what for, and until when."""

    id: str
    kind: str
    text: str
    created_at: str
    due_at: str


class ConversationView(msgspec.Struct, kw_only=True):
    """The essentials of a conversation.

    `unread` counts customer messages that no agent has read, up to 100; `failed` says that the
    customer's newest message broke the assistant; `last_message` is the newest entry but events and
    automatic sentences.
    """

    id: str
    channel: str
    address: str
    owner: Literal["bot", "queue", "agent", "nobody"]
    owner_version: int
    assignee: str
    assignee_name: str
    desk: str
    team: str
    language: str
    seq: int
    priority: int
    reason: str | None
    waiting_since: str | None
    reply_until: str | None
    created_at: str
    updated_at: str
    last_customer_at: str | None
    customer_name: str
    last_message: MessageView | None
    unread: int
    failed: bool
    task: TaskView | None


class ConversationDetail(ConversationView, kw_only=True):
    """A conversation with its customer, how far it is read, and the newest rating."""

    customer: dict[str, Any] | None
    customer_read: int
    agent_read: int
    rating: RatingView | None


class Packet(msgspec.Struct, kw_only=True):
    """What an agent needs in the first ten seconds: why the bot stopped and what is known."""

    idempotency_key: str
    conversation_id: str
    reason: str
    reason_text: str
    evidence: dict[str, Any]
    priority: int
    requested_at: str
    summary: str
    turns: list[dict[str, Any]]
    failed_turns: int
    slots: dict[str, Any]
    done: list[dict[str, Any]]
    still_open: list[str]
    profile: dict[str, Any] | None
    profile_source: str
    profile_age: float | None
    trust: str
    orders: list[dict[str, Any]]
    other_conversations: list[dict[str, Any]]
    channel: str
    language: str
    reply_until: str | None
    sentiment: str
    team: str
    skills: list[str]
    transcript: list[MessageView]


class ConversationWithPacket(ConversationDetail, kw_only=True):
    """A conversation with its customer and the packet of its newest handoff."""

    packet: Packet | None


class ConversationList(msgspec.Struct, kw_only=True):
    """One page; ask for the next with `after`, which is empty at the end."""

    conversations: list[ConversationView]
    after: str


class CountsView(msgspec.Struct, kw_only=True):
    """How many conversations are in each list; the unread ones have a message no agent has read."""

    queue: int
    mine: int
    agent: int
    bot: int
    nobody: int
    all: int
    work: int
    unread_mine: int
    unread_queue: int
    oldest_waiting_since: str | None


class MessageList(msgspec.Struct, kw_only=True):
    """Entries in order; ask again with `last`."""

    messages: list[MessageView]
    last: int


class AgentList(msgspec.Struct, kw_only=True):
    """The people at the desk."""

    agents: list[PresentPerson]


class AuditView(msgspec.Struct, kw_only=True):
    """One thing that somebody did."""

    id: str
    at: str
    actor: str
    actor_name: str
    action: str
    conversation_id: str
    detail: dict[str, Any] | None


class AuditList(msgspec.Struct, kw_only=True):
    """One page, newest first; ask for the next with `after`, which is empty at the end."""

    entries: list[AuditView]
    after: str

"""The dialogue state as bytes, and what the bot remembers when it is cut.

The state is a list of events that, replayed, give the tracker. When it grows over its bound the old
part is replaced by a prefix: session start, the slots as of the cut, the active loop with its
interruption; then come the applied events from an `action_listen` on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    REQUESTED_SLOT,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)

from bot.engine.tracker import BoundedTracker, plain

logger = logging.getLogger(__name__)

VERSION = 1
CUT_AT_TURNS = 12
KEEP_TURNS = 6
CUT_AT_EVENTS = 240
"""A long form or a talkative action reaches this before the turns do."""
KEEP_EVENTS = 160
MORE_TURNS = 3
MORE_EVENTS = 60
"""What may stay of what was before the newest turns, for the policies."""
MAX_TEXT = 4_000
MAX_STATE = 512_000
"""Bytes. A state over this is not stored: the turn fails, and the previous state stays."""

HANDOFF_SLOT = "handoff_request"


_USER = UserUttered.type_name
_TAKES_BACK = frozenset({"restart", "undo", "rewind"})


class StateUnreadable(ValueError):
    """The bytes are no state of this version."""


class _State(msgspec.Struct, array_like=True, frozen=True):
    version: int
    events: list[list[Any]]


_decoder = msgspec.msgpack.Decoder(_State)


_encoder = msgspec.msgpack.Encoder(enc_hook=plain)


def encode(tracker: BoundedTracker) -> bytes:
    """Return the state of a tracker between two turns."""
    return _encoder.encode((VERSION, [_packed(e) for e in tracker.events]))


def decode(state: bytes, sender_id: str, domain: Domain) -> BoundedTracker:
    """Rebuild the tracker. Raises StateUnreadable."""
    try:
        decoded = _decoder.decode(state)
        if decoded.version != VERSION:
            raise StateUnreadable(f"state version {decoded.version}, this engine reads {VERSION}")
        events = [_unpack(row) for row in decoded.events]
        return replay(events, sender_id, domain)
    except StateUnreadable:
        raise
    except Exception as error:  # whatever is wrong with old bytes, a new start is the answer
        raise StateUnreadable(f"{type(error).__name__} in a state of {len(state)} bytes") from error


def replay(events: Iterable[Event], sender_id: str, domain: Domain) -> BoundedTracker:
    """Build a tracker from events, leaving out slots that the domain no longer has."""
    tracker = BoundedTracker(sender_id, domain.slots)
    for event in events:
        if not isinstance(event, SlotSet) or event.key in tracker.slots:
            tracker.update(event, domain)
    return tracker


# --- the cut -----------------------------------------------------------------------------------


def bounded(tracker: BoundedTracker, domain: Domain) -> BoundedTracker:
    """Return the tracker itself, or one that remembers less if it has grown over the bound.

    To be called between two turns only.
    """
    turns = sum(e.type_name == _USER for e in tracker.events)
    restarted = any(e.type_name == Restarted.type_name for e in tracker.events)
    if turns < CUT_AT_TURNS and len(tracker.events) < CUT_AT_EVENTS and not restarted:
        return tracker
    events = list(tracker.events)
    recent = cut_index(events)
    if any(e.type_name in _TAKES_BACK for e in events[recent:]):
        applied = tracker.applied_events()
        at = cut_index(applied)
        return _rebuilt([*prefix(applied[:at], tracker, domain), *applied[at:]], tracker, domain)
    # The newest turns stay as they were, since actions look at what was said; of what was before them,
    # what policies see: while a form is filled, that may be more than the newest turns hold.
    counting = {id(e) for e in tracker.applied_events()}
    seen = sum(e.type_name == _USER and id(e) in counting for e in events[recent:])
    before = replay(events[:recent], tracker.sender_id, domain).applied_events()
    at = _start(before, turns=min(MORE_TURNS, KEEP_TURNS - seen))
    return _rebuilt(
        [*prefix(before[:at], tracker, domain), *before[at:], *events[recent:]], tracker, domain
    )


def _start(before: Sequence[Event], *, turns: int) -> int:
    """Return where the last so many turns begin, at an `action_listen`."""
    at = len(before)
    for i in range(len(before) - 1, -1, -1):
        if turns <= 0 or len(before) - i > MORE_EVENTS:
            break
        turns -= before[i].type_name == _USER
        if _listens(before[i]):
            at = i
    return at


FORGOTTEN_SLOTS = frozenset({REQUESTED_SLOT, HANDOFF_SLOT, "upset", "misses", "offer"})
"""What led up to a handoff and must not lead to the next one."""


def without_history(tracker: BoundedTracker, domain: Domain) -> BoundedTracker:
    """Return a tracker that knows the slots and nothing of what led to a handoff: no active loop,
    no question asked, no anger, no count of what was not understood.
    """
    kept = [
        e
        for e in prefix(tracker.applied_events(), tracker, domain, loop=False)
        if not (isinstance(e, SlotSet) and e.key in FORGOTTEN_SLOTS)
    ]
    listen = ActionExecuted(ACTION_LISTEN_NAME, timestamp=kept[-1].timestamp)
    return _rebuilt([*kept, listen], tracker, domain)


def _rebuilt(events: list[Event], tracker: BoundedTracker, domain: Domain) -> BoundedTracker:
    # Through the codec, so that a tracker kept alive and one rebuilt from the state are the same.
    rows = [_unpack(_packed(e)) for e in events]
    return replay(rows, tracker.sender_id, domain).like(tracker)


def cut_index(events: Sequence[Event]) -> int:
    """Return where the kept part begins: at an `action_listen`, with the turns worth keeping.

    The latest listen with `KEEP_TURNS` customer turns after it; if that keeps too many events, the
    earliest listen that does not.
    """
    listens = [i for i, e in enumerate(events) if _listens(e)]
    if not listens:
        return len(events)
    turns, at = 0, listens[0]
    for i in range(len(events) - 1, -1, -1):
        turns += events[i].type_name == _USER
        if turns >= KEEP_TURNS and i in listens:
            at = i
            break
    if len(events) - at > KEEP_EVENTS:
        at = next((i for i in listens if len(events) - i <= KEEP_EVENTS), listens[-1])
    return at


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def prefix(
    head: Sequence[Event], tracker: BoundedTracker, domain: Domain, *, loop: bool = True
) -> list[Event]:
    """Return the events that stand for what was before a cut."""
    then = BoundedTracker(tracker.sender_id, domain.slots)
    then.update_with_events(list(head), domain)
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    events += [
        SlotSet(name, slot.value) for name, slot in then.slots.items() if slot.value != slot.initial_value
    ]
    active = then.active_loop
    if loop and active is not None and active.name:
        events += [ActionExecuted(active.name), ActiveLoop(active.name)]
        if active.rejected:
            events.append(ActionExecutionRejected(active.name))
        if active.is_interrupted:
            events.append(LoopInterrupted(True))
    stamp = head[-1].timestamp if head else (tracker.now or 0.0)
    for event in events:
        event.timestamp = stamp
    return events


# --- events as rows ----------------------------------------------------------------------------
# The frequent kinds are packed by position; all others as Rasa's own dictionaries.


def _packed(event: Event) -> list[Any]:
    row = event.__dict__.get("_baton_row")
    if row is None:
        pack = _PACK.get(type(event))
        row = pack(event) if pack else ["*", event.as_dict()]
        event.__dict__["_baton_row"] = row
    return row


def _unpack(row: list[Any]) -> Event:
    return _UNPACK[row[0]](*row[1:])


def _short(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text is not None else None


def _pack_user(e: UserUttered) -> list[Any]:
    extras = {k: v for k, v in e.parse_data.items() if k == "response_selector"}
    ranking = [[i.get("name"), i.get("confidence")] for i in e.parse_data.get("intent_ranking") or ()]
    return [
        "u",
        e.timestamp,
        _short(e.text),
        dict(e.intent),
        e.entities,
        ranking,
        e.input_channel,
        e.message_id,
        extras,
    ]


def _unpack_user(
    at: float,
    text: str | None,
    intent: dict[str, Any],
    entities: list[dict[str, Any]],
    ranking: list[list[Any]],
    channel: str | None,
    message_id: str | None,
    extras: dict[str, Any],
) -> Event:
    parse_data = {
        "text": text,
        "intent": intent,
        "entities": entities,
        "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking],
        **extras,
    }
    return UserUttered(text, intent, entities, parse_data, at, channel, message_id)


def _pack_bot(e: BotUttered) -> list[Any]:
    data = {k: v for k, v in e.data.items() if v is not None}
    return ["b", e.timestamp, _short(e.text), data, e.metadata]


def _pack_action(e: ActionExecuted) -> list[Any]:
    return [
        "a",
        e.timestamp,
        e.action_name,
        e.policy,
        e.confidence,
        e.action_text,
        e.hide_rule_turn,
        e.metadata,
    ]


def _unpack_action(
    at: float,
    name: str | None,
    policy: str | None,
    confidence: float | None,
    text: str | None,
    hide: bool,
    metadata: dict[str, Any],
) -> Event:
    return ActionExecuted(name, policy, confidence, at, metadata, text, hide)


_PACK: dict[type[Event], Any] = {
    UserUttered: _pack_user,
    BotUttered: _pack_bot,
    ActionExecuted: _pack_action,
    SlotSet: lambda e: ["s", e.timestamp, e.key, e.value],
    ActiveLoop: lambda e: ["l", e.timestamp, e.name],
    SessionStarted: lambda e: ["n", e.timestamp],
    DefinePrevUserUtteredFeaturization: lambda e: ["f", e.timestamp, e.use_text_for_featurization],
}
_UNPACK: dict[str, Any] = {
    "u": _unpack_user,
    "b": lambda at, text, data, metadata: BotUttered(text, data, metadata, at),
    "a": _unpack_action,
    "s": lambda at, key, value: SlotSet(key, value, at),
    "l": lambda at, name: ActiveLoop(name, at),
    "n": SessionStarted,
    "f": lambda at, use: DefinePrevUserUtteredFeaturization(use, at),
    "*": lambda fields: Event.from_parameters(fields),
}

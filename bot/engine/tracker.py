"""A tracker whose cost per turn does not depend on how long the conversation is.

Rasa's own replays all events for every question. This one remembers the applied events and the
dialogue states that it has worked out, and copies itself instead of replaying. `state.py` bounds it.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity, TrackerActiveLoop

from bot.engine.walk import Walk, states_of

# Kinds by name: isinstance is slow for Rasa's events, which are abstract base classes.
_REWRITES = frozenset({"restart", "session_started", "undo", "rewind"})
_ACTION, _LOOPS = "action", frozenset({"active_loop", "form"})


def plain(value: Any) -> Any:
    """Make a value that an action left behind storable (numpy scalars, sets, anything else)."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


_to_json = msgspec.json.Encoder(enc_hook=plain).encode


class BoundedTracker(DialogueStateTracker):
    """Rasa's tracker with remembered answers; made for one conversation at a time."""

    def __init__(self, sender_id: str, slots: Iterable[Slot] | None, *args: Any, **kwargs: Any) -> None:
        """Start empty.

        `now` is the time that new events get, in seconds since the epoch; `horizon` is how many of
        the newest dialogue states the policies can tell apart, None for all; `events_on_demand` says
        that actions run in this process and may get an `EventCopies` for their events.
        """
        self.now: float | None = None
        self.horizon: int | None = None
        self.events_on_demand = False
        self._forget()
        super().__init__(sender_id, None, *args, **kwargs)
        if slots is not None:
            self.slots = {slot.name: slot for slot in slots}
            self._reset()

    def _forget(self) -> None:
        self._applied: list[Event] | None = None
        self._seen = 0
        self._loops: set[str] = set()
        self._generation = 0
        self._walk: Walk | None = None

    def like(self, other: BoundedTracker) -> BoundedTracker:
        """Take over the settings of another tracker."""
        self.now, self.horizon = other.now, other.horizon
        self.events_on_demand = other.events_on_demand
        return self

    # --- what happens -------------------------------------------------------------------------

    def update(self, event: Event, domain: Domain | None = None) -> None:
        """Append an event and apply it."""
        if self.now is not None:
            event.timestamp = self.now
        self.events.append(event)
        self._follow(event)
        event.apply_to(self)

    def update_with_events(
        self, new_events: list[Event], domain: Domain | None, override_timestamp: bool = True
    ) -> None:
        """Append events; their time is the turn's."""
        for event in new_events:
            self.update(event, domain)

    def _follow(self, event: Event) -> None:
        # Keep the applied events in step where that takes less than going through all of them.
        applied, in_step = self._applied, self._seen == len(self.events) - 1
        self._seen = len(self.events)
        if applied is None or not in_step or event.type_name in _REWRITES:
            self._applied = None
        elif event.type_name == _ACTION and event.action_name in self._loops:
            if self._first_loop_execution_or_unhappy_path(event.action_name, applied):
                applied.append(event)
            else:
                self._undo_till_previous_loop_execution(event.action_name, applied)
                self._generation += 1
        elif event.type_name in _LOOPS and event.name and event.name not in self._loops:
            self._applied = None
        else:
            applied.append(event)

    # Slots are shared by copies of a tracker, and by all trackers while they are as the domain has
    # them: none is ever changed in place.

    def _set_slot(self, key: str, value: Any) -> None:
        if key in self.slots:
            self.slots[key] = copy_slot(self.slots[key])
        super()._set_slot(key, value)

    def _reset_slots(self) -> None:
        self.slots = {name: _emptied(slot) for name, slot in self.slots.items()}

    # --- what is asked ------------------------------------------------------------------------

    def applied_events(self) -> list[Event]:
        """Return the events that count, without reverted ones."""
        return list(self._current())

    def _current(self) -> list[Event]:
        if self._applied is None or self._seen != len(self.events):
            self._applied = super().applied_events()
            self._seen = len(self.events)
            self._loops = {e.name for e in self.events if e.type_name in _LOOPS and e.name}
            self._generation += 1
        return self._applied

    def past_states(
        self,
        domain: Domain,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> list[State]:
        """Return the dialogue states, continuing from what was worked out before.

        With a `horizon`, only so many of the newest.
        """
        if omit_unset_slots:  # only training asks this
            return super().past_states(domain, True, ignore_rule_only_turns, rule_only_data)
        walk = self.walk(domain)
        if ignore_rule_only_turns:
            return states_of(walk.of_stories(rule_only_data, self.horizon))
        return states_of(walk.all(self.horizon))

    def walk(self, domain: Domain) -> Walk:
        """Return the walk through the dialogue's states, up to now."""
        applied = self._current()
        if self._walk is None or self._walk.generation != self._generation:
            self._walk = Walk(self.init_copy(), domain, self._generation)
        self._walk.after(applied)
        return self._walk

    def _first_loop_execution_or_unhappy_path(self, loop: str, applied: list[Event]) -> bool:
        # As Rasa's own, with kinds compared by name.
        later: str | None = None
        for event in reversed(applied):
            kind = event.type_name
            if kind in _LOOPS and event.name is None:
                return True
            if kind == "action_execution_rejected" and event.action_name == loop:
                return True
            if kind == "user" and later is not None and later != loop:
                return True
            if kind == _ACTION:
                if event.action_name == loop:
                    return False
                later = event.action_name
        return True

    def current_state(self, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
        """Return what custom actions get: copies of the events, of which each is rendered once."""
        events = self._events_for_verbosity(event_verbosity)
        loop = self.active_loop
        return {
            "sender_id": self.sender_id,
            "slots": self.current_slot_values(),
            "latest_message": self._latest_message_data(),
            "latest_event_time": self.events[-1].timestamp if self.events else None,
            "followup_action": self.followup_action,
            "paused": self.is_paused(),
            "events": self._handed_over(events),
            "latest_input_channel": self.get_latest_input_channel(),
            "active_loop": dict(loop.__dict__) if loop else {},
            "latest_action": self.latest_action,
            "latest_action_name": self.latest_action_name,
        }

    def _handed_over(self, events: list[Event] | None) -> Any:
        if events is None:
            return None
        copies = EventCopies(events)
        return copies if self.events_on_demand else copies.make()

    # --- copies -------------------------------------------------------------------------------

    def init_copy(self) -> BoundedTracker:
        """Return an empty tracker with the same slots."""
        fresh = BoundedTracker(
            self.sender_id,
            self.slots.values(),
            self._max_event_history,
            is_rule_tracker=self.is_rule_tracker,
        )
        return fresh.like(self)

    def copy(self) -> BoundedTracker:
        """Return an independent tracker in the same state, without replaying anything."""
        twin = BoundedTracker.__new__(BoundedTracker)
        twin.__dict__.update(self.__dict__)
        twin.events = deque(self.events, self._max_event_history)
        twin.slots = dict(self.slots)
        twin.active_loop = copy_loop(self.active_loop)
        twin._applied = None if self._applied is None else list(self._applied)
        twin._loops = set(self._loops)
        twin._walk = None
        return twin


def copy_slot(slot: Slot) -> Slot:
    """Copy a slot; its value is shared, as Rasa's own copy shares it."""
    twin = slot.__class__.__new__(slot.__class__)
    twin.__dict__.update(slot.__dict__)
    return twin


def _emptied(slot: Slot) -> Slot:
    if type(slot).reset is Slot.reset and not slot.has_been_set and slot.value is slot.initial_value:
        return slot
    twin = copy_slot(slot)
    twin.reset()
    return twin


def copy_loop(loop: TrackerActiveLoop | None) -> TrackerActiveLoop | None:
    """Copy the active loop, which events change in place."""
    return None if loop is None else dataclasses.replace(loop)


class EventCopies:
    """The events as custom actions get them, as plain dictionaries of their own, when asked for."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Take the events as they are now; each is rendered once in its life, when first asked for."""
        self._events = tuple(events)

    def make(self) -> list[dict[str, Any]]:
        """Return new copies."""
        copies: list[dict[str, Any]] = msgspec.json.decode(
            b"[" + b",".join(map(_rendered, self._events)) + b"]"
        )
        return copies


def _rendered(event: Event) -> bytes:
    known: bytes | None = event.__dict__.get("_baton_json")
    if known is None:
        known = event.__dict__["_baton_json"] = _to_json(event.as_dict())
    return known

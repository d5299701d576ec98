"""The dialogue states of a conversation, worked out once and continued as it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import msgspec
from rasa.shared.core.constants import ACTIVE_LOOP, PREVIOUS_ACTION, SLOTS, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import TEXT

_ACTION = ActionExecuted.type_name


@dataclass(kw_only=True, slots=True)
class Moment:
    """One dialogue state."""

    state: State
    hide: bool = False
    action: Any = None
    moves: bool = False
    """Whether the action before it may hide what follows from policies that learn from stories."""
    _name: bytes = b""

    @property
    def name(self) -> bytes:
        """Tell the state from others, but for the text that the customer wrote."""
        if not self._name:
            self._name = _name(self.state)
        return self._name


@dataclass(kw_only=True, slots=True)
class _Stories:
    """What policies that learn from stories see: without what only rules know."""

    moments: list[Moment]
    done: int = 0
    last_action: Any = None
    hidden: bool = False


class Walk:
    """`Domain.states_for_tracker_history`, resumable: each applied event is looked at once."""

    def __init__(self, shadow: DialogueStateTracker, domain: Domain, generation: int) -> None:
        """Start with an empty tracker, which is this walk's own; `generation` is for the caller."""
        self.generation = generation
        self._shadow = shadow
        self._domain = domain
        self._done = 0
        self._moments: list[Moment] = []
        self._now: Moment | None = None
        self._rule_only_data: dict[str, Any] | None = None
        self._stories = _Stories(moments=[])
        self._newest: list[Moment] | None = None
        # Most slots influence nothing; the others are asked for their features.
        self._telling = [name for name, slot in shadow.slots.items() if _tells(slot)]
        self._said: tuple[tuple[Any, ...], Any] = ((), {})

    def after(self, applied: Sequence[Event]) -> None:
        """Take in these events, of which earlier calls saw a beginning."""
        if self._now is not None and self._done == len(applied):
            return
        for event in applied[self._done :]:
            if event.type_name == _ACTION:
                self._moments.append(self._moment(event.hide_rule_turn))
            self._shadow.events.append(event)
            event.apply_to(self._shadow)
        self._done = len(applied)
        # The present moment is a state too, but only until the next event.
        self._now = self._moment(False)
        self._newest = None

    def all(self, horizon: int | None) -> list[Moment]:
        """Return the newest moments, the present one last."""
        newest = [*self._moments, *([self._now] if self._now is not None else [])]
        return newest if horizon is None else newest[-horizon:]

    def of_stories(self, rule_only_data: dict[str, Any] | None, horizon: int | None) -> list[Moment]:
        """Return the newest moments without what only rules know."""
        if rule_only_data is not self._rule_only_data and rule_only_data != self._rule_only_data:
            self._rule_only_data, self._stories, self._newest = rule_only_data, _Stories(moments=[]), None
        if self._newest is None:
            self._newest = self._told()
        return self._newest if horizon is None else self._newest[-horizon:]

    def _told(self) -> list[Moment]:
        stories = self._stories
        for moment in self._moments[stories.done :]:
            self._tell(moment, stories)
        stories.done = len(self._moments)
        before = (len(stories.moments), stories.last_action, stories.hidden)
        if self._now is not None:
            self._tell(self._now, stories)
        newest = stories.moments[:]
        length, stories.last_action, stories.hidden = before
        del stories.moments[length:]
        return newest

    def _tell(self, moment: Moment, stories: _Stories) -> None:
        if not stories.hidden:
            stories.last_action = moment.action
        if moment.moves:
            stories.hidden = moment.hide
        if stories.hidden:
            return
        state = {key: dict(part) for key, part in moment.state.items()}
        self._domain._remove_rule_only_features(state, self._rule_only_data)
        if stories.moments:
            self._domain._substitute_rule_only_user_input(state, stories.moments[-1].state)
        if stories.last_action:
            state[PREVIOUS_ACTION] = stories.last_action
        cleaned = self._domain._clean_state(state)
        stories.moments.append(Moment(state=cleaned))

    def _moment(self, hide: bool) -> Moment:
        tracker = self._shadow
        return Moment(
            state=self._active_state(),
            hide=hide,
            action=self._domain._get_prev_action_sub_state(tracker),
            moves=not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name,
        )

    def _active_state(self) -> State:
        """As `Domain.get_active_state`, but for what is known already."""
        tracker, domain = self._shadow, self._domain
        telling = SimpleNamespace(slots={name: tracker.slots[name] for name in self._telling})
        state = {
            USER: self._user_sub_state(),
            SLOTS: domain._get_slots_sub_state(telling),
            PREVIOUS_ACTION: domain._get_prev_action_sub_state(tracker),
            ACTIVE_LOOP: domain._get_active_loop_sub_state(tracker),
        }
        cleaned: State = domain._clean_state(state)
        return cleaned

    def _user_sub_state(self) -> Any:
        message = self._shadow.latest_message
        # Later events change these two of a message in place.
        key = (id(message), message.use_text_for_featurization, len(message.entities)) if message else ()
        if not key or self._said[0] != key:
            self._said = (key, self._domain._get_user_sub_state(self._shadow))
        return self._said[1]


def states_of(moments: Iterable[Moment]) -> list[State]:
    """Return the states as whoever asks may change them."""
    return [{key: dict(part) for key, part in moment.state.items()} for moment in moments]


_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


def _name(state: State) -> bytes:
    user = state.get(USER)
    if user and TEXT in user:
        state = {**state, USER: {key: value for key, value in user.items() if key != TEXT}}
    return _encode(state)


def _tells(slot: Slot) -> bool:
    return bool(slot.influence_conversation) or type(slot).as_feature is not Slot.as_feature

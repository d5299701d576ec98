"""The dialogue states of a conversation, worked out once and continued as it goes on."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.constants import PREVIOUS_ACTION
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event
from rasa.shared.core.trackers import DialogueStateTracker

_ACTION = ActionExecuted.type_name


class Walk:
    """`Domain.states_for_tracker_history`, resumable: each applied event is looked at once."""

    def __init__(
        self,
        shadow: DialogueStateTracker,
        domain: Domain,
        ml: bool,
        rule_only_data: dict[str, Any] | None,
        generation: int,
    ) -> None:
        self.generation = generation
        self._shadow = shadow
        self._domain = domain
        self._ml = ml
        self._rule_only_data = rule_only_data
        self._done = 0
        self._states: list[State] = []
        self._last_ml_action: Any = None
        self._hidden = False

    def states_after(self, applied: list[Event], horizon: int | None) -> list[State]:
        """Return the newest states after these events, of which earlier calls saw a beginning."""
        new = applied[self._done :]
        # States beyond the horizon are asked for by nobody; in the other walk they build on each other.
        skip = 0 if self._ml or horizon is None else sum(e.type_name == _ACTION for e in new) - horizon
        for event in new:
            if event.type_name == _ACTION:
                skip -= 1
                if skip < 0:
                    self._step(event.hide_rule_turn)
            self._shadow.events.append(event)
            event.apply_to(self._shadow)
        self._done = len(applied)
        # The present moment is a state too, but only until the next event.
        before = (len(self._states), self._last_ml_action, self._hidden)
        self._step(False)
        newest = self._states if horizon is None else self._states[-horizon:]
        result = [{k: dict(v) for k, v in state.items()} for state in newest]
        length, self._last_ml_action, self._hidden = before
        del self._states[length:]
        return result

    def _step(self, hide_rule_turn: bool) -> None:
        tracker, domain = self._shadow, self._domain
        if self._ml:
            if not self._hidden:
                self._last_ml_action = domain._get_prev_action_sub_state(tracker)
            if not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name:
                self._hidden = hide_rule_turn
            if self._hidden:
                return
        state = domain.get_active_state(tracker)
        if self._ml:
            domain._remove_rule_only_features(state, self._rule_only_data)
            if self._states:
                domain._substitute_rule_only_user_input(state, self._states[-1])
            if self._last_ml_action:
                state[PREVIOUS_ACTION] = self._last_ml_action
        self._states.append(domain._clean_state(state))

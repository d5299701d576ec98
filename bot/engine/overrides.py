"""Every place where an upstream function is replaced at run time, because no subclass reaches it.

Each entry names what, and why; `tests/engine/test_overrides.py` checks that the upstream function
still is what the override was written for. Nothing here changes what is decided or said.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import rasa.core.actions.action as action_module
import rasa.core.actions.forms as forms_module
import rasa.core.policies.memoization as memoization_module
import rasa.core.policies.policy as policy_module
import rasa.core.policies.rule_policy as rule_policy_module
from rasa.shared.core.constants import SHOULD_NOT_BE_SET
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet

from bot.engine import slot_filling
from bot.engine.actions import InProcessActions
from bot.engine.tracker import BoundedTracker

_original: dict[str, Any] = {}


def install() -> None:
    """Put the overrides in place; doing it again changes nothing."""
    if _original:
        return
    _event_types()
    _action_results()
    _form_trackers()
    _validation_trackers()
    _slots_of_a_message()
    _debug_copies()
    _actions_by_name()
    _rules_by_last_state()
    _memories_as_text()


def _replace(owner: Any, name: str, value: Any) -> Any:
    _original[f"{getattr(owner, '__name__', owner)}.{name}"] = original = owner.__dict__[name]
    setattr(owner, name, value)
    return original.__func__ if isinstance(original, staticmethod) else original


def _event_types() -> None:
    # `Event.resolve_by_type` walks all subclasses for each event that an action returns or that is
    # read back. The classes do not change after start, so look them up once.
    known: dict[str, type[Event]] = {}
    original: Callable[..., Any]

    def resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
        found = known.get(type_name)
        if found is None:
            found = original(type_name, default)
            if found is not None and found is not default:
                known[type_name] = found
        return found

    original = _replace(Event, "resolve_by_type", staticmethod(resolve_by_type))


def _action_results() -> None:
    # `RemoteAction._validate_action_result` checks a JSON schema on each call (20 to 45 ms per form
    # turn). rasa_sdk's executor has just built that result in this process; over HTTP it stays.
    original: Callable[..., bool]

    def validate(self: Any, result: dict[str, Any]) -> bool:
        if isinstance(self.action_endpoint, InProcessActions):
            return True
        return original(self, result)

    original = _replace(action_module.RemoteAction, "_validate_action_result", validate)


def _form_trackers() -> None:
    # A form rebuilds the whole conversation, twice per turn, to try out slot values. The tracker's
    # own copy with the same events after it is the same.
    original: Callable[..., Any]

    def temporary(self: Any, current: Any, additional_events: list[Event], domain: Domain) -> Any:
        if not isinstance(current, BoundedTracker):
            return original(self, current, additional_events, domain)
        tracker = current.copy()
        tracker.update(SlotSet(forms_module.REQUESTED_SLOT, self.get_slot_to_fill(current)), domain)
        tracker.update(ActionExecuted(self.name()), domain)
        for event in additional_events:
            tracker.update(event, domain)
        return tracker

    original = _replace(forms_module.FormAction, "_temporary_tracker", temporary)


def _validation_trackers() -> None:
    # `ActionExtractSlots` rebuilds the whole conversation before `action_validate_slot_mappings`.
    original: Callable[..., Any]

    async def validated(
        self: Any, extracted: list[Event], output: Any, nlg: Any, tracker: Any, domain: Domain
    ) -> list[Event]:
        name = action_module.ACTION_VALIDATE_SLOT_MAPPINGS
        if not isinstance(tracker, BoundedTracker) or name not in domain.user_actions:
            done: list[Event] = await original(self, extracted, output, nlg, tracker, domain)
            return done
        slots = [event for event in extracted if isinstance(event, SlotSet)]
        trial = tracker.copy()
        trial.update_with_events(list(slots), domain)
        said = await self._run_custom_action(name, output, nlg, trial, domain)
        settled = {event.key for event in said if isinstance(event, SlotSet)}
        return [*said, *(event for event in slots if event.key not in settled)]

    original = _replace(action_module.ActionExtractSlots, "_execute_validation_action", validated)


def _slots_of_a_message() -> None:
    # `ActionExtractSlots.run` goes through all mappings of all slots on each message.
    _replace(action_module.ActionExtractSlots, "run", slot_filling.extract)


def _debug_copies() -> None:
    # These modules deep-copy whole dialogues and render them as text for debug messages that are
    # thrown away; they use `copy` for nothing else.
    no_copy = SimpleNamespace(deepcopy=lambda value: value)
    for module in (rule_policy_module, memoization_module, forms_module):
        _replace(module, "copy", no_copy)
    _replace(policy_module.Policy, "format_tracker_states", staticmethod(lambda states: ""))


def _actions_by_name() -> None:
    # `action_for_name_or_text` makes a dozen action objects to return one, several times per turn.
    # Actions that keep nothing of a turn are made once per (domain, endpoint).
    original: Callable[..., Any]
    made: dict[tuple[int, int, str], tuple[Any, Any, Any]] = {}
    stateless = (
        action_module.ActionListen,
        action_module.ActionExtractSlots,
        action_module.RemoteAction,
        action_module.ActionBotResponse,
        forms_module.FormAction,
    )

    def by_name(name: str, domain: Domain, endpoint: Any) -> Any:
        key = (id(domain), id(endpoint), name)
        found = made.get(key)
        if found is not None and found[1] is domain and found[2] is endpoint:
            return found[0]
        action = original(name, domain, endpoint)
        if type(action) in stateless:
            if len(made) > 5_000:  # models come and go
                made.clear()
            made[key] = (action, domain, endpoint)
        return action

    original = _replace(action_module, "action_for_name_or_text", by_name)


def _rules_by_last_state() -> None:
    # `RulePolicy._get_possible_keys` compares every rule with the dialogue, several times per turn.
    # A rule's last state names the action before and mostly the intent; rules that name others
    # cannot apply, so only the rest is compared, by the original.
    original: Callable[..., set[str]]

    def possible(self: Any, lookup: dict[str, str], states: list[Any]) -> set[str]:
        if not states:
            return original(self, lookup, states)
        known = self.__dict__.setdefault("_baton_rules", {}).get(id(lookup))
        if known is None or known[0] is not lookup:
            known = self._baton_rules[id(lookup)] = (lookup, _rule_index(lookup))
        now = states[-1]
        action = now.get("prev_action", {}).get("action_name")
        intent = now.get("user", {}).get("intent")
        asked = {(action, intent), (action, None), (None, intent), (None, None)}
        left = {k: lookup[k] for slot in asked for k in known[1].get(slot, ())}
        return original(self, left, states) if left else set()

    original = _replace(rule_policy_module.RulePolicy, "_get_possible_keys", possible)


def _rule_index(lookup: dict[str, str]) -> dict[tuple[Any, Any], list[str]]:
    index: dict[tuple[Any, Any], list[str]] = {}
    for key in lookup:
        last = json.loads(key)[-1]
        named = (last.get("prev_action", {}).get("action_name"), last.get("user", {}).get("intent"))
        action, intent = (name if name and name != SHOULD_NOT_BE_SET else None for name in named)
        index.setdefault((action, intent), []).append(key)
    return index


def _memories_as_text() -> None:
    # Memoization compresses the dialogue several times per turn to look it up among keys that were
    # compressed in training. The keys as they were before say the same.
    def recall(self: Any, states: list[Any]) -> str | None:
        if not states:
            return None
        known = self.__dict__.get("_baton_memories")
        if known is None or known[0] is not self.lookup:
            known = self._baton_memories = (self.lookup, _readable(self.lookup, self.config))
        found: str | None = known[1].get(json.dumps(states, sort_keys=True).replace('"', ""))
        return found

    _replace(memoization_module.MemoizationPolicy, "_recall_states", recall)


def _readable(lookup: dict[str, str], config: dict[str, Any]) -> dict[str, str]:
    if not config["enable_feature_string_compression"]:
        return lookup
    return {zlib.decompress(base64.b64decode(key)).decode(): action for key, action in lookup.items()}

"""Which action comes next, remembered: the same dialogue states always lead to the same action.

Rasa's policies are asked whenever the states are new. What they answered is kept only if all of them are
policies of which we know that they look at nothing else, and no training dialogue has a customer's words
in place of an intent.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.graph_components.providers.rule_only_provider import RuleOnlyDataProvider
from rasa.shared.core.domain import Domain

from bot.engine.tracker import BoundedTracker

MAX_KEPT = 4_096
"""Less than 1 kB each."""
_REJECTED = "action_execution_rejected"
_ENDS = frozenset({"action", _REJECTED})


class Decision(PolicyPrediction):
    """A prediction without the probabilities of all the actions that were not chosen."""

    def __init__(self, prediction: PolicyPrediction) -> None:
        """Keep what the processor reads of a prediction."""
        self.__dict__.update(prediction.__dict__)
        self._best = (prediction.max_confidence_index, prediction.max_confidence)
        self.probabilities: list[float] = []

    @property
    def max_confidence_index(self) -> int:
        """Return the index of the action that was chosen."""
        return self._best[0]

    @property
    def max_confidence(self) -> float:
        """Return how sure that was."""
        return self._best[1]

    def again(self) -> Decision:
        """Return a copy with events of its own."""
        twin = copy.copy(self)
        twin.events = [copy.copy(event) for event in self.events]
        return twin


class Decisions:
    """The predictions of one model's policies, by all that these look at."""

    def __init__(self, domain: Domain, rule_only_data: dict[str, Any], horizon: int) -> None:
        """Use `of`."""
        self._domain = domain
        self._rule_only_data = rule_only_data
        self._horizon = horizon
        self._kept: dict[bytes, Decision] = {}

    @classmethod
    def of(cls, components: Iterable[Any], domain: Domain, horizon: int | None) -> Decisions | None:
        """Return the decisions of a model, or None if its policies may look at more than we know."""
        parts = list(components)
        policies = [part for part in parts if isinstance(part, Policy)]
        only_rules = [part for part in parts if type(part) is RuleOnlyDataProvider]
        plain = any(type(part) is DefaultPolicyPredictionEnsemble for part in parts)
        if horizon is None or not plain or len(only_rules) != 1 or domain.action_texts:
            return None
        if not all(_looks_at_states_only(policy) for policy in policies):
            return None
        return cls(domain, only_rules[0].provide(), horizon)

    def predict(self, tracker: BoundedTracker, ask: Callable[[], PolicyPrediction]) -> PolicyPrediction:
        """Return what the policies answer; `ask` asks them."""
        key = self._key(tracker)
        kept = self._kept.get(key)
        if kept is None:
            kept = Decision(ask())
            if len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept
        return kept.again()

    def _key(self, tracker: BoundedTracker) -> bytes:
        walk, loop, message = tracker.walk(self._domain), tracker.active_loop, tracker.latest_message
        last = next((e for e in reversed(tracker.events) if e.type_name in _ENDS), None)
        rest = (
            tracker.latest_action_name,
            (loop.name, loop.rejected, loop.is_interrupted) if loop else None,
            message.intent.get("name") if message else None,
            last.action_name if last is not None and last.type_name == _REJECTED else None,
        )
        names = [moment.name for moment in walk.all(self._horizon)]
        told = [moment.name for moment in walk.of_stories(self._rule_only_data, self._horizon)]
        seen = b"\n".join([*names, b"", *told, repr(rest).encode()])
        return hashlib.blake2b(seen, digest_size=16).digest()


def _looks_at_states_only(policy: Policy) -> bool:
    if type(policy) is RulePolicy:
        lookups = (policy.lookup[RULES], policy.lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, {}))
        return not any(_has_words(json.loads(key)) for lookup in lookups for key in lookup)
    return type(policy) is MemoizationPolicy and not policy.config["use_nlu_confidence_as_score"]


def _has_words(states: list[dict[str, Any]]) -> bool:
    return any("text" in state.get("user", {}) for state in states)

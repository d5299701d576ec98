"""Rasa's message processor without what an engine process does not need: no store, no locks, no
session expiry, no jobs, no debug copies, and no swallowed exceptions.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.constants import POLICY_MAX_HISTORY
from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ActionLimitReached
from rasa.graph_components.providers.domain_provider import DomainProvider
from rasa.shared.constants import UTTER_PREFIX
from rasa.shared.core.constants import (
    ACTION_EXTRACT_SLOTS,
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    Event,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name
from rasa.utils.endpoints import EndpointConfig

from bot.engine.actions import InProcessActions
from bot.engine.decisions import Decisions
from bot.engine.moods import reader_among
from bot.engine.replies import Wordings
from bot.engine.runner import DirectRunner
from bot.engine.scope import ActionFailure, scope
from bot.engine.tracker import BoundedTracker

logger = logging.getLogger(__name__)

MAX_STEPS = 30
"""Predictions in one turn, rejected ones included; Rasa's own limit counts executed actions only."""


class FastProcessor(MessageProcessor):
    """Works out turns on a tracker that the caller brings and keeps."""

    def __init__(self, model_path: Path, action_endpoint: EndpointConfig) -> None:
        """Load the model."""
        super().__init__(
            model_path=model_path,
            tracker_store=None,
            lock_store=None,
            generator=None,
            action_endpoint=action_endpoint,
        )
        self.nlg = Wordings(self.domain.responses)
        self._nobody = BoundedTracker("understand", self.domain.slots)
        self.in_process = isinstance(action_endpoint, InProcessActions)
        components = self.graph_runner.components()
        self.horizon, self.moods = horizon(components), reader_among(components)
        self.decisions = Decisions.of(components, self.domain, self.horizon)
        self.together: Callable[[str, str], bool] | None = next(
            (c.together for c in components if hasattr(c, "together")), None
        )
        """Says whether two intents of one message are one matter; without it no message is divided."""

    @staticmethod
    def _load_model(model_path: str | Path) -> tuple[str, ModelMetadata, GraphRunner]:
        with TempDirectoryPath(get_temp_dir_name()) as unpacked:
            storage, metadata = LocalModelStorage.from_model_archive(Path(unpacked), Path(model_path))
            schema = with_domain(metadata.predict_schema, metadata.domain)
            context = ExecutionContext(graph_schema=schema, model_id=metadata.model_id)
            runner = DirectRunner.create(schema, storage, context)
        return Path(model_path).name, metadata, runner

    # --- understanding ------------------------------------------------------------------------

    def parse(self, text: str) -> dict[str, Any]:
        """Return the model's parse data. `text` must not begin with "/"; see `reading.read_typed`."""
        if text.lstrip().startswith("/"):
            raise ValueError("A text that Rasa would read as a command must not come here.")
        data = self._parse_message_with_graph(UserMessage(text), self._nobody.copy())
        self._update_full_retrieval_intent(data)
        return data

    def _parse_message_with_graph(
        self, message: UserMessage, tracker: DialogueStateTracker, only_output_properties: bool = True
    ) -> dict[str, Any]:
        target = self.model_metadata.nlu_target
        inputs = {PLACEHOLDER_MESSAGE: [message], PLACEHOLDER_TRACKER: tracker}
        parsed = self.graph_runner.run(inputs, [target])[target][0]
        empty = {"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}
        return {**empty, **parsed.as_dict(only_output_properties=only_output_properties)}

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """Skip: it compares the whole domain with an empty one on each message."""

    # --- a turn -------------------------------------------------------------------------------

    async def answer(
        self,
        tracker: BoundedTracker,
        message: UserUttered,
        output: OutputChannel,
        *,
        fills_slots: bool = True,
    ) -> None:
        """Take one customer message through the dialogue; the tracker ends at `action_listen`.

        A paused tracker answers like any other: who answers is the server's to decide. A message that
        `fills_slots` not is a reminder's: a form that waits for an answer must not take it for one.

        Raises:
            ActionLimitReached: the policies never came to listen.
            Exception: what an action raised; the tracker is then not usable any more.
        """
        await self._update_tracker_session(tracker, output)
        tracker.update(message, self.domain)
        if fills_slots:
            await self.run_action_extract_slots(output, tracker)
        await self._run_prediction_loop(output, tracker)

    def _has_session_expired(self, tracker: DialogueStateTracker) -> bool:
        return False  # the server's timers do this, on the server's clock

    async def save_tracker(self, tracker: DialogueStateTracker) -> None:
        """Do nothing: the server commits the state that the turn returns."""

    async def run_anonymization_pipeline(self, tracker: DialogueStateTracker) -> None:
        """Do nothing: there is no tracker store to publish from."""

    async def run_action_extract_slots(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> DialogueStateTracker:
        """Set slots from the last message."""
        action = self._get_action(ACTION_EXTRACT_SLOTS)
        events = await action.run(output_channel, self.nlg, tracker, self.domain)
        await self._send_bot_messages(events, tracker, output_channel)
        tracker.update_with_events(events, self.domain)
        return tracker

    async def _run_prediction_loop(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> None:
        for _ in range(MAX_STEPS):
            action, prediction = self.predict_next_with_tracker_if_should(tracker)
            if prediction.is_end_to_end_prediction:
                await self.run_action_extract_slots(output_channel, tracker)
            if not await self._run_action(action, tracker, output_channel, self.nlg, prediction):
                return
        raise ActionLimitReached("The policies did not come to listen.")

    def predict_next_with_tracker_if_should(
        self, tracker: DialogueStateTracker
    ) -> tuple[Action, PolicyPrediction]:
        """Predict the next action. Raises ActionLimitReached."""
        more = self.should_predict_another_action(tracker.latest_action_name)
        if self.is_action_limit_reached(tracker, more):
            raise ActionLimitReached("The limit of actions to predict has been reached.")
        prediction = self._predict_next_with_tracker(tracker)
        name = self.domain.action_names_or_texts[prediction.max_confidence_index]
        return self._get_action(name), prediction

    def _predict_next_with_tracker(self, tracker: DialogueStateTracker) -> PolicyPrediction:
        ask = partial(super()._predict_next_with_tracker, tracker)
        if self.decisions is None or tracker.followup_action or not isinstance(tracker, BoundedTracker):
            return ask()
        return self.decisions.predict(tracker, ask)

    def is_action_limit_reached(
        self, tracker: DialogueStateTracker, should_predict_another_action: bool
    ) -> bool:
        """Say whether too many actions ran since the last customer message."""
        ran = 0
        for event in reversed(tracker.events):
            if isinstance(event, ActionExecuted):
                if event.action_name in (ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME):
                    break
                ran += 1
        return should_predict_another_action and ran >= self.max_number_of_predictions

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: Any,
        prediction: PolicyPrediction,
    ) -> bool:
        trial = tracker.copy()
        trial.update_with_events(prediction.events, self.domain)
        more = self.should_predict_another_action(action.name())
        try:
            events = await action.run(output_channel, nlg, trial, self.domain) or []
        except ActionExecutionRejection:
            tracker.update(
                ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence)
            )
            return more
        except Exception as error:
            # Rasa would log this and go on; the customer would get nothing.
            if not scope.get().failures:
                failure = ActionFailure(action=action.name(), error=type(error).__name__)
                scope.get().failures.append(failure)
            raise
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(e, UserUttered) for e in events):
            await self.run_action_extract_slots(output_channel, tracker)
        await self.execute_side_effects(events, tracker, output_channel)
        return more

    def _log_action_on_tracker(
        self,
        tracker: DialogueStateTracker,
        action: Action,
        events: list[Event] | None,
        prediction: PolicyPrediction,
    ) -> None:
        events = events or []
        if not any(isinstance(e, ActionExecutionRejected) for e in events):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events, self.domain)

    async def execute_side_effects(
        self, events: list[Event], tracker: DialogueStateTracker, output_channel: OutputChannel
    ) -> None:
        """Say what the events say, and note reminders: the server keeps them, with its timers."""
        await self._send_bot_messages(events, tracker, output_channel)
        scope.get().agenda.note(events, self.domain.intent_properties)

    async def say(self, name: str, tracker: DialogueStateTracker, output: OutputChannel) -> None:
        """Run one action between two turns: it speaks and sets slots, and the policies do not see it."""
        events = await self._get_action(name).run(output, self.nlg, tracker, self.domain)
        await self._send_bot_messages(events, tracker, output)
        tracker.update_with_events(events, self.domain)

    def missing_actions(self, known: Sequence[str] | frozenset[str]) -> list[str]:
        """Return the custom actions that the domain names and nobody has written."""
        return sorted(
            name
            for name in self.domain.user_actions
            if not name.startswith(UTTER_PREFIX) and name not in known
        )


def horizon(components: Iterable[Any]) -> int | None:
    """Return how many of the newest dialogue states the policies look at; None if one looks at all.

    A rule's length bounds what the rule policy sees, `max_history` what memoization does.
    """
    longest = 1
    for policy in components:
        if not isinstance(policy, Policy):
            continue
        if type(policy) is RulePolicy:
            keys = (*policy.lookup[RULES], *policy.lookup.get(RULES_FOR_LOOP_UNHAPPY_PATH, ()))
            longest = max([longest, *(len(json.loads(key)) for key in keys)])
        elif type(policy) is MemoizationPolicy and policy.config.get(POLICY_MAX_HISTORY):
            longest = max(longest, policy.config[POLICY_MAX_HISTORY])
        else:
            return None
    return longest + 1


def with_domain(schema: GraphSchema, domain: Domain) -> GraphSchema:
    """Return the schema with a provider that has the domain already.

    Rasa's own parses the model's domain.yml three times over, which is most of the time that loading
    takes; the model's metadata holds the same domain as JSON.
    """

    class KnownDomain(DomainProvider):
        @classmethod
        def load(cls, config: Any, model_storage: Any, resource: Any, *args: Any, **kwargs: Any) -> Any:
            return cls(model_storage, resource, domain)

    nodes = {
        name: dataclasses.replace(node, uses=KnownDomain) if node.uses is DomainProvider else node
        for name, node in schema.nodes.items()
    }
    return GraphSchema(nodes)

"""Which intents are one matter, and when a message hangs between two, as a Rasa graph component."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

FALLBACK = "nlu_fallback"
BETWEEN = "between"
"""The entity that names one of the two intents between which a message hangs."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class OneMatter(GraphComponent, IntentClassifier):
    """Tell doubt that matters from doubt that does not. Stands behind the FallbackClassifier.

    A message that was not understood because two intents are close is understood after all if both lead
    to the same thing (`same`, groups of intents). If they do not, and both are far ahead of all others,
    each becomes an entity `between`, so that the customer can be asked which of them it is.

    Settings: `same`; `together`, groups of intents that are one matter when one message names both (the
    engine divides no message between them); `threshold`, the confidence that both need together, and that
    of one matter; `least`, the confidence that each needs; `rest`, how much of the second's confidence the
    third may have.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override."""
        return {"same": [], "together": [], "threshold": 0.5, "least": 0.25, "rest": 0.5}

    def __init__(self, config: dict[str, Any]) -> None:
        """Keep the groups."""
        self._config = config
        self._same = [frozenset(group) for group in config["same"]]
        self._together = [*self._same, *(frozenset(group) for group in config["together"])]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> OneMatter:
        """Create the component."""
        return cls(config)

    def together(self, one: str, other: str) -> bool:
        """Say whether two intents of one message are one matter."""
        return _in_one(self._together, one, other)

    def process(self, messages: list[Message]) -> list[Message]:
        """Look at the messages that were not understood."""
        for message in messages:
            if (message.get(INTENT) or {}).get("name") == FALLBACK:
                self._look(message)
        return messages

    def _look(self, message: Message) -> None:
        ranking = message.get(INTENT_RANKING_KEY) or []
        real = [i for i in ranking if i.get("name") not in (None, FALLBACK)]
        if len(real) < 2:
            return
        scores = [float(i.get("confidence") or 0.0) for i in real]
        if scores[0] + scores[1] < self._config["threshold"]:
            return
        names = [str(i["name"]) for i in real[:2]]
        if _in_one(self._same, *names):
            intent = {"name": names[0], "confidence": scores[0] + scores[1]}
            message.set(INTENT, intent, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [intent, *real[1:]], add_to_output=True)
        elif scores[1] >= self._config["least"] and sum(scores[2:3]) <= self._config["rest"] * scores[1]:
            found = [{"entity": BETWEEN, "value": name, "start": -1, "end": -1} for name in names]
            message.set(ENTITIES, [*(message.get(ENTITIES) or []), *found], add_to_output=True)


def _in_one(groups: list[frozenset[str]], one: str, other: str) -> bool:
    return any(one in group and other in group for group in groups)

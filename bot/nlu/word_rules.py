"""Words that decide what a message is about, as a Rasa graph component."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class IntentByWords(GraphComponent, IntentClassifier):
    """Take an intent for sure when an entity is in the message, such as the number of a case.

    Settings: `rules`, each with an `entity`, perhaps its `value`, and the `intent`; the first that fits
    counts. `but` names intents that stay whatever the words are. Stands behind the other components.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override."""
        return {"rules": [], "but": [], "confidence": 0.95}

    def __init__(self, config: dict[str, Any]) -> None:
        """Keep the rules."""
        self._config = config

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentByWords:
        """Create the component."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Put the intent of the first rule that fits before what the classifier found."""
        for message in messages:
            name = self._named(message.get(ENTITIES) or [])
            now = (message.get(INTENT) or {}).get("name")
            if not name or now == name or now in self._config["but"]:
                continue
            intent = {"name": name, "confidence": self._config["confidence"]}
            others = [i for i in message.get(INTENT_RANKING_KEY) or [] if i.get("name") != name]
            message.set(INTENT, intent, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [intent, *others], add_to_output=True)
        return messages

    def _named(self, entities: list[dict[str, Any]]) -> str:
        found = {(e.get("entity"), str(e.get("value"))) for e in entities}
        kinds = {kind for kind, _ in found}
        for rule in self._config["rules"]:
            value = rule.get("value")
            if ((rule["entity"], value) in found) if value else rule["entity"] in kinds:
                return str(rule["intent"])
        return ""

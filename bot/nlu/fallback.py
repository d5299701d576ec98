"""What is not understood, as a Rasa graph component with a threshold that training has tuned."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.fallback_classifier import FallbackClassifier
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.mix import SCOPE_THRESHOLD, TUNED


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ScopeFallback(FallbackClassifier):
    """Make the intent `nlu_fallback` of a message that is no business of the assistant's, or torn.

    Settings: `threshold`, the confidence under which a message is out of scope: a number, or `tuned` for
    the one that the classifier chose on held-out parts of the examples when it was trained;
    `ambiguity_threshold`, the lead under which the best intent is too close to the second.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override; `usual` serves a classifier that tunes none."""
        return {"threshold": TUNED, "ambiguity_threshold": 0.1, "usual": 0.4}

    def process(self, messages: list[Message]) -> list[Message]:
        """Put `nlu_fallback` in front where the confidence is too low."""
        if self.component_config["threshold"] != TUNED:
            return super().process(messages)
        for message in messages:
            tuned = message.get(SCOPE_THRESHOLD)
            threshold = self.component_config["usual"] if tuned is None else tuned
            FallbackClassifier({**self.component_config, "threshold": threshold}).process([message])
        return messages

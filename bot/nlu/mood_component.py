"""Moods as a Rasa graph component; the scoring itself is `bot.nlu.mood`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.mood import Mood, Situation, as_data, from_data
from bot.nlu.mood import MoodReader, Weights
from bot.nlu.mood_words import KINDS, WordLists, gather

logger = logging.getLogger(__name__)

FILE = "mood.json"
MOOD = "mood"
"""The key of the annotation in the parse data."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class MoodDetector(GraphComponent):
    """Annotate how frustrated or abusive a message is: `mood` in the parse data, with evidence.

    The words are the lookups and regexes of the data that `bot.nlu.mood_words.KINDS` names. Setting:
    `weights`, see `bot.nlu.mood.Weights`; what is not named there keeps its value.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override."""
        return {"weights": {}}

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        lists: WordLists | None = None,
    ) -> None:
        """Compile the words, if there are any already. Raises ValueError for wrong weights."""
        self._weights = Weights.of(config["weights"] or {})
        self._model_storage = model_storage
        self._resource = resource
        self._reader = MoodReader(lists or WordLists(), self._weights)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MoodDetector:
        """Create an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Collect the words and prove that they compile."""
        lookups = [(table["name"], table["elements"]) for table in training_data.lookup_tables]
        regexes = [(regex["name"], regex["pattern"]) for regex in training_data.regex_features]
        lists = gather(KINDS, [(n, found) for n, found in lookups if isinstance(found, list)], regexes)
        self._reader = MoodReader(lists, self._weights)
        with self._model_storage.write_to(self._resource) as folder:
            lists.save(folder / FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MoodDetector:
        """Load the words."""
        lists = None
        try:
            with model_storage.read_from(resource) as folder:
                lists = WordLists.load(folder / FILE)
        except (FileNotFoundError, ValueError) as error:
            logger.warning("The mood detector has no usable words: %s", error)
        return cls(config, model_storage, resource, lists)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the annotation to each message, also to a calm one."""
        for message in messages:
            mood = self._reader.read(message.get(TEXT) or "")
            message.set(MOOD, as_data(mood), add_to_output=True)
        return messages

    def in_conversation(self, parsed: Mapping[str, Any], situation: Situation) -> dict[str, Any]:
        """Return the annotation of parse data with what the customer's earlier messages add."""
        mood = from_data(parsed.get(MOOD)) or Mood()
        return as_data(self._reader.in_conversation(str(parsed.get("text") or ""), mood, situation))

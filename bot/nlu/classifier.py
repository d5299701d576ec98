"""The intent classifier as a Rasa graph component; the model itself is `bot.nlu.cascade`."""

from __future__ import annotations

import logging
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.cascade import FORMAT, CascadeModel
from bot.nlu.encoders import MINILM, Encoder, EncoderMissing, EncoderRefused, open_encoder
from bot.nlu.mix import SCOPE_THRESHOLD
from bot.nlu.progress import say

logger = logging.getLogger(__name__)

EXTERNAL = "EXTERNAL_"
"""Rasa's name for intents that no customer writes: never predicted."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CascadeIntentClassifier(GraphComponent, IntentClassifier):
    """Rank intents by word and character n-grams, and by a sentence encoder where these leave doubt.

    Settings: `encoder`, which is `minilm` (English), `multilingual`, `none`, or a folder with a
    `model.onnx` and a `tokenizer.json` of one's own; `encoder_sha256`, the hash that this model.onnx must
    have; `c`, the inverse strength of regularisation; `ranking_length`, how many intents a message's
    ranking holds.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override; `format` marks stale training caches."""
        return {
            "encoder": MINILM,
            "encoder_sha256": "",
            "c": 1.0,
            "ranking_length": 10,
            "format": FORMAT,
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Name what must be installed; an encoder's packages need not be."""
        return ["numpy"]

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: CascadeModel | None = None,
    ) -> None:
        """Keep the trained model, if there is one already."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self.model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CascadeIntentClassifier:
        """Create an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to the examples of what customers write. Raises EncoderRefused (a ValueError)."""
        from bot.nlu.fit import fit

        pairs = [(e.get(TEXT), e.get(INTENT)) for e in training_data.intent_examples]
        pairs = sorted((t, i) for t, i in pairs if t and i and not i.startswith(EXTERNAL))
        if len({intent for _, intent in pairs}) < 2:
            logger.warning("There are fewer than two intents with examples: nothing to tell apart.")
            return self._resource
        texts, intents = [text for text, _ in pairs], [intent for _, intent in pairs]
        try:
            encoder = open_encoder(self._config["encoder"], sha256=self._config["encoder_sha256"])
            self.model = fit(texts, intents, c=self._config["c"], encoder=encoder)
        except EncoderMissing as error:
            say(f"Intents are told by words alone, which is less exact: {error}.")
            self.model = fit(texts, intents, c=self._config["c"])
        with self._model_storage.write_to(self._resource) as folder:
            self.model.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CascadeIntentClassifier:
        """Load the trained model; the encoder goes on loading on a thread."""
        model = None
        try:
            with model_storage.read_from(resource) as folder:
                model = CascadeModel.load(folder, _encoder(config))
        except (FileNotFoundError, ValueError) as error:
            logger.warning("The intent classifier has no usable model: %s", error)
        if model is not None and model.encoder is not None:
            model.encoder.warm()
        return cls(config, model_storage, resource, model)

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking` on each message, and the threshold for `ScopeFallback`."""
        length = self._config["ranking_length"]
        for message in messages:
            ranked = self.model.rank(message.get(TEXT) or "") if self.model else ()
            ranking = [{"name": name, "confidence": score} for name, score in ranked[:length]]
            best = dict(ranking[0]) if ranking else {"name": None, "confidence": 0.0}
            message.set(INTENT, best, add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            if self.model:
                message.set(SCOPE_THRESHOLD, self.model.mix.threshold)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the training data alone: no later component reads our predictions of it."""
        return training_data


def _encoder(config: dict[str, Any]) -> Encoder | None:
    """Return the encoder, or say why there is none: an assistant without it is better than no assistant."""
    try:
        return open_encoder(config["encoder"], sha256=config["encoder_sha256"])
    except (EncoderMissing, EncoderRefused) as error:
        logger.warning("Intents are told by words alone, which is less exact: %s", error)
        return None

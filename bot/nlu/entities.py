"""The entity extractor as a Rasa graph component; the search itself is `bot.nlu.patterns`."""

from __future__ import annotations

import logging
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.patterns import PatternFinder, Patterns

logger = logging.getLogger(__name__)

FILE = "patterns.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class PatternEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Find entities by the lookup tables, regexes, synonyms and annotated examples of the data.

    A regex or lookup table belongs to the entity it is named after. Values annotated in examples
    count as phrases when their entity has no regex. Settings: `language` (a spaCy code),
    `case_sensitive`, `use_examples`, `normalise` (entity -> normaliser, see `bot.nlu.patterns`),
    `priority` (which entity wins when two match the same characters), `leave_out` (lookups and regexes
    that are for other components).
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override."""
        return {
            "language": "en",
            "case_sensitive": False,
            "use_examples": True,
            "normalise": {"order_number": "code", "email": "lower"},
            "priority": ["order_number", "email"],
            "leave_out": [],
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Name what must be installed."""
        return ["spacy"]

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        patterns: Patterns | None = None,
    ) -> None:
        """Compile the patterns, if there are any already."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._finder = _finder(patterns, config) if patterns else None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PatternEntityExtractor:
        """Create an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Collect the patterns and prove that they compile."""
        patterns = collect(training_data, use_examples=self._config["use_examples"])
        patterns = patterns.without(self._config["leave_out"])
        self._finder = _finder(patterns, self._config)
        with self._model_storage.write_to(self._resource) as folder:
            patterns.save(folder / FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PatternEntityExtractor:
        """Load the patterns."""
        patterns = None
        try:
            with model_storage.read_from(resource) as folder:
                patterns = Patterns.load(folder / FILE)
        except (FileNotFoundError, ValueError) as error:
            logger.warning("The entity extractor has no usable patterns: %s", error)
        return cls(config, model_storage, resource, patterns)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add what is found to each message's entities."""
        if self._finder is None:
            return messages
        for message in messages:
            found = [
                {"entity": name, "start": start, "end": end, "value": value, "extractor": self.name}
                for name, start, end, value in self._finder.find(message.get(TEXT) or "")
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages


def collect(training_data: TrainingData, *, use_examples: bool) -> Patterns:
    """Return the patterns that training data holds."""
    regexes = [(r["name"], r["pattern"]) for r in training_data.regex_features]
    phrases = [(t["name"], e.strip()) for t in training_data.lookup_tables for e in _elements(t)]
    synonyms = {k.strip().lower(): str(v) for k, v in training_data.entity_synonyms.items()}
    with_regex = {name for name, _ in regexes}
    for example in training_data.entity_examples:
        text = example.get(TEXT)
        for entity in example.get(ENTITIES, []):
            phrase = text[entity["start"] : entity["end"]].strip()
            if str(entity["value"]) != phrase:
                synonyms.setdefault(phrase.lower(), str(entity["value"]))
            if use_examples and entity["entity"] not in with_regex:
                phrases.append((entity["entity"], phrase))
    return Patterns(regexes=regexes, phrases=_with_synonyms(phrases, synonyms), synonyms=synonyms)


def _elements(table: dict[str, Any]) -> list[str]:
    """Return a lookup table's entries; older data name a file with one entry a line."""
    elements = table["elements"]
    if isinstance(elements, list):
        return [str(element) for element in elements if str(element).strip()]
    import rasa.shared.utils.io

    return [line for line in rasa.shared.utils.io.read_file(elements).splitlines() if line.strip()]


def _with_synonyms(phrases: list[tuple[str, str]], synonyms: dict[str, str]) -> list[tuple[str, str]]:
    """Add each synonym as a phrase of the entities that have its value as a phrase."""
    owners: dict[str, set[str]] = {}
    for name, phrase in phrases:
        owners.setdefault(phrase.lower(), set()).add(name)
    more = [(n, s) for s, value in synonyms.items() for n in sorted(owners.get(value.lower(), ()))]
    return sorted({(n, p) for n, p in [*phrases, *more] if p})


def _finder(patterns: Patterns, config: dict[str, Any]) -> PatternFinder:
    return PatternFinder(
        patterns,
        language=config["language"],
        case_sensitive=config["case_sensitive"],
        normalise=config["normalise"],
        priority=config["priority"],
    )

"""The entity extractor as a Rasa graph component; the search itself is `bot.nlu.patterns`."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers import SUPPORTED_REGIONS
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.kinds import Habits
from bot.nlu.patterns import PatternFinder, Patterns
from bot.ports import turn_services

logger = logging.getLogger(__name__)

FILE = "patterns.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class PatternEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Find entities by the lookup tables, regexes, synonyms and annotated examples of the data.

    A regex or lookup table belongs to the entity it is named after. Values annotated in examples
    count as phrases when their entity has no regex. Settings: `language` (a spaCy code),
    `case_sensitive`, `use_examples`, `normalise` (entity -> kind of value, see `bot.nlu.kinds`),
    `priority` (which entity wins when two match the same characters), `region` (of telephone numbers
    without a country code), `date_order` ("dmy" or "mdy"), `time_zone` (whose calendar "yesterday" means),
    `currencies` (what signs and words mean, where it is not the usual),
    `leave_out` (lookups and regexes that are for other components).
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings that config.yml may override."""
        return {
            "language": "en",
            "case_sensitive": False,
            "use_examples": True,
            "normalise": {"order_number": "code", "email": "email"},
            "priority": ["order_number", "email"],
            "leave_out": [],
            "region": "GB",
            "date_order": "dmy",
            "time_zone": "UTC",
            "currencies": {},
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Name what must be installed."""
        return ["spacy", "phonenumbers"]

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
        self._zone = _zone(config)
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
        today = _today(self._zone)
        for message in messages:
            found = [
                {"entity": name, "start": start, "end": end, "value": value, "extractor": self.name}
                for name, start, end, value in self._finder.find(message.get(TEXT) or "", today)
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
        habits=_habits(config),
    )


def _habits(config: dict[str, Any]) -> Habits:
    region, order = str(config["region"]).upper(), config["date_order"]
    if region not in SUPPORTED_REGIONS:
        raise InvalidConfigException(f"config.yml: region is '{region}' and must be a country such as GB")
    if order not in ("dmy", "mdy"):
        raise InvalidConfigException(f"config.yml: date_order is '{order}' and must be dmy or mdy")
    if not isinstance(config["currencies"], dict):
        raise InvalidConfigException("config.yml: currencies names a currency for each sign or word")
    currencies = {str(sign).lower(): str(code).upper() for sign, code in config["currencies"].items()}
    return Habits(region=region, day_first=order == "dmy", currencies=currencies)


def _zone(config: dict[str, Any]) -> ZoneInfo:
    try:
        return ZoneInfo(config["time_zone"])
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        text = f"config.yml: there is no time zone '{config['time_zone']}'"
        raise InvalidConfigException(text) from error


def _today(zone: ZoneInfo) -> date | None:
    """Return the day of the turn that asks; None outside one (training, the plain `rasa` command)."""
    services = turn_services.get(None)
    return services.context.now.astimezone(zone).date() if services else None

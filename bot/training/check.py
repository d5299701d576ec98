"""Checking training data before a model is trained: every problem named with its file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from bot.training.project import Project

_ERRORS = (
    "not listed in",
    "not present in",
    "not a valid utterance",
    "labeled with multiple",
    "deprecated",
)
_QUOTED = re.compile(r"'([^']+)'")


def check(project: Project, importer: Any) -> list[str]:
    """Return the problems that would make a wrong model, empty when there are none."""
    from rasa.validator import Validator

    validator = Validator.from_importer(importer)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sound = validator.verify_domain_validity()
        validator.verify_intents_in_stories(ignore_warnings=False)
        validator.verify_example_repetition_in_intents(ignore_warnings=False)
        validator.verify_utterances_in_stories(ignore_warnings=False)
        validator.verify_actions_in_stories_rules()
        validator.verify_forms_in_stories_rules()
        validator.verify_form_slots()
        validator.verify_slot_mappings()
    texts = [_plain(str(warning.message)) for warning in caught]
    problems = [_located(project, text) for text in texts if any(mark in text for mark in _ERRORS)]
    if not sound:
        problems.append(f"{project.domain.name}: the domain is empty or of an old format")
    return [*problems, *_names(project, validator)]


def _names(project: Project, validator: Any) -> Iterator[str]:
    """Yield names that the data use and the domain lacks, beyond what Rasa itself looks for."""
    domain, data = validator.domain, validator.intents
    named = {r["name"] for r in data.regex_features} | {t["name"] for t in data.lookup_tables}
    for name in sorted((named | set(data.entities)) - set(domain.entities)):
        yield _located(project, f"The entity '{name}' has patterns or examples and is not in the domain.")
    for regex in data.regex_features:
        try:
            re.compile(regex["pattern"])
        except re.error as error:
            place = project.where(f"regex: {regex['name']}")
            yield f"{place}: The regex '{regex['pattern']}' for {regex['name']} is broken ({error})."
    slots = {slot.name for slot in domain.slots}
    used = {
        event.key
        for step in validator.story_graph.story_steps
        for event in step.events
        if type(event).__name__ == "SlotSet"
    }
    for name in sorted(used - slots):
        yield _located(project, f"The slot '{name}' is used in stories or rules and is not in the domain.")


def _plain(text: str) -> str:
    """Return a warning's text without colours, line breaks and links."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).split("More info at")[0]
    return " ".join(text.split())


def _located(project: Project, text: str) -> str:
    """Put the place of the first quoted name before a problem."""
    name = _QUOTED.search(text)
    place = project.where(name.group(1)) if name else ""
    return f"{place}: {text}" if place else text

"""All checks of a project, in the order in which they matter."""

from __future__ import annotations

from pathlib import Path

from bot.training.checks import examples, names, personal, stories
from bot.training.checks.problem import Problem
from bot.training.checks.source import read
from bot.training.project import Project

THIN = 20
"""Different examples under which an intent is too thin to be told apart well."""


def check_data(root: Path, *, thin: int = THIN) -> list[Problem]:
    """Return what is wrong with a project's data, errors first. Raises ConfigError for unreadable files."""
    source = read(Project.at(root.resolve()))
    found = [
        *examples.unread(source),
        *examples.two_intents(source),
        *stories.contradictions(source),
        *names.responses(source),
        *names.intents(source),
        *names.payloads(source),
        *names.entities(source),
        *names.slots(source),
        *names.synonyms(source),
        *names.regexes(source),
        *personal.personal(source),
        *examples.too_thin(source, thin),
        *examples.repeated(source),
        *examples.nearly_same(source),
    ]
    return sorted(found, key=lambda problem: problem.level != "error")

"""`baton compare A B`: which messages two models of the registry see differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bot.domain.errors import ConfigError, NotFound
from bot.training import registry
from bot.training.comparison import Comparison
from bot.training.evaluate import chosen, predictions, set_side_by_side
from bot.training.held_out import FILE, held_out
from bot.training.registry import Model
from bot.training.rows import read_rows
from bot.training.scores import measure

Progress = Callable[[str], None]


def pair(models: Path, first: str, second: str) -> tuple[Model, Model]:
    """Return the earlier and the later model: the named ones, or the previous and the live one.

    Raises NotFound.
    """
    listed = registry.list_models(models)
    first = first or next((model.id for model in listed if model.previous), "")
    if not first:
        raise NotFound("There is no earlier model; name two: baton compare A B")
    before, after = registry.find(models, first), chosen(models, second)
    if before.id == after.id:
        raise NotFound(f"{before.id} is one model; name two: baton compare A B")
    return before, after


def compare_models(
    before: Model, after: Model, project: Path, progress: Progress, *, test: Path | None = None
) -> Comparison:
    """Compare on `test`, or on the held-out messages, where kept scores are used. Raises ConfigError."""
    if test is None:
        if held_out(project) is None:
            raise ConfigError(
                f"The project has no {FILE.as_posix()}; name a file with --test (columns text,intent)."
            )
        found = [measure(model, project, progress, stories=False) for model in (before, after)]
        for unread in filter(None, (scores.unread for scores in found)):
            raise ConfigError(unread)
        return set_side_by_side(found[0].rows, found[0].predictions, found[1].predictions)
    rows = read_rows(test, progress)
    seen = []
    for model in (before, after):
        progress(f"Reading {len(rows):,} messages with {model.id} …")
        seen.append(predictions(model.path, rows))
    return set_side_by_side(rows, seen[0], seen[1])


def as_json(found: Comparison, before: Model, after: Model) -> str:
    """Return everything as JSON."""
    return json.dumps(
        {"models": {"before": before.id, "after": after.id}, **asdict(found)}, ensure_ascii=False
    )

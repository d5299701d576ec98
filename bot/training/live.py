"""Making a model the live one, with the guard before it; a running server takes it over by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import ConfigError, NotFound
from bot.training import registry
from bot.training.guard import Judgement, judge
from bot.training.registry import Model
from bot.training.scores import measure

Progress = Callable[[str], None]

NOT_LIVE = 3
"""Exit status of the command line when the guard keeps a model from becoming live."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The model that was to become live, whether it did, and what speaks against it."""

    model: Model
    live: bool
    judgement: Judgement

    def reasons(self) -> list[str]:
        """Return why it is not live, and what to do, for people to read."""
        return [
            f"Model {self.model.id} is not made live:",
            *(f"  {line}" for line in self.judgement.lines()),
            "The live model goes on answering.",
        ]


def promote(
    models: Path, model_id: str, project: Path, progress: Progress, *, force: bool = False
) -> Outcome:
    """Make a model live unless it is worse than the live one. Raises NotFound or ConfigError.

    The first model, and what is forced, becomes live whatever it is.
    """
    model = registry.find(models, model_id)
    judgement = _judge(models, model, project, progress, force=force)
    if judgement.refused and not force:
        return Outcome(model=model, live=False, judgement=judgement)
    return Outcome(model=registry.promote(models, model_id), live=True, judgement=judgement)


def roll_back(models: Path, project: Path, progress: Progress, *, force: bool = False) -> Outcome:
    """Make the model live that was live before, unless it is worse. Raises NotFound or ConfigError."""
    target = next((m for m in registry.list_models(models) if m.previous and m.usable), None)
    if target is None:
        raise NotFound("There is no earlier model to go back to.")
    judgement = _judge(models, target, project, progress, force=force)
    if judgement.refused and not force:
        return Outcome(model=target, live=False, judgement=judgement)
    return Outcome(model=registry.rollback(models), live=True, judgement=judgement)


def _judge(models: Path, model: Model, project: Path, progress: Progress, *, force: bool) -> Judgement:
    live = registry.live_model(models)
    if force or not model.usable or model.live:
        return Judgement()
    if live is None:
        try:
            measure(model, project, progress, stories=False)
        except ConfigError as error:  # an assistant without a model is worse than one without figures
            progress(f"Model {model.id} is not measured: {error.message}")
        return Judgement()
    return judge(measure(model, project, progress), measure(live, project, progress, stories=False))

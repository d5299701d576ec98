"""Training a model from a project folder; also `python -m bot.training.train`."""

from __future__ import annotations

import argparse
import getpass
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from bot.clock import SystemClock
from bot.domain.errors import BotError, ConfigError
from bot.ports import Clock
from bot.training import live, registry
from bot.training.alone import alone
from bot.training.live import Outcome
from bot.training.project import Project
from bot.training.registry import Model, ModelEntry, write_atomically

Progress = Callable[[str], None]

CACHE = ".cache"
"""Where, beside the models, trainings leave what the next one need not work out again."""

MAX_PROBLEMS = 12
"""Problems that one message names; the rest is counted."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """What training gave: the model, whether it is new, and how long it took in seconds."""

    model: Model
    trained: bool
    seconds: float
    refused: bool = False
    """The model is there and is not made live: it is worse than the live one."""


def train(
    project: Path,
    models: Path,
    progress: Progress,
    force: bool = False,
    *,
    clock: Clock | None = None,
    by: str = "",
    note: str = "",
) -> TrainedModel:
    """Train from `project` into `models` unless there is a model of this very content; make it live.

    A model that an operator rolled back stays as it is, and one that is worse than the live one is kept
    and not made live. `by` and `note` go into the registry. While another process trains into `models`
    this one waits. Raises ConfigError naming the problems.
    """
    found = Project.at(project.resolve())
    known = None if force else registry.find_hash(models, found.content_hash())
    if known is not None and known.live:
        return _up_to_date(found.root, models, known, progress)
    with alone(models, progress):
        return _train(found, models, progress, force, clock or SystemClock(), by=by, note=note)


def _train(
    found: Project, models: Path, progress: Progress, force: bool, clock: Clock, *, by: str, note: str
) -> TrainedModel:
    started = time.perf_counter()
    content = found.content_hash()
    known = None if force else registry.find_hash(models, content)
    if known is not None:
        return _up_to_date(found.root, models, known, progress)
    now = clock.now()
    entry = ModelEntry(
        id=f"{now:%Y%m%d-%H%M%S}-{content[:8]}",
        path=f"{now:%Y%m%d-%H%M%S}-{content[:8]}/model.tar.gz",
        hash=content,
        created=now.isoformat(),
        by=by or user_name(),
        note=note,
    )
    entry = _trained(found, models, entry, progress, force=force)
    registry.register(models, entry)
    seconds = round(time.perf_counter() - started, 1)
    progress(f"Model {entry.id} is trained ({seconds:.1f} s).")
    outcome = _go_live(found.root, models, entry.id, progress)
    if outcome.live:
        progress(f"Model {entry.id} is live.")
    return TrainedModel(model=outcome.model, trained=True, seconds=seconds, refused=not outcome.live)


def _trained(
    project: Project, models: Path, entry: ModelEntry, progress: Progress, *, force: bool
) -> ModelEntry:
    """Train into a folder of its own, which goes again if that fails; return the entry with its figures."""
    started = time.perf_counter()
    folder = models.resolve() / entry.id
    folder.mkdir(parents=True, exist_ok=True)
    try:
        meta = _train_into(project, folder, progress, force=force)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    seconds = round(time.perf_counter() - started, 1)
    meta |= {"hash": entry.hash, "trained_at": entry.created, "seconds": seconds}
    _write_json(folder / "meta.json", meta)
    metrics = {"examples": meta["examples"], "intents": len(meta["intents"]), "seconds": seconds}
    return replace(entry, metrics=metrics)


def _go_live(project: Path, models: Path, model_id: str, progress: Progress) -> Outcome:
    anyway = f"To make it live all the same: baton promote {model_id} --force"
    try:
        outcome = live.promote(models, model_id, project, progress)
    except ConfigError as error:
        raise ConfigError(
            f"Model {model_id} is trained and not made live: {error.message} {anyway}"
        ) from error
    for line in outcome.judgement.lines() if outcome.live else [*outcome.reasons(), anyway]:
        progress(line)
    return outcome


def _up_to_date(project: Path, models: Path, known: Model, progress: Progress) -> TrainedModel:
    outcome = None
    if known.live:
        progress(f"Model {known.id} is up to date.")
    elif known.entry.rolled_back:
        progress(f"Model {known.id} is up to date but rolled back; `baton promote {known.id}` revives it.")
    else:
        outcome = _go_live(project, models, known.id, progress)
        if outcome.live:
            progress(f"Model {known.id} was trained from this very data and is live again.")
    return TrainedModel(
        model=outcome.model if outcome else known,
        trained=False,
        seconds=0.0,
        refused=outcome is not None and not outcome.live,
    )


def user_name() -> str:
    """Return whose account this process runs under; nothing if the system does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _train_into(project: Project, folder: Path, progress: Progress, *, force: bool) -> dict[str, Any]:
    """Train, write the archive and the catalogue into `folder`, and return facts about the model."""
    from bot.nlu.kept_vectors import kept_in
    from bot.nlu.progress import listening
    from bot.training import rasa_graph
    from bot.training.check import check
    from bot.training.responses import catalogue

    lean = project.lean
    progress("Loading Rasa" + ("" if lean else " with TensorFlow, which takes a while") + " …")
    rasa_graph.quiet()
    rasa_graph.import_rasa(lean=lean)
    progress("Checking the data …")
    data = rasa_graph.importer(project)
    problems = check(project, data)
    if problems:
        raise ConfigError(_problems(problems))
    nlu, domain = data.get_nlu_data(), data.get_domain()
    intents = [example.get("intent") for example in nlu.intent_examples]
    progress(f"Training on {len(intents)} examples of {len(set(intents))} intents …")
    cache = folder.parent / CACHE
    parts = cache / "parts" / project.parts_key()
    with listening(progress), kept_in(cache):
        rasa_graph.train_graph(data, folder / "model.tar.gz", parts=parts, force=force, progress=progress)
    _write_json(folder / "responses.json", catalogue(domain))
    return {
        "examples": len(intents),
        "intents": sorted(set(intents)),
        "versions": {name: metadata.version(name) for name in ("rasa", "spacy", "scikit-learn", "numpy")},
    }


def _problems(problems: list[str]) -> str:
    shown = problems[:MAX_PROBLEMS]
    more = f"; and {len(problems) - len(shown)} more" if len(problems) > len(shown) else ""
    return "The training data need a change: " + "; ".join(shown) + more


def _write_json(path: Path, data: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Train as the command line asks; return the exit status: 3 if the model is not made live."""
    parser = argparse.ArgumentParser(prog="baton train", description="Train a model if the data changed.")
    parser.add_argument(
        "--project", type=Path, default=Path(), help="folder with config.yml and domain.yml"
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder that keeps the models")
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    parser.add_argument("--by", default="", help="who trains; the user's name if not given")
    parser.add_argument("--note", default="", help="why, for the list of models")
    options = parser.parse_args(arguments)
    try:
        done = train(options.project, options.models, _say, options.force, by=options.by, note=options.note)
    except BotError as error:
        sys.stderr.write(f"Training failed: {error.message}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nTraining was stopped; the live model is what it was.\n")
        return 130
    return live.NOT_LIVE if done.refused else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Custom components are named by dotted path: the project's own folder must be importable.
    sys.exit(main())

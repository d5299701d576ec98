"""Training a model from a project folder; also `python -m bot.training.train`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bot.clock import SystemClock
from bot.domain.errors import BotError, ConfigError
from bot.ports import Clock
from bot.training import registry
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


def train(
    project: Path,
    models: Path,
    progress: Progress,
    force: bool = False,
    *,
    clock: Clock | None = None,
) -> TrainedModel:
    """Train from `project` into `models` unless there is a model of this very content; make it live.

    A model that an operator rolled back stays as it is. Raises ConfigError naming the problems.
    """
    started = time.perf_counter()
    found = Project.at(project.resolve())
    content = found.content_hash()
    known = None if force else registry.find_hash(models, content)
    if known is not None:
        return TrainedModel(model=_up_to_date(models, known, progress), trained=False, seconds=0.0)
    now = (clock or SystemClock()).now()
    model_id = f"{now:%Y%m%d-%H%M%S}-{content[:8]}"
    folder = models.resolve() / model_id
    folder.mkdir(parents=True, exist_ok=True)
    try:
        meta = _train_into(found, folder, progress)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    seconds = round(time.perf_counter() - started, 1)
    meta |= {"hash": content, "trained_at": now.isoformat(), "seconds": seconds}
    _write_json(folder / "meta.json", meta)
    entry = ModelEntry(
        id=model_id,
        path=f"{model_id}/model.tar.gz",
        hash=content,
        created=now.isoformat(),
        metrics={"examples": meta["examples"], "intents": len(meta["intents"]), "seconds": seconds},
    )
    registry.register(models, entry)
    model = registry.promote(models, model_id)
    progress(f"Model {model_id} is trained and live ({seconds:.1f} s).")
    return TrainedModel(model=model, trained=True, seconds=seconds)


def _up_to_date(models: Path, known: Model, progress: Progress) -> Model:
    if known.live:
        progress(f"Model {known.id} is up to date.")
        return known
    if known.entry.rolled_back:
        progress(f"Model {known.id} is up to date but rolled back; `baton promote {known.id}` revives it.")
        return known
    progress(f"Model {known.id} was trained from this very data and is live again.")
    return registry.promote(models, known.id)


def _train_into(project: Project, folder: Path, progress: Progress) -> dict[str, Any]:
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
    with listening(progress), kept_in(folder.parent / CACHE):
        rasa_graph.train_graph(data, folder / "model.tar.gz")
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
    """Train as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(prog="baton train", description="Train a model if the data changed.")
    parser.add_argument(
        "--project", type=Path, default=Path(), help="folder with config.yml and domain.yml"
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder that keeps the models")
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    options = parser.parse_args(arguments)
    try:
        train(options.project, options.models, _say, options.force)
    except BotError as error:
        sys.stderr.write(f"Training failed: {error.message}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Custom components are named by dotted path: the project's own folder must be importable.
    sys.exit(main())

"""Evaluating and comparing trained models on labelled texts, without Rasa.

Only models with our own classifier are read; `rasa test nlu` is there for others.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.domain.errors import BotError, ConfigError, NotFound
from bot.nlu import cascade
from bot.nlu.cascade import CascadeModel
from bot.nlu.encoders import MINILM, EncoderMissing, EncoderRefused, open_encoder
from bot.nlu.mix import TUNED
from bot.training import registry
from bot.training.comparison import Comparison, compared
from bot.training.measure import Prediction, Report, Row, report
from bot.training.rows import read_rows

CLASSIFIER = "CascadeIntentClassifier"
FALLBACKS: dict[str, float | str] = {"ScopeFallback": TUNED, "FallbackClassifier": 0.3}
"""Components that decide what is answered, ours first, with their usual threshold."""
FILES = ("sparse.json", "sparse.npz", cascade.FILE)


class Understanding:
    """The intent part of a trained model: our classifier and the thresholds behind it."""

    def __init__(self, model: CascadeModel, *, threshold: float, ambiguity: float) -> None:
        """Take over a classifier and the fallback's settings; 0 switches a threshold off."""
        self._model = model
        self._threshold = threshold
        self._ambiguity = ambiguity

    @classmethod
    def load(cls, archive: Path) -> Understanding:
        """Read a Rasa model archive. Raises ConfigError if it is none with our classifier in it."""
        try:
            with tarfile.open(archive) as tar, tempfile.TemporaryDirectory() as folder:
                for name in FILES:
                    (Path(folder) / name).write_bytes(_member(tar, name))
                if _there(tar, cascade.DENSE):
                    (Path(folder) / cascade.DENSE).write_bytes(_member(tar, cascade.DENSE))
                nodes = json.loads(_member(tar, "metadata.json")).get("predict_schema", {}).get("nodes", {})
                model = _model(Path(folder), _config(nodes, CLASSIFIER))
                return cls(model, **fallback(nodes, tuned=model.mix.threshold))
        except (OSError, tarfile.TarError, ValueError) as error:
            raise ConfigError(f"{archive} is not a usable model: {error}") from error

    def predict(self, text: str) -> Prediction:
        """Return what the model would make of a text."""
        ranked = self._model.rank(text)
        (intent, best), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0.0
        fallback = best < self._threshold or best - second < self._ambiguity
        return Prediction(intent=intent, confidence=best, fallback=fallback)


def _model(folder: Path, config: dict[str, Any]) -> CascadeModel:
    try:
        encoder = open_encoder(config.get("encoder", MINILM), sha256=config.get("encoder_sha256", ""))
    except (EncoderMissing, EncoderRefused) as error:
        sys.stderr.write(f"Measured without the sentence encoder: {error}.\n")
        encoder = None
    return CascadeModel.load(folder, encoder)


def _there(tar: tarfile.TarFile, name: str) -> tarfile.TarInfo | None:
    """Return one file of the archive by the end of its path."""
    return next((m for m in tar.getmembers() if m.isfile() and Path(m.name).name == name), None)


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    member = _there(tar, name)
    file = tar.extractfile(member) if member else None
    if file is None:
        raise ConfigError(f"the model has no {CLASSIFIER} ({name} is missing); `rasa test nlu` can test it")
    return file.read()


def _config(nodes: dict[str, Any], component: str) -> dict[str, Any]:
    """Return the settings of a model's first component of that name."""
    for node in nodes.values():
        if str(node.get("uses", "")).endswith(f".{component}"):
            return dict(node.get("config") or {})
    return {}


def fallback(nodes: dict[str, Any], *, tuned: float) -> dict[str, float]:
    """Return the settings of our own fallback component or of Rasa's, or their defaults."""
    for component, usual in FALLBACKS.items():
        if any(str(node.get("uses", "")).endswith(f".{component}") for node in nodes.values()):
            config = _config(nodes, component)
            threshold = config.get("threshold", usual)
            return {
                "threshold": tuned if threshold == TUNED else float(threshold),
                "ambiguity": float(config.get("ambiguity_threshold", 0.1)),
            }
    return {"threshold": 0.0, "ambiguity": 0.0}


def evaluate(model: Path, rows: Sequence[Row]) -> Report:
    """Measure a model archive on labelled rows. Raises ConfigError."""
    return figures(rows, predictions(model, rows))


def compare(before: Path, after: Path, rows: Sequence[Row]) -> Comparison:
    """Measure two model archives on the same rows. Raises ConfigError."""
    return set_side_by_side(rows, predictions(before, rows), predictions(after, rows))


def set_side_by_side(
    rows: Sequence[Row], old: Sequence[Prediction], new: Sequence[Prediction]
) -> Comparison:
    """Compare what two models make of the same rows. Raises ConfigError without rows in scope."""
    return compared(rows, old, new, before=figures(rows, old), after=figures(rows, new))


def predictions(model: Path, rows: Sequence[Row]) -> list[Prediction]:
    """Return what a model archive makes of rows. Raises ConfigError."""
    understanding = Understanding.load(model)
    return [understanding.predict(row.text) for row in rows]


def figures(rows: Sequence[Row], seen: Sequence[Prediction]) -> Report:
    """Return the figures of predictions. Raises ConfigError without rows in scope."""
    try:
        return report(rows, seen)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def main(arguments: list[str] | None = None) -> int:
    """Evaluate, or compare with `--against`, as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="baton evaluate", description="Measure a model on labelled texts."
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder that keeps the models")
    parser.add_argument("--model", default="", help="id of the model; the live one if not given")
    parser.add_argument("--against", default="", help="id of an earlier model to compare with")
    parser.add_argument("--test", type=Path, required=True, help="CSV file with the columns text,intent")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    options = parser.parse_args(arguments)
    try:
        result = _run(options)
    except BotError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    text = json.dumps(asdict(result), ensure_ascii=False) if options.json else "\n".join(result.lines())
    sys.stdout.write(text + "\n")
    return 0


def _run(options: argparse.Namespace) -> Report | Comparison:
    rows = read_rows(options.test, _say)
    model = chosen(options.models, options.model)
    if options.against:
        return compare(registry.find(options.models, options.against).path, model.path, rows)
    return evaluate(model.path, rows)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def chosen(models: Path, model_id: str) -> registry.Model:
    """Return the named model, or the live one for an empty name. Raises NotFound."""
    model = registry.find(models, model_id) if model_id else registry.live_model(models)
    if model is None:
        raise NotFound("no model is live: train one first")
    return model


if __name__ == "__main__":
    sys.exit(main())

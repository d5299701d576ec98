"""`baton evaluate --nlu TRAIN.csv TEST.csv`: the intent classifier on any data, with no project around it.

Also `python -m bot.training.evaluate_nlu`, which is how the command line runs it: in a process of its
own, on one thread, so that times and results do not depend on what else was imported.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.errors import BotError, ConfigError
from bot.training.measure import OUT_OF_SCOPE, Prediction, Report, Row, auroc, report

if TYPE_CHECKING:
    from bot.nlu.cascade import CascadeModel

Progress = Callable[[str], None]

EVERY = 1_000
"""Messages between two lines of progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NluFigures:
    """What a training and a test file gave; shares are 0 to 1.

    Attributes:
        understanding: the figures of the test file; `fallback` there means under the threshold.
        unknown: test rows in scope whose intent the training file does not have; they count as wrong.
        threshold: confidence under which a text is out of scope, tuned on the training file alone.
        auroc: how often a row in scope is more confident than one out of scope; None without such rows.
        out_of_scope_precision: how many rows under the threshold are out of scope; None likewise.
        stopped_early: how many texts n-grams alone answered.
        lost_early: accuracy without stopping early, less the accuracy with it.
        milliseconds: mean time of a message that is not cached.
    """

    training_rows: int
    intents: int
    encoder: str
    understanding: Report
    unknown: int
    threshold: float
    auroc: float | None
    out_of_scope_precision: float | None
    stopped_early: float
    lost_early: float
    training_seconds: float
    milliseconds: float

    def lines(self) -> list[str]:
        """Return the figures for people to read."""
        seen = self.understanding
        return [
            f"training rows      {self.training_rows} of {self.intents} intents (encoder: {self.encoder})",
            f"test rows          {seen.rows} ({seen.in_scope} in scope)",
            *([f"unknown intents    {self.unknown} rows, counted as wrong"] if self.unknown else []),
            f"accuracy           {seen.accuracy:.2%}",
            f"macro F1           {seen.macro_f1:.2%}",
            f"calibration error  {seen.calibration_error:.3f}",
            *self._scope(),
            f"training           {self.training_seconds:.1f} s",
            f"a message          {self.milliseconds:.2f} ms",
            f"stopped early      {self.stopped_early:.1%}, which costs {100 * self.lost_early:.2f} points",
        ]

    def _scope(self) -> list[str]:
        seen = self.understanding
        share = 1 - seen.fallback_share
        kept = f"kept in scope      {share:.1%} at the tuned threshold {self.threshold:.2f}"
        if self.auroc is None or seen.out_of_scope_recall is None:
            return [kept, "out of scope       no such rows"]
        precision = self.out_of_scope_precision
        shown = "none found" if precision is None else f"precision {precision:.1%}"
        return [
            kept,
            f"out of scope       AUROC {self.auroc:.3f}; recall {seen.out_of_scope_recall:.1%}, {shown}",
        ]


def evaluate_nlu(
    train: Sequence[Row],
    test: Sequence[Row],
    progress: Progress,
    *,
    outside: frozenset[str] = OUT_OF_SCOPE,
    encoder: str = "minilm",
) -> NluFigures:
    """Train on one file's rows and measure on the other's. Raises ConfigError.

    Training rows out of scope are left out: the classifier learns them from nothing but its threshold.
    """
    if all(row.intent in outside for row in test):
        raise ConfigError("the test file has no row in scope: there is nothing to be right about")
    known = [row for row in train if row.text.strip() and row.intent and row.intent not in outside]
    started = time.perf_counter()
    model, encoder = _fit(known, encoder, progress)
    seconds = time.perf_counter() - started
    predictions, milliseconds = _predict(model, test, progress)
    stopped = model.stopped / max(model.read, 1)
    try:
        figures = report(test, predictions, outside_labels=outside)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    pairs = list(zip(test, predictions, strict=True))
    strange = [seen.confidence for row, seen in pairs if row.intent in outside]
    inside = [seen.confidence for row, seen in pairs if row.intent not in outside]
    under = [row.intent in outside for row, seen in pairs if seen.fallback]
    return NluFigures(
        training_rows=len(known),
        intents=len(model.intents),
        encoder=encoder,
        understanding=figures,
        unknown=sum(row.intent not in {*outside, *model.intents} for row in test),
        threshold=model.mix.threshold,
        auroc=auroc(inside, strange) if strange else None,
        out_of_scope_precision=sum(under) / len(under) if under and strange else None,
        stopped_early=stopped,
        lost_early=_lost(model, test, outside, figures.accuracy, progress) if stopped else 0.0,
        training_seconds=round(seconds, 1),
        milliseconds=round(milliseconds, 3),
    )


def _fit(rows: Sequence[Row], name: str, progress: Progress) -> tuple[CascadeModel, str]:
    from bot.nlu.encoders import MINILM, NONE, EncoderMissing, EncoderRefused, open_encoder
    from bot.nlu.fit import fit
    from bot.nlu.progress import listening

    texts, intents = [row.text for row in rows], [row.intent for row in rows]
    progress(f"Training on {len(rows):,} rows …")
    with listening(progress):
        try:
            return fit(texts, intents, encoder=open_encoder(name)), name
        except EncoderMissing as error:
            if name != MINILM:  # whoever names one wants that one
                raise ConfigError(f"There is no sentence encoder {name}: {error}") from error
            progress(f"Going on without a sentence encoder: {error}.")
            return fit(texts, intents), NONE
        except EncoderRefused as error:
            raise ConfigError(str(error)) from error
        except ValueError as error:
            raise ConfigError(f"the training file cannot be used: {error}") from error


def _predict(
    model: CascadeModel, rows: Sequence[Row], progress: Progress
) -> tuple[list[Prediction], float]:
    """Return what the model makes of each row, and the milliseconds that a text takes it."""
    found: list[Prediction] = []
    before, spent = model.read, 0.0
    for number, row in enumerate(rows):
        if number and number % EVERY == 0:
            progress(f"Reading the test file: {number:,} of {len(rows):,} …")
        started = time.perf_counter()
        intent, confidence = model.rank(row.text)[0]
        spent += time.perf_counter() - started
        fallback = confidence < model.mix.threshold
        found.append(Prediction(intent=intent, confidence=confidence, fallback=fallback))
    return found, 1_000 * spent / max(model.read - before, 1)


def _lost(
    model: CascadeModel, test: Sequence[Row], outside: frozenset[str], accuracy: float, progress: Progress
) -> float:
    """Return how much better the model is when it never stops early."""
    from bot.nlu.cascade import CascadeModel

    progress("Reading the test file again without stopping early …")
    patient = CascadeModel(
        sparse=model.sparse, dense=model.dense, mix=replace(model.mix, margin=2.0), encoder=model.encoder
    )
    predictions, _ = _predict(patient, test, progress)
    return report(test, predictions, outside_labels=outside).accuracy - accuracy


def main(arguments: list[str] | None = None) -> int:
    """Train and measure as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="baton evaluate --nlu", description="Train on a file, measure on another."
    )
    parser.add_argument("train", type=Path, help="CSV file with the columns text,intent")
    parser.add_argument("test", type=Path, help="CSV file with the columns text,intent")
    parser.add_argument("--out-of-scope", action="append", default=[], help="a label for what is no intent")
    parser.add_argument("--encoder", default="minilm", help="minilm, multilingual, none or a folder")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    options = parser.parse_args(arguments)
    try:
        figures = _run(options)
    except BotError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    text = json.dumps(asdict(figures), ensure_ascii=False) if options.json else "\n".join(figures.lines())
    sys.stdout.write(text + "\n")
    return 0


def _run(options: argparse.Namespace) -> NluFigures:
    from bot.training import rasa_graph

    rasa_graph.quiet()  # before numpy is imported: one thread
    from bot.training.rows import read_rows

    outside = frozenset(options.out_of_scope) | OUT_OF_SCOPE
    train, test = read_rows(options.train, _say), read_rows(options.test, _say)
    return evaluate_nlu(train, test, _say, outside=outside, encoder=options.encoder)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

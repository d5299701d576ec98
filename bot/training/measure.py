"""How good an understanding is on labelled texts: pure arithmetic over predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FALLBACK = "nlu_fallback"

OUT_OF_SCOPE = frozenset({FALLBACK, "out_of_scope", "oos", "NO_NODES_DETECTED"})
"""Labels that say "nothing we offer": right is to fall back."""

MAX_CONFUSIONS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A text with the intent that a person gave it."""

    text: str
    intent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What a model makes of a text; `fallback` says that it would not act on `intent`."""

    intent: str
    confidence: float
    fallback: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class IntentReport:
    """One intent's figures, 0 to 1; `support` is how many rows have it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Rows of intent `truth` that were taken for `predicted`, with one of them."""

    truth: str
    predicted: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A model's figures on labelled rows; shares are 0 to 1.

    `accuracy` and `macro_f1` are of the likeliest intent over rows in scope, with no threshold.
    `fallback_share` is over the same rows, `answered_accuracy` over those that did not fall back.
    `out_of_scope_recall` is how many rows out of scope fell back; None without such rows.
    `calibration_error` is the mean gap between confidence and accuracy in ten bins.
    """

    rows: int
    in_scope: int
    accuracy: float
    macro_f1: float
    fallback_share: float
    answered_accuracy: float
    out_of_scope_recall: float | None
    calibration_error: float
    intents: tuple[IntentReport, ...]
    confusions: tuple[Confusion, ...]

    def lines(self) -> list[str]:
        """Return the report for people to read."""
        out = self.out_of_scope_recall
        return [
            f"rows               {self.rows} ({self.in_scope} in scope)",
            f"accuracy           {self.accuracy:.1%}",
            f"macro F1           {self.macro_f1:.1%}",
            f"fallback           {self.fallback_share:.1%} of the rows in scope",
            f"accuracy, answered {self.answered_accuracy:.1%}",
            f"out of scope found {'no such rows' if out is None else f'{out:.1%}'}",
            f"calibration error  {self.calibration_error:.3f}",
            "weakest intents:",
            *(
                f"  {i.f1:6.1%}  {i.name} ({i.support} rows, precision {i.precision:.0%}, "
                f"recall {i.recall:.0%})"
                for i in self.intents[:10]
            ),
            "most frequent confusions:",
            *(
                f"  {c.count:4}  {c.truth} -> {c.predicted}, such as: {c.example}"
                for c in self.confusions[:10]
            ),
        ]


def report(
    rows: Sequence[Row], predictions: Sequence[Prediction], *, outside_labels: frozenset[str] = OUT_OF_SCOPE
) -> Report:
    """Work out the figures. Raises ValueError without rows in scope."""
    pairs = list(zip(rows, predictions, strict=True))
    inside = [(row, seen) for row, seen in pairs if row.intent not in outside_labels]
    outside = [seen for row, seen in pairs if row.intent in outside_labels]
    if not inside:
        raise ValueError("no row has an intent that is in scope")
    right = [row.intent == seen.intent for row, seen in inside]
    answered = [ok for ok, (_, seen) in zip(right, inside, strict=True) if not seen.fallback]
    intents = _intents(inside)
    return Report(
        rows=len(pairs),
        in_scope=len(inside),
        accuracy=_mean(right),
        macro_f1=_mean(intent.f1 for intent in intents),
        fallback_share=_mean(seen.fallback for _, seen in inside),
        answered_accuracy=_mean(answered),
        out_of_scope_recall=_mean(seen.fallback for seen in outside) if outside else None,
        calibration_error=_calibration(right, [seen.confidence for _, seen in inside]),
        intents=tuple(sorted(intents, key=lambda i: (i.f1, -i.support, i.name))),
        confusions=_confusions(inside),
    )


def is_right(row: Row, seen: Prediction, *, outside_labels: frozenset[str] = OUT_OF_SCOPE) -> bool:
    """Say whether the final answer is right: the intent without falling back, or a due fall back."""
    if row.intent in outside_labels:
        return seen.fallback
    return not seen.fallback and seen.intent == row.intent


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Rows in scope whose confidence is between `low` and a tenth more: how sure, and how often right."""

    low: float
    rows: int
    confidence: float
    accuracy: float


def bins(rows: Sequence[Row], predictions: Sequence[Prediction]) -> list[Bin]:
    """Return the bins that have rows; out of scope ones are left out."""
    found: dict[int, list[tuple[float, bool]]] = {}
    for row, seen in zip(rows, predictions, strict=True):
        if row.intent not in OUT_OF_SCOPE:
            place = min(int(seen.confidence * 10), 9)
            found.setdefault(place, []).append((seen.confidence, seen.intent == row.intent))
    return [
        Bin(
            low=place / 10,
            rows=len(pairs),
            confidence=_mean(sure for sure, _ in pairs),
            accuracy=_mean(right for _, right in pairs),
        )
        for place, pairs in sorted(found.items())
    ]


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how often a row in scope is more confident than one out of scope; ties count half."""
    counted: Counter[float] = Counter(outside)
    below = 0.0
    lower: dict[float, float] = {}
    for value in sorted({*inside, *outside}):
        lower[value] = below
        below += counted[value]
    total = sum(lower[value] + counted[value] / 2 for value in inside)
    return total / (len(inside) * len(outside))


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept) if kept else 0.0


def _intents(pairs: Sequence[tuple[Row, Prediction]]) -> list[IntentReport]:
    support = Counter(row.intent for row, _ in pairs)
    predicted = Counter(seen.intent for _, seen in pairs)
    hits = Counter(row.intent for row, seen in pairs if row.intent == seen.intent)
    reports = []
    for name, count in sorted(support.items()):
        precision = hits[name] / predicted[name] if predicted[name] else 0.0
        recall = hits[name] / count
        f1 = 2 * precision * recall / (precision + recall) if hits[name] else 0.0
        reports.append(IntentReport(name=name, precision=precision, recall=recall, f1=f1, support=count))
    return reports


def _confusions(pairs: Sequence[tuple[Row, Prediction]]) -> tuple[Confusion, ...]:
    texts: dict[tuple[str, str], list[str]] = {}
    for row, seen in pairs:
        if row.intent != seen.intent:
            texts.setdefault((row.intent, seen.intent), []).append(row.text)
    worst = sorted(texts.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_CONFUSIONS]
    return tuple(
        Confusion(truth=truth, predicted=predicted, count=len(found), example=found[0])
        for (truth, predicted), found in worst
    )


def _calibration(right: Sequence[bool], confidences: Sequence[float]) -> float:
    bins: dict[int, list[tuple[bool, float]]] = {}
    for ok, confidence in zip(right, confidences, strict=True):
        bins.setdefault(min(int(confidence * 10), 9), []).append((ok, confidence))
    gaps = (abs(sum(c for _, c in found) - sum(ok for ok, _ in found)) for found in bins.values())
    return sum(gaps) / len(right)

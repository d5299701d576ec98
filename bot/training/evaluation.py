"""What an evaluation of a whole project comes to: held-out messages, cross-validation, stories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.training.hints import Explainer, Mixed
from bot.training.measure import OUT_OF_SCOPE, Prediction, Report, Row
from bot.training.story_tests import StoryResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One set of labelled texts as a model reads them, with the worst confusions explained."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]
    predictions: tuple[Prediction, ...]
    report: Report
    mixed: tuple[Mixed, ...]

    @property
    def fell_back(self) -> list[tuple[Row, Prediction]]:
        """Return rows in scope that were not answered, the least sure first."""
        pairs = zip(self.rows, self.predictions, strict=True)
        found = [(r, p) for r, p in pairs if p.fallback and r.intent not in OUT_OF_SCOPE]
        return sorted(found, key=lambda pair: pair[1].confidence)

    @property
    def answered_wrongly(self) -> list[tuple[Row, Prediction]]:
        """Return rows out of scope that were answered all the same, the surest first."""
        pairs = zip(self.rows, self.predictions, strict=True)
        found = [(r, p) for r, p in pairs if not p.fallback and r.intent in OUT_OF_SCOPE]
        return sorted(found, key=lambda pair: -pair[1].confidence)

    def lines(self) -> list[str]:
        """Return the part for people to read at a terminal."""
        told = [line for mixed in self.mixed[:5] for line in _mixed(mixed)]
        return [
            f"== {self.title}: {self.about}",
            *self.report.lines(),
            *(["what to do:", *told] if told else []),
        ]


def _mixed(mixed: Mixed) -> list[str]:
    return [f"  {mixed.truth} -> {mixed.predicted}:", *(f"    {hint}" for hint in mixed.hints)]


def part(
    name: str,
    title: str,
    about: str,
    rows: Sequence[Row],
    predictions: Sequence[Prediction],
    *,
    figures: Report,
    explainer: Explainer,
) -> Part:
    """Put a part together."""
    return Part(
        name=name,
        title=title,
        about=about,
        rows=tuple(rows),
        predictions=tuple(predictions),
        report=figures,
        mixed=tuple(explainer.explain(rows, predictions)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """All parts that were asked for, of one model."""

    model: str
    project: str
    made: datetime
    parts: tuple[Part, ...]
    stories: StoryResult | None

    def lines(self) -> list[str]:
        """Return everything for people to read at a terminal."""
        stories = ["== Test stories", *self.stories.lines()] if self.stories else []
        return [*(line for part in self.parts for line in part.lines()), *stories]

    def as_json(self) -> dict[str, Any]:
        """Return plain values; of each part the figures and the explained confusions."""
        parts = {
            p.name: {**asdict(p.report), "explained": [asdict(m) for m in p.mixed]} for p in self.parts
        }
        stories = asdict(self.stories) if self.stories else None
        return {"model": self.model, "made": self.made.isoformat(), **parts, "stories": stories}

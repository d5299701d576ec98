"""Pictures of an evaluation as SVG that stands in a page: confusion matrix and reliability diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from bot.training.measure import OUT_OF_SCOPE, Bin, Prediction, Row

CELL = 17
_LETTER = 6.4
"""Width of a letter of the labels, in pixels."""
_SIDE = 260
_EDGE = 46


def matrix(rows: Sequence[Row], predictions: Sequence[Prediction]) -> str:
    """Return the confusion matrix: a row for what people meant, a column for what was understood."""
    counts = Counter(
        (row.intent, seen.intent)
        for row, seen in zip(rows, predictions, strict=True)
        if row.intent not in OUT_OF_SCOPE
    )
    names = sorted({name for pair in counts for name in pair})
    place = {name: at for at, name in enumerate(names)}
    left = round(max(map(len, names)) * _LETTER) + 12
    side = left + len(names) * CELL + 6
    wrong = sum(count for (truth, seen), count in counts.items() if truth != seen)
    said = f"{sum(counts.values())} messages of {len(names)} intents; {wrong} stand beside the diagonal."
    parts = [
        (
            f'<svg class="matrix" viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img" '
            f'aria-label="Confusion matrix. {said} The confusions are listed in words on this page.">'
        ),
        *_guides(len(names), left),
        *(_label(name, at, left) for name, at in place.items()),
        *(_cell(pair, count, place, left) for pair, count in sorted(counts.items())),
        "</svg>",
    ]
    return "".join(parts)


def _guides(count: int, left: int) -> list[str]:
    end = left + count * CELL
    lines = [f"M{left} {left + at * CELL}H{end}M{left + at * CELL} {left}V{end}" for at in range(count + 1)]
    return [f'<path class="grid" d="{"".join(lines)}"/>']


def _label(name: str, at: int, left: int) -> str:
    middle = left + at * CELL + CELL / 2
    text = escape(name)
    return (
        f'<text x="{left - 6}" y="{middle + 4}" text-anchor="end">{text}</text>'
        f'<text transform="translate({middle + 4} {left - 6}) rotate(-90)">{text}</text>'
    )


def _cell(pair: tuple[str, str], count: int, place: dict[str, int], left: int) -> str:
    truth, seen = pair
    x, y = left + place[seen] * CELL, left + place[truth] * CELL
    right = truth == seen
    said = f"{truth}: {count} understood" if right else f"{count} of {truth} taken for {seen}"
    return (
        f'<g class="{"hit" if right else "miss"}"><title>{escape(said)}</title>'
        f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" rx="3"/>'
        f'<text x="{x + CELL / 2}" y="{y + CELL / 2 + 3.5}" text-anchor="middle">{count}</text></g>'
    )


def reliability(bins: Sequence[Bin]) -> str:
    """Return the reliability diagram: how often the model is right against how sure it is."""
    size = _SIDE + _EDGE + 24
    said = "; ".join(f"{b.rows} messages at {b.confidence:.0%}: {b.accuracy:.0%} right" for b in bins)
    return "".join(
        [
            (
                f'<svg class="reliability" viewBox="0 0 {size} {size + 6}" width="{size}" '
                f'height="{size + 6}" role="img" aria-label="Reliability diagram. {escape(said)}.">'
            ),
            *_axes(),
            *(_bar(found, max(b.rows for b in bins)) for found in bins),
            f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>',
            *(_dot(found) for found in bins),
            "</svg>",
        ]
    )


def _x(share: float) -> float:
    return round(_EDGE + share * _SIDE, 1)


def _y(share: float) -> float:
    return round(6 + (1 - share) * _SIDE, 1)


def _axes() -> list[str]:
    marks = (0.0, 0.25, 0.5, 0.75, 1.0)
    lines = "".join(f"M{_x(0)} {_y(m)}H{_x(1)}M{_x(m)} {_y(0)}V{_y(1)}" for m in marks)
    return [
        f'<path class="grid" d="{lines}"/>',
        *(f'<text x="{_x(0) - 6}" y="{_y(m) + 4}" text-anchor="end">{m:.0%}</text>' for m in marks),
        *(f'<text x="{_x(m)}" y="{_y(0) + 16}" text-anchor="middle">{m:.0%}</text>' for m in marks),
        f'<text x="{_x(0.5)}" y="{_y(0) + 34}" text-anchor="middle">how sure the model is</text>',
        (
            f'<text transform="translate(11 {_y(0.5)}) rotate(-90)" text-anchor="middle">'
            "how often it is right</text>"
        ),
    ]


def _bar(found: Bin, most: int) -> str:
    """Return a bar whose width says how many messages there are; a full one would touch its neighbours."""
    width = 6 + 18 * found.rows / most
    said = f"{found.rows} messages: {found.confidence:.0%} sure, {found.accuracy:.0%} right"
    x = _x(found.confidence) - width / 2
    return (
        f'<rect class="share" x="{x:.1f}" y="{_y(found.accuracy)}" width="{width:.1f}" '
        f'height="{_y(0) - _y(found.accuracy):.1f}"><title>{escape(said)}</title></rect>'
    )


def _dot(found: Bin) -> str:
    return f'<circle class="dot" cx="{_x(found.confidence)}" cy="{_y(found.accuracy)}" r="4"/>'

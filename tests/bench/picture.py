"""Draw the figures beside stock Rasa's as one SVG: bars in pairs, with the numbers at their ends.

It stands on a ground of its own, so that it can be read on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tests.bench.figures import Figure, number
from tests.bench.results import Results

GROUPS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    (
        "More is better",
        (
            ("throughput-16", "messages/s, 16 conversations"),
            ("throughput-128", "messages/s, 128 conversations"),
            ("throughput-16-new", "the same with 16, all texts new"),
            ("accuracy-hint3/curekart_train", "accuracy, HINT3 curekart"),
            ("accuracy-hint3/powerplay11_train", "accuracy, HINT3 powerplay11"),
            ("accuracy-banking77/train_10", "accuracy, BANKING77 10-shot"),
            ("accuracy-hwu64/train_10", "accuracy, HWU64 10-shot"),
        ),
    ),
    (
        "Less is better",
        (
            ("one-turn", "one turn (p50), ms"),
            ("one-turn-new", "one turn (p50), text new, ms"),
            ("start", "start to first answer, s"),
            ("training", "training, s"),
            ("memory-two", "memory (PSS), two engines, MB"),
        ),
    ),
)
WIDTH, MARGIN, LABELS, BARS = 840, 20, 225, 340
BAR, GAP, ROW, HEAD = 12, 2, 38, 40
MIDDLE = BAR + GAP + 3
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; fill: #1f2328 }
.head { font-weight: 600 } .title { font-size: 16px; font-weight: 600 } .small { font-size: 11.5px }
.quiet { fill: #59636e } .gain { font-weight: 600; text-anchor: end }
.ground { fill: #ffffff; stroke: #d1d9e0 } .ours { fill: #0a7d5a } .theirs { fill: #a3acb6 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9da7b3 } .ground { fill: #0d1117; stroke: #3d444d }
  .ours { fill: #3fcf9a } .theirs { fill: #656f7a }
}
"""


def draw(results: Results) -> str:
    """Return the SVG; figures that were not measured are left out."""
    parts, y = list(_heading()), 78
    for title, keys in GROUPS:
        found = [
            (figure, label)
            for key, label in keys
            if (figure := results.figure(key)) is not None and figure.theirs is not None
        ]
        if not found:
            continue
        parts.append(_text(MARGIN, y, title, "head"))
        y += 14
        for figure, label in found:
            parts += _pair(figure, label, y)
            y += ROW
        y += HEAD - 14
    parts.append(_text(MARGIN, y - 14, _foot(results), "quiet small"))
    return _document(parts, height=y + 2, described=described(results))


def described(results: Results) -> str:
    """Return the same in words, for those who do not see it."""
    said = []
    for _, keys in GROUPS:
        for key, label in keys:
            figure = results.figure(key)
            if figure is not None:
                against = (
                    f" against {_value(figure, figure.theirs, about=figure.about)}"
                    if figure.theirs is not None
                    else ""
                )
                said.append(f"{label} {_value(figure, figure.ours)}{against}")
    return f"Bars: Baton beside stock Rasa. {'; '.join(said)}."


def _heading() -> Iterator[str]:
    yield _text(MARGIN, 30, "Baton beside stock Rasa 3.6.21", "title")
    x = MARGIN
    for css, name in (("ours", "Baton"), ("theirs", "stock Rasa, default pipeline, one worker")):
        yield f'<rect class="{css}" x="{x}" y="43" width="12" height="12" rx="2"/>'
        yield _text(x + 18, 53, name, "quiet")
        x += 76


def _pair(figure: Figure, label: str, y: int) -> Iterator[str]:
    """Yield a label, two bars on a scale of their own, their numbers, and how much better ours is."""
    most = 100.0 if figure.points else max(figure.ours, figure.theirs or 0.0)
    x = MARGIN + LABELS
    yield _text(MARGIN, y + MIDDLE, label)
    for row, (css, value) in enumerate((("ours", figure.ours), ("theirs", figure.theirs))):
        if value is None:
            continue
        top, width = y + row * (BAR + GAP), max(BARS * value / most, 1.5) if most else 1.5
        yield f'<rect class="{css}" x="{x}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>'
        written = _value(figure, value) if css == "ours" else _value(figure, value, about=figure.about)
        yield _text(x + width + 6, top + BAR - 2, written, "small" if css == "ours" else "small quiet")
    yield _text(WIDTH - MARGIN, y + MIDDLE, figure.gain(), "gain")


def _value(figure: Figure, value: float | None, *, about: bool = False) -> str:
    if value is None:
        return "-"
    written = f"{value:.1f} %" if figure.points else number(value)
    return f"about {written}" if about else written


def _foot(results: Results) -> str:
    training = results.figure("training")
    words = f"Medians of {results.rounds} rounds in one run on {results.machine.partition(' (')[0]}."
    if training is not None and training.about:
        words += " Stock Rasa's training was worked out from a few of its epochs."
    return words


def _text(x: float, y: float, words: str, css: str = "") -> str:
    attribute = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attribute}>{escape(words)}</text>'


def _document(parts: Sequence[str], *, height: int, described: str) -> str:
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title words">'
    )
    ground = f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>'
    head = f'<title id="title">Baton beside stock Rasa</title>\n<desc id="words">{escape(described)}</desc>'
    return "\n".join([start, head, f"<style>{STYLE}</style>", ground, *parts, "</svg>"]) + "\n"

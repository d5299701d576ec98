"""An evaluation as one HTML page that needs nothing else: no scripts, fonts or pictures from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from bot.training.charts import matrix, reliability
from bot.training.evaluation import Evaluation, Part
from bot.training.hints import Mixed
from bot.training.measure import IntentReport, Prediction, Report, Row, bins
from bot.training.story_tests import Failure, StoryResult

STYLE = Path(__file__).parent / "static" / "report.css"
_FEW = 6
"""Messages of a confusion that are shown before the rest is folded away."""
_SHOWN = 40
"""Lines of a long list."""


def page(found: Evaluation) -> str:
    """Return the page."""
    links = [(part.name, part.title) for part in found.parts]
    links += [("stories", "Test stories")] if found.stories else []
    body = [
        "<header><h1>How well the assistant understands</h1>",
        (
            f'<p class="soft">Model <code>{escape(found.model)}</code>, project {escape(found.project)}, '
            f'<span class="nowrap">{found.made:%Y-%m-%d %H:%M} UTC</span></p>'
        ),
        _navigation(links),
        "</header><main>",
        *(_part(part) for part in found.parts),
        *([_stories(found.stories)] if found.stories else []),
        "</main>",
    ]
    return document("How well the assistant understands", "".join(body))


def document(title: str, body: str) -> str:
    """Return a page of ours around `body`, which is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>"
        f'<body><div class="page">{body}</div></body></html>\n'
    )


def _navigation(links: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title in links)
    return f'<nav aria-label="Parts of this page"><ul>{items}</ul></nav>' if len(links) > 1 else ""


def tiles(pairs: Iterable[tuple[str, str, str]]) -> str:
    """Return figures in boxes: what it is, the figure, and "good", "bad" or nothing."""
    boxes = (
        f'<div><dt>{escape(name)}</dt><dd class="{mood}">{escape(value)}</dd></div>'
        for name, value, mood in pairs
    )
    return f'<dl class="tiles">{"".join(boxes)}</dl>'


def _part(part: Part) -> str:
    return "".join(
        [
            f'<section aria-labelledby="{part.name}"><h2 id="{part.name}">{escape(part.title)}</h2>',
            f'<p class="soft">{escape(part.about)}</p>',
            _figures(part.report),
            _confusions(part),
            _table(part),
            _pictures(part),
            _lists(part),
            "</section>",
        ]
    )


def _figures(report: Report) -> str:
    out = report.out_of_scope_recall
    return tiles(
        [
            ("messages", f"{report.rows:,}", ""),
            ("understood", f"{report.accuracy:.1%}", ""),
            ("macro F1", f"{report.macro_f1:.1%}", ""),
            ("fall back, in scope", f"{report.fallback_share:.1%}", ""),
            ("right, of what is answered", f"{report.answered_accuracy:.1%}", ""),
            ("found, of what is out of scope", "no such rows" if out is None else f"{out:.1%}", ""),
            ("calibration error", f"{report.calibration_error:.3f}", ""),
        ]
    )


def _confusions(part: Part) -> str:
    if not part.mixed:
        return card("Worst confusions", '<p class="ok">None: every message is understood.</p>')
    cards = "".join(_mixed(mixed) for mixed in part.mixed)
    return f'<h3 class="first">Worst confusions, and what to do about them</h3>{cards}'


def card(title: str, body: str) -> str:
    """Return a box with a heading."""
    return f'<div class="card"><h3>{escape(title)}</h3>{body}</div>'


def scroll(title: str, body: str) -> str:
    """Return a part that can be moved sideways where it is too wide, with keys as well."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">{body}</div>'


def _head(*names: str) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _mixed(mixed: Mixed) -> str:
    count = len(mixed.messages)
    told = f"{count} message{'' if count == 1 else 's'}"
    hints = "".join(f'<p class="hint">{escape(hint)}</p>' for hint in mixed.hints)
    more = messages(mixed.messages[_FEW:])
    folded = f"<details><summary>{count - _FEW} more</summary>{more}</details>" if count > _FEW else ""
    pair = f"<code>{escape(mixed.truth)}</code> taken for <code>{escape(mixed.predicted)}</code>"
    return (
        f'<article class="card"><h4 class="pair"><span>{pair}</span><span class="count">{told}</span></h4>'
        f"{messages(mixed.messages[:_FEW])}{folded}{hints}</article>"
    )


def messages(found: Iterable[tuple[str, float]]) -> str:
    """Return messages as a list, with how sure the model was."""
    items = "".join(f"<li><span>{escape(text)}</span><span>{sure:.0%}</span></li>" for text, sure in found)
    return f'<ul class="messages">{items}</ul>'


def _table(part: Part) -> str:
    weak = [intent for intent in part.report.intents if intent.f1 < 1]
    whole = [intent for intent in part.report.intents if intent.f1 == 1]
    about = (
        "The weakest first. Precision: of what was taken for it, how much was meant. "
        "Recall: of what was meant, how much was found."
    )
    shown = scroll(f"Intents with mistakes: {part.title}", _intents(weak)) if weak else ""
    if whole:
        more = "intent is" if len(whole) == 1 else "intents are"
        table = scroll(f"Intents without mistakes: {part.title}", _intents(whole))
        shown += f"<details><summary>{len(whole)} {more} without a mistake</summary>{table}</details>"
    return card("Every intent", f'<p class="soft">{about}</p>{shown}')


def _intents(intents: Sequence[IntentReport]) -> str:
    head = _head("intent", "F1", "precision", "recall", "messages")
    return f"<table>{head}<tbody>{''.join(map(_row, intents))}</tbody></table>"


def _row(intent: IntentReport) -> str:
    meter = f'<span class="meter" aria-hidden="true"><i style="width:{intent.f1:.0%}"></i></span>'
    return (
        f'<tr><th scope="row"><code>{escape(intent.name)}</code></th><td>{meter}{intent.f1:.0%}</td>'
        f"<td>{intent.precision:.0%}</td><td>{intent.recall:.0%}</td><td>{intent.support:,}</td></tr>"
    )


def _pictures(part: Part) -> str:
    found = bins(part.rows, part.predictions)
    said = "".join(
        f'<tr><th scope="row">{b.low:.0%} to {b.low + 0.1:.0%}</th><td>{b.rows:,}</td>'
        f"<td>{b.confidence:.0%}</td><td>{b.accuracy:.0%}</td></tr>"
        for b in found
    )
    table = f"<table>{_head('sure', 'messages', 'mean', 'right')}<tbody>{said}</tbody></table>"
    what = (
        '<p class="soft">A row is what people meant, a column what was understood. What stands beside the '
        "diagonal is wrong.</p>"
    )
    trust = (
        '<p class="soft">On the dashed line the model is right as often as it is sure. Above it, it is too '
        "modest; below it, too sure. A wide bar stands for many messages.</p>"
    )
    title = f"Confusion matrix: {part.title}"
    return card("What is taken for what", what + scroll(title, matrix(part.rows, part.predictions))) + card(
        "Whether confidence can be trusted",
        f'<div class="side"><div>{reliability(found)}</div><div>{trust}{table}</div></div>',
    )


def _lists(part: Part) -> str:
    return _list("What falls back", "In scope, and not answered.", part.fell_back) + _list(
        "What is answered and should not be",
        "Out of scope, and taken for an intent.",
        part.answered_wrongly,
    )


def _list(title: str, about: str, found: Sequence[tuple[Row, Prediction]]) -> str:
    if not found:
        return ""
    items = "".join(
        f"<li><span>{escape(row.text)}</span><span><code>{escape(seen.intent)}</code> {seen.confidence:.0%}"
        "</span></li>"
        for row, seen in found[:_SHOWN]
    )
    more = f'<p class="soft">and {len(found) - _SHOWN} more</p>' if len(found) > _SHOWN else ""
    said = f'<p class="soft">{about} On the right, what it is most like.</p>'
    return card(f"{title} ({len(found)})", f'{said}<ul class="messages">{items}</ul>{more}')


def _stories(result: StoryResult) -> str:
    held = result.stories - len(result.failures)
    mood = "bad" if result.failures else "good"
    failures = "".join(_failure(failure) for failure in result.failures)
    return (
        '<section aria-labelledby="stories"><h2 id="stories">Test stories</h2>'
        '<p class="soft">Conversations from tests/stories: which action follows which message.</p>'
        f"{tiles([('hold', f'{held} of {result.stories}', mood)])}{failures}</section>"
    )


def _failure(failure: Failure) -> str:
    after = f"After <code>{escape(failure.after)}</code> " if failure.after else ""
    return card(
        failure.story,
        f'<p class="soft"><code>{escape(failure.place)}</code></p>'
        f'<p>{after}<code class="ok">{escape(failure.expected)}</code> is expected; the model does '
        f'<code class="no">{escape(failure.done)}</code>.</p>',
    )

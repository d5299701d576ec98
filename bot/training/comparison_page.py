"""Two models side by side as one HTML page, in the look of the evaluation's."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bot.training.comparison import Change, Comparison, shown
from bot.training.page import card, document, tiles


def comparison_page(found: Comparison, before: str, after: str) -> str:
    """Return the page; `before` and `after` are the models' names."""
    title = "What a new model changes"
    body = [
        f"<header><h1>{title}</h1>",
        f'<p class="soft"><code>{escape(before)}</code> → <code>{escape(after)}</code></p></header>',
        f"<main><p><strong>{escape(found.sentence)}</strong></p>",
        tiles(
            [
                ("understood", f"{found.before.accuracy:.1%} → {found.after.accuracy:.1%}", ""),
                ("fall back", f"{found.before.fallback_share:.1%} → {found.after.fallback_share:.1%}", ""),
                ("for better", str(len(found.better)), "good" if found.better else ""),
                ("for worse", str(len(found.worse)), "bad" if found.worse else ""),
                ("wrong in another way", str(len(found.changed)), ""),
            ]
        ),
        _changes("For worse", found.worse),
        _changes("For better", found.better),
        _changes("Wrong in another way", found.changed),
        "</main>",
    ]
    return document(title, "".join(body))


def _changes(title: str, changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    items = "".join(
        f"<li><span>{escape(change.row.text)}<br><span class='soft'>meant: "
        f"<code>{escape(change.row.intent)}</code></span></span>"
        f"<span><code>{escape(shown(change.before))}</code><br>→ <code>{escape(shown(change.after))}</code>"
        "</span></li>"
        for change in changes
    )
    return card(f"{title} ({len(changes)})", f'<ul class="messages stacked">{items}</ul>')

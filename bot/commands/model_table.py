"""The registry of models on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.training.registry import Model

HASH = 8
"""Characters of the data's hash that are shown."""
_HEADS = (
    "model",
    "state",
    "trained (UTC)",
    "by",
    "data",
    "examples",
    "held-out",
    "stories",
    "took",
    "note",
)


def table(found: Sequence[Model]) -> list[str]:
    """Return the models as lines of a table."""
    rows = [_HEADS, *(_row(model) for model in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def as_plain(model: Model) -> dict[str, Any]:
    """Return a model as plain values."""
    entry = model.entry
    return {
        "id": entry.id,
        "state": _state(model),
        "created": entry.created,
        "by": entry.by,
        "note": entry.note,
        "hash": entry.hash,
        "path": str(model.path),
        "metrics": entry.metrics,
    }


def _row(model: Model) -> tuple[str, ...]:
    entry, metrics = model.entry, model.entry.metrics
    seconds = metrics.get("seconds")
    return (
        entry.id,
        _state(model),
        entry.created[:16].replace("T", " "),
        _line(entry.by) or "-",
        entry.hash[:HASH],
        f"{metrics['examples']:,}" if "examples" in metrics else "-",
        _share(metrics.get("held_out")),
        _stories(metrics.get("stories")),
        f"{seconds:.0f} s" if isinstance(seconds, int | float) else "-",
        _line(entry.note),
    )


def _state(model: Model) -> str:
    if not model.usable:
        return "files are gone"
    if model.live:
        return "live"
    if model.entry.rolled_back:
        return "rolled back"
    return "previous" if model.previous else ""


def _share(held_out: Any) -> str:
    """Return how many held-out messages get the right answer; nothing was measured for old models."""
    if not held_out:
        return "-"
    return f"{held_out['right'] / held_out['rows']:.1%} of {held_out['rows']:,}"


def _stories(stories: Any) -> str:
    return f"{stories['count'] - stories['failed']} of {stories['count']}" if stories else "-"


def _line(text: str) -> str:
    """Return what somebody wrote in one line that cannot steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

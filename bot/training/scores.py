"""What a model was measured to be, kept beside it: held-out messages and test stories.

`scores.json` names what it was measured with by a hash, so that a changed test measures again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError
from bot.training import registry
from bot.training.held_out import digest, held_out
from bot.training.measure import OUT_OF_SCOPE, Prediction, Row, is_right
from bot.training.registry import Model, write_atomically
from bot.training.story_tests import Failure, StoryResult, run_apart, story_files

FILE = "scores.json"
FORMAT = 1

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How a model does. Without held-out messages there are no rows; `unread` says why there are none
    although the project has some (a model of another version, or with another classifier).
    """

    rows: tuple[Row, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    stories: StoryResult | None = None
    unread: str = ""

    @property
    def right(self) -> int:
        """Return how many held-out messages get the right final answer."""
        return sum(is_right(row, seen) for row, seen in zip(self.rows, self.predictions, strict=True))


def measure(model: Model, project: Path, progress: Progress, *, stories: bool = True) -> Scores:
    """Return a model's scores: kept ones where the tests are the same, measured and kept where not.

    Raises ConfigError for tests that cannot be read.
    """
    kept = _read(model.folder / FILE)
    known = json.dumps(kept)
    rows, predictions, unread = _messages(model, project, kept, progress)
    result = _stories(model, project, kept, progress) if stories else None
    found = Scores(rows=tuple(rows), predictions=tuple(predictions), stories=result, unread=unread)
    if json.dumps(kept) != known:
        with suppress(OSError):  # where only the registry may be written, it is measured each time
            write_atomically(model.folder / FILE, json.dumps(kept, ensure_ascii=False) + "\n")
    registry.note_metrics(model.folder.parent, model.id, _metrics(found))
    return found


def _messages(
    model: Model, project: Path, kept: dict[str, Any], progress: Progress
) -> tuple[Sequence[Row], Sequence[Prediction], str]:
    from bot.training.evaluate import predictions
    from bot.training.rows import read_rows

    path = held_out(project)
    if path is None:
        return (), (), ""
    rows, made_of = read_rows(path, progress), digest([path])
    known = kept.get("held_out", {})
    if known.get("digest") != made_of:
        progress(f"Reading {len(rows):,} held-out messages with {model.id} …")
        try:
            found = predictions(model.path, rows)
        except ConfigError as error:
            return (), (), error.message
        known = kept["held_out"] = {"digest": made_of, "predictions": [_packed(seen) for seen in found]}
    return rows, [_unpacked(seen) for seen in known["predictions"]], ""


def _packed(seen: Prediction) -> list[Any]:
    return [seen.intent, round(seen.confidence, 4), seen.fallback]


def _unpacked(seen: list[Any]) -> Prediction:
    return Prediction(intent=seen[0], confidence=seen[1], fallback=seen[2])


def _stories(model: Model, project: Path, kept: dict[str, Any], progress: Progress) -> StoryResult | None:
    files = story_files(project)
    if not files:
        return None
    made_of = digest(files)
    known = kept.get("stories", {})
    if known.get("digest") != made_of:
        progress(f"Running the test stories with {model.id} …")
        result = run_apart(model.path, project)
        kept["stories"] = {"digest": made_of, **(asdict(result) if result else {})}
        return result
    failures = tuple(Failure(**failure) for failure in known["failures"])
    return StoryResult(stories=known["stories"], failures=failures)


def _read(path: Path) -> dict[str, Any]:
    """Return the kept scores; nothing for a file that is not there, of another format or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    return found if isinstance(found, dict) and found.get("format") == FORMAT else {"format": FORMAT}


def _metrics(scores: Scores) -> dict[str, Any]:
    """Return what the registry shows of a model."""
    found: dict[str, Any] = {}
    if scores.rows:
        outside = [
            p for r, p in zip(scores.rows, scores.predictions, strict=True) if r.intent in OUT_OF_SCOPE
        ]
        found["held_out"] = {
            "rows": len(scores.rows),
            "right": scores.right,
            "out_of_scope": len(outside),
            "out_of_scope_found": sum(seen.fallback for seen in outside),
        }
    if scores.stories:
        found["stories"] = {"count": scores.stories.stories, "failed": len(scores.stories.failures)}
    return found

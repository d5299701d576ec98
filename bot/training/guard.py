"""Whether a model may become the live one: not when it is worse, or breaks a test story."""

from __future__ import annotations

from dataclasses import dataclass

from bot.training.comparison import Change, some, sorted_out
from bot.training.scores import Scores
from bot.training.story_tests import Failure

TOLERANCE = 0.005
"""Share of the held-out messages that a model may lose against the live one: noise, not a step back."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What speaks against a model; `share` is of held-out messages, from -1 (all lost) to 1."""

    share: float = 0.0
    worse: tuple[Change, ...] = ()
    better: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()
    stories: int = 0
    note: str = ""

    @property
    def worse_at_messages(self) -> bool:
        """Say whether it loses more than is tolerated."""
        return self.share < -TOLERANCE

    @property
    def refused(self) -> bool:
        """Say whether it should not become live."""
        return self.worse_at_messages or bool(self.failures)

    def lines(self) -> list[str]:
        """Return the reasons for people to read; empty when there are none."""
        told = [self.note] if self.note else []
        if self.worse_at_messages:
            told.append(
                f"It gets {len(self.worse)} held-out messages wrong that the live model gets right, and "
                f"{len(self.better)} right that it gets wrong ({-100 * self.share:.1f} points less; "
                f"{100 * TOLERANCE:.1f} are tolerated)."
            )
            told += some("for worse", self.worse) + some("for better", self.better)
        if self.failures:
            told.append(f"It fails {len(self.failures)} of {self.stories} test stories:")
            told += [f"  {failure.line()}" for failure in self.failures]
        return told


def judge(candidate: Scores, live: Scores) -> Judgement:
    """Return what speaks against a model, next to the live one."""
    ran = candidate.stories
    changes: list[Change] = []
    unread = candidate.unread or live.unread
    if candidate.rows and live.rows:
        triples = zip(candidate.rows, live.predictions, candidate.predictions, strict=True)
        changes = [Change(row=row, before=before, after=after) for row, before, after in triples]
    better, worse = sorted_out(changes)
    return Judgement(
        share=(candidate.right - live.right) / len(candidate.rows) if changes else 0.0,
        worse=tuple(worse),
        better=tuple(better),
        failures=ran.failures if ran else (),
        stories=ran.stories if ran else 0,
        note=f"The two models could not be set side by side: {unread}." if unread else "",
    )

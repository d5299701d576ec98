"""Joins the short texts of one answer, on channels where each message costs money or patience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.message import Draft, Kind

LONGEST = 1_000
"""Characters of a joined message: WhatsApp takes 1,024 above buttons."""


def joined(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return the drafts with texts that follow each other made into one; choices come with the last.

    Files and whatever else is no text stay on their own, and nothing changes its place.
    """
    result: list[Draft] = []
    for draft in drafts:
        before = result[-1] if result else None
        if before is not None and _may_join(before, draft):
            result[-1] = replace(draft, text=f"{before.text}\n\n{draft.text}")
        else:
            result.append(draft)
    return tuple(result)


def _may_join(before: Draft, draft: Draft) -> bool:
    plain = before.shape is Kind.TEXT and before.custom is None and draft.custom is None
    words = draft.shape in (Kind.TEXT, Kind.CHOICES)
    return plain and words and len(before.text) + len(draft.text) + 2 <= LONGEST

"""What the agents' API reads and writes about corrections: what misread messages meant."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bot.desk.shapes import CorrectionView, Strict

Status = Literal["open", "accepted", "dropped"]


class CorrectionBody(Strict):
    """What the message meant; see /intents. It takes the place of an earlier correction."""

    intent: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class DropBody(Strict):
    """Why it is left out."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class CorrectionsQuery(Strict):
    """Corrections of one status."""

    status: Status = "open"


class IntentView(msgspec.Struct, kw_only=True):
    """What a message may mean, for people; `count` of its examples, and some of them."""

    name: str
    title: str
    count: int
    examples: list[str]


class IntentList(msgspec.Struct, kw_only=True):
    """The intents that customers have, by title."""

    intents: list[IntentView]


class CorrectionItem(CorrectionView, kw_only=True):
    """A correction for trainers. `similar` counts those of the list, itself included, that are alike.

    `guessed` is empty where nothing had been understood yet; `confidence` is 0 to 1.
    """

    number: int
    conversation_id: str
    seq: int
    text: str
    guessed: str
    guessed_title: str
    confidence: float
    title: str
    decided_by: str
    decided_at: str | None
    similar: int


class CorrectionList(msgspec.Struct, kw_only=True):
    """The open ones oldest first, others latest decision first; at most 500.

    They are accepted with `baton review`, which writes the training data.
    """

    corrections: list[CorrectionItem]

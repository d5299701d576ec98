"""How a customer feels, with what shows it: the annotation beside the intent, and its words for agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHRASE, REPETITION, CAPITALS, PUNCTUATION = "phrase", "repetition", "capitals", "punctuation"
SENTIMENT, NO_PROGRESS = "sentiment", "no_progress"
KINDS = (PHRASE, REPETITION, CAPITALS, PUNCTUATION, SENTIMENT, NO_PROGRESS)
"""What may show a mood, in the order in which agents read it."""

CALM, FRUSTRATED, VERY_FRUSTRATED, ABUSIVE = "calm", "frustrated", "very_frustrated", "abusive"
UPSET = frozenset({FRUSTRATED, VERY_FRUSTRATED, ABUSIVE})
"""Levels that the rules for handing over count."""
AT_ONCE = frozenset({VERY_FRUSTRATED, ABUSIVE})
"""Levels at which a person is offered at the first such message."""

MAX_QUOTED = 60
"""Characters of a sign that are shown to agents."""
MAX_SIGNS = 8
"""Signs that are kept of one message."""

_SHOWN = {
    PHRASE: "said {}",
    REPETITION: "said it {times}: {}",
    CAPITALS: "in capitals: {}",
    PUNCTUATION: "with {}",
    SENTIMENT: "unhappy words: {}",
    NO_PROGRESS: "{}",
}
_TIMES = {1: "twice", 2: "three times", 3: "four times"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """One thing that shows a mood; `text` is what was written, `weight` its share, 0 to 1."""

    kind: str
    text: str
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mood:
    """How one message sounds: `frustration` and `abuse` from 0 to 1, and the signs of it.

    `level` is what the thresholds of config.yml make of the two: calm, frustrated, very_frustrated or
    abusive.
    """

    frustration: float = 0.0
    abuse: float = 0.0
    level: str = CALM
    evidence: tuple[Sign, ...] = ()

    @property
    def upset(self) -> bool:
        """Say whether the message counts as an upset one."""
        return self.level in UPSET


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What a customer wrote before, and what became of it.

    `intent` may be empty; `fell` says that it was not understood, `asked` names what a form asked then,
    `aside` that it was about something else than what a form had asked, and was answered.
    """

    text: str
    intent: str = ""
    fell: bool = False
    asked: str = ""
    aside: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What came before a message: the customer's earlier ones, oldest first, and its own intent."""

    earlier: Sequence[Earlier] = field(default=())
    intent: str = ""


def as_data(mood: Mood) -> dict[str, Any]:
    """Return a mood as plain values, as parse data hold it."""
    signs = [{"kind": s.kind, "text": s.text, "weight": s.weight} for s in mood.evidence]
    return {
        "frustration": mood.frustration,
        "abuse": mood.abuse,
        "level": mood.level,
        "evidence": signs,
    }


def from_data(data: Mapping[str, Any] | None) -> Mood | None:
    """Return what `as_data` wrote; None for nothing, or without any sign of a mood."""
    if not data or not data.get("evidence"):
        return None
    return Mood(
        frustration=float(data["frustration"]),
        abuse=float(data["abuse"]),
        level=str(data["level"]),
        evidence=tuple(
            Sign(kind=str(s["kind"]), text=str(s["text"]), weight=float(s["weight"]))
            for s in data["evidence"]
        ),
    )


def in_words(signs: Iterable[Sign]) -> str:
    """Return the signs of a mood for agents: 'said it three times: “where is it”, with “!!”'."""
    by_kind: dict[str, list[str]] = {}
    for sign in signs:
        said = sign.text if sign.kind == NO_PROGRESS else f"“{_short(sign.text)}”"
        by_kind.setdefault(sign.kind, []).append(said)
    return ", ".join(_told(kind, by_kind[kind]) for kind in KINDS if kind in by_kind)


def _told(kind: str, said: list[str]) -> str:
    times = _TIMES.get(len(said), f"{len(said) + 1} times")
    words = said[-1] if kind == REPETITION else " and ".join(dict.fromkeys(said))
    return _SHOWN[kind].format(words, times=times)


def _short(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1].rstrip() + "…"

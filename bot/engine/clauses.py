"""Two questions in one message: where one ends and the next begins, and what each of them says. Pure.

A message is divided only where both sides are clear by themselves: of different matters, each sure enough
and with words of its own. Anything else stays one message, as the customer wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.engine.borders import POINTS, TOO, WORDS_OF_A_NOTE, Piece, candidates, is_request, pieces_of

VERY_SURE = 0.8
"""Confidence that each side needs."""
MIN_WORDS = 2
"""Words that a request needs."""
TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "stop", "help", "inform", "nlu_fallback"})
"""Intents that are no matter of their own: such words belong to the matter beside them."""
WHOLE = frozenset({"bot_challenge", "repeat", "other_order", "bereavement"})
"""Intents of messages that are never divided: what is said there belongs together."""
PERSON = "contact_human_agent"
TOLD = frozenset(
    {
        "late_delivery",
        "damaged_item",
        "missing_item",
        "wrong_item",
        "payment_issue",
        "check_invoice",
        "recover_password",
        "registration_problems",
    }
)
"""Matters that people tell rather than ask for; told in other words a sentence is mere background."""
ARTICLE = "product_question"
NUMBER, SHARED = "order_number", frozenset({"email", "postcode"})
"""The entity that words such as "it" refer to, and those that hold for the whole message."""

_MEANING = ("intent", "intent_ranking")

Parse = Callable[[str], dict[str, Any]]
Together = Callable[[str, str], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One matter of a message: the characters `start` to `end` of it, and their parse data.

    The parts of a message lie end to end. `said` is where its own words begin, behind those that only
    join; `asks` tells a request from a statement.
    """

    start: int
    said: int
    end: int
    parsed: dict[str, Any]
    asks: bool

    @property
    def text(self) -> str:
        """Return its own words."""
        return str(self.parsed.get("text") or "")

    @property
    def intent(self) -> str:
        """Return the name of its intent."""
        return _intent(self.parsed)[0]


def divide(text: str, parse: Parse, together: Together) -> list[Part]:
    """Return the matters of a message in order; none mean that it is read as one message.

    Whoever wants a person first of all wants nothing else from the bot: that is then the only matter.

    Args:
        text: what the customer wrote.
        parse: returns the parse data of a text.
        together: says whether two intents in one message are one matter.
    """
    pieces = candidates(text)
    if len(pieces) < 2:
        return []
    parts: list[Part] = []
    for piece in pieces:
        last = parts[-1] if parts else None
        if last is not None and not _clear(last) and not _mere(last):
            whole = replace(piece, start=last.start, said=last.said, asks=last.asks or piece.asks)
            parts[-1] = _part(text, whole, parse)
            continue
        part = _part(text, piece, parse)
        if last is not None and not _apart(last, part, piece.loose, together):
            part = _grown(text, parts.pop(), part, parse)
        parts.append(part)
    matters = [part.intent for part in parts]
    clear = all(_clear(part) for part in parts) and len(set(map(_matter, parts))) == len(parts)
    if len(parts) < 2 or not clear or WHOLE & {*matters}:
        return []
    if PERSON in matters[:-1]:
        return [_as_whole(text, parts[matters.index(PERSON)], parse)]
    return _with_references(parts)


def answer_and_more(text: str, parse: Parse) -> list[Part]:
    """Return the answer to a question for an order or its proof, and the clear request that follows it."""
    first, *rest = pieces_of(text)
    answer = _part(text, first, parse)
    kinds = {e.get("entity") for e in _entities(answer)}
    if not rest or answer.intent != "inform" or not kinds & {NUMBER, *SHARED}:
        return []
    asks = is_request(text[rest[0].said :].strip(), joined=rest[0].joined)
    request = _part(text, replace(rest[0], end=len(text), asks=asks), parse)
    return [answer, request] if request.asks and _clear(request) and request.intent not in WHOLE else []


def _as_whole(text: str, part: Part, parse: Parse) -> Part:
    meant = {key: part.parsed[key] for key in _MEANING if key in part.parsed}
    parsed = {**parse(text), **meant, "text": text}
    return replace(part, start=0, said=0, end=len(text), parsed=parsed)


def _part(text: str, piece: Piece, parse: Parse) -> Part:
    said = text[piece.said : piece.end].strip()
    parsed = {**parse(said), "text": said}
    return Part(start=piece.start, said=piece.said, end=piece.end, parsed=parsed, asks=piece.asks)


def _grown(text: str, first: Part, second: Part, parse: Parse) -> Part:
    said = text[first.said : second.end].strip()
    asks = first.asks or second.asks
    parsed = {**parse(said), "text": said}
    # A greeting, a thank-you or an e-mail address beside a clear matter makes it no less clear.
    clear = [part for part, other in ((first, second), (second, first)) if _clear(part) and _mere(other)]
    kept = {key: clear[0].parsed[key] for key in _MEANING if key in clear[0].parsed} if clear else {}
    return Part(start=first.start, said=first.said, end=second.end, parsed={**parsed, **kept}, asks=asks)


def _mere(part: Part) -> bool:
    return part.intent in TALK and part.intent != "nlu_fallback"


def _apart(first: Part, second: Part, loose: bool, together: Together) -> bool:
    """Say whether two neighbours are matters of their own.

    A statement before or after a request is rather its background, unless it tells of a matter that
    people tell; behind a mere comma it always is.
    """
    if not _clear(first) or not _clear(second):
        return False
    if first.intent == second.intent:
        return _other_order(first, second)
    if together(first.intent, second.intent) and not _other_order(first, second):
        return False
    if second.intent == ARTICLE and POINTS.search(second.text):
        return False
    beside = not loose or bool(TOO.search(second.text))
    return all(part.asks or (beside and part.intent in TOLD) for part in (first, second))


def _other_order(first: Part, second: Part) -> bool:
    return bool(_numbers(first) and _numbers(second) and not _numbers(first) & _numbers(second))


def _matter(part: Part) -> tuple[str, frozenset[str]]:
    return part.intent, _numbers(part)


def _numbers(part: Part) -> frozenset[str]:
    return frozenset(str(e.get("value")) for e in _entities(part) if e.get("entity") == NUMBER)


def _clear(part: Part) -> bool:
    name, confidence = _intent(part.parsed)
    least = MIN_WORDS if part.asks else WORDS_OF_A_NOTE
    return name not in TALK and confidence >= VERY_SURE and len(part.text.split()) >= least


def _intent(parsed: dict[str, Any]) -> tuple[str, float]:
    found = parsed.get("intent") or {}
    return str(found.get("name") or "nlu_fallback"), float(found.get("confidence") or 0.0)


def _with_references(parts: list[Part]) -> list[Part]:
    """Give each part what another one names for both: the order that "it" is, the proof of who asks."""
    shared = [e for part in parts for e in _entities(part) if e.get("entity") in SHARED]
    numbers: list[dict[str, Any]] = []
    found: list[Part] = []
    for part in parts:
        own = _entities(part)
        kinds = {e.get("entity") for e in own}
        more = [] if kinds & SHARED else shared
        if NUMBER in kinds:
            numbers = [e for e in own if e.get("entity") == NUMBER]
        elif len({e.get("value") for e in numbers}) == 1 and POINTS.search(part.text):
            more = [*more, numbers[0]]
        carried = [{**e, "start": -1, "end": -1} for e in more]
        found.append(replace(part, parsed={**part.parsed, "entities": [*own, *carried]}))
    return found


def _entities(part: Part) -> list[dict[str, Any]]:
    return list(part.parsed.get("entities") or ())

"""What a message says in the light of the dialogue: a choice, an answer, one matter or several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.domain.errors import TurnFailed
from bot.domain.message import MAX_TEXT, Nlu
from bot.domain.mood import Mood, as_data
from bot.domain.turn import TurnRequest
from bot.engine import clauses, reading, sentences
from bot.engine.choosing import answering, choose, offered, offered_last, titled
from bot.engine.moods import ReadsMoods, felt

if TYPE_CHECKING:
    from bot.engine.tracker import BoundedTracker

DEFINITE = ("order_number", "order_proof")
"""Slots whose answers have a form of their own."""

logger = logging.getLogger(__name__)


class Hearing:
    """Reads messages with one model."""

    def __init__(
        self,
        parse: Callable[[str], dict[str, Any]],
        *,
        intents: Container[str],
        together: Callable[[str, str], bool] | None,
        moods: ReadsMoods | None,
    ) -> None:
        """Parse texts with `parse`; without `together` no message is divided."""
        self._parse_any = parse
        self._moods = moods
        self._intents = intents
        self._together = together

    def said(self, request: TurnRequest, tracker: BoundedTracker) -> tuple[Nlu, list[dict[str, Any]]]:
        """Return how the message is annotated, and the parse data of each of its matters.

        Raises:
            TurnFailed: a reminder names no intent of the domain.
        """
        if request.payload:
            parsed = self._parse_payload(request)
            parsed["text"] = "" if request.reminded else request.text[:MAX_TEXT] or request.payload
            return reading.to_nlu(parsed), [parsed]
        buttons = offered(tracker.events)
        if not titled(request.text, buttons):
            waits = str(tracker.get_slot("requested_slot") or "") if tracker.active_loop_name else None
            parts = self._divide(request.text, waits)
            if parts:
                parts = self._felt_once(request.text, parts, tracker)
                return reading.to_nlu(reading.together(parts)), [part.parsed for part in parts]
        asked = bool(tracker.active_loop_name)
        parsed = choose(self._parse(request.text, asked=asked), buttons)
        parsed = answering(parsed, offered_last(tracker.events), asked=asked)
        parsed = felt(parsed, tracker.events, self._moods)
        parsed["text"] = request.text[:MAX_TEXT]
        return reading.to_nlu(parsed), [parsed]

    def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue."""
        parts = self._divide(text, None)
        return reading.to_nlu(reading.together(parts) if parts else self._parse(text))

    def _parse_payload(self, request: TurnRequest) -> dict[str, Any]:
        parsed = reading.read_payload(request.payload)
        if parsed is None or parsed["intent"]["name"] not in self._intents:
            if request.reminded:
                # Set under another model. "I did not understand" would be out of place: nobody wrote.
                raise TurnFailed("A reminder's payload names no intent of the domain.")
            logger.warning("a button's payload names no intent of the domain")
            return reading.not_understood(request.payload)
        return parsed

    def _parse(self, text: str, *, asked: bool = False) -> dict[str, Any]:
        typed = reading.read_typed(text)
        if typed.command or not typed.text.strip():
            return reading.not_understood(text)
        whole = self._parse_text(typed.text)
        parsed = sentences.read(typed.text, whole, self._parse_text, asked=asked)
        return reading.tidy(parsed, typed, text)

    def _felt_once(
        self, text: str, parts: list[clauses.Part], tracker: BoundedTracker
    ) -> list[clauses.Part]:
        """Give the first part the mood of the whole message and the others none: it is felt once."""
        whole = felt(self._parse(text), tracker.events, self._moods)
        if reading.MOOD not in whole:
            return parts
        calm = as_data(Mood())
        moods = [whole[reading.MOOD], *(calm for _ in parts[1:])]
        return [
            replace(part, parsed={**part.parsed, reading.MOOD: mood})
            for part, mood in zip(parts, moods, strict=True)
        ]

    def _parse_text(self, text: str) -> dict[str, Any]:
        """Parse a text or a piece of one; a piece that looks like a command means nothing."""
        typed = reading.read_typed(text)
        plain = not typed.offset and bool(typed.text.strip())
        return self._parse_any(text) if plain else reading.not_understood(text)

    def _divide(self, text: str, waits: str | None) -> list[clauses.Part]:
        """Return the matters of a typed text, each with tidy parse data; none if it is one message.

        While a form waits for the slot `waits`, only an answer with a request behind it is divided, and
        only if the answer cannot be words of one's own.
        """
        typed = reading.read_typed(text)
        if typed.command or self._together is None or waits not in (None, *DEFINITE):
            return []
        if waits is None:
            parts = clauses.divide(typed.text, self._parse_text, self._together)
        else:
            parts = clauses.answer_and_more(typed.text, self._parse_text)
        return [reading.tidy_part(part, typed) for part in parts]

"""What a turn answers besides its first matter: the second question of a message, and what was promised.

Each further matter is a customer message of its own to the dialogue, within the same turn: one inbox
message, one commit, the replies in order. Nothing is answered while the bot waits for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import Event, SlotSet, UserUttered

from bot.engine.processor import FastProcessor
from bot.engine.reading import FALLBACK_INTENT
from bot.engine.replies import Replies
from bot.engine.tracker import BoundedTracker

SLOT = "also"
"""The slot with the matters that are still to come: their parse data, and whether they were offered."""
NUMBER = "order_number"
"""The entity by which two matters of one intent differ."""
OFFER, HANDOFF = "offer", "handoff_request"
"""Slots by which an action says that it asked something, or that a person is wanted."""
PROMISED = "promised"
"""The entity that marks a matter taken up later, so that an action can say so."""
PROMISE = "action_promise"
"""The action that names what is still to come."""
AT_ONCE = 2
"""Matters that are answered in one turn."""
MAX_KEPT = 3
LEAVING, STOPPING, REFUSING = "goodbye", "stop", "deny"

Parsed = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class Further:
    """One turn's further matters."""

    processor: FastProcessor
    tracker: BoundedTracker
    replies: Replies
    uttered: Callable[[Parsed], UserUttered]
    """Makes the event of parse data."""
    started: int
    """How many events there were before the turn."""
    was_asked: bool
    """Whether a form waited for an answer then."""

    async def answer(self, first: Parsed, rest: Sequence[Parsed], *, returned: bool = False) -> None:
        """Answer what can be answered now; promise the rest and keep it.

        Args:
            first: the matter that was answered already.
            rest: the further matters of the same message.
            returned: an agent had the conversation since; what was promised before is offered only.
        """
        kept = self._kept(first, rest)
        left = [*rest, *kept][: MAX_KEPT + AT_ONCE]
        answered = 1
        while left and answered < AT_ONCE and self._free():
            if left[0] in kept and returned:
                break
            # The slot goes first: the state is right whatever the action sees of it.
            self._keep(left[1:])
            await self._take_up(left[0], promised=left[0] in kept)
            left = left[1:]
            answered += 1
        self._keep(left[:MAX_KEPT])
        if left and not self._away() and (self._free() or any(matter not in kept for matter in left)):
            await self._promise()

    async def _take_up(self, matter: Parsed, *, promised: bool) -> None:
        parsed = {key: value for key, value in matter.items() if key != "offered"}
        if promised:
            mark = {"entity": PROMISED, "value": parsed["intent"]["name"], "start": -1, "end": -1}
            parsed = {**parsed, "entities": [*parsed["entities"], mark]}
        await self.processor.answer(self.tracker, self.uttered(parsed), self.replies)

    def _kept(self, first: Parsed, rest: Sequence[Parsed]) -> list[Parsed]:
        """Return what was promised and is still wanted after the customer's message."""
        if SLOT not in self.tracker.slots:
            return []
        kept: list[Parsed] = self.tracker.get_slot(SLOT) or []
        name = first["intent"]["name"]
        if name == LEAVING or (name == STOPPING and not self.was_asked):
            return []
        if name == REFUSING and not self.was_asked:
            kept = [matter for matter in kept if not matter.get("offered")]
        again = [_key(matter) for matter in (first, *rest)]
        return [matter for matter in kept if _key(matter) not in again]

    def _keep(self, matters: Sequence[Parsed]) -> None:
        if SLOT not in self.tracker.slots or (self.tracker.get_slot(SLOT) or []) == list(matters):
            return
        self.tracker.update(SlotSet(SLOT, list(matters) or None), self.processor.domain)

    async def _promise(self) -> None:
        """Name what is to come: before the question that waits, or as a question of its own."""
        if SLOT not in self.tracker.slots or PROMISE not in self.processor.domain.action_names_or_texts:
            return
        said = Replies(self.replies.channel)
        await self.processor.say(PROMISE, self.tracker, said)
        at = len(self.replies.drafts) if self._free() else max(0, len(self.replies.drafts) - 1)
        self.replies.drafts[at:at] = said.drafts

    # --- how the turn stands ------------------------------------------------------------------

    def _free(self) -> bool:
        """Say whether the bot waits for no answer and nobody else is to speak."""
        return not (self.tracker.active_loop_name or self._set(OFFER) or self._away())

    def _away(self) -> bool:
        """Say whether a person was asked for, or the customer was not understood: nothing is added then."""
        last = self.tracker.latest_message
        lost = last is not None and last.intent.get("name") == FALLBACK_INTENT
        return lost or self._set(HANDOFF)

    def _set(self, slot: str) -> bool:
        return any(_sets(event, slot) for event in list(self.tracker.events)[self.started :])


def _key(matter: Parsed) -> tuple[str, list[str]]:
    orders = {str(e["value"]) for e in matter["entities"] if e["entity"] == NUMBER}
    return matter["intent"]["name"], sorted(orders)


def _sets(event: Event, slot: str) -> bool:
    return isinstance(event, SlotSet) and event.key == slot and bool(event.value)

"""Turns by Rasa: what an engine process loads. Rasa itself is imported late and lean (`lean.py`)."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.errors import TurnFailed
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine import lean
from bot.engine.cache import TrackerCache
from bot.engine.hearing import Hearing
from bot.engine.metered import Metered
from bot.engine.scope import TurnScope, scope
from bot.ports import TurnDirectory, TurnServices, turn_services

if TYPE_CHECKING:
    from rasa.shared.core.events import UserUttered

    from bot.engine.processor import FastProcessor
    from bot.engine.tracker import BoundedTracker

logger = logging.getLogger(__name__)

HANDOFF_SLOT = "handoff_request"
HIDDEN_SLOTS = frozenset({"requested_slot", "session_started_metadata", HANDOFF_SLOT, "also"})


def preload() -> None:
    """Import Rasa, before a fork: no model, no thread, no event loop."""
    lean.import_rasa()


class RasaTurns:
    """One loaded model. Many turns of different conversations may be under way at once."""

    def __init__(self, processor: FastProcessor) -> None:
        """Use `load`."""
        self._processor = processor
        self._hearing = Hearing(
            processor.parse,
            intents=processor.domain.intents,
            together=processor.together,
            moods=processor.moods,
        )
        self._cache: TrackerCache[BoundedTracker] = TrackerCache()
        self._in_process = processor.in_process
        self.model: str = name_of(processor.model_path)

    @classmethod
    def load(cls, model_path: Path | str, project: Path | str = "", actions: str = "actions") -> RasaTurns:
        """Load a model and the custom actions; nothing goes over the network.

        Args:
            model_path: the trained model's archive.
            project: folder with `endpoints.yml` and the package of custom actions; "" for none.
            actions: name of that package.

        Raises:
            ConfigError: the custom actions cannot be imported.
        """
        lean.import_rasa(full=lean.needs_full_rasa(Path(model_path)))
        from bot.engine.actions import InProcessActions, load_actions
        from bot.engine.processor import FastProcessor

        endpoint = load_actions(Path(project) if project else None, actions)
        with lean.as_imported():
            processor = FastProcessor(Path(model_path), endpoint)
        if isinstance(endpoint, InProcessActions):
            for name in processor.missing_actions(endpoint.names):
                logger.error("the domain names the action %s, which nobody has written", name)
        return cls(processor)

    # --- a turn -------------------------------------------------------------------------------

    async def turn(self, request: TurnRequest, directory: TurnDirectory) -> TurnResult:
        """Work out one turn. Nothing is kept of it before `settle`.

        Raises:
            TurnFailed: an action raised, the policies did not come to listen, or anything else.
        """
        here = TurnScope(turn_id=request.turn_id, context=request.context)
        scope_token = scope.set(here)
        services_token = turn_services.set(TurnServices(request.context, directory))
        work: Metered[TurnResult] = Metered(self._turn(request, here))
        try:
            result = await work
        except TurnFailed:
            raise
        except Exception as error:
            raise self._failed(here, error) from error
        finally:
            turn_services.reset(services_token)
            scope.reset(scope_token)
        return work.stamp(result)

    async def _turn(self, request: TurnRequest, here: TurnScope) -> TurnResult:
        from bot.engine.further import Further
        from bot.engine.replies import Replies
        from bot.engine.state import bounded, encode

        tracker = self._tracker(request)
        started = len(tracker.events)
        replies = Replies(request.context.channel)
        was_asked = bool(tracker.active_loop_name)
        nlu, (first, *rest) = self._hearing.said(request, tracker)
        message = _uttered(request, first)
        await self._processor.answer(tracker, message, replies, fills_slots=not request.reminded)
        if not request.reminded:
            further = Further(
                processor=self._processor,
                tracker=tracker,
                replies=replies,
                uttered=partial(_uttered, request),
                started=started,
                was_asked=was_asked,
            )
            await further.answer(first, rest, returned=request.context.after_handoff)
        if here.failures:
            raise self._failed(here, None)
        handoff = self._take_handoff(tracker, started)
        tracker = bounded(tracker, self._processor.domain)
        state = encode(tracker)
        self._check_size(state)
        self._cache.hold(request.turn_id, request.conversation_id, state, tracker)
        return TurnResult(
            turn_id=request.turn_id,
            state=state,
            messages=tuple(replies.drafts),
            nlu=nlu,
            handoff=handoff,
            slots=_shown_slots(tracker),
            awaiting=str(tracker.get_slot("requested_slot") or "") if tracker.active_loop_name else "",
            model=self.model,
            withdrawn=tuple(here.agenda.withdrawn),
            reminders=tuple(here.agenda.reminders.values()),
        )

    def settle(self, turn_id: str, committed: bool) -> None:
        """Keep the live tracker of a committed turn, drop it otherwise."""
        self._cache.settle(turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue."""
        return self._hearing.understand(text)

    # --- parts of a turn ----------------------------------------------------------------------

    def _tracker(self, request: TurnRequest) -> BoundedTracker:
        from bot.engine.state import StateUnreadable, decode, without_history
        from bot.engine.tracker import BoundedTracker

        domain = self._processor.domain
        tracker = None
        if request.state:
            tracker = self._cache.take(request.conversation_id, request.state)
            if tracker is None:
                try:
                    tracker = decode(request.state, request.conversation_id, domain)
                except StateUnreadable as error:
                    logger.warning(
                        "conversation %s starts anew, its state cannot be read: %s",
                        request.conversation_id,
                        error,
                    )
        if tracker is None:
            tracker = BoundedTracker(request.conversation_id, domain.slots)
        tracker.now = request.context.now.timestamp()
        tracker.horizon = self._processor.horizon
        tracker.events_on_demand = self._in_process
        if request.context.after_handoff and tracker.events:
            tracker = without_history(tracker, domain)
        return tracker

    def _take_handoff(self, tracker: BoundedTracker, started: int) -> HandoffSignal | None:
        from rasa.shared.core.events import SlotSet

        wished = [e.value for e in list(tracker.events)[started:] if _sets(e, SlotSet, HANDOFF_SLOT)]
        if HANDOFF_SLOT in tracker.slots and tracker.get_slot(HANDOFF_SLOT) is not None:
            tracker.update(SlotSet(HANDOFF_SLOT, None), self._processor.domain)
        last = wished[-1] if wished else None
        return to_signal(last) if last else None

    @staticmethod
    def _check_size(state: bytes) -> None:
        from bot.engine.state import MAX_STATE

        if len(state) > MAX_STATE:
            raise TurnFailed("The dialogue state is too large.", size=len(state), limit=MAX_STATE)

    @staticmethod
    def _failed(here: TurnScope, error: Exception | None) -> TurnFailed:
        if here.failures:
            failure = here.failures[0]
            return TurnFailed(
                f"The action {failure.action} raised {failure.error}.",
                action=failure.action,
                error=failure.error,
            )
        name = type(error).__name__
        return TurnFailed(f"The turn ended in {name}.", error=name)


def to_signal(value: Any) -> HandoffSignal:
    """Turn what an action put into the handoff slot into a signal, as far as it makes sense.

    A wish for a person is never refused for its form: an unknown reason becomes a business rule.
    """
    wish = value if isinstance(value, dict) else {"evidence": {"value": str(value)}}
    evidence = wish.get("evidence")
    evidence = dict(evidence) if isinstance(evidence, dict) else {}
    try:
        reason = Reason(str(wish.get("reason")))
    except ValueError:
        evidence["reason"] = str(wish.get("reason"))
        reason = Reason.BUSINESS_RULE
    priority = wish.get("priority")
    return HandoffSignal(
        reason=reason,
        evidence=evidence,
        priority=priority if isinstance(priority, int) else None,
        team=str(wish.get("team") or ""),
        skills=tuple(str(s) for s in wish.get("skills") or ()),
        quiet=bool(wish.get("quiet")),
        offer=bool(wish.get("offer")),
    )


def name_of(model_path: Path) -> str:
    """Return the name by which operators know a model: its folder's, or its own if it has none."""
    name = model_path.name.removesuffix(".tar.gz")
    return model_path.parent.name if name == "model" else name


def _uttered(request: TurnRequest, parsed: dict[str, Any]) -> UserUttered:
    from rasa.shared.core.events import UserUttered

    return UserUttered(
        parsed["text"],
        parsed["intent"],
        parsed["entities"],
        parsed,
        input_channel=request.context.channel,
        message_id=request.context.inbox_id or None,
    )


def _sets(event: Any, kind: type, slot: str) -> bool:
    return isinstance(event, kind) and getattr(event, "key", None) == slot


def _shown_slots(tracker: BoundedTracker) -> dict[str, Any]:
    return {
        name: slot.value
        for name, slot in tracker.slots.items()
        if slot.value is not None and name not in HIDDEN_SLOTS
    }

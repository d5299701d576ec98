"""Our processor decides and says what Rasa's own does, turn by turn, before anything is cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import TurnFailed
from bot.engine.scope import TurnScope, scope
from bot.ports import TurnServices, turn_services
from tests.engine.talk import NoDirectory, Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

MESSAGES = [
    "hello",
    "yes",
    "no",
    "thanks",
    "goodbye",
    "book a table",
    "a table in London please",
    "Köln please",
    "3 people",
    "99 people",
    "stop it",
    "opening hours",
    "blah",
    "remember this",
    "what did I say",
    "show me a picture",
]


class Trackers:
    """As much of a tracker store as Rasa's processor needs."""

    def __init__(self, domain: Any) -> None:
        self.domain = domain
        self.kept: dict[str, Any] = {}

    async def get_or_create_tracker(self, sender_id: str, append_action_listen: bool = True) -> Any:
        from rasa.shared.core.trackers import DialogueStateTracker

        events = self.kept.get(sender_id, [])
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots)

    async def retrieve(self, sender_id: str) -> Any:
        return await self.get_or_create_tracker(sender_id)

    async def save(self, tracker: Any) -> None:
        self.kept[tracker.sender_id] = list(tracker.events)


@pytest.fixture(scope="module")
def stock(turns: Any) -> Any:
    """Rasa's own processor on the same loaded components."""
    from rasa.core.processor import MessageProcessor

    ours = turns._processor

    class Stock(MessageProcessor):
        @staticmethod
        def _load_model(model_path: Any) -> Any:
            return ours.model_filename, ours.model_metadata, ours.graph_runner

    return Stock(ours.model_path, Trackers(ours.domain), None, ours.nlg, ours.action_endpoint)


async def said_by_rasa(stock: Any, talk: Talk, text: str) -> list[Any]:
    from rasa.core.channels.channel import UserMessage

    from bot.engine.replies import Replies

    request = talk.request(text)
    output = Replies("rest")
    tokens = (
        scope.set(TurnScope(turn_id=request.turn_id, context=request.context)),
        turn_services.set(TurnServices(request.context, NoDirectory())),
    )
    try:
        await stock.handle_message(UserMessage(text, output, talk.id, input_channel="rest"))
    finally:
        scope.reset(tokens[0])
        turn_services.reset(tokens[1])
    return output.drafts


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=11))
async def test_the_same_is_said(turns: Any, stock: Any, messages: list[str]) -> None:
    stock.tracker_store.kept.clear()
    ours, theirs = Talk(turns, id="like", live=False), Talk(turns, id="like")
    for text in messages:
        try:
            said = list((await ours.turn(text)).messages)
        except TurnFailed:
            return  # Rasa runs into its limit there as well, and says what it has said so far
        assert await said_by_rasa(stock, theirs, text) == said
        tracker = await stock.tracker_store.retrieve("like")
        from bot.engine.state import decode

        assert ours.state is not None
        mine = decode(ours.state, "like", turns._processor.domain)
        assert mine.active_loop_name == tracker.active_loop_name
        slots = {k: v for k, v in tracker.current_slot_values().items() if k != "handoff_request"}
        assert {k: v for k, v in mine.current_slot_values().items() if k != "handoff_request"} == slots

"""What the dialogue's events tell of a customer's earlier messages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bot.domain.mood import Earlier, Situation
from bot.engine.moods import LOOK_BACK, earlier, felt, reader_among


def user(text: str, intent: str = "track_order", confidence: float = 0.8) -> Any:
    ranking = [{"name": intent}, {"name": "greet"}] if confidence < 1 else [{"name": intent}]
    found = {"name": intent, "confidence": confidence}
    return SimpleNamespace(
        type_name="user", text=text, intent=found, parse_data={"intent_ranking": ranking}
    )


def action(name: str) -> Any:
    return SimpleNamespace(type_name="action", action_name=name)


def asked(slot: str | None) -> Any:
    return SimpleNamespace(type_name="slot", key="requested_slot", value=slot)


def test_typed_messages_with_what_became_of_them() -> None:
    events = [
        user("cancel it"),
        action("cancel_order_form"),
        asked("order_number"),
        user("pressed", confidence=1.0),
        asked("confirmed"),
        user("blorf", intent="nlu_fallback"),
        action("action_fallback"),
        asked("confirmed"),
        asked(None),
        user(""),
    ]
    assert earlier(events) == (
        Earlier(text="cancel it", intent="track_order", asked="order_number", aside=True),
        Earlier(text="blorf", intent="nlu_fallback", fell=True),
    )
    assert len(earlier([user(str(n)) for n in range(LOOK_BACK + 3)])) == LOOK_BACK


class Reader:
    """Remembers what it was asked."""

    def in_conversation(self, parsed: dict[str, Any], situation: Situation) -> dict[str, Any]:
        return {"seen": [one.text for one in situation.earlier], "intent": situation.intent}


def test_the_mood_of_typed_messages_knows_of_them() -> None:
    reader = reader_among([object(), Reader()])
    parsed = {"text": "b", "intent": {"name": "track_order"}, "mood": {}}
    assert felt(parsed, [user("a")], reader)["mood"] == {"seen": ["a"], "intent": "track_order"}
    fell = {**parsed, "intent": {"name": "nlu_fallback"}}
    assert felt(fell, [], reader)["mood"] == {"seen": [], "intent": ""}
    pressed = {"text": "/greet", "intent": {"name": "greet"}}
    assert felt(pressed, [user("a")], reader) == pressed
    assert felt(parsed, [user("a")], reader_among([object()])) == parsed

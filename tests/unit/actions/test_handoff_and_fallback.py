"""When a person is asked for, by the customer or by two failures in a row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actions.fallback import ActionFallback
from actions.handoff import ActionRequestHandoff
from bot.domain.customer import Profile, Status, Trust
from bot.domain.mood import Mood, Sign
from tests.unit.actions.support import StrictDirectory, no, ok, run, tracker, turn

USER = {"event": "user", "text": "before"}
NOW = {"event": "user", "text": "gibberish"}
FELL = {"event": "action", "name": "action_fallback"}
LISTEN = {"event": "action", "name": "action_listen"}


def called(reason: str = "not_understood") -> dict[str, Any]:
    return {"event": "slot", "name": "handoff_request", "value": {"reason": reason}}


async def test_a_person_at_once_and_the_form_does_not_go_on() -> None:
    slots = {"requested_slot": "order_proof", "order_number": "4522"}
    with turn():
        outcome = await run(
            ActionRequestHandoff(), tracker("human!", loop="cancel_order_form", slots=slots)
        )
    assert outcome.said == []  # the server says it
    assert outcome.slots["handoff_request"] == {
        "reason": "asked_for_human",
        "evidence": {"text": "human!", "form": "cancel_order_form", "asking": "order_proof"},
        "priority": None,
        "team": "",
        "skills": [],
    }
    assert outcome.left
    assert "order_number" not in outcome.slots  # the agent sees which order it was about


async def test_the_first_time_offers_the_likeliest_and_a_person() -> None:
    ranking = [
        ("nlu_fallback", 0.3),
        ("greet", 0.28),
        ("track_order", 0.25),
        ("get_refund", 0.2),
        ("stop", 0.05),
    ]
    with turn():
        outcome = await run(ActionFallback(), tracker("gibberish", events=[NOW], ranking=ranking))
    assert outcome.responses == ["utter_rephrase"]
    payloads = [button["payload"] for button in outcome.said[0]["buttons"]]
    assert payloads == ["/track_order", "/get_refund", "/contact_human_agent"]
    assert outcome.events == []


async def test_no_silly_guesses() -> None:
    ranking = [("nlu_fallback", 0.3), ("track_order", 0.04)]
    with turn():
        outcome = await run(ActionFallback(), tracker("gibberish", events=[NOW], ranking=ranking))
    assert outcome.responses == ["utter_rephrase_open"]
    assert outcome.said[0]["buttons"] == []


async def test_within_a_form_its_question_follows() -> None:
    with turn():
        outcome = await run(ActionFallback(), tracker("?", loop="track_order_form", events=[NOW]))
    assert outcome.responses == ["utter_rephrase_in_form"]
    assert not outcome.left


async def test_the_second_time_in_a_row_calls_a_person() -> None:
    ranking = [("track_order", 0.2), ("stop", 0.1)]
    events = [USER, FELL, LISTEN, NOW]
    with turn():
        said = tracker("gibberish", events=events, ranking=ranking, loop="track_order_form")
        outcome = await run(ActionFallback(), said)
    assert outcome.responses == ["utter_rephrase_in_form"]
    wish = outcome.slots["handoff_request"]
    assert (wish["reason"], wish["offer"]) == ("not_understood", True)
    assert wish["evidence"]["texts"] == ["before", "gibberish"]
    assert wish["evidence"]["intents"] == ["track_order", "stop"]
    assert not outcome.left, "the form goes on unless the customer takes the person"


async def test_in_a_row_means_the_message_just_before() -> None:
    between = [
        USER,
        FELL,
        LISTEN,
        {"event": "user", "text": "hi"},
        {"event": "action", "name": "action_greet"},
    ]
    for before in ([], between):
        with turn():
            outcome = await run(ActionFallback(), tracker("gibberish", events=[*before, NOW]))
        assert outcome.responses == ["utter_rephrase_open"], before
        assert "handoff_request" not in outcome.slots


async def test_after_an_offer_it_is_said_again() -> None:
    """The server knows what became of the offer: who was asked already goes, who declined does not."""
    with turn():
        outcome = await run(
            ActionFallback(), tracker("gibberish", events=[USER, FELL, called(), LISTEN, NOW])
        )
    assert outcome.slots["handoff_request"]["offer"]


async def test_after_a_person_it_starts_anew() -> None:
    with turn(after_handoff=True):
        outcome = await run(ActionFallback(), tracker("gibberish", events=[USER, FELL, LISTEN, NOW]))
    assert outcome.responses == ["utter_rephrase_open"]


@pytest.mark.parametrize(
    ("text", "found", "response"),
    [
        ("أين طلبي", {}, "utter_other_language"),
        ("wo ist meine Bestellung", {"other_language": "bestellung"}, "utter_other_language"),
        ("???", {}, "utter_rephrase_open"),
        ("blorf", {}, "utter_rephrase_open"),
    ],
)
async def test_another_language_is_told_from_nonsense(
    text: str, found: dict[str, str], response: str
) -> None:
    with turn():
        outcome = await run(ActionFallback(), tracker(text, entities=found, events=[NOW]))
    assert outcome.responses == [response]


async def test_who_is_angry_and_not_understood_is_offered_a_person_at_once() -> None:
    with turn():
        outcome = await run(ActionFallback(), tracker("blorf", slots={"upset": 2.0}, events=[NOW]))
    assert outcome.responses == ["utter_rephrase_open"]
    assert outcome.slots["handoff_request"]["reason"] == "frustrated"
    signs = (Sign(kind="phrase", text="you clowns", weight=0.7),)
    rude = Mood(abuse=0.7, level="abusive", evidence=signs)
    with turn():
        outcome = await run(ActionFallback(), tracker("you clowns, blorf", events=[NOW], mood=rude))
    evidence = outcome.slots["handoff_request"]["evidence"]
    assert (evidence["sentiment"], evidence["signs"]) == ("abusive", "said “you clowns”")


KNOWN: dict[str, Any] = {
    "directory_ref": "C1",
    "trust": Trust.VERIFIED,
    "facts": {"vip_tiers": "platinum, Founder"},
}


@pytest.mark.parametrize(
    ("tier", "context", "reason"),
    [
        ("Platinum", KNOWN, "vip"),
        ("founder", KNOWN, "vip"),
        ("gold", KNOWN, "asked_for_human"),
        ("platinum", {**KNOWN, "facts": {}}, "asked_for_human"),
        ("platinum", {**KNOWN, "facts": {"vip_tiers": ""}}, "asked_for_human"),
        ("platinum", {**KNOWN, "trust": Trust.CLAIMED}, "asked_for_human"),
        ("platinum", {**KNOWN, "directory_ref": ""}, "asked_for_human"),
    ],
)
async def test_a_high_tier_is_named_as_the_reason(tier: str, context: dict[str, Any], reason: str) -> None:
    profile = ok(Profile(ref="C1", name="Ada", tier=tier))
    with turn(StrictDirectory({("profile",): profile}), **context):
        outcome = await run(ActionRequestHandoff(), tracker("a human please"))
    wish = outcome.slots["handoff_request"]
    assert wish["reason"] == reason
    assert "offer" not in wish, "who asks is not asked back"


async def test_nobody_waits_for_the_shop_to_say_how_important_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(StrictDirectory):
        async def profile(self) -> Any:
            await asyncio.Event().wait()

    monkeypatch.setattr("actions.handoff.TIER_WITHIN", 0.01)
    for directory in (Slow(), StrictDirectory({("profile",): no(Status.TRY_LATER)})):
        with turn(directory, **KNOWN):
            outcome = await run(ActionRequestHandoff(), tracker("a human please"))
        assert outcome.slots["handoff_request"]["reason"] == "asked_for_human"


async def test_a_high_tier_is_offered_a_person_at_the_first_failure() -> None:
    profile = ok(Profile(ref="C1", name="Ada", tier="platinum"))
    with turn(StrictDirectory({("profile",): profile}), **KNOWN):
        outcome = await run(ActionFallback(), tracker("blorf", events=[NOW]))
    wish = outcome.slots["handoff_request"]
    assert (wish["reason"], wish["offer"], wish["evidence"]["tier"]) == ("vip", True, "platinum")


TORN = [("nlu_fallback", 0.5), ("get_invoice", 0.45), ("track_refund", 0.4), ("stop", 0.05)]


def torn(text: str, *, two: tuple[str, ...] = ("get_invoice", "track_refund"), **more: Any) -> Any:
    said = tracker(text, ranking=TORN, **more)
    said.latest_message["entities"] = [
        {"entity": "order_number", "value": "4521"},
        {"entity": "hesitation", "value": "but"},
        *({"entity": "between", "value": name} for name in two),
    ]
    return said


async def test_two_close_meanings_are_asked_about_with_what_was_said() -> None:
    with turn():
        outcome = await run(ActionFallback(), torn("4521 money paper", events=[USER, FELL, LISTEN, NOW]))
    assert outcome.responses == ["utter_which_of_two"]
    assert [(b["title"], b["payload"]) for b in outcome.said[0]["buttons"]] == [
        ("Get an invoice", '/get_invoice{"order_number": "4521"}'),
        ("Check a refund", '/track_refund{"order_number": "4521"}'),
        ("Something else", "/inform"),
    ]
    assert outcome.events == []  # it is no failure to understand


async def test_it_is_not_asked_twice_about_the_same_words() -> None:
    asked = {"event": "bot", "text": "Which?", "metadata": {"utter_action": "utter_which_of_two"}}
    same, other = {"event": "user", "text": "Money  paper"}, {"event": "user", "text": "other words"}
    now = {"event": "user", "text": "money paper"}
    with turn():
        outcome = await run(ActionFallback(), torn("money paper", events=[same, FELL, asked, LISTEN, now]))
        again = await run(ActionFallback(), torn("money paper", events=[other, FELL, asked, LISTEN, now]))
    assert outcome.responses == ["utter_rephrase"]
    assert outcome.events == []
    assert again.responses == ["utter_which_of_two"]


@pytest.mark.parametrize(
    "said",
    [
        torn("paper", events=[NOW], loop="track_order_form"),
        torn("paper", events=[NOW], two=("get_invoice", "repeat")),
        torn("paper", events=[NOW], two=()),
        torn("paper", events=[NOW], slots={"mourning": "told"}),
    ],
)
async def test_it_is_not_asked_where_it_does_not_fit(said: Any) -> None:
    with turn():
        outcome = await run(ActionFallback(), said)
    assert "utter_which_of_two" not in outcome.responses

"""Two questions in one message, doubt between two meanings, and answers to the bot's own questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import EMAIL, Conversation, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def waiting(c: Conversation) -> bool:
    assert c.last is not None
    return bool(c.last.awaiting)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (
            "do you ship to norway also whats the returns policy",
            ("utter_delivery_options", "utter_check_refund_policy"),
        ),
        (
            "track 4521 and is there a warranty on it",
            ("utter_order_out_for_delivery", "utter_warranty_not_begun"),
        ),
        (
            "what's the status of order 4521 and what's the status of 4522",
            ("utter_order_out_for_delivery", "utter_order_processing"),
        ),
        (
            "my order 4521 hasn't arrived and can I return it",
            ("utter_late_not_due", "utter_return_refused_on_its_way"),
        ),
    ],
)
async def test_both_are_answered_in_order(start: Start, text: str, answers: tuple[str, ...]) -> None:
    c = start(jane=True)
    await c.say(text)
    said(c, *answers)


async def test_a_question_that_waits_is_named_and_then_answered(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("cancel 4522 and send me the invoice for 4521")
    said(c, "utter_also", "utter_confirm_cancel_order")
    assert c.choices[:2] == ["Yes", "No"]
    await c.say("what are your opening hours")
    said(c, "utter_opening_hours", "utter_confirm_cancel_order")
    await c.say("yes")
    said(c, "utter_cancel_done", "utter_also_now", "utter_invoice_get_invoice")
    assert "4521" in c.messages[2].text
    assert await changes(shop) == [("4522", "cancelled")]
    await c.say("thanks")
    said(c, "utter_welcome")


@pytest.mark.parametrize("leaving", ["no", "stop"])
async def test_a_form_that_is_left_makes_room_as_well(start: Start, leaving: str) -> None:
    c = start(jane=True)
    await c.say("cancel 4522 and what are your opening hours")
    await c.say(leaving)
    assert [m.text for m in c.messages][1:]
    said(
        c,
        "utter_cancel_kept" if leaving == "no" else "utter_left_form",
        "utter_also_now",
        "utter_opening_hours",
    )


async def test_who_says_goodbye_is_told_no_more(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522 and what are your opening hours")
    await c.say("goodbye")
    said(c, "utter_goodbye")
    await c.say("hello")
    said(c, "utter_greet_name")


async def test_what_was_asked_again_meanwhile_is_not_answered_twice(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522 and what are your opening hours")
    await c.say("so when are you open?")
    said(c, "utter_opening_hours", "utter_confirm_cancel_order")
    await c.say("no")
    said(c, "utter_cancel_kept")


@pytest.mark.parametrize("answer", ["yes", "Yes, go on", "how do I reset my password"])
async def test_a_third_is_offered(start: Start, answer: str) -> None:
    c = start()
    await c.say("do you ship to norway, what can I pay with and when do you open")
    said(c, "utter_delivery_options", "utter_check_payment_methods", "utter_way_back")
    assert c.choices[-2:] == ["Yes, go on", "No, thanks"]
    await c.say(answer)
    if answer.startswith("how"):
        said(c, "utter_recover_password", "utter_also_now", "utter_opening_hours")
    else:
        said(c, "utter_opening_hours")
    await c.say("hello")
    said(c, "utter_greet")


async def test_a_third_that_is_declined_is_gone(start: Start) -> None:
    c = start()
    await c.say("do you ship to norway, what can I pay with and when do you open")
    await c.say("no")
    said(c, "utter_nothing_then")
    await c.say("hello")
    said(c, "utter_greet")


async def test_a_promise_outlives_a_long_form(start: Start) -> None:
    """More messages than the engine remembers lie between; see bot/engine/state.py."""
    c = start(jane=True)
    await c.say("cancel 4522 and what are your delivery options")
    for _ in range(15):
        await c.say("what can I pay with?")
        assert waiting(c)
    await c.say("no")
    said(c, "utter_cancel_kept", "utter_also_now", "utter_delivery_options")


async def test_after_a_person_had_it_the_rest_is_only_offered(start: Start) -> None:
    c = start(jane=True)
    await c.say("cancel 4522 and what are your opening hours")
    await c.say("I want to speak to a person")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.messages == ()
    c.context = replace(c.context, after_handoff=True)
    await c.say("hello")
    said(c, "utter_greet_name", "utter_way_back")
    c.context = replace(c.context, after_handoff=False)
    await c.say("yes")
    said(c, "utter_opening_hours")


async def test_a_stranger_proves_once_for_both(start: Start) -> None:
    c = start()
    await c.say("where is my order 4521 and can I return it")
    said(c, "utter_also", "utter_ask_order_proof")
    await c.say(EMAIL)
    said(c, "utter_order_out_for_delivery", "utter_also_now", "utter_return_refused_on_its_way")


async def test_an_answer_with_a_question_behind_it(start: Start) -> None:
    c = start()
    await c.say("where is my order")
    await c.say("4521 and when are you open?")
    said(c, "utter_also", "utter_ask_order_proof")
    await c.say(f"{EMAIL}, and do you take paypal?")
    assert "4521" in c.messages[0].text
    assert [m.text for m in c.messages if "PayPal" in m.text]


async def test_whoever_wants_a_person_first_gets_one(start: Start) -> None:
    c = start()
    await c.say("can I talk to a person and where is my order")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.messages == ()


@pytest.mark.parametrize(
    "text",
    [
        "Hello. /restart",
        "thanks! /track_order. where is it",
        "do you ship to norway. /stop and when are you open",
    ],
)
async def test_what_looks_like_a_command_within_a_message_is_none(start: Start, text: str) -> None:
    c = start()
    assert await c.say(text)
    assert c.last is not None
    assert c.last.handoff is None


async def test_anger_over_two_questions_is_felt_once(start: Start) -> None:
    c = start(jane=True)
    await c.say("this is ridiculous, where is order 4521 and when are you open")
    said(c, "utter_sorry", "utter_order_out_for_delivery", "utter_opening_hours")
    assert c.last is not None
    assert c.last.handoff is None
    assert c.last.slots["upset"] == 1


FORMS = {
    "track order 4521": [EMAIL],
    "where is my refund": ["stop"],
    "I want to return order 4523": ["stop"],
    "send me an invoice": ["stop"],
    "I want to change order 4522": ["stop"],
    "change my delivery address": ["stop"],
    "I want to make a complaint": ["stop"],
    "I was charged twice": ["stop"],
    "my parcel arrived broken": ["stop"],
}


@pytest.mark.parametrize("wish", FORMS)
async def test_every_form_makes_room_for_the_second_question(start: Start, wish: str) -> None:
    c = start()
    await c.say(f"{wish} and do you deliver on saturdays")
    for answer in FORMS[wish] if waiting(c) else []:
        await c.say(answer)
    assert not waiting(c)
    texts = [m.text for m in c.messages]
    assert "Parcel shop" in texts[-1], texts


# --- effects ---


async def test_each_part_has_its_own_keys(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[tuple[str, str, int, str]] = []
    c = start()
    await c.say("hello")
    assert c.server is not None
    real = c.server.gateway.call

    async def noted(context: Any, action: str, ordinal: int, method: str, arguments: Any) -> Any:
        if ordinal:
            keys.append((context.inbox_id, action, ordinal, method))
        return await real(context, action, ordinal, method, arguments)

    monkeypatch.setattr(c.server.gateway, "call", noted)
    await c.say(f"track 4521 and track 4523, my email is {EMAIL}")
    said(c, "utter_order_out_for_delivery", "utter_order_delivered")
    assert len(keys) == 2
    assert len(set(keys)) == 2
    assert {key[0] for key in keys} == {f"{c.context.conversation_id}-2"}


# --- doubt ---


async def test_close_meanings_are_asked_about(start: Start) -> None:
    c = start()
    await c.say("I didn't get my order")
    said(c, "utter_which_of_two")
    assert c.choices[-1] == "Something else"
    assert len(c.choices) == 3
    await c.say(c.choices[1])
    assert waiting(c)


# --- answers ---


@pytest.mark.parametrize(
    "question",
    [
        "what order number?",
        "where do I find it?",
        "where is it?",
        "why do you need that?",
        "I don't have it",
    ],
)
async def test_a_question_about_the_question_is_answered(start: Start, question: str) -> None:
    c = start()
    await c.say("where is my order")
    await c.say(question)
    said(c, "utter_explain_order_number", "utter_which_order_track_order")
    await c.say("4521")
    said(c, "utter_ask_order_proof")
    await c.say("which email?")
    said(c, "utter_explain_order_proof", "utter_ask_order_proof")
    await c.say("no that's wrong, it's 4522")
    said(c, "utter_ask_order_proof")
    assert "4522" in c.messages[0].text
    await c.say(EMAIL)
    said(c, "utter_order_processing")


async def test_a_yes_to_something_else_changes_nothing(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("cancel 4522")
    await c.say("yes please the blue one")
    said(c, "utter_need_clear_yes", "utter_confirm_cancel_order")
    assert await changes(shop) == []


@pytest.mark.parametrize("answer", ["yes please the blue one", "the blue one", "the third", "3"])
async def test_one_of_the_articles_offered(start: Start, answer: str) -> None:
    c = start()
    await c.say("do you sell rugs")
    assert len(c.choices) == 3
    await c.say(answer)
    assert c.messages[0].text.startswith("Cotton rug, blue stripe")


@pytest.mark.parametrize(
    ("wish", "answer"), [("actually cancel it", "cancel"), ("where is my refund?", "refund")]
)
async def test_a_clear_new_wish_wins(start: Start, wish: str, answer: str) -> None:
    c = start()
    await c.say("send me an invoice")
    await c.say(wish)
    assert answer in c.messages[0].text

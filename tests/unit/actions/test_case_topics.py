"""Complaints and payments: what becomes a case, and with which order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actions.complaint import ActionComplaint, ValidateComplaintForm
from actions.payment_issue import ActionPaymentIssue, ValidatePaymentIssueForm
from bot.domain.customer import Answer, Case, Status
from tests.unit.actions.support import Outcome, StrictDirectory, no, ok, order, run, tracker, turn

STORY = "the driver threw it over the fence and shouted at us"
CASE = ok(
    Case(
        number="K7001",
        kind="complaint",
        state="open",
        opened_on=date(2026, 3, 2),
        promised_by=date(2026, 3, 4),
    )
)
COMPLAINT = {"case_text": STORY, "confirmed": True}


async def complain(directory: StrictDirectory, about: str, **slots: Any) -> Outcome:
    asked = {"about_order": about, "confirm_for": f"complaint: {about}", **COMPLAINT, **slots}
    with turn(directory):
        return await run(ActionComplaint(), tracker(slots=asked))


async def test_a_complaint_is_opened_and_followed_up() -> None:
    outcome = await complain(StrictDirectory({("open_case", "complaint", STORY, ""): CASE}), "none")
    assert outcome.responses == ["utter_complaint_opened"]
    assert outcome.said[0]["case_number"] == "K7001"
    assert outcome.said[0]["promised"] == "Wednesday 4 March"
    assert [e["event"] for e in outcome.events if e["event"] != "slot"] == ["reminder"]


async def test_an_order_that_is_open_to_them_goes_with_it() -> None:
    calls = {("order", "4522"): ok(order()), ("open_case", "complaint", STORY, "4522"): CASE}
    assert (await complain(StrictDirectory(calls), "4522")).responses == ["utter_complaint_opened"]


async def test_another_order_is_handed_on_in_words() -> None:
    text = f"{STORY} (names order 4522)"
    calls = {("order", "4522"): no(Status.NOT_ALLOWED), ("open_case", "complaint", text, ""): CASE}
    assert (await complain(StrictDirectory(calls), "4522")).responses == ["utter_complaint_opened"]


@pytest.mark.parametrize(
    ("answer", "response"),
    [(no(Status.TRY_LATER), "utter_case_unknown"), (no(Status.THROTTLED), "utter_end_throttled")],
)
async def test_no_case_without_an_answer(answer: Answer[Any], response: str) -> None:
    outcome = await complain(StrictDirectory({("open_case", "complaint", STORY, ""): answer}), "none")
    assert outcome.responses == [response]
    assert all(event["event"] == "slot" for event in outcome.events)


async def test_no_case_without_a_yes() -> None:
    for slots in ({"confirmed": False}, {"confirm_for": "complaint: 4522"}):
        outcome = await complain(StrictDirectory(), "none", **slots)
        assert outcome.responses == ["utter_complaint_not_sent"]


async def test_the_message_itself_when_it_is_long_enough() -> None:
    said = tracker(f"I want to complain: {STORY}", loop="complaint_form")
    said.latest_message["intent"] = {"name": "complaint", "confidence": 0.9}
    with turn():
        outcome = await run(ValidateComplaintForm(), said)
    assert outcome.responses == ["utter_complaint_heard"]
    assert outcome.slots["case_text"].endswith(STORY)
    said = tracker("I want to complain", loop="complaint_form")
    said.latest_message["intent"] = {"name": "complaint", "confidence": 0.9}
    with turn():
        outcome = await run(ValidateComplaintForm(), said)
    assert "case_text" not in outcome.slots


async def test_an_account_may_sound_like_another_topic() -> None:
    for text, taken in ((STORY, True), ("track order", False)):
        said = tracker(text, loop="complaint_form", slots={"requested_slot": "case_text"})
        said.latest_message["intent"] = {"name": "track_order", "confidence": 0.9}
        with turn():
            outcome = await run(ValidateComplaintForm(), said)
        assert (outcome.slots.get("case_text") == text) is taken


@pytest.mark.parametrize(
    ("state", "response"),
    [
        ("paid", "utter_payment_state_paid"),
        ("pending", "utter_payment_state_pending"),
        ("failed", "utter_payment_state_failed"),
        ("refunded", "utter_payment_state_refunded"),
        ("", "utter_payment_declined"),
        ("in_dispute", "utter_payment_declined"),
    ],
)
async def test_a_payment_by_its_state(state: str, response: str) -> None:
    slots = {"payment_problem": "declined", "order_number": "4522"}
    with turn(StrictDirectory({("order", "4522"): ok(order(payment_state=state))})):
        assert (await run(ActionPaymentIssue(), tracker(slots=slots))).responses == [response]


async def test_a_payment_of_an_order_we_may_not_see() -> None:
    slots = {"payment_problem": "checkout", "order_number": "4522"}
    with turn(StrictDirectory({("order", "4522"): no(Status.NOT_ALLOWED)})):
        assert (await run(ActionPaymentIssue(), tracker(slots=slots))).responses == [
            "utter_payment_checkout"
        ]


async def test_a_card_number_is_answered_with_a_warning() -> None:
    said = tracker("my card [card ending 1881] was declined", loop="payment_issue_form")
    said.latest_message["entities"] = [{"entity": "payment_problem", "value": "declined"}]
    said.latest_message["intent"] = {"name": "payment_issue", "confidence": 0.9}
    with turn():
        outcome = await run(ValidatePaymentIssueForm(), said)
    assert outcome.responses == ["utter_no_card_numbers"]
    assert outcome.slots["payment_problem"] == "declined"
    assert outcome.slots["requested_slot"] is None

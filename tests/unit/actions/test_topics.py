"""What each topic says at the end of its form, by what the directory answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from actions.cancel_order import ActionCancelOrder
from actions.get_refund import ActionGetRefund
from actions.opening_hours import ActionOpeningHours
from actions.smalltalk import ActionGoodbye, ActionGreet
from actions.track_order import ActionTrackOrder
from actions.track_refund import ActionTrackRefund
from bot.domain.customer import Answer, Cancellation, Status
from tests.unit.actions.support import Outcome, StrictDirectory, no, ok, order, refund, run, tracker, turn


async def finish(action: Any, answers: dict[tuple[str, ...], Answer[Any]], **slots: Any) -> Outcome:
    directory = StrictDirectory(answers)
    with turn(directory):
        outcome = await run(action, tracker(slots={"order_number": "4522", **slots}))
    assert set(directory.calls) == set(answers), "every foreseen call is made"
    for slot in slots.keys() - {"order_number", "order_proof"}:
        assert outcome.slots[slot] is None if slots[slot] is not None else slot not in outcome.slots
    return outcome


@pytest.mark.parametrize(
    ("status", "response"),
    [
        ("processing", "utter_order_processing"),
        ("out_for_delivery", "utter_order_out_for_delivery"),
        ("delivered", "utter_order_delivered"),
        ("held_at_customs", "utter_order_other"),
    ],
)
async def test_tracking_answers_by_status(status: str, response: str) -> None:
    outcome = await finish(ActionTrackOrder(), {("order", "4522"): ok(order(status=status))})
    assert outcome.responses == [response]
    assert "order_number" not in outcome.slots  # "cancel it" still works


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, ""),
        (date(2026, 3, 2), ", expected today"),
        (date(2026, 3, 3), ", expected tomorrow"),
        (date(2026, 3, 5), ", expected Thursday 5 March"),
    ],
)
async def test_tracking_says_when_and_how(day: date | None, words: str) -> None:
    found = order(status="shipped", expected_on=day, carrier="DPD", tracking_code="X1")
    said = (await finish(ActionTrackOrder(), {("order", "4522"): ok(found)})).said[0]
    assert said["expected"] == words
    assert said["carrier"] == " with DPD"
    assert said["tracking"] == " Follow it here: X1"


async def test_tracking_without_answer() -> None:
    outcome = await finish(ActionTrackOrder(), {("order", "4522"): no(Status.TRY_LATER)})
    assert outcome.responses == ["utter_end_try_later"]


DONE = ok(Cancellation(number="4522", refund=Decimal("189"), currency="GBP"))
ALREADY = ok(Cancellation(number="4522", refund=Decimal("189"), currency="GBP", already=True))


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (DONE, "utter_cancel_done"),
        (ALREADY, "utter_cancel_already"),
        (no(Status.REFUSED, "shipped"), "utter_cancel_refused_shipped"),
        (no(Status.REFUSED, "delivered"), "utter_cancel_refused_delivered"),
        (no(Status.REFUSED, "cancelled"), "utter_cancel_already"),
        (no(Status.REFUSED, "on_credit_hold"), "utter_cancel_refused_other"),
        (no(Status.TRY_LATER), "utter_cancel_unknown"),
        (no(Status.THROTTLED), "utter_end_throttled"),
        (no(Status.NOT_ALLOWED), "utter_end_sign_in"),
    ],
)
async def test_cancelling_says_what_happened(answer: Answer[Any], response: str) -> None:
    outcome = await finish(
        ActionCancelOrder(), {("cancel_order", "4522"): answer}, confirmed=True, confirm_for="4522"
    )
    assert outcome.responses == [response]
    assert outcome.said[0].get("refund") in (None, "£189.00")


@pytest.mark.parametrize(("yes", "asked"), [(False, "4522"), (None, "4522"), (True, "4521"), (True, None)])
async def test_nothing_is_cancelled_without_a_yes_to_this_order(
    yes: bool | None, asked: str | None
) -> None:
    outcome = await finish(ActionCancelOrder(), {}, confirmed=yes, confirm_for=asked)
    assert outcome.responses == ["utter_cancel_kept"]


@pytest.mark.parametrize(
    "action", [ActionTrackOrder, ActionCancelOrder, ActionGetRefund, ActionTrackRefund]
)
async def test_a_form_that_ended_early_does_nothing_and_says_why(action: Any) -> None:
    yes = {"confirmed": True, "confirm_for": "4522"}
    outcome = await finish(action(), {}, form_end="utter_end_try_later", **yes)
    assert outcome.responses == ["utter_end_try_later"]
    yes |= {"order_number": None, "order_proof": "M1 4BT"}
    gone = await finish(action(), {}, form_end="utter_end_no_order", **yes)
    assert gone.responses == ["utter_end_no_order"]
    assert gone.slots["order_proof"] is None


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(refund("requested")), "utter_return_done"),
        (no(Status.REFUSED, "already"), "utter_return_refused_already"),
        (no(Status.REFUSED, "too_late"), "utter_return_refused_too_late"),
        (no(Status.REFUSED, "not_delivered"), "utter_return_refused_not_delivered"),
        (no(Status.REFUSED, "final_sale"), "utter_return_refused_other"),
        (no(Status.TRY_LATER), "utter_return_unknown"),
        (no(Status.THROTTLED), "utter_end_throttled"),
    ],
)
async def test_returning_says_what_happened(answer: Answer[Any], response: str) -> None:
    slots = {"confirmed": True, "confirm_for": "4522", "return_reason": "damaged"}
    outcome = await finish(ActionGetRefund(), {("start_return", "4522", "damaged"): answer}, **slots)
    assert outcome.responses == [response]


async def test_nothing_is_returned_without_a_yes() -> None:
    outcome = await finish(ActionGetRefund(), {}, confirmed=False, confirm_for="4522")
    assert outcome.responses == ["utter_return_not_started"]


async def test_a_return_that_is_open_already_is_told_from_one_that_comes_too_late() -> None:
    end = {"form_end": "utter_return_refused_too_late"}
    already = await finish(ActionGetRefund(), {("refund_status", "4522"): ok(refund())}, **end)
    assert already.responses == ["utter_return_refused_already"]
    late = await finish(ActionGetRefund(), {("refund_status", "4522"): no(Status.NOT_FOUND)}, **end)
    assert late.responses == ["utter_return_refused_too_late"]


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(refund("requested")), "utter_refund_requested"),
        (ok(refund("approved")), "utter_refund_approved"),
        (ok(refund("paid")), "utter_refund_paid"),
        (ok(refund("declined")), "utter_refund_declined"),
        (ok(refund("in_dispute")), "utter_refund_other"),
        (no(Status.NOT_FOUND), "utter_refund_none"),
        (no(Status.TRY_LATER), "utter_end_try_later"),
    ],
)
async def test_refunds_answer_by_state(answer: Answer[Any], response: str) -> None:
    outcome = await finish(ActionTrackRefund(), {("refund_status", "4522"): answer})
    assert outcome.responses == [response]


async def test_greeting_by_name() -> None:
    with turn(name="Jane Miller"):
        named = await run(ActionGreet(), tracker("hi"))
        within = await run(ActionGreet(), tracker("hi", loop="track_order_form"))
    with turn():
        nameless = await run(ActionGreet(), tracker("hi"))
    assert (named.responses, named.said[0]["name"]) == (["utter_greet_name"], "Jane")
    assert nameless.responses == ["utter_greet"]
    assert within.responses == ["utter_greet_again"]


async def test_goodbye_leaves_the_form() -> None:
    with turn():
        outcome = await run(ActionGoodbye(), tracker("bye", loop="track_order_form"))
    assert outcome.left
    assert outcome.responses == ["utter_goodbye"]


async def test_opening_hours() -> None:
    with turn(facts={"opening_hours": "9 to 5"}):
        known = await run(ActionOpeningHours(), tracker())
    with turn():
        unknown = await run(ActionOpeningHours(), tracker())
    assert (known.responses, known.said[0]["opening_hours"]) == (["utter_opening_hours"], "9 to 5")
    assert unknown.responses == ["utter_opening_hours_unknown"]

"""Finding an order: what is asked, what is taken for an answer, and when the form gives up."""

from __future__ import annotations

from typing import Any

import pytest

from actions.cancel_order import AskCancelOrderNumber, AskConfirmCancel, ValidateCancelOrderForm
from actions.forms import ActionLeaveForm
from actions.get_refund import ValidateGetRefundForm
from actions.order_form import ActionForgetOrder, find_number
from actions.track_order import AskTrackOrderNumber, ValidateTrackOrderForm
from bot.domain.customer import Status
from tests.unit.actions.support import Outcome, StrictDirectory, no, ok, order, run, tracker, turn

FORM = "cancel_order_form"


async def fill(directory: StrictDirectory, text: str, form: Any = None, **kwargs: Any) -> Outcome:
    with turn(directory):
        return await run(form or ValidateCancelOrderForm(), tracker(text, loop=FORM, **kwargs))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4521", "4521"),
        ("#4521", "4521"),
        ("not 4521, 4522", "4522"),
        ("order no. 4521 please", "4521"),
        ("12", None),
        ("", None),
        (None, None),
        ("my order", None),
    ],
)
def test_numbers_in_texts(text: str | None, number: str | None) -> None:
    assert find_number(text) == number


async def test_a_known_order_goes_on_to_the_question() -> None:
    directory = StrictDirectory({("order", "4522"): ok(order())})
    outcome = await fill(directory, "4522", candidates={"order_number": "4522"})
    assert outcome.slots["order_number"] == "4522"
    assert (outcome.slots["order_item"], outcome.slots["order_total"]) == ("Wool rug", "£189.00")
    assert outcome.slots["requested_slot"] == "confirmed"
    assert outcome.said == []


async def test_the_proof_is_asked_only_when_the_directory_wants_it() -> None:
    directory = StrictDirectory({("order", "4522"): no(Status.NOT_ALLOWED)})
    outcome = await fill(directory, "4522", candidates={"order_number": "4522"})
    assert outcome.slots["proof_needed"] is True
    assert "order_proof" not in outcome.slots


async def test_number_and_proof_in_one_message_take_one_attempt() -> None:
    directory = StrictDirectory(
        {("order", "4522"): no(Status.NOT_ALLOWED), ("prove_order", "4522", "a@b.co"): ok(order())}
    )
    candidates = {"order_number": "4522", "order_proof": "a@b.co"}
    outcome = await fill(directory, "4522 a@b.co", candidates=candidates)
    assert outcome.slots["proof_needed"] is False
    assert [call[0] for call in directory.calls] == ["order", "prove_order"]


async def test_a_wrong_pair_in_one_message_takes_one_attempt() -> None:
    directory = StrictDirectory(
        {("order", "4522"): no(Status.NOT_ALLOWED), ("prove_order", "4522", "a@b.co"): no(Status.NOT_FOUND)}
    )
    candidates = {"order_number": "4522", "order_proof": "a@b.co"}
    outcome = await fill(directory, "4522 a@b.co", candidates=candidates)
    assert [call[0] for call in directory.calls] == ["order", "prove_order"]
    assert outcome.responses == ["utter_wrong_proof"]
    assert (outcome.slots["order_number"], outcome.slots["order_proof"], outcome.slots["tries"]) == (
        "4522",
        None,
        1,
    )


async def test_a_proof_before_the_number_waits() -> None:
    outcome = await fill(StrictDirectory(), "a@b.co", candidates={"order_proof": "a@b.co"})
    assert outcome.slots["order_proof"] == "a@b.co"
    assert outcome.slots.get("form_end") is None


async def test_the_second_wrong_proof_ends_the_form() -> None:
    directory = StrictDirectory({("prove_order", "4522", "SW1A 1AA"): no(Status.NOT_FOUND)})
    slots = {"order_number": "4522", "proof_needed": True, "tries": 1.0, "requested_slot": "order_proof"}
    outcome = await fill(directory, "SW1A 1AA", slots=slots, candidates={"order_proof": "SW1A 1AA"})
    assert outcome.slots["form_end"] == "utter_end_wrong_proof"
    assert outcome.slots["order_number"] == "4522"  # the right proof may follow
    assert outcome.slots["requested_slot"] is None


@pytest.mark.parametrize(
    "text", ["no, 4525", "why do you need that?", "12", "my husband ordered it in 2025"]
)
async def test_what_cannot_be_a_proof_costs_no_attempt(text: str) -> None:
    directory = StrictDirectory({("order", "4525"): no(Status.NOT_ALLOWED)})
    slots = {"order_number": "4522", "proof_needed": True, "requested_slot": "order_proof"}
    number = {"order_number": "4525"} if "4525" in text else {}
    candidates = {**number, "order_proof": text}
    outcome = await fill(directory, text, slots=slots, candidates=candidates, entities=number)
    assert all(call[0] != "prove_order" for call in directory.calls)
    assert outcome.slots["order_proof"] is None
    assert not outcome.slots.get("form_end")


async def test_a_number_that_looks_like_a_postcode_is_not_its_own_proof() -> None:
    directory = StrictDirectory({("order", "99999"): no(Status.NOT_ALLOWED)})
    candidates = {"order_number": "99999", "order_proof": "99999"}
    outcome = await fill(directory, "99999", candidates=candidates, entities={"postcode": "99999"})
    assert [call[0] for call in directory.calls] == ["order"]
    assert outcome.said == []
    assert (outcome.slots["proof_needed"], outcome.slots["order_proof"]) == (True, None)


async def test_the_rest_of_a_masked_card_number_is_no_order_number() -> None:
    text = "[card ending 1111]"
    outcome = await fill(StrictDirectory(), text, candidates={"order_number": text})
    assert outcome.responses == ["utter_order_number_unclear"]


async def test_a_proof_kept_from_another_order_is_tried_in_silence() -> None:
    directory = StrictDirectory(
        {("order", "4530"): no(Status.NOT_ALLOWED), ("prove_order", "4530", "a@b.co"): no(Status.NOT_FOUND)}
    )
    slots = {"order_proof": "a@b.co"}
    outcome = await fill(directory, "4530", slots=slots, candidates={"order_number": "4530"})
    assert outcome.said == []
    assert (outcome.slots["order_proof"], outcome.slots["proof_needed"]) == (None, True)


async def test_a_number_nobody_has_twice() -> None:
    directory = StrictDirectory({("order", "4999"): no(Status.NOT_FOUND)})
    first = await fill(directory, "4999", candidates={"order_number": "4999"})
    assert first.responses == ["utter_order_not_found"]
    assert (first.slots["order_number"], first.slots["tries"]) == (None, 1)
    second = await fill(directory, "4999", slots={"tries": 1.0}, candidates={"order_number": "4999"})
    assert second.slots["form_end"] == "utter_end_no_order"


async def test_a_kept_number_that_is_gone_is_dropped_in_silence() -> None:
    directory = StrictDirectory({("order", "4999"): no(Status.NOT_FOUND)})
    outcome = await fill(directory, "cancel my order", candidates={"order_number": "4999"})
    assert outcome.said == []
    assert outcome.slots["order_number"] is None
    assert "tries" not in outcome.slots


async def test_no_number_in_the_answer() -> None:
    outcome = await fill(StrictDirectory(), "the blue one", candidates={"order_number": "the blue one"})
    assert outcome.responses == ["utter_order_number_unclear"]


@pytest.mark.parametrize(
    ("status", "end"),
    [(Status.TRY_LATER, "utter_end_try_later"), (Status.THROTTLED, "utter_end_throttled")],
)
async def test_a_directory_that_does_not_answer_ends_the_form(status: Status, end: str) -> None:
    directory = StrictDirectory({("order", "4522"): no(status)})
    outcome = await fill(directory, "4522", candidates={"order_number": "4522"})
    assert outcome.slots["form_end"] == end
    assert outcome.slots["requested_slot"] is None


@pytest.mark.parametrize(
    ("form", "found", "end"),
    [
        (ValidateCancelOrderForm(), order(status="shipped"), "utter_cancel_refused_shipped"),
        (ValidateCancelOrderForm(), order(status="out_for_delivery"), "utter_cancel_refused_shipped"),
        (ValidateCancelOrderForm(), order(status="delivered"), "utter_cancel_refused_delivered"),
        (ValidateCancelOrderForm(), order(status="cancelled"), "utter_cancel_already"),
        (ValidateCancelOrderForm(), order(status="on_hold"), "utter_cancel_refused_other"),
        (ValidateGetRefundForm(), order(status="processing"), "utter_return_refused_not_delivered"),
        (ValidateGetRefundForm(), order(status="cancelled"), "utter_return_refused_cancelled"),
        (ValidateGetRefundForm(), order(status="returned"), "utter_return_refused_already"),
        (
            ValidateGetRefundForm(),
            order(status="delivered", returnable=False),
            "utter_return_refused_too_late",
        ),
        (ValidateTrackOrderForm(), order(status="returned"), None),
    ],
)
async def test_what_cannot_be_done_is_not_asked_about(form: Any, found: Any, end: str | None) -> None:
    directory = StrictDirectory({("order", "4522"): ok(found)})
    outcome = await fill(directory, "4522", form, candidates={"order_number": "4522"})
    assert outcome.slots["form_end"] == end


@pytest.mark.parametrize(
    ("asked", "number", "kept"), [("4522", "4522", True), ("4522", "4525", None), (None, "4522", None)]
)
async def test_a_yes_counts_only_for_the_order_asked_about(
    asked: str | None, number: str, kept: bool | None
) -> None:
    directory = StrictDirectory({("order", number): ok(order(number))})
    outcome = await fill(
        directory,
        f"yes {number}",
        slots={"confirm_for": asked, "requested_slot": "confirmed"},
        candidates={"confirmed": True, "order_number": number},
    )
    assert outcome.slots["confirmed"] is kept
    assert outcome.slots["requested_slot"] == (None if kept else "confirmed")


async def test_another_order_by_choice() -> None:
    outcome = await fill(
        StrictDirectory(),
        "Another order",
        candidates={"order_number": "other"},
        slots={"confirm_for": "4522"},
    )
    assert outcome.slots["order_number"] is None
    assert outcome.slots["confirm_for"] is None
    assert outcome.said == []


async def test_known_customers_choose_among_the_orders_that_fit() -> None:
    mine = (order("4521", "shipped"), order("4522"), *(order(str(4600 + i)) for i in range(7)))
    directory = StrictDirectory({("orders",): ok(mine)})
    with turn(directory):
        outcome = await run(AskCancelOrderNumber(), tracker(loop=FORM))
    assert outcome.responses == ["utter_which_order_cancel_order_choices"]
    buttons = outcome.said[0]["buttons"]
    assert len(buttons) == 5
    assert buttons[0] == {"title": "4522 · Wool rug", "payload": '/inform{"order_number": "4522"}'}


async def test_asking_when_nothing_fits_or_nothing_is_known() -> None:
    with turn(StrictDirectory({("orders",): ok((order("4521", "shipped"),))})):
        outcome = await run(AskCancelOrderNumber(), tracker(loop=FORM))
    assert outcome.responses == ["utter_ask_order_number_none_fits"]
    for answer in (no(Status.NOT_ALLOWED), no(Status.TRY_LATER), ok(())):
        with turn(StrictDirectory({("orders",): answer})):
            outcome = await run(AskTrackOrderNumber(), tracker(loop="track_order_form"))
        assert outcome.responses == ["utter_which_order_track_order"]


async def test_the_question_notes_its_order() -> None:
    with turn():
        slots = {"order_number": "4522", "order_refund": "£189.00"}
        outcome = await run(AskConfirmCancel(), tracker(loop=FORM, slots=slots))
        slots["order_fee"] = "£4.95"
        fee = await run(AskConfirmCancel(), tracker(loop=FORM, slots=slots))
        unpaid = await run(AskConfirmCancel(), tracker(loop=FORM, slots={"order_number": "4522"}))
    assert outcome.responses == ["utter_confirm_cancel_order"]
    assert outcome.slots == {"confirm_for": "4522"}
    assert fee.responses == ["utter_confirm_cancel_order_fee"]
    assert unpaid.responses == ["utter_confirm_cancel_order_unpaid"]


async def test_leaving_and_forgetting() -> None:
    with turn():
        left = await run(ActionLeaveForm(), tracker(loop=FORM, slots={"order_number": "4522"}))
        idle = await run(ActionLeaveForm(), tracker())
        forgot = await run(
            ActionForgetOrder(),
            tracker(loop=FORM, slots={"return_reason": "damaged", "order_number": "4522"}),
        )
    assert left.responses == ["utter_left_form"]
    assert left.left
    assert idle.responses == ["utter_nothing_to_stop"]
    assert forgot.slots["order_number"] is None
    assert "return_reason" not in forgot.slots
    assert not forgot.left

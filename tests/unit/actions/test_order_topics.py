"""Late, changed, faulty, billed, under warranty: what each topic says, by what the directory answers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.change_order import ActionChangeOrder, ValidateChangeOrderForm
from actions.check_cancellation_fee import ActionCheckCancellationFee
from actions.damaged_item import ActionDamagedItem, AskDamagedItemItem, ValidateDamagedItemForm
from actions.invoices import ActionCheckInvoice, ActionGetInvoice
from actions.late_delivery import ActionLateDelivery, ValidateLateDeliveryForm
from actions.missing_item import ActionMissingItem
from actions.need_answer import ActionNeedAnswer
from actions.track_order import ActionTrackOrder
from actions.track_refund import ActionTrackRefund
from actions.warranty import ActionWarranty
from bot.domain.customer import Answer, Case, Invoice, OrderItem, Refund, Status
from tests.unit.actions.support import (
    NOW,
    Outcome,
    StrictDirectory,
    no,
    ok,
    order,
    refund,
    run,
    tracker,
    turn,
)

TODAY = NOW.date()
LAMP = OrderItem(name="Brass lamp", quantity=1, price=Decimal("64.00"))
MUGS = OrderItem(name="Stoneware mugs", quantity=2, price=Decimal("9.00"))
TWO = order(status="delivered", items=(LAMP, MUGS), total=Decimal("82.00"))
YES = {"confirmed": True, "confirm_for": "4522 Brass lamp refund", "item": "Brass lamp", "item_name": "it"}


async def finish(
    action: Any, answers: dict[tuple[str, ...], Answer[Any]], text: str = "", **slots: Any
) -> Outcome:
    directory = StrictDirectory(answers)
    with turn(directory):
        outcome = await run(action, tracker(text, slots={"order_number": "4522", **slots}))
    assert set(directory.calls) == set(answers), "every foreseen call is made"
    return outcome


async def fill(form: Any, name: str, found: Any, text: str, **kwargs: Any) -> Outcome:
    with turn(StrictDirectory({("order", "4522"): ok(found)})):
        return await run(form, tracker(text, loop=f"{name}_form", **kwargs))


# --- faults ----------------------------------------------------------------------------------------


async def test_an_article_that_was_named_is_not_asked_for() -> None:
    events = [{"event": "user", "text": "my lamp is broken"}]
    candidates = {"order_number": "4522"}
    form = ValidateDamagedItemForm()
    found = await fill(form, "damaged_item", TWO, "4522", events=events, candidates=candidates)
    assert (found.slots["item"], found.slots["item_total"]) == ("Brass lamp", "£64.00")
    asked = await fill(form, "damaged_item", TWO, "4522", candidates=candidates)
    assert asked.slots["item"] is None


async def test_an_order_of_one_article_needs_no_question() -> None:
    outcome = await fill(
        ValidateDamagedItemForm(), "damaged_item", order(status="delivered"), "4522",
        candidates={"order_number": "4522"},
    )  # fmt: skip
    assert (outcome.slots["item"], outcome.slots["item_name"]) == ("all", "Wool rug")


async def test_an_article_of_another_order_is_forgotten() -> None:
    slots = {"item": "Teapot", "item_of": "4523"}
    outcome = await fill(
        ValidateDamagedItemForm(),
        "damaged_item",
        TWO,
        "4522",
        slots=slots,
        candidates={"order_number": "4522"},
    )
    assert outcome.slots["item"] is None


@pytest.mark.parametrize(
    ("text", "item"), [("the mugs", "Stoneware mugs"), ("all", "all"), ("a sofa", None)]
)
async def test_articles_by_words(text: str, item: str | None) -> None:
    slots = {"order_number": "4522", "requested_slot": "item"}
    outcome = await fill(
        ValidateDamagedItemForm(), "damaged_item", TWO, text, slots=slots, candidates={"item": text}
    )
    assert outcome.slots["item"] == item
    assert outcome.responses == ([] if item else ["utter_item_unclear"])


async def test_articles_as_choices() -> None:
    with turn(StrictDirectory({("order", "4522"): ok(TWO)})):
        asked = await run(AskDamagedItemItem(), tracker(slots={"order_number": "4522"}))
    assert [b["title"] for b in asked.said[0]["buttons"]] == ["Brass lamp", "Stoneware mugs", "All of it"]


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(refund("requested")), "utter_fault_refund"),
        (no(Status.REFUSED, "already"), "utter_fault_already"),
        (no(Status.REFUSED, "final_sale"), "utter_return_refused_other"),
        (no(Status.TRY_LATER), "utter_return_unknown"),
        (no(Status.NOT_ALLOWED), "utter_end_sign_in"),
    ],
)
async def test_what_became_of_a_damaged_article(answer: Answer[Any], response: str) -> None:
    answers = {("start_return", "4522", "damaged", "Brass lamp"): answer}
    outcome = await finish(ActionDamagedItem(), answers, resolution="refund", **YES)
    assert outcome.responses == [response]


async def test_a_yes_to_a_refund_is_none_to_a_replacement() -> None:
    outcome = await finish(ActionDamagedItem(), {}, resolution="replacement", **YES)
    assert outcome.responses == ["utter_fault_left"]


async def test_sold_out_asks_anew_for_the_money() -> None:
    yes = YES | {"confirm_for": "4522 Brass lamp replacement", "resolution": "replacement"}
    call = ("start_return", "4522", "damaged", "Brass lamp", "replacement")
    outcome = await finish(ActionDamagedItem(), {call: no(Status.REFUSED, "no_replacement")}, **yes)
    assert outcome.responses == ["utter_fault_no_replacement"]
    assert (outcome.slots["item"], outcome.slots["resolution"]) == ("Brass lamp", "refund")
    assert outcome.slots["confirmed"] is None
    assert outcome.events[-1]["name"] == "damaged_item_form"


@pytest.mark.parametrize(("days", "handed_over"), [(0, True), (-1, False), (None, False)])
async def test_too_late_asks_the_warranty(days: int | None, handed_over: bool) -> None:
    until = None if days is None else TODAY + timedelta(days=days)
    old = order(status="delivered", returnable=False, warranty_until=until)
    answers = {("refund_status", "4522"): no(Status.NOT_FOUND), ("order", "4522"): ok(old)}
    damaged = await finish(ActionDamagedItem(), answers, form_end="utter_fault_too_late")
    assert damaged.responses == ["utter_fault_warranty" if handed_over else "utter_fault_too_late"]
    assert ("handoff_request" in damaged.slots) is handed_over
    missing = await finish(ActionMissingItem(), answers, form_end="utter_fault_too_late")
    assert missing.responses == ["utter_fault_too_late"]


# --- late ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "due", "end"),
    [
        ("shipped", TODAY, "utter_late_not_due"),
        ("shipped", None, "utter_late_not_due"),
        ("shipped", TODAY - timedelta(days=1), ""),
        ("packed", TODAY - timedelta(days=1), ""),
        ("delivered", TODAY, ""),
        ("cancelled", TODAY, "utter_late_cancelled"),
        ("returned", TODAY, "utter_late_returned"),
    ],
)
def test_what_counts_as_late(status: str, due: date | None, end: str) -> None:
    with turn():
        assert ValidateLateDeliveryForm.refusal(order(status=status, expected_on=due)) == end


CASE = Case(
    number="K1", kind="late_delivery", state="open", opened_on=TODAY, promised_by=date(2026, 3, 4),
    order_number="4522",
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(CASE), "utter_late_case"),
        (no(Status.TRY_LATER), "utter_late_unknown"),
        (no(Status.THROTTLED), "utter_end_throttled"),
    ],
)
async def test_a_case_and_the_promise_to_come_back(answer: Answer[Any], response: str) -> None:
    calls = {("open_case", "late_delivery", "still nothing", "4522"): answer}
    outcome = await finish(ActionLateDelivery(), calls, "still nothing", confirmed=True, confirm_for="4522")
    assert outcome.responses == [response]
    assert any(e["event"] == "reminder" for e in outcome.events) is answer.ok


async def test_no_case_without_a_yes() -> None:
    outcome = await finish(ActionLateDelivery(), {}, confirmed=False, confirm_for="4522")
    assert outcome.responses == ["utter_late_left"]


async def test_what_is_overdue_says_so_when_it_is_tracked() -> None:
    late = order(status="shipped", expected_on=TODAY - timedelta(days=1))
    outcome = await finish(ActionTrackOrder(), {("order", "4522"): ok(late)})
    assert outcome.responses == ["utter_order_overdue"]


# --- change, invoice, fee, warranty, replacement ---------------------------------------------------


async def test_a_change_is_signalled_with_everything() -> None:
    outcome = await finish(ActionChangeOrder(), {}, "in blue", change_request="in blue")
    assert outcome.responses == ["utter_change_passed_on"]
    wish = outcome.slots["handoff_request"]
    assert (wish["reason"], wish["evidence"]["change_request"]) == ("business_rule", "in blue")


@pytest.mark.parametrize(
    ("status", "end"),
    [("shipped", "utter_change_refused_left"), ("cancelled", "utter_change_refused_cancelled")],
)
def test_what_cannot_be_changed(status: str, end: str) -> None:
    assert ValidateChangeOrderForm.refusal(order(status=status)) == end
    assert ValidateChangeOrderForm.refusal(order(status=status, changeable=True)) == ""


INVOICE = Invoice(
    number="I1", order_number="4522", issued_on=TODAY, total=Decimal("189"), currency="GBP", url="https://x"
)


async def test_invoices() -> None:
    calls = {("invoice", "4522"): ok(INVOICE)}
    assert (await finish(ActionCheckInvoice(), calls)).responses == ["utter_invoice_check_invoice"]
    assert (await finish(ActionGetInvoice(), calls)).responses == ["utter_invoice_get_invoice"]
    later: dict[tuple[str, ...], Answer[Any]] = {("invoice", "4522"): no(Status.TRY_LATER)}
    assert (await finish(ActionGetInvoice(), later)).responses == ["utter_end_try_later"]
    for status, response in (("packed", "utter_invoice_not_yet"), ("cancelled", "utter_invoice_never")):
        none = {("invoice", "4522"): no(Status.NOT_FOUND), ("order", "4522"): ok(order(status=status))}
        assert (await finish(ActionGetInvoice(), none)).responses == [response]


@pytest.mark.parametrize(
    ("changes", "response"),
    [
        ({}, "utter_fee_none"),
        ({"cancellation_fee": Decimal("4.95")}, "utter_fee_due"),
        ({"status": "shipped"}, "utter_fee_left"),
        ({"status": "cancelled"}, "utter_fee_cancelled"),
    ],
)
async def test_what_cancelling_costs(changes: dict[str, Any], response: str) -> None:
    outcome = await finish(ActionCheckCancellationFee(), {("order", "4522"): ok(order(**changes))})
    assert outcome.responses == [response]


@pytest.mark.parametrize(
    ("changes", "response"),
    [
        ({"warranty_until": TODAY}, "utter_warranty_covered"),
        ({"warranty_until": TODAY - timedelta(days=1)}, "utter_warranty_over"),
        ({}, "utter_warranty_unclear"),
        ({"status": "shipped"}, "utter_warranty_not_begun"),
    ],
)
async def test_the_warranty(changes: dict[str, Any], response: str) -> None:
    found = order(**{"status": "delivered", **changes})
    outcome = await finish(ActionWarranty(), {("order", "4522"): ok(found)})
    assert outcome.responses == [response]


async def test_a_replacement_promises_no_money() -> None:
    sent = Refund(
        number="R1", order_number="4522", amount=Decimal(0), currency="GBP", state="requested",
        requested_on=TODAY, resolution="replacement", send_back=False,
    )  # fmt: skip
    outcome = await finish(ActionTrackRefund(), {("refund_status", "4522"): ok(sent)})
    assert outcome.responses == ["utter_replacement_requested_keep"]


async def test_three_answers_in_a_row_that_do_not_fit_end_the_form() -> None:
    misses, said = None, []
    for _ in range(3):
        slots = {"requested_slot": "confirmed", "misses": misses}
        with turn():
            outcome = await run(ActionNeedAnswer(), tracker("hm", loop="cancel_order_form", slots=slots))
        misses = outcome.slots.get("misses")
        said += outcome.responses
    assert said == ["utter_need_answer", "utter_stuck", "utter_end_stuck"]
    assert outcome.left
    assert misses is None

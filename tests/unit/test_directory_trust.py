"""What the gateway lets whom see and change, by how well they are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.customer import Answer, Status
from bot.engine.directory import ANSWERS
from bot.services.directory import CASES_PER_CUSTOMER, PROOFS_PER_CUSTOMER
from bot.services.directory_arguments import PARAMETERS
from connectors.customers.demo import EVERYBODY, Failure
from tests.unit.gateway_kit import ADDRESS, EMAIL, IDLE, JANE, TARIQ, Kit, a_kit

NO, SIGN_IN = (Status.NOT_ALLOWED, ""), (Status.NOT_ALLOWED, "sign_in")
OK, NOT_FOUND = (Status.OK, ""), (Status.NOT_FOUND, "")
WHO: dict[str, Callable[[Kit], Any]] = {
    "stranger": Kit.stranger,
    "claimed": Kit.claimed,
    "channel": Kit.channel,
    "verified": Kit.verified,
}
LATE = {"kind": "late_delivery", "text": "Where is it?"}


def short(answer: Answer[Any]) -> tuple[Status, str]:
    return answer.status, answer.detail


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with a_kit(tmp_path) as kit:
        yield kit


def test_the_gateway_has_what_engines_may_ask() -> None:
    assert set(PARAMETERS) == set(ANSWERS)


# Each method with Jane's data: the answer to a stranger, to one who says that she is Jane, to Jane by
# her channel, and to Jane signed in.
TABLE: list[tuple[str, dict[str, Any], Any, Any, Any]] = [
    ("profile", {}, SIGN_IN, OK, OK),
    ("orders", {}, SIGN_IN, OK, OK),
    ("order", {"number": "4522"}, NO, OK, OK),
    ("order", {"number": "9999"}, NO, NOT_FOUND, NOT_FOUND),
    ("order", {"number": "4525"}, NO, NO, NO),
    ("cancel_order", {"number": "4522"}, NO, OK, OK),
    ("start_return", {"number": "4523", "reason": "damaged"}, NO, OK, OK),
    ("refund_status", {"number": "4522"}, NO, NOT_FOUND, NOT_FOUND),
    ("invoice", {"number": "4523"}, NO, OK, OK),
    ("change_address", {"address": ADDRESS, "number": "4522"}, SIGN_IN, OK, OK),
    ("change_address", {"address": ADDRESS, "number": "4525"}, SIGN_IN, NO, NO),
    ("change_address", {"address": ADDRESS}, SIGN_IN, SIGN_IN, OK),
    ("set_preferences", {"changes": {"sms": False}}, SIGN_IN, OK, OK),
    ("update_account_holder", {"changes": {"name": "Jane Smith"}}, SIGN_IN, SIGN_IN, OK),
    ("close_account", {}, SIGN_IN, SIGN_IN, (Status.REFUSED, "open_orders")),
    ("open_case", {**LATE, "number": "4521"}, NO, OK, OK),
    ("open_case", {**LATE, "number": "4525"}, NO, NO, NO),
    ("open_case", LATE, OK, OK, OK),
    ("case", {"number": "K7001"}, SIGN_IN, NOT_FOUND, NOT_FOUND),
    ("find_products", {"text": "a blue rug"}, OK, OK, OK),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1].get('number', '')}")
@pytest.mark.parametrize("who", WHO)
async def test_who_may(kit: Kit, row: tuple[Any, ...], who: str) -> None:
    method, arguments, to_strangers, by_channel, signed_in = row
    WHO[who](kit)
    wanted = {"channel": by_channel, "verified": signed_in}.get(who, to_strangers)
    assert short(await kit.call(method, **arguments)) == wanted
    if wanted in (NO, SIGN_IN):
        assert set(kit.company.asked) <= ({"order"} if who in ("channel", "verified") else set())
        assert await kit.effects() == []
    assert bool(await kit.changes()) == (wanted == OK and bool(await kit.effects()))


async def test_more_trust_does_not_help_somebody_without_an_account(kit: Kit) -> None:
    kit.verified(ref="")
    for method in ("profile", "close_account"):
        assert short(await kit.call(method)) == NO


async def test_a_proof_opens_one_order_and_no_account(kit: Kit) -> None:
    kit.stranger()
    proved = await kit.prove()
    assert (proved.value.number, proved.value.address) == ("4522", "")
    assert [order.number for order in (await kit.call("orders")).value] == ["4522"]
    order = (await kit.call("order", number="4522")).value
    assert (order.address, order.changeable) == ("", True)
    assert short(await kit.call("order", number="4521")) == NO
    assert short(await kit.call("change_address", address=ADDRESS, number="4522")) == SIGN_IN
    assert short(await kit.call("profile")) == SIGN_IN
    assert short(await kit.call("set_preferences", changes={"sms": False})) == SIGN_IN
    assert short(await kit.call("open_case", **LATE, number="4522")) == OK
    assert short(await kit.call("cancel_order", number="4522")) == OK
    assert await kit.changes() == [("4522", "case_opened"), ("4522", "cancelled")]
    kit.next_turn(conversation="another")
    assert short(await kit.call("order", number="4522")) == NO


async def test_somebody_elses_order_is_not_sent_elsewhere_with_a_proof(kit: Kit) -> None:
    """A neighbour knows the number and the postcode from the parcel."""
    kit.verified(TARIQ)
    assert (await kit.prove("4522", "M1 4BT")).value.address == ""
    assert short(await kit.call("order", number="4522")) == OK
    assert short(await kit.call("change_address", address=ADDRESS, number="4522")) == SIGN_IN
    assert await kit.changes() == []


async def test_the_document_is_for_the_customer_only(kit: Kit) -> None:
    await kit.stranger().prove("4523")
    blank = (await kit.call("invoice", number="4523")).value
    kit.verified(TARIQ)
    other = (await kit.call("invoice", number="4523")).value
    own = (await kit.channel(JANE).call("invoice", number="4523")).value
    assert (blank.url, other.url) == ("", "")
    assert blank.total == own.total
    assert own.url.startswith("https://")


async def test_a_case_is_for_this_conversation_and_its_customer(kit: Kit) -> None:
    case = (await kit.stranger().call("open_case", **LATE)).value
    assert (await kit.next_turn("i2").call("case", number=f" #{case.number.lower()}")).value == case
    assert short(await kit.next_turn(conversation="another").call("case", number=case.number)) == SIGN_IN
    assert short(await kit.channel(JANE).call("case", number=case.number)) == NOT_FOUND
    hers = (await kit.verified(JANE).call("open_case", **LATE, ordinal=2)).value
    kit.next_turn("i3", conversation="a third")
    assert (await kit.call("case", number=hers.number)).value.customer_ref == JANE
    await kit.shop.solve(hers.number, "It comes tomorrow.")
    found = (await kit.call("case", number=hers.number)).value
    assert (found.state, found.answer) == ("solved", "It comes tomorrow.")
    assert short(await kit.verified(TARIQ).call("case", number=hers.number)) == NOT_FOUND


async def test_what_the_account_does_is_done_to_the_account_of_the_context(kit: Kit) -> None:
    kit.verified(IDLE)
    closed = await kit.call("close_account")
    again = await kit.next_turn().call("close_account")
    assert (closed.value.already, again.value.already) == (False, True)
    assert await kit.changes() == [(IDLE, "account_closed")]
    assert (await kit.effects())[0].arguments == {}


async def test_agents_see_what_a_customer_changed(kit: Kit) -> None:
    changed = await kit.verified().call("update_account_holder", changes={"phone": "+44 7700 900555"})
    data, source, _ = await kit.store.read(lambda tx: tx.profile("k"))
    assert (data["phone"], source) == (changed.value.phone, "demo shop")
    assert isinstance(data["preferences"]["newsletter"], bool)


async def test_cases_are_not_opened_without_end(kit: Kit) -> None:
    answers = [await kit.call("open_case", **LATE, ordinal=n) for n in range(CASES_PER_CUSTOMER + 2)]
    assert [a.status for a in answers[-3:]] == [Status.OK, Status.THROTTLED, Status.THROTTLED]
    assert await kit.call("open_case", **LATE, ordinal=3) == answers[3]  # a repeated turn is not counted


async def test_only_wrong_proofs_count(kit: Kit) -> None:
    kit.stranger()
    right = [(await kit.prove("4522", EMAIL)).status for _ in range(PROOFS_PER_CUSTOMER + 2)]
    assert set(right) == {Status.OK}
    wrong = [(await kit.prove("4522", f"{n}@example.com")).status for n in range(PROOFS_PER_CUSTOMER)]
    assert set(wrong) == {Status.NOT_FOUND}
    assert (await kit.prove("4522", EMAIL)).status is Status.THROTTLED


async def test_orders_that_cannot_be_read_are_not_none(kit: Kit) -> None:
    await kit.stranger().prove("4522", EMAIL)
    kit.failures[EVERYBODY] = Failure.BROKEN
    kit.next_turn()
    assert short(await kit.call("order", number="4522")) == (Status.TRY_LATER, "")
    assert short(await kit.call("orders")) == (Status.TRY_LATER, "")

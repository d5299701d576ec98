"""openapi.yaml and the code say the same: every operation, every example, and what may be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.customer import Status
from connectors.customers.http import shapes, wire
from tests.fake_company import Document, document

SHAPES: dict[str, type[Any]] = {
    "find": shapes.Profile,
    "profile": shapes.Profile,
    "update_account_holder": shapes.Profile,
    "orders": shapes.Orders,
    "order": shapes.Order,
    "prove_order": shapes.Order,
    "cancel_order": shapes.Cancellation,
    "start_return": shapes.Refund,
    "refund_status": shapes.Refund,
    "invoice": shapes.Invoice,
    "change_order_address": shapes.AddressChange,
    "change_account_address": shapes.AddressChange,
    "grant_goodwill": shapes.Goodwill,
    "set_preferences": shapes.Preferences,
    "close_account": shapes.Closure,
    "open_case": shapes.Case,
    "case": shapes.Case,
    "find_products": shapes.Products,
    "status": shapes.Status,
}
REQUESTS = (
    wire.status(),
    wire.find(email=" jane@example.com "),
    wire.find(phone="+44 7700 900100"),
    wire.profile("C1001"),
    wire.orders("C1001"),
    wire.order("4521"),
    wire.prove_order("4521", "M1 4BT"),
    wire.cancel_order("4521", key="k:1"),
    wire.start_return("4521", "damaged", item="", resolution="refund", key="k:1"),
    wire.start_return("4521", "", item="Lamp", resolution="replacement", key="k:1"),
    wire.refund_status("4521"),
    wire.invoice("4521"),
    wire.change_address("4 Canal Street", ref="", number="4521", key="k:1"),
    wire.change_address("4 Canal Street", ref="C1001", number="", key="k:1"),
    wire.grant_goodwill("C1001", "4521", Decimal("10.00"), "GBP", "late", key="k:1"),
    wire.grant_goodwill("C1001", "", Decimal(5), "GBP", "late\nagain", key="k:1"),
    wire.set_preferences("C1001", {"newsletter": False, "messages": True}, key="k:1"),
    wire.update_account_holder(
        "C1001", {"name": "Jane", "email": "j@example.com", "phone": "1"}, key="k:1"
    ),
    wire.close_account("C1001", key="k:1"),
    wire.open_case("other", "text\nmore", ref="", number="", key="k:1"),
    wire.open_case("payment", "text", ref="C1001", number="4521", key="k:1"),
    wire.case("K1"),
    wire.find_products("a lamp"),
)
WRONG: tuple[Any, ...] = (
    None,
    "",
    "x\ny",
    "-1",
    "1.00",
    "2026-02-30",
    1,
    -1,
    1.5,
    True,
    [],
    {},
    ["x"],
    "é" * 5_000,
)


def examples(doc: Document) -> Iterator[tuple[str, int, str, dict[str, Any], Any]]:
    """Yield (operation, status, media, schema, value) of every example of an answer."""
    for operation in doc.operations.values():
        for status, response in operation.responses.items():
            for media, content in response["content"].items():
                for example in content["examples"].values():
                    code = int(status.replace("X", "0"))
                    yield operation.id, code, media, content["schema"], example["value"]


ANSWERS = list(examples(document()))
GOOD = [(op, schema, value) for op, status, _, schema, value in ANSWERS if status == 200]


def test_every_operation_is_asked_and_read() -> None:
    assert (
        set(SHAPES) == set(document().operations) == {request.operation for request in REQUESTS if request}
    )


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.operation)
def test_requests_are_in_the_document(request_: wire.Request) -> None:
    found = document().find(request_.method, request_.path)
    assert found is not None
    operation, values = found
    assert operation.id == request_.operation
    assert operation.changes == bool(request_.key)
    headers = {"content-type": "application/json"} if request_.body else {}
    headers |= {"idempotency-key": request_.key} if request_.key else {}
    assert document().judge_request(operation, values, headers, request_.body) == []


def test_every_answer_has_an_example_that_fits() -> None:
    assert len(ANSWERS) >= 100
    for operation, status, _, schema, value in ANSWERS:
        assert document().errors(schema, value) == [], (operation, status)
    for found in document().operations.values():
        bodies = (found.body or {"content": {}})["content"].values()
        for content in bodies:
            assert content["examples"]
            for example in content["examples"].values():
                assert document().errors(content["schema"], example["value"]) == [], found.id


def test_examples_are_understood() -> None:
    for operation, status, media, _, value in ANSWERS:
        if status not in wire.WITH_BODY or operation == "status":
            continue
        reply = wire.Reply(status=status, media=media, body=json.dumps(value).encode())
        if value.get("code") == "key_reused":
            with pytest.raises(wire.AnswerInvalid):
                wire.answer(reply, wire.read(SHAPES[operation]))
            continue
        answer = wire.answer(reply, wire.read(SHAPES[operation]))
        expected = {200: Status.OK, 404: Status.NOT_FOUND}.get(status, Status.REFUSED)
        assert answer.status is expected


def spoiled(value: Any) -> Iterator[Any]:
    """Yield copies of a value with one thing in it left out, or replaced by something else."""
    if isinstance(value, dict):
        for name in value:
            yield {key: item for key, item in value.items() if key != name}
            for wrong in WRONG:
                yield {**value, name: wrong}
            for inner in spoiled(value[name]):
                yield {**value, name: inner}
        yield {**value, "not_described": {"a": 1}}
    if isinstance(value, list) and value:
        yield [None, *value]
        for inner in spoiled(value[0]):
            yield [inner, *value[1:]]
        yield value * 51


@pytest.mark.parametrize("operation", sorted(SHAPES))
def test_the_code_takes_what_the_document_takes(operation: str) -> None:
    """The document is the specification: neither stricter nor more lenient is the code."""
    looked_at = 0
    for name, schema, example in GOOD:
        if name != operation:
            continue
        for value in spoiled(example):
            fits = document().errors(schema, value) == []
            body = json.dumps(value).encode()
            try:
                wire.decoded(body, SHAPES[operation])
                taken = True
            except wire.AnswerInvalid:
                taken = False
            assert taken == fits, (value, document().errors(schema, value))
            looked_at += 1
    assert looked_at >= 15


def test_every_operation_says_what_may_go_wrong() -> None:
    for operation in document().operations.values():
        expected = {"200", "401", "403", "429", "5XX"}
        if operation.id != "status":
            expected |= {"400", "422"}
        if "{" in operation.path or operation.id in {"find", "open_case"}:
            expected.add("404")
        if operation.changes:
            expected.add("409")
        assert set(operation.responses) == expected, operation.id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
BODIES = (
    st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | st.just(b'{"code": "not_found"}')
)


@settings(max_examples=300, deadline=None)
@given(
    status=st.sampled_from([200, 404, 409, 422]) | st.integers(100, 999),
    media=st.sampled_from(["", "text/html", "application/json", "application/problem+json"]),
    body=BODIES,
    shape=st.sampled_from(sorted(set(SHAPES.values()) - {shapes.Status}, key=lambda shape: shape.__name__)),
)
def test_whatever_comes_is_an_answer_or_an_error_that_we_know(
    status: int, media: str, body: bytes, shape: type[Any]
) -> None:
    try:
        answer = wire.answer(wire.Reply(status=status, media=media, body=body), wire.read(shape))
    except (wire.AnswerInvalid, wire.NotAuthorised):
        return
    assert answer.status in (Status.OK, Status.NOT_FOUND, Status.REFUSED)
    assert answer.ok == (status == 200)

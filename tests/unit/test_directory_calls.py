"""What the gateway makes of calls: hostile arguments, one key for one call, what is kept of them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.customer import Status, TurnContext
from bot.engine.directory import CHANGING
from bot.services.directory_arguments import checked
from bot.services.directory_effects import Call, effect_key
from connectors.customers.demo import EVERYBODY, Failure
from tests.support.clock import START
from tests.unit.gateway_kit import ADDRESS, JANE, Kit, a_kit

LATE = {"kind": "late_delivery", "text": "Where is it?"}


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with a_kit(tmp_path) as kit:
        kit.verified()
        yield kit


# --- arguments


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("order", {}),
        ("order", {"number": None}),
        ("order", {"number": True}),
        ("order", {"number": 4522.0}),
        ("order", {"number": ["4522"]}),
        ("order", {"number": {"$ne": ""}}),
        ("order", {"number": "# #"}),
        ("order", {"number": "4" * 41}),
        ("order", {"number": 10**5000}),
        ("order", {"number": "4522", "ref": "C1002"}),
        ("order", {"number": "4522", "key": "k"}),
        ("profile", {"ref": "C1002"}),
        ("close_account", {"ref": "C1002"}),
        ("change_address", {"address": ADDRESS, "ref": "C1002"}),
        ("change_address", {"address": ADDRESS, "number": "#"}),
        ("change_address", {"address": ADDRESS, "number": None}),
        ("change_address", {"number": "4522"}),
        ("start_return", {"number": "4523", "reason": "x", "resolution": "cash"}),
        ("start_return", {"number": "4523", "reason": "x", "resolution": ["refund"]}),
        ("start_return", {"number": "4523", "reason": "x", "item": None}),
        ("set_preferences", {"changes": {}}),
        ("set_preferences", {"changes": {"newsletter": "yes"}}),
        ("set_preferences", {"changes": {"newsletter": 1}}),
        ("set_preferences", {"changes": {"tier": True}}),
        ("set_preferences", {"changes": [["newsletter", True]]}),
        ("update_account_holder", {"changes": {"tier": "platinum"}}),
        ("update_account_holder", {"changes": {"name = 'x' --": "y"}}),
        ("update_account_holder", {"changes": {"email": None}}),
        ("update_account_holder", {"changes": "name"}),
        ("open_case", {"kind": "legal", "text": "x"}),
        ("open_case", {"kind": "other"}),
        ("find_products", {"text": b"rug"}),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_done(
    kit: Kit, method: str, arguments: dict[str, Any]
) -> None:
    answer = await kit.call(method, **arguments)
    assert (answer.status, answer.detail) == (Status.NOT_ALLOWED, "invalid_arguments")
    assert kit.company.calls == []
    assert await kit.effects() == []


async def test_values_arrive_as_what_they_are(kit: Kit) -> None:
    await kit.call("set_preferences", changes={"newsletter": False, "sms": True})
    assert kit.company.calls[-1][2]["changes"] == {"newsletter": False, "sms": True}
    assert (await kit.effects())[0].arguments == {"changes": {"newsletter": False, "sms": True}}
    assert (await kit.call("order", number=4522)).ok
    assert (await kit.call("order", number=" #45 22 ")).ok


def test_texts_are_bounded_and_can_be_kept() -> None:
    case = checked("open_case", {"kind": "other", "text": "a\x00b\ud800c\n👩‍👧 " + "x" * 9_000})
    assert case["text"].startswith("a b c\n👩‍👧 xxx")
    assert len(case["text"]) == 4_000
    assert case["number"] == ""
    back = checked("start_return", {"number": "1", "reason": "r" * 900, "item": " Oak \n tea  tray "})
    assert (len(back["reason"]), back["item"], back["resolution"]) == (500, "Oak tea tray", "refund")
    assert len(checked("find_products", {"text": "rug " * 500})["text"]) == 300


async def test_an_address_or_a_name_is_whole_or_none(kit: Kit) -> None:
    endless = await kit.call("change_address", address=ADDRESS + "x" * 300, number="4522")
    assert (endless.status, endless.detail) == (Status.REFUSED, "incomplete")
    for changes in ({"name": "J" * 101}, {"email": ""}, {"phone": "1" * 41}):
        answer = await kit.call("update_account_holder", changes=changes)
        assert (answer.status, answer.detail) == (Status.REFUSED, "invalid")
    assert await kit.changes() == []


# --- keys


def test_two_calls_never_share_a_key() -> None:
    turns = [
        TurnContext(conversation_id="c", customer_id="k", inbox_id=i, channel="rest", now=START)
        for i in ("i1", "i1:a")
    ]
    calls = [
        Call(turn, action, ordinal, method)
        for turn, action, ordinal, method in itertools.product(
            turns, ("a", "a:1", "ä", "a" * 70, "a" * 71), (1, 11), ("cancel_order", "open_case")
        )
    ]
    sent: list[dict[str, Any]] = [
        {"number": "4522"},
        {"number": "4522:1"},
        {"number": "4522", "ref": ""},
        {"changes": {"sms": True}},
        {"changes": {"sms": False}},
        {"changes": {"sms": "true"}},
    ]
    keys = [effect_key(call, arguments) for call in calls for arguments in sent]
    assert len(set(keys)) == len(keys) == 240
    assert all(len(key) <= 200 and key.isascii() and key.isprintable() for key in keys)
    assert effect_key(calls[0], {"a": 1, "b": 2}) == effect_key(calls[0], {"b": 2, "a": 1})


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("cancel_order", {"number": "4522"}, {"number": "4521"}),
    (
        "start_return",
        {"number": "4523", "reason": "broken", "item": "Sencha, 100 g"},
        {"number": "4523", "reason": "broken", "item": "Cast-iron teapot, 0.8 l"},
    ),
    ("change_address", {"number": "4522", "address": ADDRESS}, {"address": ADDRESS}),
    ("set_preferences", {"changes": {"sms": True}}, {"changes": {"sms": False}}),
    ("update_account_holder", {"changes": {"name": "A"}}, {"changes": {"name": "B"}}),
    ("open_case", LATE, {**LATE, "text": "And where is the other one?"}),
]


@pytest.mark.parametrize(("method", "one", "other"), CHANGES, ids=[row[0] for row in CHANGES])
async def test_a_repeated_turn_changes_once_and_another_call_for_itself(
    kit: Kit, method: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    first = await kit.call(method, **one)
    assert first.ok
    assert await kit.call(method, **one) == first
    assert len(await kit.changes()) == 1
    assert (await kit.call(method, **other)).status in (Status.OK, Status.REFUSED)
    assert len(await kit.effects()) == 2
    later = await kit.next_turn().call(method, **one)
    assert later.status in (Status.OK, Status.REFUSED)
    assert len(await kit.effects()) == 3


async def test_every_changing_method_carries_its_key(kit: Kit) -> None:
    for method, arguments, _ in CHANGES:
        kit.clock.move(1)
        await kit.call(method, **arguments)
    kit.clock.move(1)
    await kit.call("close_account")
    keys = [more["key"] for _, _, more in kit.company.calls if "key" in more]
    effects = await kit.effects()
    assert keys == [effect.key for effect in effects]
    assert [effect.method for effect in effects] == [row[0] for row in CHANGES] + ["close_account"]
    assert all(effect.finished_at for effect in effects)
    assert {effect.method for effect in effects} == CHANGING - {"prove_order"}


async def test_a_lost_answer_stays_open_until_the_turn_is_repeated(kit: Kit) -> None:
    kit.failures[EVERYBODY] = Failure.DOWN
    assert (await kit.call("set_preferences", changes={"sms": False})).status is Status.TRY_LATER
    kit.failures[EVERYBODY] = Failure.LOST
    assert (await kit.call("set_preferences", changes={"sms": False})).status is Status.TRY_LATER
    [effect] = await kit.effects()
    assert (effect.finished_at, effect.status) == (None, None)
    kit.failures.clear()
    assert (await kit.call("set_preferences", changes={"sms": False})).ok
    [effect] = await kit.effects()
    assert effect.status is Status.OK
    assert await kit.changes() == [(JANE, "preferences_set")]


async def test_what_is_kept_of_a_call_has_no_secrets(kit: Kit) -> None:
    await kit.call("open_case", kind="payment", text="my card 4111 1111 1111 1111 was charged twice")
    await kit.call("start_return", number="4523", reason="my password is hunter2, it broke", ordinal=2)
    await kit.prove("4522", "not.the@right.one")
    first, second = await kit.effects()
    assert first.arguments["text"] == "my card [card ending 1111] was charged twice"
    assert "hunter2" not in str(second.arguments)
    assert "ref" not in first.arguments
    assert (first.result or {})["number"].startswith("K")


async def test_a_changed_order_is_read_anew(kit: Kit) -> None:
    before = (await kit.call("order", number="4522")).value
    await kit.call("change_address", number="4522", address=ADDRESS)
    after = (await kit.call("order", number="4522")).value
    assert (before.address != ADDRESS, after.address) == (True, ADDRESS)
    kit.failures[EVERYBODY] = Failure.LOST
    await kit.call("cancel_order", number="4522", ordinal=2)
    kit.failures.clear()
    assert (await kit.call("order", number="4522")).value.status == "cancelled"

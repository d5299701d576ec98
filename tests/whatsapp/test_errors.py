"""Each documented code has its action and its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.channels.whatsapp import errors
from connectors.channels.whatsapp.account import KEYS
from connectors.channels.whatsapp.answers import Refused, refusal
from connectors.channels.whatsapp.errors import RULES, Action, Scope, rule

RETRY, ALARM, MARK, DROP = Action.RETRY, Action.ALARM, Action.MARK, Action.DROP

DOCUMENTED: dict[Action, list[int]] = {
    RETRY: [4, 80007, 130429, 131056, 131000, 131016, 133004, 2],
    ALARM: [
        0, 190, 3, 10, *range(200, 300), 131005, 131048, 368, 131031, 130497, 131042, 131030, 131064,
        132000, 132001, 132005, 132007, 132012, 132015, 132016, 131037, 131045, 131057,
    ],
    MARK: [131026, 131050],
    DROP: [131049, 131047, 131051, 131052, 131053, 131021, 131008, 131009, 100, 131062, 131063, 130472],
}  # fmt: skip
EVERY = [(code, action) for action, codes in DOCUMENTED.items() for code in codes]


@pytest.mark.parametrize(("code", "action"), EVERY)
def test_every_code_of_the_table(code: int, action: Action) -> None:
    found = rule(code)
    assert code in RULES
    assert found.action is action
    assert re.fullmatch(r"[A-Z][^#]{20,}\.", found.words)
    assert bool(found.advice) is (action is ALARM)


def test_the_table_is_whole() -> None:
    assert len(EVERY) == 144
    assert {1, 33, 133010} == set(RULES) - {code for code, _ in EVERY}


def test_special_cases() -> None:
    assert rule(131047).window
    assert rule(131056).scope is Scope.CUSTOMER
    assert rule(131056).wait == 6.0
    assert rule(130429).scope is rule(4).scope is Scope.NUMBER
    assert rule(190).stops
    assert not rule(131042).stops
    assert all(rule(code).simpler for code in (131051, 131052, 131053, 131009, 100))
    assert rule(100, 33).action is ALARM
    assert rule(None) == rule(987654)


@pytest.mark.parametrize(
    ("status", "content", "code", "retryable", "unknown"),
    [
        (400, b'{"error":{"code":131047}}', 131047, False, False),
        (429, b'{"error":{"code":131056,"message":"x"}}', 131056, True, False),
        (500, b'{"error":{"code":131000}}', 131000, True, False),
        (500, b'{"error":{"code":3}}', 3, False, False),
        (400, b'{"error":{"code":131016}}', 131016, True, False),
        (500, b"<html>", None, True, False),
        (503, b"", None, True, False),
        (504, b"", None, False, True),
        (504, b'{"error":{"code":2}}', 2, True, False),
        (429, b"", None, True, False),
        (400, b'{"error":{"code":999999}}', 999999, False, False),
        (404, b"[]", None, False, False),
    ],
)
def test_answers_of_the_api(
    status: int, content: bytes, code: int | None, retryable: bool, unknown: bool
) -> None:
    found = refusal(status, content)
    assert (found.code, found.retryable, found.unknown) == (code, retryable, unknown)


def test_a_refusal_tells_nothing_of_what_was_sent() -> None:
    content = b'{"error":{"code":100,"message":"secret words","error_data":{"details":"secret words"}}}'
    assert "secret" not in f"{refusal(400, content)!r} {refusal(400, content)}"
    assert isinstance(refusal(400, content), Refused)


def test_the_guide_names_every_code_and_setting() -> None:
    guide = (Path(errors.__file__).parent / "README.md").read_text()
    codes = [code for code in RULES if not 200 <= code < 300]
    assert len(codes) > 40
    assert [code for code in codes if not re.search(rf"\b{code}\b", guide)] == []
    assert [key for key in KEYS if f"`{key}`" not in guide] == []

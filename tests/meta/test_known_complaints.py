"""docs/handoff.md names tests that exist, and leaves no complaint out."""

from __future__ import annotations

import re

from tests.meta.sources import ROOT

ITEMS = 45
LEAST_HELD = 25
_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[int, str]:
    found = _ROW.findall((ROOT / "docs" / "handoff.md").read_text(encoding="utf-8"))
    assert len(found) == len({number for number, _, _ in found}), "a complaint is listed twice"
    return {int(number): last for number, _, last in found}


def test_every_complaint_is_held_by_a_test_or_said_to_be_elsewheres() -> None:
    listed = rows()
    assert sorted(listed) == list(range(1, ITEMS + 1))
    held = [number for number, last in listed.items() if _TEST.search(last)]
    assert len(held) >= LEAST_HELD
    assert all(len(last.split()) > 3 for number, last in listed.items() if number not in held)


def test_every_test_that_is_named_exists() -> None:
    named = {pair for last in rows().values() for pair in _TEST.findall(last)}
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).is_file()
        or not re.search(rf"^ *(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert len(named) >= LEAST_HELD
    assert missing == []

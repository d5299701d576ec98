"""More than 20,000 damaged updates at one server."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.target import SETTINGS
from tests.telegram.test_fuzz import (
    TelegramTarget,
    target,
    try_bodies_without_the_secret,
    try_strange_bodies,
    try_strange_contents,
)

__all__ = ["target"]
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@settings(max_examples=12_000, **SETTINGS)
@given(data=st.data())
def test_twelve_thousand_strange_contents(target: TelegramTarget, data: st.DataObject) -> None:
    try_strange_contents(target, data)


@settings(max_examples=8_000, **SETTINGS)
@given(data=st.data())
def test_eight_thousand_strange_bodies(target: TelegramTarget, data: st.DataObject) -> None:
    try_strange_bodies(target, data)


@settings(max_examples=2_500, **SETTINGS)
@given(data=st.data())
def test_bodies_without_the_secret(target: TelegramTarget, data: st.DataObject) -> None:
    try_bodies_without_the_secret(target, data)


def test_so_many_were_really_sent_and_the_server_goes_on(target: TelegramTarget) -> None:
    assert target.statuses.total() >= 20_000, target.statuses
    assert set(target.statuses) <= {200, 400, 401}
    assert target.still_listens()

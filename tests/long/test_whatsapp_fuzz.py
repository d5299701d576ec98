"""More than 20,000 damaged webhooks at one server."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_whatsapp import NUMBER
from tests.fake_whatsapp.payloads import encode, signatures
from tests.support.target import SETTINGS
from tests.whatsapp.test_fuzz import (
    WhatsAppTarget,
    target,
    try_strange_bodies,
    try_strange_entries,
    try_unsigned_bodies,
)

__all__ = ["target"]
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@settings(max_examples=10_000, **SETTINGS)
@given(data=st.data())
def test_ten_thousand_strange_entries(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_strange_entries(target, data)


@settings(max_examples=8_000, **SETTINGS)
@given(data=st.data())
def test_eight_thousand_strange_bodies(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_strange_bodies(target, data)


@settings(max_examples=2_500, **SETTINGS)
@given(data=st.data())
def test_bodies_that_are_not_signed(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_unsigned_bodies(target, data)


def test_so_many_were_really_sent_and_the_server_goes_on(target: WhatsAppTarget) -> None:
    assert target.statuses.total() >= 20_000, target.statuses
    assert set(target.statuses) <= {200, 400, 401}
    message_id, entry = target.honest()
    raw = encode({"object": "whatsapp_business_account", "entry": [entry]})
    assert target.post(raw, signatures(raw, NUMBER.app_secret)) == 200
    assert target.took(message_id)

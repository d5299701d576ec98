"""Damaged webhooks: never a fault of the server, never one that Meta has not signed, and no neighbour harmed."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_whatsapp import NUMBER
from tests.fake_whatsapp.payloads import encode, signatures
from tests.support.mutations import damaged, mutated
from tests.support.target import MOST, SETTINGS, Target
from tests.whatsapp.line import a_line
from tests.whatsapp.samples import samples


class WhatsAppTarget(Target):
    """A server with a WhatsApp number."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)

    async def serve(self) -> None:
        self.samples = await samples()
        async with a_line(sends=False) as line:
            self.url = line.url
            await self.watched(line.world.arrivals)

    def honest(self) -> tuple[str, dict[str, Any]]:
        """Return an entry that nothing is wrong with, and the id of its message."""
        number = next(self.numbers)
        message = {
            "from": f"4930{number % MOST:06d}",
            "id": f"wamid.honest{number}",
            "timestamp": "1772452800",
            "type": "text",
            "text": {"body": f"honest {number}"},
        }
        contact = {"profile": {"name": "Kim"}, "wa_id": message["from"]}
        metadata = {"display_phone_number": NUMBER.display, "phone_number_id": NUMBER.id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": [contact]}
        changes = [{"field": "messages", "value": value | {"messages": [message]}}]
        return str(message["id"]), {"id": NUMBER.waba, "changes": changes}


@pytest.fixture(scope="module")
def target() -> Iterator[WhatsAppTarget]:
    target = WhatsAppTarget()
    with target.running():
        yield target


def try_strange_entries(target: WhatsAppTarget, data: st.DataObject) -> None:
    """Put a strange entry beside an honest one: the honest one is taken all the same."""
    sample = data.draw(st.sampled_from(target.samples))
    strange = mutated(data, sample)
    entries = strange.get("entry") if isinstance(strange, dict) else None
    message_id, honest = target.honest()
    body = {
        "object": "whatsapp_business_account",
        "entry": [*(entries or [])] if isinstance(entries, list) else [strange],
    }
    body["entry"].insert(data.draw(st.integers(0, len(body["entry"]))), honest)
    raw = encode(body)
    assert target.post(raw, signatures(raw, NUMBER.app_secret)) == 200
    assert target.took(message_id)


def try_strange_bodies(target: WhatsAppTarget, data: st.DataObject) -> None:
    """Send a body that Meta has signed, whatever it is."""
    sample = data.draw(st.sampled_from(target.samples))
    strange = mutated(data, sample)
    if data.draw(st.booleans()) and isinstance(strange, dict):
        strange = {
            **strange,
            data.draw(st.sampled_from(sorted(strange) or ["x"])): data.draw(st.none() | st.text()),
        }
    raw = encode(strange)
    if data.draw(st.booleans()):
        raw = damaged(data, raw)
    status = target.post(raw, signatures(raw, NUMBER.app_secret))
    assert status in {200, 400}
    if status == 400:
        assert target.taken == []


def try_unsigned_bodies(target: WhatsAppTarget, data: st.DataObject) -> None:
    """Send what Meta has not signed: nothing of it is read."""
    raw = encode(data.draw(st.sampled_from(target.samples)))
    good = signatures(raw, NUMBER.app_secret)["X-Hub-Signature-256"]
    wrong = {
        "none": {},
        "empty": {"X-Hub-Signature-256": ""},
        "old": {"X-Hub-Signature": signatures(raw, NUMBER.app_secret)["X-Hub-Signature"]},
        "other key": signatures(
            raw, data.draw(st.text(min_size=1).filter(lambda t: t != NUMBER.app_secret))
        ),
        "no prefix": {"X-Hub-Signature-256": good.removeprefix("sha256=")},
        "capitals": {"X-Hub-Signature-256": good.upper()},
        "short": {"X-Hub-Signature-256": good[: data.draw(st.integers(0, len(good) - 1))]},
        "noise": {"X-Hub-Signature-256": "sha256=" + data.draw(st.text("0123456789abcdefg", max_size=70))},
        "of another body": signatures(raw + b" ", NUMBER.app_secret),
        "token": {"X-Hub-Signature-256": f"sha256={NUMBER.verify_token}"},
    }
    headers = wrong[data.draw(st.sampled_from(sorted(wrong)))]
    assert target.post(raw, headers) == 401
    assert target.taken == []


@settings(max_examples=100, **SETTINGS)
@given(data=st.data())
def test_a_strange_entry_harms_no_other(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_strange_entries(target, data)


@settings(max_examples=120, **SETTINGS)
@given(data=st.data())
def test_a_strange_body_is_no_fault_of_the_server(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_strange_bodies(target, data)


@settings(max_examples=80, **SETTINGS)
@given(data=st.data())
def test_a_body_that_is_not_signed_is_not_read(target: WhatsAppTarget, data: st.DataObject) -> None:
    try_unsigned_bodies(target, data)


def test_samples_are_taken_as_they_are(target: WhatsAppTarget) -> None:
    """What is changed here must be right before: else all that follows proves nothing."""
    kinds = Counter[str]()
    assert len(target.samples) >= 75
    for sample in target.samples:
        raw = encode(sample)
        assert target.post(raw, signatures(raw, NUMBER.app_secret)) == 200
        kinds.update(type(one).__name__ for one in target.taken)
    assert kinds["InboundMessage"] >= 40
    assert {"Edited", "Deleted", "Reaction", "Receipt", "Echo", "Moved", "Ignored"} <= set(kinds)
    assert json.loads(encode(target.samples[0])) == target.samples[0]

"""Payloads that others recorded: each gives the right message, or a reason that has a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.arrival import Arrival, Deleted, Ignored, Reaction, Receipt
from bot.domain.message import Delivery, InboundMessage
from tests.whatsapp.kit import BSUID, PHONE, read

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT.parent / "shared" / "samples" / "whatsapp").glob("*.json"))

WANTED: dict[str, tuple[type, dict[str, Any]]] = {
    "01_": (InboundMessage, {"text": "Body Text", "display_name": "Test Name"}),
    "03_": (InboundMessage, {"text": ""}),
    "05_": (InboundMessage, {"text": "caption", "raw": {"forwarded": True}}),
    "07_": (InboundMessage, {"text": ""}),
    "09_": (Reaction, {"external_id": "wamid.yzxyzx=", "emoji": "😮"}),
    "11_": (Reaction, {"external_id": "wamid.yzxyzx=", "emoji": ""}),
    "13_": (InboundMessage, {"unsupported": ""}),
    "15_": (
        InboundMessage,
        {"text": "🛒 3x HAMBURGER (30 ILS)\n🛒 2x FRENCH_FRIES (35 ILS)\n🛒 2x SODA (10 ILS)"},
    ),
    "17_": (InboundMessage, {"unsupported": "pool", "text": ""}),
    "19_": (InboundMessage, {"text": "forwarded text"}),
    "21_": (InboundMessage, {"text": "BODY"}),
    "23_": (InboundMessage, {"text": "title", "choice": "", "reply_to_external": "wamid.xyzxyz=="}),
    "25_": (InboundMessage, {"text": "title", "choice": "", "reply_to_external": "wamid.xyzxyz"}),
    "27_": (Receipt, {"delivery": Delivery.SENT, "address": BSUID}),
    "29_": (Receipt, {"delivery": Delivery.READ, "address": BSUID}),
    "31_": (Receipt, {"delivery": Delivery.SENT, "ref": ""}),
    "33_": (Ignored, {"reason": "identity_changed"}),
    "35_": (Deleted, {"external_id": "<ORIGINAL_WHATSAPP_MESSAGE_ID>", "address": BSUID}),
    "37_": (Ignored, {"reason": "user_preferences"}),
    "39_": (InboundMessage, {"choice": "", "unsupported": ""}),
    "41_": (Receipt, {"delivery": Delivery.FAILED, "address": "CO.1047385771169864"}),
}


def arrivals(raw: bytes) -> list[Arrival]:
    entries = json.loads(raw)["entry"]
    numbers = {c["value"]["metadata"]["phone_number_id"]: "default" for e in entries for c in e["changes"]}
    return read(raw, numbers=numbers).arrivals


@pytest.mark.skipif(not SAMPLES, reason="the recorded payloads are not beside this repository")
def test_every_sample_gives_the_right_thing() -> None:
    seen = set()
    for sample in SAMPLES:
        (found,) = arrivals(sample.read_bytes())
        if isinstance(found, InboundMessage):
            assert (found.address, found.aliases) == (BSUID, (PHONE,)), sample.name
        kind, facts = WANTED.get(sample.name[:3], (object, {}))
        assert isinstance(found, kind), sample.name
        assert {name: getattr(found, name) for name in facts} == facts, sample.name
        seen.add(sample.name[:3])
    assert seen >= set(WANTED)

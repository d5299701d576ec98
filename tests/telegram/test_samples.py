"""Updates that others recorded: each gives the right thing, or a reason that has a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.arrival import Ignored, Reach
from bot.domain.message import InboundMessage
from connectors.channels.telegram.parsed import Parsed
from tests.telegram.kit import read

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT.parent / "shared" / "samples" / "telegram").glob("*.json"))

WANTED: dict[str, tuple[type, dict[str, Any]]] = {
    "01_": (Ignored, {"reason": "group"}),
    "03_": (InboundMessage, {"text": "/start", "intent": "/greet", "display_name": "FistName LastName"}),
    "05_": (InboundMessage, {"text": "", "address": "12345678", "external_id": "12345678:106"}),
    "07_": (Ignored, {"reason": "group"}),
    "09_": (Ignored, {"reason": "group"}),
    "11_": (Ignored, {"reason": "message_auto_delete_timer_changed"}),
    "13_": (InboundMessage, {"text": "", "language": "en"}),
    "15_": (Ignored, {"reason": "group"}),
    "17_": (Ignored, {"reason": "group"}),
    "19_": (Ignored, {"reason": "write_access_allowed"}),
    "21_": (InboundMessage, {"text": "/start", "intent": "/greet", "display_name": "Test Test Lastname"}),
    "23_": (Ignored, {"reason": "group"}),
    "25_": (Reach, {"reachable": False}),
    "27_": (Ignored, {"reason": "message_reaction_count"}),
    "29_": (Ignored, {"reason": "removed_chat_boost"}),
    "31_": (InboundMessage, {"album": "12543417770506682"}),
}


def parsed(sample: Path) -> Parsed:
    content = json.loads(sample.read_bytes())
    # One of them is a message without the update around it.
    return read(
        json.dumps(content if "update_id" in content else {"update_id": 1, "message": content}).encode()
    )


@pytest.mark.skipif(not SAMPLES, reason="the recorded payloads are not beside this repository")
def test_every_sample_gives_the_right_thing() -> None:
    seen = set()
    for sample in SAMPLES:
        (found,) = parsed(sample).arrivals
        kind, facts = WANTED.get(sample.name[:3], (object, {}))
        assert isinstance(found, kind), sample.name
        assert {name: getattr(found, name) for name in facts} == facts, sample.name
        seen.add(sample.name[:3])
    assert seen >= set(WANTED)


@pytest.mark.skipif(not SAMPLES, reason="the recorded payloads are not beside this repository")
def test_the_files_of_the_samples_are_fetched_later() -> None:
    files = {}
    for sample in SAMPLES:
        (found,) = parsed(sample).arrivals
        if isinstance(found, InboundMessage) and found.attachments:
            (file,) = found.attachments
            files[sample.name[:3]] = (file.kind, file.url, file.name, file.mime, file.size)
    assert files == {
        "05_": ("file", "remote:FILEID", "aaa.txt", "text/plain", 2),
        "13_": ("image", "remote:FILEID", "photo.jpg", "image/jpeg", 114_661),
        "31_": ("video", "remote:BAADAgADpgQAAgX9qEud6QcgPiOAlhYE", "video.mp4", "video/mp4", 1_381_334),
    }

"""The owner table in ARCHITECTURE.md and the one in code are the same, and nothing else is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.domain.conversation import TRANSITIONS, Conversation, Owner, OwnerEvent
from bot.domain.errors import InvalidTransition
from tests.support.clock import START

DOCUMENT = Path(__file__).parents[2] / "ARCHITECTURE.md"


def documented() -> dict[str, tuple[set[str], str]]:
    rows = re.findall(r"^\| ([a-z_]+) \| ([a-z, ]+) \| ([a-z]+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {
        event: (set(sources.split(", ")), target) for event, sources, target in rows if event != "event"
    }


def test_document_and_code_agree() -> None:
    coded = {e.value: ({s.value for s in sources}, t.value) for e, (sources, t) in TRANSITIONS.items()}
    assert len(coded) == len(OwnerEvent) >= 14
    assert documented() == coded


def conversation(owner: Owner) -> Conversation:
    return Conversation(
        id="c", customer_id="p", channel="rest", address="a", created_at=START, updated_at=START,
        owner=owner, assignee="ana" if owner is Owner.AGENT else "",
        waiting_since=START if owner is Owner.QUEUE else None,
    )  # fmt: skip


@pytest.mark.parametrize("event", OwnerEvent)
@pytest.mark.parametrize("owner", Owner)
def test_every_step_is_allowed_or_refused_with_the_present_owner(owner: Owner, event: OwnerEvent) -> None:
    before = conversation(owner)
    sources, target = TRANSITIONS[event]
    if owner not in sources:
        with pytest.raises(InvalidTransition) as refused:
            before.moved(event, now=START, assignee="bob")
        assert refused.value.fields["owner"] == owner.value
        return
    after = before.moved(event, now=START, assignee="bob")
    assert after.owner is target
    assert after.owner_version == before.owner_version + 1
    assert (after.assignee == "bob") == (target is Owner.AGENT)
    assert (after.waiting_since is not None) == (target is Owner.QUEUE)
    assert bool(after.desk) == (target in (Owner.QUEUE, Owner.AGENT))

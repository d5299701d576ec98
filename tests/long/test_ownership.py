"""The checker of the races itself: it accepts sound rows and complains of each kind of damage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.long.ownership import TABLES, Act, Diary, Row, Stored, complaints

C = "c"


def message(seq: int, author: str, text: str, **more: Any) -> Row:
    """Return a row of `messages`."""
    usual = {
        "kind": "text",
        "author_id": "",
        "custom": None,
        "reply_to": "",
        "external_id": "",
        "client_id": "",
    }
    return {
        **usual,
        "conversation_id": C,
        "seq": seq,
        "author": author,
        "text": text,
        "failed": 0,
        "created_at": seq * 10**8,
        **more,
    }


def event(seq: int, text: str, **facts: str) -> Row:
    """Return an event's row."""
    return message(seq, "system", text, kind="event", custom=json.dumps(facts) if facts else None)


def entry(version: int, actor: str, action: str, before: str, to: str, **more: str) -> Row:
    """Return a row of `audit`."""
    named = {"claim": "claimed", "release": "returned_to_bot", "resolve": "resolved"}.get(action, action)
    detail = {"event": named, "from": before, "to": to, "owner_version": version, **more}
    return {
        "id": f"e{version}", "at": version, "actor": actor, "action": f"conversation.{action}",
        "conversation_id": C, "detail": json.dumps(detail),
    }  # fmt: skip


def inbox(seq: int, outcome: str, **more: Any) -> Row:
    """Return a row of `inbox`."""
    row = {"id": f"i{seq}", "conversation_id": C, "message_seq": seq, "status": "done", "outcome": outcome}
    return {**row, "kind": "message", **more}


def handoff(number: int, outcome: str | None) -> Row:
    """Return a row of `handoffs`, ended if it has an outcome."""
    return {
        "id": f"h{number}", "conversation_id": C, "requested_at": number,
        "closed_at": number + 1 if outcome else None, "outcome": outcome, "evidence": "{}",
    }  # fmt: skip


def seen(version: int, owner: str, assignee: str = "") -> Row:
    """Return what the trigger noted."""
    return {
        "n": version, "conversation_id": C, "owner": owner, "assignee": assignee, "owner_version": version,
    }  # fmt: skip


@pytest.fixture
def rows() -> dict[str, list[Row]]:
    """Answered, handed over, claimed, given back, answered, closed, begun again, and claimed from the bot."""
    found: dict[str, list[Row]] = {table: [] for table in TABLES}
    found["conversations"] = [
        {"id": C, "owner": "agent", "assignee": "bob", "owner_version": 8, "seq": 14, "handoff_id": "h2",
         "waiting_since": None, "channel": "rest"}
    ]  # fmt: skip
    found["messages"] = [
        message(1, "customer", "hello", external_id="k1"),
        message(2, "bot", "echo @1", reply_to="i1"),
        message(3, "customer", "person", external_id="k2"),
        event(4, "handoff_requested", handoff="h1"),
        message(5, "system", "wait", reply_to="i3"),
        event(6, "claimed", agent="Ana"),
        message(7, "agent", "yes?", author_id="ana", client_id="ana:x"),
        event(8, "returned_to_bot", agent="Ana"),
        event(9, "session_expired"),
        message(10, "customer", "again", external_id="k3"),
        message(11, "bot", "echo @6", reply_to="i10"),
        message(12, "customer", "well", external_id="k4"),
        event(13, "handoff_requested", handoff="h2"),
        event(14, "claimed", agent="Bob"),
    ]
    found["inbox"] = [
        inbox(1, "answered"),
        inbox(3, "answered"),
        inbox(10, "answered"),
        inbox(12, "with_person"),
    ]
    found["handoffs"] = [handoff(1, "returned_to_bot"), handoff(2, None)]
    found["audit"] = [
        entry(2, "bot", "handoff_requested", "bot", "queue"),
        entry(3, "ana", "claim", "queue", "agent", assignee="ana"),
        entry(4, "ana", "release", "agent", "bot"),
        entry(5, "system", "session_expired", "bot", "nobody"),
        entry(6, "customer", "customer_wrote", "nobody", "bot"),
        entry(7, "bob", "handoff_requested", "bot", "queue"),
        entry(8, "bob", "claim", "queue", "agent", assignee="bob"),
    ]
    found["timers"] = [{"conversation_id": C, "kind": "agent_silent"}]
    found["agents"] = [{"id": "ana", "name": "Ana"}, {"id": "bob", "name": "Bob"}]
    found["seen_owners"] = [
        seen(1, "bot"), seen(2, "queue"), seen(3, "agent", "ana"), seen(4, "bot"), seen(5, "nobody"),
        seen(6, "bot"), seen(8, "agent", "bob"),
    ]  # fmt: skip
    return found


@pytest.fixture
def diary() -> Diary:
    """What the people of those rows remember."""
    return Diary(
        accepted={"k1": "i1", "k2": "i3", "k3": "i10", "k4": "i12"},
        acts=[
            Act(agent="ana", what="claim", conversation=C, outcome="ok"),
            Act(agent="bob", what="claim", conversation=C, outcome="refused"),
            Act(agent="ana", what="reply", conversation=C, outcome="ok", client_id="x"),
            Act(agent="bob", what="reply", conversation=C, outcome="refused", client_id="y"),
            Act(agent="ana", what="release", conversation=C, outcome="ok"),
            Act(agent="bob", what="claim", conversation=C, outcome="unknown"),
        ],
    )


def found(rows: dict[str, list[Row]], diary: Diary, **how: bool) -> set[str]:
    """Return the names of the checks that complain."""
    return {text.partition(":")[0] for text in complaints(Stored.of(rows), diary, settled=True, **how)}


def test_sound_rows_pass(rows: dict[str, list[Row]], diary: Diary) -> None:
    assert complaints(Stored.of(rows), diary, settled=True) == []


@pytest.mark.parametrize(
    ("finds", "table", "at", "change"),
    [
        ("steps", "messages", 5, {"text": "transferred_to_agent"}),
        ("numbers_without_gaps", "messages", 4, {"seq": 40}),
        ("owner_by_events", "conversations", 0, {"assignee": "ana"}),
        ("owner_by_events", "conversations", 0, {"owner_version": 7}),
        ("row_is_whole", "conversations", 0, {"assignee": ""}),
        ("row_is_whole", "conversations", 0, {"waiting_since": 5}),
        ("row_is_whole", "conversations", 0, {"handoff_id": ""}),
        ("only_the_owner_speaks", "messages", 6, {"author": "bot", "client_id": ""}),
        ("only_the_owner_speaks", "messages", 6, {"author_id": "bob"}),
        ("only_the_owner_speaks", "messages", 4, {"author": "bot"}),
        ("no_stale_reply", "messages", 10, {"reply_to": "i3"}),
        ("no_stale_reply", "messages", 10, {"text": "echo @4"}),
        ("answered_once", "messages", 10, {"reply_to": "i1"}),
        ("handoffs_end", "handoffs", 0, {"closed_at": None, "outcome": None}),
        ("handoffs_end", "handoffs", 0, {"outcome": None}),
        ("handoffs_end", "handoffs", 1, {"closed_at": 9, "outcome": "resolved"}),
        ("handoffs_end", "handoffs", 1, {"id": "h3"}),
        ("log_explains", "audit", 1, {"conversation_id": "another"}),
        ("log_explains", "audit", 1, {"actor": "bot"}),
        ("log_explains", "audit", 1, {"actor": "bob"}),
        (
            "log_explains",
            "audit",
            3,
            {"detail": entry(5, "", "session_expired", "queue", "nobody")["detail"]},
        ),
        ("log_explains", "audit", 3, {"detail": entry(5, "", "resolve", "bot", "nobody")["detail"]}),
        (
            "log_explains",
            "audit",
            3,
            {"detail": entry(4, "", "session_expired", "bot", "nobody")["detail"]},
        ),
        ("log_saw_all", "seen_owners", 3, {"owner": "agent", "assignee": "bob"}),
        ("log_saw_all", "seen_owners", 3, {"owner_version": 3}),
        ("nobody_waits_for_ever", "timers", 0, {"kind": "reminder"}),
        ("messages_have_an_end", "messages", 10, {"reply_to": ""}),
        ("messages_have_an_end", "messages", 1, {"reply_to": "i10"}),
        ("messages_have_an_end", "inbox", 3, {"outcome": "failed"}),
        ("messages_have_an_end", "inbox", 3, {"outcome": "overtaken"}),
        ("accepted_is_kept", "messages", 0, {"external_id": ""}),
        ("accepted_is_kept", "inbox", 0, {"id": "other"}),
        ("nothing_is_pending", "inbox", 0, {"status": "pending"}),
        ("acts_are_logged", "audit", 2, {"actor": "bob"}),
        ("agents_words_once", "messages", 6, {"client_id": "ana:z"}),
        ("agents_words_once", "messages", 6, {"client_id": "bob:y"}),
    ],
)
def test_damage_is_found(
    rows: dict[str, list[Row]], diary: Diary, finds: str, table: str, at: int, change: dict[str, Any]
) -> None:
    rows[table][at] = {**rows[table][at], **change}
    assert finds in found(rows, diary)


def test_what_is_open_after_closing_time_is_found(rows: dict[str, list[Row]], diary: Diary) -> None:
    assert found(rows, diary, closed=True) == {"all_has_ended"}


def test_somebody_who_had_it_before_cannot_have_failed_it(rows: dict[str, list[Row]], diary: Diary) -> None:
    rows["inbox"][2] = inbox(10, "with_person")
    rows["messages"] = rows["messages"][:11]
    assert "messages_have_an_end" in found(rows, diary)

"""Says from stored rows alone whether every conversation had one owner at a time, and why.

Knows nothing of the services: who owned what is worked out from the events of the transcript, and then
compared with the conversation's row, with the audit log, with what a trigger saw (`WATCH`), and with
what agents and customers were told (`Diary`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
TABLES = ("conversations", "messages", "inbox", "handoffs", "audit", "timers", "agents", "seen_owners")
MACHINES = {"bot", "customer", "system"}

STEPS: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "customer_wrote": (("nobody",), "bot", ("customer",)),
    "customer_wrote_again": (("nobody",), "queue", ("customer",)),
    "reminded": (("nobody",), "bot", ("system",)),
    "handoff_requested": (("bot",), "queue", ("bot", "system", "agent")),
    "customer_left_queue": (("queue",), "bot", ("customer", "system")),
    "promise_due": (("bot", "nobody"), "queue", ("system",)),
    "claimed": (("queue",), "agent", ("agent",)),
    "reopened_by_agent": (("nobody",), "agent", ("agent",)),
    "transferred_to_agent": (("agent",), "agent", ("agent",)),
    "taken_by_supervisor": (("agent",), "agent", ("agent",)),
    "transferred_to_queue": (("agent",), "queue", ("agent",)),
    "agent_gone": (("agent",), "queue", ("system",)),
    "returned_to_bot": (("agent",), "bot", ("agent",)),
    "resolved": (("bot", "queue", "agent"), "nobody", ("agent",)),
    "session_expired": (("bot",), "nobody", ("system",)),
}
"""What may happen: from which owners, to which, and by whom; written down a second time on purpose."""
NAMED_OTHERWISE = {
    "transferred": "transferred_to_queue",
    "agent_silent": "agent_gone",
    "message_left": "customer_left_queue",
}
"""Events of the transcript whose name is not the step's."""

WATCH = """
CREATE TABLE seen_owners (n INTEGER PRIMARY KEY, conversation_id TEXT, owner TEXT, assignee TEXT,
                          owner_version BIGINT);
CREATE TRIGGER watch_new AFTER INSERT ON conversations BEGIN
  INSERT INTO seen_owners (conversation_id, owner, assignee, owner_version)
  VALUES (new.id, new.owner, new.assignee, new.owner_version);
END;
CREATE TRIGGER watch_change AFTER UPDATE ON conversations
WHEN old.owner <> new.owner OR old.assignee <> new.assignee OR old.owner_version <> new.owner_version BEGIN
  INSERT INTO seen_owners (conversation_id, owner, assignee, owner_version)
  VALUES (new.id, new.owner, new.assignee, new.owner_version);
END;
"""
"""For SQLite: notes each owner that a conversation has had, whoever wrote it."""
WATCH_POSTGRES = """
CREATE TABLE seen_owners (n BIGSERIAL PRIMARY KEY, conversation_id TEXT, owner TEXT, assignee TEXT,
                          owner_version BIGINT);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' OR (old.owner, old.assignee, old.owner_version)
      IS DISTINCT FROM (new.owner, new.assignee, new.owner_version) THEN
    INSERT INTO seen_owners (conversation_id, owner, assignee, owner_version)
    VALUES (new.id, new.owner, new.assignee, new.owner_version);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER INSERT OR UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION watch();
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One change of owner as the transcript tells it; `agent` is a name."""

    event: str
    before: str
    owner: str
    agent: str
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What an agent tried; `outcome` is ok, refused, or unknown when the server died meanwhile."""

    agent: str
    what: str
    conversation: str
    outcome: str
    client_id: str = ""


@dataclass(kw_only=True)
class Diary:
    """What people outside remember."""

    accepted: dict[str, str] = field(default_factory=dict)
    """Inbox id by the customer's message id, of what was acknowledged."""
    acts: list[Act] = field(default_factory=list)


@dataclass(kw_only=True)
class Stored:
    """All rows, and the steps of each conversation."""

    conversations: dict[str, Row]
    messages: dict[str, list[Row]]
    inbox: dict[str, Row]
    inbox_of: dict[str, list[Row]]
    handoffs: dict[str, list[Row]]
    audit: dict[str, list[Row]]
    timers: dict[str, set[str]]
    names: dict[str, str]
    """Agents' ids by name."""
    seen: dict[str, list[Row]]
    steps: dict[str, list[Step]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Steps that may not be."""

    @classmethod
    def of(cls, rows: dict[str, list[Row]]) -> Stored:
        """Sort the rows of `TABLES` by conversation and work the steps out."""
        stored = cls(
            conversations={row["id"]: row for row in rows["conversations"]},
            messages=_grouped(sorted(rows["messages"], key=lambda m: m["seq"])),
            inbox={row["id"]: row for row in rows["inbox"]},
            inbox_of=_grouped(rows["inbox"]),
            handoffs=_grouped(sorted(rows["handoffs"], key=lambda h: (h["requested_at"], h["id"]))),
            audit=_grouped([_with_detail(row) for row in rows["audit"]]),
            timers={c: {t["kind"] for t in found} for c, found in _grouped(rows["timers"]).items()},
            names={row["name"]: row["id"] for row in rows["agents"]},
            seen=_grouped(sorted(rows["seen_owners"], key=lambda s: s["n"])),
        )
        for conversation, messages in stored.messages.items():
            promised = {
                h["id"] for h in stored.handoffs.get(conversation, []) if "promised" in h["evidence"]
            }
            stored.steps[conversation] = list(steps(messages, promised, stored.broken))
        return stored

    def all(self) -> Iterator[tuple[str, Row, list[Row], list[Step]]]:
        """Yield id, row, messages and steps of each conversation."""
        for name, row in self.conversations.items():
            yield name, row, self.messages.get(name, []), self.steps.get(name, [])


def _grouped(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["conversation_id"]].append(row)
    return found


def _with_detail(row: Row) -> Row:
    detail = json.loads(row["detail"]) if row["detail"] else {}
    return {**row, "detail": detail, "version": detail.get("owner_version", 0)}


def steps(messages: list[Row], promised: set[str], broken: list[str]) -> Iterator[Step]:
    """Work out the changes of owner from a transcript; what may not be is added to `broken`.

    `promised` are the handoffs that began because somebody had been promised an answer.
    """
    owner = "bot"
    for message in messages:
        facts = json.loads(message["custom"]) if message["custom"] else {}
        event = _event(message, owner, facts, promised)
        if event is None:
            continue
        sources, target, _ = STEPS[event]
        if owner not in sources:
            at = f"{message['conversation_id']}/{message['seq']}"
            broken.append(f"{at}: {event} while it was with {owner}")
        agent = facts.get("agent", "") if target == "agent" else ""
        yield Step(event=event, before=owner, owner=target, agent=agent, seq=message["seq"])
        owner = target


def _event(message: Row, owner: str, facts: Row, promised: set[str]) -> str | None:
    text = message["text"]
    if message["kind"] == "event":
        if owner == "nobody" and text == "reminder_due":
            return "reminded"
        if text == "handoff_requested" and facts["handoff"] in promised:
            return "promise_due"
        if owner == "nobody" and text == "handoff_requested":
            return "customer_wrote_again"
        event = NAMED_OTHERWISE.get(text, text)
        return event if event in STEPS else None
    if owner == "nobody" and message["author"] == "customer":
        return "customer_wrote"
    return None


Check = Callable[[Stored, Diary], Iterator[str]]


def complaints(stored: Stored, diary: Diary, *, settled: bool = False, closed: bool = False) -> list[str]:
    """Return every broken promise in words.

    `settled`: nothing is under way any more. `closed`: people have also closed what they had.
    """
    from tests.long import ownership_checks as checks

    wanted: list[Check] = [*checks.ALWAYS, *(checks.SETTLED if settled else ())]
    wanted += checks.CLOSED if closed else ()
    found = [f"{check.__name__}: {problem}" for check in wanted for problem in check(stored, diary)]
    return [f"steps: {problem}" for problem in stored.broken] + found


def count(stored: Stored) -> Counter[str]:
    """Count what happened, so that a run can be seen to have tried everything."""
    return Counter(step.event for found in stored.steps.values() for step in found)

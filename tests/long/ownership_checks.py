"""The promises about ownership, one function each; they look at rows and at nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.long.ownership import MACHINES, STEPS, Check, Diary, Row, Step, Stored

PEOPLE = ("queue", "agent")
HIDDEN = ("note", "event")
OPENS = ("handoff_requested", "customer_wrote_again", "promise_due", "reopened_by_agent")
"""Steps that begin a handoff."""


def numbers_without_gaps(stored: Stored, diary: Diary) -> Iterator[str]:
    """Messages, notes and events run 1, 2, 3 ..."""
    for name, row, messages, _ in stored.all():
        if [m["seq"] for m in messages] != list(range(1, row["seq"] + 1)):
            yield f"{name} has {len(messages)} entries, the newest should be {row['seq']}"


def owner_by_events(stored: Stored, diary: Diary) -> Iterator[str]:
    """The row says what the transcript says: owner, agent, and how often it changed."""
    for name, row, _, steps in stored.all():
        owner, agent = (steps[-1].owner, steps[-1].agent) if steps else ("bot", "")
        assignee = stored.names.get(agent, "?") if agent else ""
        if (row["owner"], row["assignee"]) != (owner, assignee):
            yield f"{name} is with {row['owner']} {row['assignee']}, its events say {owner} {assignee}"
        if row["owner_version"] != len(steps) + 1:
            yield f"{name} has owner version {row['owner_version']} after {len(steps)} changes"


def row_is_whole(stored: Stored, diary: Diary) -> Iterator[str]:
    """An assignee only with an agent, a wait only in the queue, a handoff only with people."""
    for name, row, _, _ in stored.all():
        owner = row["owner"]
        if bool(row["assignee"]) != (owner == "agent"):
            yield f"{name} is with {owner} and its assignee is {row['assignee']!r}"
        if (row["waiting_since"] is not None) != (owner == "queue"):
            yield f"{name} is with {owner} and waits since {row['waiting_since']}"
        if bool(row["handoff_id"]) != (owner in PEOPLE):
            yield f"{name} is with {owner} and its handoff is {row['handoff_id']!r}"


def only_the_owner_speaks(stored: Stored, diary: Diary) -> Iterator[str]:
    """The bot speaks while it owns the conversation, an agent while they do; notes are free."""
    for name, _, messages, steps in stored.all():
        changes = {step.seq: step for step in steps}
        owner, agent = "bot", ""
        for message in messages:
            if step := changes.get(message["seq"]):
                owner, agent = step.owner, stored.names.get(step.agent, "")
            author, hidden = message["author"], message["kind"] in HIDDEN
            if author == "bot" and owner != "bot":
                yield f"{name}/{message['seq']}: the bot speaks while {owner} {agent} has it"
            if author == "agent" and not hidden and (owner, message["author_id"]) != ("agent", agent):
                yield f"{name}/{message['seq']}: {message['author_id']} speaks, {owner} {agent} has it"


def no_stale_reply(stored: Stored, diary: Diary) -> Iterator[str]:
    """The bot says nothing that it thought of before the owner changed, be it there and back.

    Its words end with the owner version that it knew (see `RacingEngine`).
    """
    for name, _, messages, steps in stored.all():
        for message in messages:
            if message["author"] != "bot":
                continue
            thought, version = message["text"].rpartition("@")[2], 1
            version += sum(step.seq < message["seq"] for step in steps)
            if thought != str(version):
                yield f"{name}/{message['seq']} was thought of at version {thought}, said at {version}"
            row = stored.inbox.get(message["reply_to"])
            between = [s for s in steps if row and row["message_seq"] < s.seq < message["seq"]]
            if any(step.owner == "agent" for step in between):
                yield f"{name}/{message['seq']} answers what an agent had"


def answered_once(stored: Stored, diary: Diary) -> Iterator[str]:
    """The bot answers a message at most once."""
    replies = Counter(
        (name, m["reply_to"])
        for name, _, messages, _ in stored.all()
        for m in messages
        if m["author"] == "bot"
    )
    for (name, inbox_id), times in replies.items():
        if times > 1:
            yield f"{name}: {inbox_id} was answered {times} times"


def handoffs_end(stored: Stored, diary: Diary) -> Iterator[str]:
    """Each handoff has an end with an outcome, or is the open one of a conversation with people."""
    for name, row, _, steps in stored.all():
        handoffs = stored.handoffs.get(name, [])
        for handoff in handoffs:
            ended = handoff["closed_at"] is not None
            if ended != bool(handoff["outcome"]):
                yield f"{name}: {handoff['id']} ended: {ended}, outcome: {handoff['outcome']}"
            if ended == (handoff["id"] == row["handoff_id"]):
                yield f"{name}: {handoff['id']} ended: {ended}, the open one is {row['handoff_id']!r}"
        if row["handoff_id"] and row["handoff_id"] not in {h["id"] for h in handoffs}:
            yield f"{name}: its handoff {row['handoff_id']} is nowhere"
        asked = sum(step.event in OPENS for step in steps)
        if asked != len(handoffs):
            yield f"{name}: {asked} handoffs were asked for, {len(handoffs)} are there"


def log_explains(stored: Stored, diary: Diary) -> Iterator[str]:
    """Each owner version has one audit entry, by somebody who may, and they follow from each other."""
    for name, row, _, steps in stored.all():
        entries = sorted(
            (e for e in stored.audit.get(name, []) if e["version"]),
            key=lambda entry: entry["version"],
        )
        versions = [entry["version"] for entry in entries]
        if versions != list(range(2, row["owner_version"] + 1)):
            yield f"{name}: the log has the versions {versions} of {row['owner_version']}"
            continue
        owner = "bot"
        for entry, step in zip(entries, steps, strict=False):
            yield from (
                f"{name}: version {entry['version']}: {why}" for why in _odd(stored, entry, step, owner)
            )
            owner = entry["detail"]["to"]


def _odd(stored: Stored, entry: Row, step: Step, owner: str) -> Iterator[str]:
    detail = entry["detail"]
    if detail["from"] != owner:
        yield f"it was with {owner}, the log says from {detail['from']}"
    if (detail["event"], detail["to"]) != (step.event, step.owner):
        yield f"the log says {detail['event']}, the transcript {step.event}"
        return
    if detail.get("assignee", "") != (stored.names.get(step.agent, "?") if step.agent else ""):
        yield f"the log says {detail.get('assignee')!r}, the transcript {step.agent!r}"
    who = entry["actor"] if entry["actor"] in MACHINES else "agent"
    if who not in STEPS[step.event][2] or (who == "agent" and entry["actor"] not in stored.names.values()):
        yield f"{step.event} by {entry['actor']!r}"
    if (
        step.event in ("claimed", "taken_by_supervisor", "reopened_by_agent")
        and detail.get("assignee") != entry["actor"]
    ):
        yield f"{entry['actor']} claimed it for {detail.get('assignee')}"


def log_saw_all(stored: Stored, diary: Diary) -> Iterator[str]:
    """Every owner that a conversation was ever seen with is in the log, in that order."""
    for name, _, _, _ in stored.all():
        said = {1: ("bot", "")}
        for entry in [e for e in stored.audit.get(name, []) if e["version"]]:
            said[entry["version"]] = (entry["detail"].get("to", ""), entry["detail"].get("assignee", ""))
        last = 0
        for seen in stored.seen.get(name, []):
            version = seen["owner_version"]
            if version <= last:
                yield f"{name}: owner version {version} came after {last}"
            if said.get(version) != (seen["owner"], seen["assignee"]):
                yield f"{name}: version {version} was {seen['owner']} {seen['assignee']}, logged {said.get(version)}"
            last = version


def nobody_waits_for_ever(stored: Stored, diary: Diary) -> Iterator[str]:
    """Whoever waits has a timer that does something about it."""
    theirs = {
        (r["conversation_id"], r["message_seq"])
        for r in stored.inbox.values()
        if r["outcome"] == "with_person"
    }
    for name, row, messages, _ in stored.all():
        kinds, owner = stored.timers.get(name, set()), row["owner"]
        said = [m["seq"] for m in messages if m["author"] == "agent" and m["kind"] not in HIDDEN]
        wrote = [m["seq"] for m in messages if (name, m["seq"]) in theirs]
        wanted = {"queue": "queue_update", "bot": "session_expiry"}.get(owner, "")
        if owner == "agent" and max(wrote, default=0) > max(said, default=0):
            wanted = "agent_silent"
        if wanted and wanted not in kinds:
            yield f"{name} is with {owner} and has no {wanted}"


def messages_have_an_end(stored: Stored, diary: Diary) -> Iterator[str]:
    """What is done was answered, is with a person, or failed and is with a person."""
    for row in stored.inbox.values():
        if row["status"] != "done":
            continue
        name, messages = row["conversation_id"], stored.messages.get(row["conversation_id"], [])
        where = f"{name}/{row['message_seq']}"
        if row["outcome"] == "answered":
            if (
                row["kind"] == "message"
                and not _answered(stored, row)
                and not _pressed_twice(messages, row)
            ):
                yield f"{where} counts as answered and nothing was said"
        elif row["outcome"] == "failed" and row["kind"] != "message":
            continue  # a reminder is tried again, and then a person's
        elif row["outcome"] in ("with_person", "failed"):
            if not _people_had_it(stored.steps.get(name, []), row["message_seq"]):
                yield f"{where} is {row['outcome']} and no person had it"
        elif row["kind"] == "message":
            yield f"{where} has the outcome {row['outcome']}"
        if (
            row["outcome"] == "failed"
            and row["kind"] == "message"
            and not messages[row["message_seq"] - 1]["failed"]
        ):
            yield f"{where} failed and is not marked"


def _answered(stored: Stored, row: Row) -> bool:
    """Say whether something was said to it, or to a later one with which it was read."""
    name, seq = row["conversation_id"], row["message_seq"]
    replies = {m["reply_to"] for m in stored.messages.get(name, [])[seq:]}
    if row["id"] in replies or stored.conversations[name]["channel"] != "push":
        return row["id"] in replies
    return any(later["id"] in replies for later in stored.inbox_of[name] if later["message_seq"] > seq)


def _pressed_twice(messages: list[Row], row: Row) -> bool:
    """Say whether this repeats what was written a moment before."""
    at = messages[row["message_seq"] - 1]
    return any(
        m["author"] == "customer"
        and m["text"] == at["text"]
        and 0 <= at["created_at"] - m["created_at"] <= 1e7
        for m in messages[: row["message_seq"] - 1]
    )


def _people_had_it(steps: list[Step], seq: int) -> bool:
    """Say whether people had it at that time or later, be it only to close it."""
    before = [step for step in steps if step.seq <= seq]
    at = before[-1].owner if before else "bot"
    later = [step for step in steps if step.seq > seq]
    return at in PEOPLE or any(step.owner in PEOPLE or step.event == "resolved" for step in later)


def accepted_is_kept(stored: Stored, diary: Diary) -> Iterator[str]:
    """What a customer was told is accepted is there, once."""
    copies = Counter(m["external_id"] for _, _, messages, _ in stored.all() for m in messages)
    for key, inbox_id in diary.accepted.items():
        if inbox_id not in stored.inbox:
            yield f"{key} was accepted and is lost"
        if copies[key] != 1:
            yield f"{key} is stored {copies[key]} times"


def acts_are_logged(stored: Stored, diary: Diary) -> Iterator[str]:
    """What an agent was told is done is in the log, and the log has nothing else of agents."""
    done: Counter[tuple[str, str, str]] = Counter()
    perhaps: Counter[tuple[str, str, str]] = Counter()
    for act in diary.acts:
        if act.what not in ("reply", "note"):
            key = (act.conversation, act.agent, act.what)
            done[key] += act.outcome == "ok"
            perhaps[key] += act.outcome != "refused"
    logged = Counter(
        (name, entry["actor"], entry["action"].removeprefix("conversation."))
        for name, entries in stored.audit.items()
        for entry in entries
        if entry["actor"] not in MACHINES and entry["detail"].get("event") != "handoff_requested"
    )
    for key in done.keys() | logged.keys():
        # Who claims what is theirs already, or closes what is closed, is told yes and nothing happens.
        least = 0 if key[2] in ("claim", "task_closed") else done[key]
        if not least <= logged[key] <= perhaps[key]:
            yield f"{key}: {done[key]} to {perhaps[key]} done, {logged[key]} logged"


def agents_words_once(stored: Stored, diary: Diary) -> Iterator[str]:
    """What an agent was told is said is there once, and what was refused is not."""
    copies = Counter(
        (name, m["client_id"]) for name, _, messages, _ in stored.all() for m in messages if m["client_id"]
    )
    said: dict[tuple[str, str], set[str]] = {}
    for act in diary.acts:
        if act.client_id:
            said.setdefault((act.conversation, f"{act.agent}:{act.client_id}"), set()).add(act.outcome)
    for key, outcomes in said.items():
        if "ok" in outcomes and copies[key] != 1:
            yield f"{key} was said and is there {copies[key]} times"
        if outcomes == {"refused"} and copies[key]:
            yield f"{key} was refused and is there"
    for key in copies.keys() - said.keys():
        yield f"{key} was never said"


def nothing_is_pending(stored: Stored, diary: Diary) -> Iterator[str]:
    """Every message has found its end."""
    for row in stored.inbox.values():
        if row["status"] != "done":
            yield f"{row['conversation_id']}/{row['message_seq']} is {row['status']}"


def all_has_ended(stored: Stored, diary: Diary) -> Iterator[str]:
    """When people have closed what they had, no handoff is open."""
    for name, row, _, _ in stored.all():
        if row["owner"] in PEOPLE or row["handoff_id"]:
            yield f"{name} is still with {row['owner']}"


ALWAYS: tuple[Check, ...] = (
    numbers_without_gaps,
    owner_by_events,
    row_is_whole,
    only_the_owner_speaks,
    no_stale_reply,
    answered_once,
    handoffs_end,
    log_explains,
    log_saw_all,
    nobody_waits_for_ever,
    messages_have_an_end,
    accepted_is_kept,
)
SETTLED: tuple[Check, ...] = (nothing_is_pending, acts_are_logged, agents_words_once)
CLOSED: tuple[Check, ...] = (all_has_ended,)

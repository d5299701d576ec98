"""Rules and stories that contradict each other: the same beginning, and two things to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bot.training.checks.problem import Problem
from bot.training.checks.source import Event, Source, Way

_Beginning = tuple[bool, int, tuple[str, ...]]
WAITS = "wait for the customer"


def contradictions(source: Source) -> Iterator[Problem]:
    """Yield beginnings that two rules, or two stories, go on from in different ways.

    Only what is said in the same words counts as the same, so nothing is named that is none. Training
    looks further: Rasa compares what slots, entities and active forms make of a step.
    """
    following: defaultdict[_Beginning, dict[str, tuple[Way, str]]] = defaultdict(dict)
    for way in source.paths:
        for beginning, action, place in _steps(way):
            following[beginning].setdefault(action, (way, place))
    for (rule, _, _), ways in following.items():
        if len(ways) > 1:
            yield _problem("rule" if rule else "story", ways)
    yield from _against_rules(source)


def _steps(way: Way) -> Iterator[tuple[_Beginning, str, str]]:
    """Yield each beginning of a way with what follows, and where that stands.

    A rule says what follows its first message and its conditions, to the end of that turn.
    """
    events = way.events
    for at in range(1, len(events)):
        action = _action(events, at)
        if action:
            beginning = (way.rule, way.conditions, tuple(event.key for event in events[:at]))
            yield beginning, action, events[at].place


def _action(events: tuple[Event, ...], at: int) -> str:
    """Return what the assistant does at this step; nothing if the step is no decision of its."""
    now, before = events[at], events[at - 1]
    if now.kind == "action":
        return now.name
    if now.kind == "user" and before.kind == "action":
        return WAITS
    return ""


def _problem(what: str, ways: dict[str, tuple[Way, str]]) -> Problem:
    (first, (way, place)), *others = ways.items()
    named = "; ".join(f'"{other.name}" says {action}' for action, (other, _) in others)
    return Problem(
        level="error",
        kind="contradiction",
        place=place,
        others=tuple(there for _, (_, there) in others),
        message=f'The {what} "{way.name}" goes on with {first}; from the same beginning {named}.',
        advice="Make them agree, or give them beginnings that differ (a condition, a slot, an entity).",
    )


def _against_rules(source: Source) -> Iterator[Problem]:
    """Yield stories that answer a message otherwise than the rule for it, while no form is active."""
    ruled = _unconditional(source)
    for way in source.paths:
        active = False
        if way.rule:
            continue
        for event, following in zip(way.events, way.events[1:], strict=False):
            if event.kind == "loop":
                active = event.name not in ("", "None")
            rule = ruled.get(event.name) if event.kind == "user" and not active else None
            if rule and following.kind == "action" and following.name not in rule:
                yield _broken_rule(way, event, following, rule)


def _unconditional(source: Source) -> dict[str, dict[str, str]]:
    """Return by intent what rules without conditions do first, and where they say so."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for way in source.paths:
        if way.rule and not way.conditions and len(way.events) > 1:
            asked, done = way.events[:2]
            if asked.kind == "user" and asked.name and done.kind == "action":
                found[asked.name][done.name] = done.place
    return found


def _broken_rule(way: Way, asked: Event, done: Event, rule: dict[str, str]) -> Problem:
    return Problem(
        level="error",
        kind="contradiction",
        place=done.place,
        others=tuple(rule.values()),
        message=f'The story "{way.name}" answers {asked.name} with {done.name}, the rule for it with '
        f"{' or '.join(rule)}.",
        advice="Rules hold everywhere: change the story, or give the rule a condition.",
    )

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
        for at, event in enumerate(way.events if not way.rule else ()):
            if event.kind == "loop":
                active = event.name not in ("", "None")
            rule = ruled.get(event.name) if event.kind == "user" and not active else None
            if rule:
                yield from _beside(way, at, rule)


def _beside(way: Way, at: int, rule: dict[str, Way]) -> Iterator[Problem]:
    """Compare what follows a message with the rule for it: the first action, and whether there is more."""
    asked, done, *more = (*way.events[at : at + 3], None, None)
    if done is None or done.kind != "action":
        return
    places = tuple(ruled.events[1].place for ruled in rule.values())
    advice = "Rules hold everywhere: change the story, or give the rule a condition."
    if done.name not in rule:
        said = f"answers {asked.name} with {done.name}, the rule for it with {' or '.join(rule)}"
    elif (
        more[0] and more[0].kind == "action" and rule[done.name].waits and len(rule[done.name].events) == 2
    ):
        done, said = more[0], f"goes on with {more[0].name} where the rule for {asked.name} waits"
        advice = "Rules hold everywhere: change the story, or say wait_for_user_input: false in the rule."
    else:
        return
    yield Problem(
        level="error",
        kind="contradiction",
        place=done.place,
        others=places,
        message=f'The story "{way.name}" {said}.',
        advice=advice,
    )


def _unconditional(source: Source) -> dict[str, dict[str, Way]]:
    """Return by intent the rules without conditions, by what they do first."""
    found: defaultdict[str, dict[str, Way]] = defaultdict(dict)
    for way in source.paths:
        if way.rule and not way.conditions and len(way.events) > 1:
            asked, done = way.events[:2]
            if asked.kind == "user" and asked.name and done.kind == "action":
                found[asked.name][done.name] = way
    return found

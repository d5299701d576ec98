"""Names that one part of the data uses and another part lacks, and words that mean two things."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from bot.training.checks.problem import Problem
from bot.training.checks.source import Line, Source
from bot.training.examples import OURS, annotated

UTTER = "utter_"
_ASKS = ("utter_ask_", "action_ask_")
_OF_RASA = re.compile(
    r"action_(?:listen|restart|session_start|default_fallback|deactivate_loop|back|extract_slots"
    r"|unlikely_intent|two_stage_fallback|revert_fallback_events|default_ask_(?:affirmation|rephrase)"
    r"|validate_slot_mappings|send_text)|\.\.\."
)
_SENDS = re.compile(r"/(?P<intent>[^\s{}@/]+)")
_OF_BATON = "system_"
"""How choices begin that the server itself understands, such as to leave the queue."""
_FALLBACK = frozenset({"nlu_fallback", "restart", "back", "out_of_scope", "session_start"})


def responses(source: Source) -> Iterator[Problem]:
    """Yield responses that nothing says, and words and actions that are used and that nobody made."""
    used = {e.name: e.place for way in source.paths for e in way.events if e.kind == "action"}
    asked, unasked = _asked(source)
    made = {*source.names("actions"), *source.names("forms")}
    yield from _missing(source, used, made)
    yield from unasked
    for name, place in source.names("responses").items():
        if name.startswith(UTTER) and name not in {*used, *asked, *made}:
            yield Problem(
                level="warning",
                kind="unused_response",
                place=place,
                message=f"The response {name} is said by no rule, story or form.",
                advice="If an action says it, list it in data/stories/said_by_code.yml; else take it out.",
            )


def _missing(source: Source, used: dict[str, str], made: set[str]) -> Iterator[Problem]:
    known = made | {*source.names("responses")}
    for name, place in used.items():
        if name in known or _OF_RASA.fullmatch(name):
            continue
        if name.startswith(UTTER):
            yield Problem(
                level="error",
                kind="missing_response",
                place=place,
                message=f"{name} is to be said here, and there is no such response.",
                advice="Write it below responses: in domain.yml, or mend the name.",
            )
        else:
            yield _unknown("action", name, place)


def _asked(source: Source) -> tuple[set[str], list[Problem]]:
    """Return the names by which forms ask for slots, and the slots that they cannot ask for."""
    known = {*source.names("responses"), *source.names("actions")}
    asked: set[str] = set()
    problems = []
    for form, slots in source.forms.items():
        for slot in slots:
            names = {f"{ask}{name}" for ask in _ASKS for name in (f"{form}_{slot}", slot)}
            asked |= names
            if not names & known:
                problems.append(
                    Problem(
                        level="error",
                        kind="missing_response",
                        place=source.names("forms")[form],
                        message=f"{form} asks for {slot}, and there are no words to ask with.",
                        advice=f"Write the response utter_ask_{slot}, or utter_ask_{form}_{slot}.",
                    )
                )
    return asked, problems


def intents(source: Source) -> Iterator[Problem]:
    """Yield intents that the domain lacks, and intents that nothing answers."""
    known = source.names("intents")
    answered: dict[str, str] = {}
    for way in source.paths:
        for event in way.events:
            if event.kind == "user" and event.name:
                answered.setdefault(event.name.split("/")[0], event.place)
    with_examples: dict[str, str] = {}
    for line in source.of("intent"):
        with_examples.setdefault(line.name.split("/")[0], line.place)
    for name, place in {**answered, **with_examples}.items():
        if name not in known and name not in _FALLBACK:
            yield _unknown("intent", name, place)
    for name, place in with_examples.items():
        if name in known and name not in answered and name not in source.mapped and OURS not in name:
            yield Problem(
                level="warning",
                kind="unanswered_intent",
                place=place,
                message=f"No rule or story says what follows {name}.",
                advice=f"Write a rule that begins with intent: {name}, or take its examples out.",
            )


def payloads(source: Source) -> Iterator[Problem]:
    """Yield buttons that send an intent which the domain lacks."""
    known = source.names("intents")
    for line in source.payloads:
        sent = _SENDS.match(line.text)
        if sent and sent["intent"] not in known and not sent["intent"].startswith(_OF_BATON):
            yield _unknown("intent", sent["intent"], line.place)


def slots(source: Source) -> Iterator[Problem]:
    """Yield slots that stories and rules set and the domain lacks."""
    known = source.names("slots")
    used = {slot: e.place for way in source.paths for e in way.events for slot in e.slots}
    for name, place in used.items():
        if name not in known and name != "requested_slot":
            yield _unknown("slot", name, place)


def entities(source: Source) -> Iterator[Problem]:
    """Yield entities that examples, regexes or lookups have and the domain lacks."""
    known = source.names("entities")
    seen: dict[str, str] = {}
    for line in source.lines:
        if line.kind == "intent":
            for name, _, _ in annotated(line.text):
                seen.setdefault(name, line.place)
        elif line.kind != "synonym":
            seen.setdefault(line.name, line.place)
    for name, place in seen.items():
        if name not in known:
            yield _unknown("entity", name, place)


def _unknown(what: str, name: str, place: str) -> Problem:
    return Problem(
        level="error",
        kind=f"unknown_{what}",
        place=place,
        message=f"The {what} {name or '(without a name)'} is not in the domain.",
        advice="Add it to domain.yml, or mend the name if it is a slip of the pen.",
    )


def synonyms(source: Source) -> Iterator[Problem]:
    """Yield words that stand for two values."""
    meant: defaultdict[str, list[tuple[str, Line]]] = defaultdict(list)
    for line in source.of("synonym"):
        meant[line.text.casefold()].append((line.name, line))
    for line in source.of("intent"):
        for _, words, value in annotated(line.text):
            if value:
                meant[words.casefold()].append((value, line))
    for words, found in meant.items():
        values = sorted({value for value, _ in found})
        if len(values) > 1:
            yield Problem(
                level="error",
                kind="synonym",
                place=found[0][1].place,
                others=tuple(f"{line.place} ({value})" for value, line in found[1:]),
                message=f'"{words}" stands for {" and ".join(values)}.',
                advice="Words can stand for one value only: the last one wins. Keep it in one synonym.",
            )


def regexes(source: Source) -> Iterator[Problem]:
    """Yield patterns that are broken."""
    for line in source.of("regex"):
        try:
            re.compile(line.text)
        except re.error as error:
            yield Problem(
                level="error",
                kind="regex",
                place=line.place,
                message=f"The pattern of {line.name} is broken: {error}.",
                advice="Mend it; Python's documentation of `re` says how patterns are written.",
            )

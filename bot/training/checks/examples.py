"""Examples that cannot teach: under two intents, nearly the same as others, or too few of them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bot.training.checks.problem import Problem
from bot.training.checks.source import Line, Source
from bot.training.examples import OURS, bare, plain_words, without_values

ALIKE = 0.9
"""Share of their trigrams that two examples of one intent have in common when they are nearly the same."""
ALIKE_ACROSS = 0.8
"""The same for examples of two intents, where it matters more."""

_NAME = re.compile(r"<[^>]*>")
_NOT_WORDS = re.compile(r"[^\w<>]+")


def unread(source: Source) -> Iterator[Problem]:
    """Yield what Rasa would pass over: lines without a dash, and lists in place of a block of lines."""
    for line in source.unread:
        listed = line.kind == "list"
        yield Problem(
            level="error",
            kind="unread",
            place=line.place,
            message=f"The examples of {line.name} are a list."
            if listed
            else f'"{line.text}" under {line.name} begins with no dash.',
            advice='Write "examples: |" with the bar, and the lines below it.'
            if listed
            else 'Write "- " before it: a line without it is not read.',
        )


def two_intents(source: Source) -> Iterator[Problem]:
    """Yield texts that stand under more than one intent; case, punctuation and entity values aside."""
    told: set[str] = set()
    for reading, what in ((_as_read, ""), (_without_values, ", but for the values of entities")):
        groups: defaultdict[str, list[Line]] = defaultdict(list)
        for line in source.of("intent"):
            if key := reading(line.text):
                groups[key].append(line)
        for lines in groups.values():
            intents = sorted({line.name for line in lines})
            if len(intents) > 1 and not told & {line.place for line in lines}:
                told |= {line.place for line in lines}
                yield _under_two(lines, intents, what)


def _under_two(lines: Sequence[Line], intents: Sequence[str], what: str) -> Problem:
    first = lines[0]
    return Problem(
        level="error",
        kind="two_intents",
        place=first.place,
        others=tuple(f"{line.place} ({line.name})" for line in lines[1:]),
        message=f'"{bare(first.text)}" is an example of {" and ".join(intents)}{what}.',
        advice="A text cannot mean both: keep it under one intent and take the others away.",
    )


def too_thin(source: Source, least: int) -> Iterator[Problem]:
    """Yield intents with fewer than `least` different examples, and those of the domain that have none."""
    seen: defaultdict[str, dict[str, Line]] = defaultdict(dict)
    for line in source.of("intent"):
        seen[line.name].setdefault(plain_words(line.text), line)
    for name, place in source.names("intents").items():
        if name not in seen and not name.startswith(OURS):
            yield Problem(
                level="warning",
                kind="thin",
                place=place,
                message=f"The intent {name} has no examples, so no message is ever taken for it.",
                advice=f"Write {least} or more in data/nlu/{name}.yml, or take it out of the domain.",
            )
    for name, found in seen.items():
        if len(found) < least and not name.startswith(OURS):
            yield _thin(name, found, least)


def _thin(name: str, found: dict[str, Line], least: int) -> Problem:
    return Problem(
        level="warning",
        kind="thin",
        place=next(iter(found.values())).place,
        message=f"The intent {name} has {len(found)} different example{'s' if len(found) != 1 else ''}.",
        advice=f"Write {least - len(found)} more, each in other words: fragments, typos, long ones.",
    )


def repeated(source: Source) -> Iterator[Problem]:
    """Yield examples that stand twice under one intent, case and punctuation aside."""
    groups: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in source.of("intent"):
        groups[line.name, plain_words(line.text)].append(line)
    for (name, _), lines in groups.items():
        if len(lines) > 1:
            yield Problem(
                level="warning",
                kind="repeated",
                place=lines[0].place,
                others=tuple(line.place for line in lines[1:]),
                message=f'"{bare(lines[0].text)}" is an example of {name} {len(lines)} times.',
                advice="Keep one of them: a repetition teaches nothing and weighs twice.",
            )


def nearly_same(source: Source) -> Iterator[Problem]:
    """Yield pairs of examples that share nearly all trigrams; pairs of two intents first."""
    firsts: dict[tuple[str, str], Line] = {}
    for line in source.of("intent"):
        firsts.setdefault((line.name, plain_words(line.text)), line)
    lines = list(firsts.values())
    pairs = [
        (lines[a], lines[b], share) for a, b, share in _pairs([_grams(x.text) for x in lines], ALIKE_ACROSS)
    ]
    near = [(a, b, share) for a, b, share in pairs if share >= ALIKE or a.name != b.name]
    near = [pair for pair in near if _as_read(pair[0].text) != _as_read(pair[1].text)]  # told already
    for one, other, share in sorted(near, key=lambda p: (p[0].name == p[1].name, -p[2], p[0].place)):
        yield _alike(one, other, share)


def _alike(one: Line, other: Line, share: float) -> Problem:
    """Say that two examples are nearly the same; those of two intents are the worse."""
    if one.name != other.name:
        named = f'"{bare(one.text)}" ({one.name}) and "{bare(other.text)}" ({other.name})'
        advice = "If one sentence could mean both, decide for one intent; if not, make them differ more."
    else:
        named = f'"{bare(one.text)}" and "{bare(other.text)}" of {one.name}'
        advice = "Put one of them in other words, or take it away."
    return Problem(
        level="warning",
        kind="nearly_same",
        place=one.place,
        others=(other.place,),
        message=f"{named} are {share:.0%} alike.",
        advice=advice,
    )


def _pairs(sets: Sequence[frozenset[str]], alike: float) -> Iterator[tuple[int, int, float]]:
    """Yield pairs whose Jaccard similarity is at least `alike`.

    Two such sets share one of the rarest few members of either, so only those are looked up.
    """
    counted = Counter(gram for grams in sets for gram in grams)
    index: defaultdict[str, list[int]] = defaultdict(list)
    for at in sorted(range(len(sets)), key=lambda i: len(sets[i])):
        grams = sets[at]
        first = len(grams) - math.ceil(alike * len(grams)) + 1
        rare = sorted(grams, key=lambda g: (counted[g], g))[:first]
        near = {o for gram in rare for o in index[gram] if len(sets[o]) >= alike * len(grams)}
        for other in sorted(near):
            common = len(grams & sets[other])
            share = common / (len(grams) + len(sets[other]) - common)
            if share >= alike:
                yield min(at, other), max(at, other), share
        for gram in rare:
            index[gram].append(at)


def _grams(text: str) -> frozenset[str]:
    words = f"  {plain_words(text)} "
    return frozenset(words[at : at + 3] for at in range(len(words) - 2))


def _as_read(text: str) -> str:
    return _words(plain_words(text))


def _without_values(text: str) -> str:
    """Return the words beside the entities, with the entities' names; nothing if there are none."""
    named = without_values(text)
    return _words(plain_words(named)) if _words(_NAME.sub(" ", named)) else ""


def _words(text: str) -> str:
    return " ".join(_NOT_WORDS.sub(" ", text).split())

"""Reads a project's YAML with the line of everything, for findings that say where. No Rasa here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ConfigError
from bot.training.project import Project

MOST_WAYS = 64
"""Ways through a story with `or` that are followed."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """An example of `kind` intent, synonym, lookup or regex, or a payload; `name` is which one."""

    kind: str
    name: str
    text: str
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A step of a story: `kind` is user, action, loop, slots or checkpoint; `key` is what is compared."""

    kind: str
    name: str
    key: str
    place: str
    slots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way through a story, or a rule, from its beginning; conditions come first.

    A rule `waits` for the customer at its end unless it says that it does not.
    """

    rule: bool
    name: str
    place: str
    conditions: int
    waits: bool
    events: tuple[Event, ...]


@dataclass(kw_only=True, slots=True)
class Source:
    """Everything that a project says, each with its place."""

    lines: list[Line] = field(default_factory=list)
    unread: list[Line] = field(default_factory=list)
    """What Rasa would leave out or not read: lines without a dash, lists in place of a block of lines."""
    paths: list[Way] = field(default_factory=list)
    domain: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each section of the domain: names and their places."""
    payloads: list[Line] = field(default_factory=list)
    """What buttons send, each under its response's name."""
    forms: dict[str, list[str]] = field(default_factory=dict)
    """Forms and the slots that they ask for."""
    mapped: set[str] = field(default_factory=set)
    """Intents that fill a slot."""

    def of(self, kind: str) -> Iterator[Line]:
        """Yield the examples of one kind."""
        return (line for line in self.lines if line.kind == kind)

    def names(self, section: str) -> dict[str, str]:
        """Return the names in a section of the domain, with their places."""
        return self.domain.get(section, {})


def read(project: Project) -> Source:
    """Read all files of a project. Raises ConfigError for one that is no YAML."""
    source = Source()
    for path in project.files():
        if path.suffix not in (".yml", ".yaml") or path == project.config:
            continue
        root = _composed(path)
        where = path.relative_to(project.root).as_posix()
        inside = path == project.domain or project.domain in path.parents
        for key, node in _items(root):
            if inside:
                _domain(source, key, node, where)
            elif key == "nlu":
                source.lines += (line for entry in _entries(node) for line in _nlu(entry, where))
                source.unread += (line for entry in _entries(node) for line in _unread(entry, where))
            elif key in ("stories", "rules"):
                source.paths += (way for entry in _entries(node) for way in _ways(entry, where))
    return source


def _composed(path: Path) -> Any:
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def _entries(node: Any) -> list[Any]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _place(where: str, node: Any, more: int = 0) -> str:
    return f"{where}:{node.start_mark.line + 1 + more}"


def _plain(node: Any) -> Any:
    found: Any = yaml.constructor.SafeConstructor().construct_document(node)
    return found


def _nlu(entry: Any, where: str) -> Iterator[Line]:
    parts = dict(_items(entry))
    kind = next((k for k in ("intent", "synonym", "lookup", "regex") if k in parts), "")
    if not kind or "examples" not in parts:
        return
    name = str(parts[kind].value)
    for text, place in _texts(parts["examples"], where):
        yield Line(kind=kind, name=name, text=text, place=place)


def _unread(entry: Any, where: str) -> Iterator[Line]:
    parts = dict(_items(entry))
    kind = next((k for k in ("intent", "synonym", "lookup", "regex") if k in parts), "")
    node = parts.get("examples")
    if not kind or node is None:
        return
    name = str(parts[kind].value)
    if isinstance(node, yaml.SequenceNode):
        if not all(isinstance(item, yaml.MappingNode) for item in node.value):
            yield Line(kind="list", name=name, text="", place=_place(where, parts[kind]))
        return
    for number, row in enumerate(str(node.value).splitlines() if node.style == "|" else ()):
        if row.strip() and not row.lstrip().startswith("-"):
            yield Line(kind="line", name=name, text=row.strip(), place=_place(where, node, number + 1))


def _texts(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield examples with their places, from a block of lines or from a list."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            inner = dict(_items(item)).get("text", item)
            yield str(inner.value).strip().removeprefix("-").strip(), _place(where, inner)
        return
    block = node.style == "|"
    for number, row in enumerate(str(node.value).splitlines()):
        if text := row.strip().removeprefix("-").strip():
            yield text, _place(where, node, number + 1 if block else 0)


def _domain(source: Source, section: str, node: Any, where: str) -> None:
    names = source.domain.setdefault(section, {})
    for item in _entries(node):
        for key in (key for key, _ in _items(item)) if isinstance(item, yaml.MappingNode) else [item.value]:
            names.setdefault(str(key), _place(where, item))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            names.setdefault(str(key.value), _place(where, key))
            plain = _plain(value) if section in ("forms", "slots") else None
            if section == "responses":
                source.payloads += _payloads(str(key.value), value, where)
            if section == "forms":
                source.forms[str(key.value)] = _slots_of(plain)
            elif isinstance(plain, dict):
                source.mapped |= _intents_of(plain.get("mappings"))


def _payloads(name: str, response: Any, where: str) -> Iterator[Line]:
    for words in _entries(response):
        for button in _entries(dict(_items(words)).get("buttons")):
            if (sent := dict(_items(button)).get("payload")) is not None:
                yield Line(kind="payload", name=name, text=str(sent.value), place=_place(where, sent))


def _slots_of(form: Any) -> list[str]:
    slots = form.get("required_slots") if isinstance(form, dict) else None
    return [str(slot) for slot in slots or ()]


def _intents_of(mappings: Any) -> set[str]:
    found = [m.get("intent") for m in mappings or () if isinstance(m, dict)]
    return {str(i) for intent in found for i in (intent if isinstance(intent, list) else [intent]) if i}


def _ways(entry: Any, where: str) -> Iterator[Way]:
    parts = dict(_items(entry))
    rule = "rule" in parts
    named = parts.get("rule") or parts.get("story")
    if named is None:
        return
    conditions = [_event(step, where) for step in _entries(parts.get("condition"))]
    choices = [_choices(step, where) for step in _entries(parts.get("steps"))]
    for way in islice(product(*choices), MOST_WAYS):
        yield Way(
            rule=rule,
            name=str(named.value),
            place=_place(where, named),
            conditions=len(conditions),
            waits="wait_for_user_input" not in parts or bool(_plain(parts["wait_for_user_input"])),
            events=(*conditions, *way),
        )


def _choices(step: Any, where: str) -> list[Event]:
    """Return what a step may be: several things where it says `or`."""
    either = dict(_items(step)).get("or")
    return [_event(one, where) for one in _entries(either)] if either is not None else [_event(step, where)]


def _event(step: Any, where: str) -> Event:
    plain = _plain(step)
    plain = plain if isinstance(plain, dict) else {}
    for word, kind in _KINDS.items():
        if word in plain:
            name = str(plain[word]) if not isinstance(plain[word], list | dict) else ""
            told = {k: v for k, v in plain.items() if k not in ("metadata", "user") or k == word}
            return Event(
                kind=kind,
                name=name,
                key=repr(sorted(told.items(), key=str)),
                place=_place(where, step),
                slots=_set(plain[word]) if kind == "slots" else (),
            )
    return Event(kind="other", name="", key=repr(plain), place=_place(where, step))


def _set(slots: Any) -> tuple[str, ...]:
    """Return the names of the slots that a step sets: it lists names, or names with values."""
    found = slots if isinstance(slots, list) else [slots]
    return tuple(str(n) for slot in found for n in (slot if isinstance(slot, dict) else [slot]) if n)


_KINDS = {
    "intent": "user",
    "user": "user",
    "action": "action",
    "bot": "action",
    "active_loop": "loop",
    "slot_was_set": "slots",
    "checkpoint": "checkpoint",
}
"""Words that begin a step, and what kind of event it is."""

"""Lets Rasa read and check each text of YAML once while a project is loaded.

Its importers ask each file whether it holds examples, stories or a domain, and read it whole for each
question, with a parser in Python; that was a third of a training.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def reading_once() -> Iterator[None]:
    """Remember inside what a text says, and that it keeps to its schema; a mistake is told each time."""
    from rasa.shared.utils import io, validation

    read, check = io.read_yaml, validation.validate_yaml_schema
    contents: dict[str, bytes] = {}
    sound: set[tuple[str, ...]] = set()

    def read_yaml(content: str, reader_type: str | list[str] = "safe") -> Any:
        if reader_type != "safe":
            return read(content, reader_type)
        if content not in contents:
            contents[content] = pickle.dumps(read(content))
        return pickle.loads(contents[content])  # noqa: S301 (our own copy: callers change what they get)

    def validate_yaml_schema(*arguments: Any, **named: Any) -> None:
        asked = (*map(str, arguments), *(f"{name}={value}" for name, value in sorted(named.items())))
        if asked not in sound:
            check(*arguments, **named)
            sound.add(asked)

    io.read_yaml, validation.validate_yaml_schema = read_yaml, validate_yaml_schema
    try:
        yield
    finally:
        io.read_yaml, validation.validate_yaml_schema = read, check

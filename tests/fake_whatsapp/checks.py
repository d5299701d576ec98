"""Small checks of values, with the platform's refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fake_whatsapp.errors import Refused


def invalid(details: str) -> Refused:
    """Refuse a value."""
    return Refused(131009, details)


def missing(name: str) -> Refused:
    """Refuse because something is missing."""
    return Refused(131008, f"The parameter {name} is required.")


def field(body: Mapping[str, Any], name: str, kind: type[Any] = str, where: str = "") -> Any:
    """Return a value that must be there and of its kind."""
    if body.get(name) in (None, ""):
        raise missing(where + name)
    value = body[name]
    if not isinstance(value, kind):
        raise Refused(100, f"Param {where}{name} must be {kind.__name__}.")
    return value


def sized(value: Any, name: str, longest: int, *, shortest: int = 1) -> str:
    """Return a text that is neither too short nor too long."""
    if not isinstance(value, str):
        raise Refused(100, f"Param {name} must be a string.")
    if not shortest <= len(value) <= longest:
        raise invalid(f"{name} length invalid. Min length: {shortest}, Max length: {longest}")
    return value


def only(body: Mapping[str, Any], allowed: frozenset[str] | set[str], where: str) -> None:
    """Refuse keys that are not of the interface."""
    if unknown := set(body) - allowed:
        raise Refused(100, f"Unexpected key {min(unknown)!r} on param {where}.")

"""Between the domain's values and what a database column holds; the same for both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

encode_json = msgspec.json.Encoder().encode
decode_json = msgspec.json.Decoder().decode


def to_micros(at: datetime) -> int:
    """Return an aware time in microseconds since 1970. Raises TypeError for a naive one."""
    return (at - EPOCH) // MICROSECOND


def to_micros_or_none(at: datetime | None) -> int | None:
    """Return a time in microseconds, or None."""
    return None if at is None else (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the time, aware and in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def from_micros_or_none(micros: int | None) -> datetime | None:
    """Return the time, or None."""
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def clean(text: str) -> str:
    """Replace what PostgreSQL cannot keep in a text: NUL and halves of surrogate pairs."""
    if not text.isascii():
        # Whole pairs (from escaped JSON) become the character that they mean.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", REPLACEMENT)


def storable(values: Sequence[Any]) -> Sequence[Any]:
    """Return the parameters with every text cleaned; nearly always that is the same object."""
    for value in values:
        if type(value) is str and not (value.isascii() and "\0" not in value):
            return tuple([clean(value) if isinstance(value, str) else value for value in values])
    return values


def to_json(value: Any) -> str:
    """Return a value as JSON text. Raises TypeError for what JSON has no form for."""
    try:
        encoded = encode_json(value)
    except UnicodeEncodeError:
        encoded = encode_json(clean_deep(msgspec.to_builtins(value)))
    if b"\\u0000" in encoded:
        encoded = encode_json(clean_deep(decode_json(encoded)))
    return encoded.decode()


def clean_deep(value: Any) -> Any:
    """Clean every text in a JSON value, keys too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean_deep(key): clean_deep(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_deep(item) for item in value]
    return value


def from_json(text: str) -> Any:
    """Return the value of a JSON text."""
    return decode_json(text)

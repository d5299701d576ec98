"""Identifiers: time-ordered, opaque, made by us and never by an outside system."""

from __future__ import annotations

import os
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32, lower case


def new_id(now: datetime) -> str:
    """Return a 26-character id that sorts by time (48 bits of milliseconds, 80 random bits).

    The layout is that of a ULID (github.com/ulid/spec).
    """
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_secret(size: int = 32) -> str:
    """Return `size` random bytes as hexadecimal: for tokens that give access."""
    return os.urandom(size).hex()

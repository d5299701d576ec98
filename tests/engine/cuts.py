"""When the dialogue state is cut, for tests: never, or after each turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

ENDLESS = 1_000_000
NEVER = {"CUT_AT_TURNS": ENDLESS, "CUT_AT_EVENTS": ENDLESS}
ALWAYS = {"CUT_AT_TURNS": 0}
"""After each turn; the last `KEEP_TURNS` turns stay, as in the product."""
SHORT = {"CUT_AT_TURNS": 0, "KEEP_TURNS": 1}
"""After each turn, and only the last one stays: less than a form with a great many events keeps."""


@contextmanager
def cutting(bounds: dict[str, int]) -> Iterator[None]:
    """Cut states by other bounds."""
    from bot.engine import state

    with mock.patch.multiple(state, **bounds):
        yield

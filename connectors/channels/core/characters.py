"""Half characters in what platforms send. Pure."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    rb"\\\\"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""An escaped backslash, a whole character of two halves, or a half one."""


def whole_characters(raw: bytes) -> bytes:
    r"""Put U+FFFD in place of each `\uXXXX` of a JSON text that is half a character.

    They come from names and titles that were cut in the middle of an emoji. JSON's grammar allows them,
    decoders do not; one of them must not cost the whole body.
    """
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found.lastgroup == "half" else found[0], raw)

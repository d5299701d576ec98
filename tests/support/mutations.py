"""Bodies that are nearly right: something in a good one is changed, or its bytes are damaged."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

ODD_TEXTS = (
    "", " ", "\0", "a\0b", "\ud83d", "\u202e", "/restart", "~1.0", "~ffffffff.ffffff", "-1", "null", "1" * 400,
    "x" * 5_000, "😀" * 3_000, "{{1}}", "<b>", "wamid.", "US.", "DE.ENT.1", "+", "٣", "1697043223", "1e999",
    "99999999999999999999", "0x10", "unsupported", "image", "text", "failed", "read", "messages",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, 2**63, 2**70, -(2**70), 0.1, [], {}, [[]], [None], [{}], {"": None}, {"id": []},
    [[[[[[[[]]]]]]]],
)  # fmt: skip
values = st.one_of(
    st.sampled_from(ODD_VALUES),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=30),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
).map(copy.deepcopy)  # what is drawn may be changed again
noise = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"[" * 20_000,
            b"{" * 20_000,
            b'"\\ud83d"',
            b"\\u0000",
            b"NaN",
            b"\x00",
        ]
    ),
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where everything is in a JSON value."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths(item, (*at, index))
    return found


def mutated(data: st.DataObject, value: Any) -> Any:
    """Change one to four things in a copy."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 4))):
        places = paths(value)
        if not places:
            return value
        *way, last = data.draw(st.sampled_from(places))
        parent = value
        for step in way:
            parent = parent[step]
        change(data, value, parent, last)
    return value


def change(data: st.DataObject, whole: Any, parent: Any, at: Any) -> None:
    """Change one thing: replace it, leave it out, double it, wrap it, or put another part in its place."""
    match data.draw(st.sampled_from(("replace", "replace", "remove", "double", "wrap", "swap", "add"))):
        case "replace":
            parent[at] = data.draw(values)
        case "remove":
            del parent[at]
        case "double" if isinstance(parent, list):
            parent.insert(at, copy.deepcopy(parent[at]))
        case "wrap":
            parent[at] = data.draw(
                st.sampled_from(([parent[at]], {"x": parent[at]}, json.dumps(parent[at])))
            )
        case "swap":
            *way, last = data.draw(st.sampled_from(paths(whole)))
            other = whole
            for step in way:
                other = other[step]
            parent[at] = copy.deepcopy(other[last])
        case _ if isinstance(parent, dict):
            parent[data.draw(st.text(max_size=10))] = data.draw(values)


def damaged(data: st.DataObject, raw: bytes) -> bytes:
    """Cut bytes off, change some, or put some in."""
    at = data.draw(st.integers(0, len(raw)))
    piece = data.draw(noise)
    match data.draw(st.sampled_from(("cut", "insert", "overwrite", "twice"))):
        case "cut":
            return raw[:at]
        case "insert":
            return raw[:at] + piece + raw[at:]
        case "overwrite":
            return raw[:at] + piece + raw[at + len(piece) :]
        case _:
            return raw + raw

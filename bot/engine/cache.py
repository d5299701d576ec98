"""Live trackers between turns: a shortcut that is never the truth."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class TrackerCache(Generic[T]):
    """Trackers by the digest of the state that they stand for.

    A tracker is taken out for a turn, so nobody else can see it change. It comes back, under the new
    state, only when that turn was committed; after anything else the next turn rebuilds it from the
    state that the server has.
    """

    def __init__(self, size: int = 256) -> None:
        """Keep at most `size` trackers (about 160 kB each), and as many that wait for their commit."""
        self._size = size
        self._kept: OrderedDict[bytes, T] = OrderedDict()
        self._waiting: OrderedDict[str, tuple[bytes, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, conversation_id: str, state: bytes) -> T | None:
        """Remove and return the tracker of this state, if it is here."""
        return self._kept.pop(_key(conversation_id, state), None)

    def hold(self, turn_id: str, conversation_id: str, state: bytes, tracker: T) -> None:
        """Hold the tracker of a finished turn until `settle`."""
        self._waiting[turn_id] = (_key(conversation_id, state), tracker)
        if len(self._waiting) > self._size:  # whoever forgot to settle loses the shortcut only
            self._waiting.popitem(last=False)

    def settle(self, turn_id: str, committed: bool) -> None:
        """Keep the tracker of a committed turn; drop any other. An unknown turn is ignored."""
        held = self._waiting.pop(turn_id, None)
        if held is None or not committed:
            return
        self._kept[held[0]] = held[1]
        self._kept.move_to_end(held[0])
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)


def _key(conversation_id: str, state: bytes) -> bytes:
    digest = hashlib.blake2b(conversation_id.encode() + b"\0", digest_size=16)
    digest.update(state)
    return digest.digest()

"""What the server and the engine processes say to each other: length-prefixed msgpack frames.

`start`, `job` and `call` number processes, turns and directory calls. A new model means new processes
(forked beside the old ones, which end when their turns have), so a process knows one model only.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from bot.domain.customer import Answer
from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult

MAX_FRAME = 8 * 1024 * 1024
"""Largest frame in bytes; a peer that announces more is cut off."""

_HEAD = struct.Struct(">I")


class _Frame(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all frames: an array whose first element is the class name."""


class ZygoteHello(_Frame, frozen=True):
    """Zygote to server: everything is imported."""

    pid: int


class Fork(_Frame, frozen=True):
    """Server to zygote: start an engine process under number `start`.

    `key` signs calls of an action server, and is empty without one. It comes this way because a
    command line, and an environment that actions' own children inherit, would show it.
    """

    start: int
    model: str
    key: bytes = b""


class Forked(_Frame, frozen=True):
    """Zygote to server: it runs as `pid`, and may still fail to load."""

    start: int
    pid: int


class Exited(_Frame, frozen=True):
    """Zygote to server: a process ended; a negative `code` is a signal."""

    pid: int
    code: int


class Hello(_Frame, frozen=True):
    """Engine process to server: the model is loaded, or `error` says why not."""

    start: int
    pid: int
    model: str
    error: str = ""


class Turn(_Frame, frozen=True):
    """Server to engine process: work this out."""

    job: int
    request: TurnRequest


class Cancel(_Frame, frozen=True):
    """Server to engine process: nobody wants this turn any more; leave nothing behind."""

    job: int
    turn_id: str


class TurnDone(_Frame, frozen=True):
    """Engine process to server: a result; `cpu` is the process's processor time so far, in seconds."""

    job: int
    result: msgspec.Raw
    cpu: float


class TurnError(_Frame, frozen=True):
    """Engine process to server: the turn raised. `detail` has no text of the customer's."""

    job: int
    detail: str


class Settle(_Frame, frozen=True):
    """Server to engine process: the result became true, or did not."""

    turn_id: str
    committed: bool


class DirectoryCall(_Frame, frozen=True):
    """Engine process to server: a question of a turn's action."""

    job: int
    call: int
    action: str
    ordinal: int
    method: str
    arguments: dict[str, Any]


class DirectoryReply(_Frame, frozen=True):
    """Server to engine process: the answer, or `error`."""

    job: int
    call: int
    answer: msgspec.Raw
    error: str = ""


class Understand(_Frame, frozen=True):
    """Server to engine process: parse a text."""

    job: int
    text: str


class Understood(_Frame, frozen=True):
    """Engine process to server: what was understood, or `error`."""

    job: int
    nlu: Nlu
    error: str = ""


class Ping(_Frame, frozen=True):
    """Server to engine process: is your event loop alive?"""

    number: int


class Pong(_Frame, frozen=True):
    """Engine process to server: it is; `cpu` as in `TurnDone`."""

    number: int
    cpu: float


class Stop(_Frame, frozen=True):
    """Server to engine process or zygote: end."""


ToServer = ZygoteHello | Forked | Exited | Hello | TurnDone | TurnError | DirectoryCall | Understood | Pong
ToWorker = Turn | Cancel | Settle | DirectoryReply | Understand | Ping | Stop
ToZygote = Fork | Stop

TO_SERVER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ToServer)
TO_WORKER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ToWorker)
TO_ZYGOTE: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ToZygote)
RESULT = msgspec.msgpack.Decoder(TurnResult)


def _plain(value: Any) -> Any:
    """Turn a numpy number, as slots may hold it, into a plain one."""
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    raise TypeError(f"a {type(value).__name__} cannot be sent")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)


class FrameTooLarge(ValueError):
    """A frame is over `MAX_FRAME`."""


def raw(value: TurnResult | Answer[Any] | None) -> msgspec.Raw:
    """Encode a value whose type the receiver knows from elsewhere."""
    return msgspec.Raw(_ENCODER.encode(value))


def pack(frame: msgspec.Struct) -> bytes:
    """Return a frame's bytes with its length. Raises FrameTooLarge, or TypeError for odd content."""
    buffer = bytearray(4)
    _ENCODER.encode_into(frame, buffer, 4)
    size = len(buffer) - 4
    if size > MAX_FRAME:
        raise FrameTooLarge(f"a frame of {size} bytes is over {MAX_FRAME}")
    _HEAD.pack_into(buffer, 0, size)
    return bytes(buffer)


class Splitter:
    """Cuts a byte stream into frame bodies."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the bodies that are complete. Raises FrameTooLarge."""
        # Most reads hold whole frames: those are cut from `data` itself, without the buffer.
        if self._rest:
            self._rest += data
            data = bytes(self._rest) if self._complete() else b""
            if not data:
                return []
            self._rest.clear()
        bodies: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= 4:
            size = _size(data, at)
            if end - at - 4 < size:
                break
            bodies.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        if at < end:
            self._rest += data[at:]
        return bodies

    def _complete(self) -> bool:
        return len(self._rest) >= 4 and len(self._rest) - 4 >= _size(self._rest, 0)


def _size(data: bytes | bytearray, at: int) -> int:
    size: int = _HEAD.unpack_from(data, at)[0]
    if size > MAX_FRAME:
        raise FrameTooLarge(f"a frame of {size} bytes was announced")
    return size

"""Frames survive any cutting of the stream, and the bounds hold."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.customer import Answer, Status
from bot.domain.reminders import Reminder, Withdrawal
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.directory import ANSWERS, DECODERS
from bot.engine.frames import (
    MAX_FRAME,
    RESULT,
    TO_SERVER,
    TO_WORKER,
    FrameTooLarge,
    Ping,
    Splitter,
    Turn,
    pack,
    raw,
)
from bot.ports import TurnDirectory
from tests.engine_pool.company import NOW, ORDER, request


@given(
    st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 400), min_size=1, max_size=40)
)
def test_any_cutting_gives_the_same_frames(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    splitter, got, at = Splitter(), [], 0
    for size in [*cuts, len(stream)]:
        got += splitter.feed(stream[at : at + size])
        at += size
    got += splitter.feed(stream[at:])
    assert got == bodies


def test_a_turn_arrives_as_it_was() -> None:
    turn = request("héllo 😀", state=b"\x00\xff" * 700)
    (body,) = Splitter().feed(pack(Turn(7, turn)))
    frame = TO_WORKER.decode(body)
    assert frame == Turn(7, turn)
    assert isinstance(frame.request, TurnRequest)
    assert frame.request.context.now.tzinfo is not None


def test_reminders_arrive_as_they_were() -> None:
    reminder = Reminder(name="n", intent="EXTERNAL_x", due_at=NOW, entities={"a": ["b", 1]})
    withdrawn = (Withdrawal(intent="EXTERNAL_y", entities={"c": "d"}),)
    result = TurnResult(turn_id="t", state=b"", reminders=(reminder,), withdrawn=withdrawn)
    assert RESULT.decode(raw(result)) == result


def test_a_frame_over_the_bound_is_not_sent() -> None:
    with pytest.raises(FrameTooLarge):
        pack(Turn(1, request("x", state=b"x" * MAX_FRAME)))


def test_a_frame_over_the_bound_is_not_awaited() -> None:
    with pytest.raises(FrameTooLarge):
        Splitter().feed((MAX_FRAME + 1).to_bytes(4, "big"))
    splitter = Splitter()
    assert splitter.feed(b"\xff") == []
    with pytest.raises(FrameTooLarge):
        splitter.feed(b"\xff\xff\xff")


def test_a_frame_for_the_other_side_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        TO_SERVER.decode(pack(Ping(1))[4:])


def test_every_directory_method_has_its_answer() -> None:
    methods = {name for name in vars(TurnDirectory) if not name.startswith("_")}
    assert methods == set(ANSWERS)
    assert len(methods) >= 7


def test_answers_keep_their_types() -> None:
    answer = Answer(status=Status.OK, value=(ORDER,))
    assert DECODERS["orders"].decode(raw(answer)) == answer
    assert DECODERS["order"].decode(raw(Answer(status=Status.NOT_ALLOWED))).status is Status.NOT_ALLOWED
    with pytest.raises(msgspec.ValidationError):
        DECODERS["cancel_order"].decode(raw(Answer(status=Status.OK, value=ORDER)))


def test_the_server_side_imports_no_rasa() -> None:
    code = (
        "import sys, bot.engine.pool, bot.engine.scripted;"
        "print({name.split('.')[0] for name in sys.modules} & {'rasa', 'rasa_sdk', 'tensorflow', 'numpy'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

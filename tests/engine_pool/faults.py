"""A turn maker for engine processes that does, on certain texts, what must never happen."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.domain.customer import Status
from bot.domain.errors import TurnFailed
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import Draft
from bot.engine.scripted import Reply, Scene, Script, ScriptedTurns


async def _sleep(scene: Scene) -> str:
    await asyncio.sleep(float(scene.request.text.split()[1]))
    return "slept"


async def _stubborn(scene: Scene) -> str:
    """Swallow the cancellation, as careless code does."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await asyncio.sleep(0.2)
    return "never wanted"


def _raise(scene: Scene) -> str:
    raise ValueError(f"secret words of the customer: {scene.request.text}")


def _fail(scene: Scene) -> str:
    raise TurnFailed("the policies did not come to listen")


def _leave(scene: Scene) -> str:
    sys.exit(7)


def _exit(scene: Scene) -> str:
    os._exit(9)


def _kill(scene: Scene) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "unreachable"


def _block(scene: Scene) -> str:
    time.sleep(float(scene.request.text.split()[1]))
    return "blocked"


def _big(scene: Scene) -> str:
    return "x" * (9 * 1024 * 1024)


def _odd(scene: Scene) -> Reply:
    return Reply(messages=(Draft(text="odd", custom={"value": object()}),))


def _wrong(scene: Scene) -> Reply:
    return Reply(messages=("not a draft",))  # type: ignore[arg-type]


def _pid(scene: Scene) -> str:
    return str(os.getpid())


def _print(scene: Scene) -> str:
    print("something is odd", file=sys.stderr, flush=True)
    return "printed"


async def _orders(scene: Scene) -> Reply:
    answer = await scene.directory.orders()
    if answer.status is not Status.OK or answer.value is None:
        return Reply(messages=(Draft(text=f"orders {answer.status}"),))
    return Reply(messages=tuple(Draft(text=order.number) for order in answer.value))


async def _cancel(scene: Scene) -> str:
    first = await scene.directory.cancel_order(scene.request.text.split()[1])
    second = await scene.directory.cancel_order("second")
    return f"{first.status} {second.status}"


async def _cancel_and_die_once(scene: Scene) -> str:
    """Change something, then take the process down: the first time only."""
    _, number, marker = scene.request.text.split()
    await scene.directory.cancel_order(number)
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"cancelled {number}"


def _count(scene: Scene) -> str:
    return f"turn {scene.turns}"


def _person(scene: Scene) -> Reply:
    signal_ = HandoffSignal(reason=Reason.ASKED_FOR_HUMAN, evidence={"said": "person"}, skills=("en",))
    return Reply(handoff=signal_)


def _ask_number(scene: Scene) -> Reply:
    return Reply(messages=(Draft(text="which order?"),), awaiting="order_number")


def _take_number(scene: Scene) -> Reply:
    return Reply(messages=(Draft(text="thanks"),), slots={"order_number": scene.request.text})


def _echo(scene: Scene) -> str:
    verb, _, _ = scene.request.text.partition(" ")
    return _VERBS[verb](scene) if verb in _VERBS else f"you said {scene.request.text}"  # type: ignore[return-value]


_VERBS: dict[str, Callable[[Scene], object]] = {
    "sleep": _sleep,
    "block": _block,
    "cancel": _cancel,
    "cancel-and-die-once": _cancel_and_die_once,
}

SCRIPT = Script(
    texts={
        "hello": "hello to you",
        "stubborn": _stubborn,
        "raise": _raise,
        "fail": _fail,
        "leave": _leave,
        "exit": _exit,
        "kill": _kill,
        "big": _big,
        "odd": _odd,
        "wrong": _wrong,
        "pid": _pid,
        "print": _print,
        "orders": _orders,
        "count": _count,
        "person": _person,
        "order status": _ask_number,
    },
    payloads={"greet": "greeted", "track_order": _orders, "contact_human_agent": _person},
    awaiting={"order_number": _take_number},
    otherwise=_echo,
)


def load(model: str, project: str) -> ScriptedTurns:
    """Load a "model": a file whose first line names it, and may ask for trouble."""
    words = Path(model).read_text(encoding="utf-8").split()
    if "broken" in words:
        raise ValueError("the model is broken")
    if "slow" in words:
        time.sleep(1.0)
    if "deadly" in words:
        os._exit(5)
    return ScriptedTurns(SCRIPT, words[0])

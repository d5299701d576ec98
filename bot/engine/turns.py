"""The seam between an engine process and what works out turns in it (Rasa, or a script)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Protocol

from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import TurnDirectory


class TurnMaker(Protocol):
    """One loaded model. It works on many turns at once, at most one of a conversation."""

    model: str
    """Identifies the model; goes into `TurnResult.model`."""

    async def turn(self, request: TurnRequest, directory: TurnDirectory) -> TurnResult:
        """Work out one turn. What it raises fails the turn; when cancelled it leaves nothing behind."""
        ...

    def settle(self, turn_id: str, committed: bool) -> None:
        """Keep or drop what is held for a turn.

        Called once for every turn, also (with `committed` false) for one that raised or was
        cancelled; an unknown id is ignored.
        """
        ...

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue."""
        ...


Loader = Callable[[str, str], "TurnMaker | Awaitable[TurnMaker]"]
"""(model path, project folder or "") -> turn maker; runs in the engine process and may be async.

What it raises is reported as the reason why the engine does not start.
"""


def _module_of(dotted: str) -> tuple[Any, str]:
    module, colon, name = dotted.partition(":")
    if not colon or not name:
        raise ValueError(f"{dotted!r} does not have the form package.module:name")
    return import_module(module), name


def find_loader(dotted: str) -> Loader:
    """Import and return the loader named `package.module:attribute.path`."""
    found, name = _module_of(dotted)
    for part in name.split("."):
        found = getattr(found, part)
    loader: Loader = found
    return loader


def preload(dotted: str) -> None:
    """Import the loader's module, and call its `preload()` if it has one.

    This happens before the fork: it must load no model and start no thread, pool or event loop.
    """
    module, _ = _module_of(dotted)
    hook = getattr(module, "preload", None)
    if hook is not None:
        hook()


async def load(loader: Loader, model: str, project: str) -> TurnMaker:
    """Call a loader of either kind."""
    made = loader(model, project)
    return await made if inspect.isawaitable(made) else made

"""rasa_sdk's executor with a package of custom actions, for the engine process and the action server."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import Action
from rasa_sdk.utils import all_subclasses

from bot.domain.errors import ConfigError


def stock_executor(package: str) -> ActionExecutor:
    """Return rasa_sdk's own executor with the actions of a package. Raises ConfigError."""
    # At lower levels it writes slot values, and on each form turn that a slot has no validation.
    logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
    logging.getLogger("rasa_sdk.forms").setLevel(logging.ERROR)
    return register(ActionExecutor(), package)


def register(executor: ActionExecutor, package: str) -> ActionExecutor:
    """Register the actions of a package, and return the executor.

    A package that does not exist has no actions. Raises ConfigError, where rasa_sdk would end the
    process.
    """
    try:
        executor._import_submodules(package)
        for action in sorted(all_subclasses(Action), key=lambda a: f"{a.__module__}.{a.__name__}"):
            if f"{action.__module__}.".startswith(f"{package}.") and not inspect.isabstract(action):
                executor.register_action(action)
    except ModuleNotFoundError as error:
        if error.name == package:
            return executor  # an assistant without custom actions
        raise ConfigError(f"The custom actions cannot be imported: {error}.") from error
    except Exception as error:
        raise ConfigError(f"The custom actions cannot be loaded: {error!r}.") from error
    executor.actions = {name: _off_the_loop(run) for name, run in executor.actions.items()}
    return executor


def _off_the_loop(run: Callable[..., Any]) -> Callable[..., Any]:
    """Run an action that is not a coroutine on a thread, so that it holds up nobody else."""
    if inspect.iscoroutinefunction(run):
        return run

    async def on_thread(dispatcher: Any, tracker: Any, domain: Any) -> Any:
        result = await asyncio.to_thread(run, dispatcher, tracker, domain)
        return await result if inspect.isawaitable(result) else result

    return on_thread

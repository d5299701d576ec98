"""Custom actions (`actions/`, plain rasa_sdk) inside the engine process.

To Rasa this is an action endpoint like any other; only the HTTP call is missing. What an action gets
are copies (its tracker) or frozen (the domain), so it cannot change what the engine keeps.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from rasa.core.actions.action import ActionExecutionRejection
from rasa.shared.exceptions import RasaException
from rasa.shared.utils.io import read_yaml_file
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection as SdkRejection
from rasa_sdk.interfaces import ActionNotFoundException, Tracker
from rasa_sdk.utils import call_potential_coroutine

from bot.clock import SystemClock
from bot.domain.errors import ConfigError
from bot.engine.directory import current_action
from bot.engine.executor import register
from bot.engine.remote_actions import SignedActions
from bot.engine.scope import ActionFailure, scope
from bot.engine.signing import signing_key
from bot.engine.tracker import EventCopies, plain

logger = logging.getLogger(__name__)

PACKAGE = "actions"

_encode = msgspec.json.Encoder(enc_hook=plain).encode
_decode = msgspec.json.decode


class ActionFailed(RasaException):
    """A custom action raised; the details are in the turn's scope."""


class InProcessActions(EndpointConfig):
    """The action endpoint that runs rasa_sdk's executor right here."""

    def __init__(self, executor: ActionExecutor) -> None:
        """Take an executor with registered actions."""
        super().__init__(url=None)
        self._executor = executor
        self._domain: tuple[Any, Any] = (None, None)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all registered actions."""
        return frozenset(self._executor.actions)

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Run the action that `json` names; return its events and responses as plain values."""
        call = dict(kwargs["json"])
        name = call["next_action"]
        state = dict(call["tracker"])
        # The events are copies already (`EventCopies`), all else is copied here.
        events = state.pop("events", None)
        call["tracker"] = {**_decode(_encode(state)), "events": events}
        call["domain"] = self._frozen(call.get("domain") or {})
        token = current_action.set(name)
        try:
            result = await self._executor.run(call)
            # Through JSON, as over HTTP: the action keeps no hold of what the engine remembers.
            answer: dict[str, Any] = _decode(_encode(result))
        except SdkRejection as rejection:
            raise ActionExecutionRejection(rejection.action_name, rejection.message) from rejection
        except Exception as error:
            self._fail(name, error)
        else:
            return answer
        finally:
            current_action.reset(token)

    @staticmethod
    def _fail(name: str, error: Exception) -> NoReturn:
        # Rasa swallows exceptions of some actions; the scope does not forget them.
        scope.get().failures.append(ActionFailure(action=name, error=type(error).__name__))
        # Frames and the type, not the exception's text: that may quote the customer.
        frames = "".join(traceback.format_tb(error.__traceback__)[-4:])
        logger.error("action %s raised %s\n%s", name, type(error).__name__, frames)
        raise ActionFailed(f"{name} raised {type(error).__name__}") from error

    def _frozen(self, domain: dict[str, Any]) -> Any:
        if self._domain[0] is not domain:
            self._domain = (domain, frozen(domain))
        return self._domain[1]


class ActionTracker(Tracker):
    """rasa_sdk's tracker; most actions never look at the events, so they are copied on demand."""

    _events: Any

    @classmethod
    def of(cls, state: dict[str, Any]) -> ActionTracker:
        """Make it from what Rasa sends; as upstream's `from_dict`, which makes no subclasses."""
        return cls(
            state["sender_id"],
            state["slots"],
            state["latest_message"],
            state["events"],
            state["paused"],
            state["followup_action"],
            state["active_loop"],
            state["latest_action_name"],
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the events."""
        if isinstance(self._events, EventCopies):
            self._events = self._events.make()
        events: list[dict[str, Any]] = self._events
        return events

    @events.setter
    def events(self, events: Any) -> None:
        self._events = events


class Executor(ActionExecutor):
    """rasa_sdk's executor with our tracker."""

    async def run(self, action_call: Any) -> dict[str, Any]:
        """Run one action; as upstream, but for the tracker."""
        name = action_call["next_action"]
        action = self.actions.get(name)
        if action is None:
            raise ActionNotFoundException(name)
        tracker = ActionTracker.of(action_call["tracker"])
        dispatcher = CollectingDispatcher()
        events = await call_potential_coroutine(action(dispatcher, tracker, action_call["domain"]))
        response: dict[str, Any] = self._create_api_response(
            self.validate_events(events or [], name), dispatcher.messages
        )
        return response


def load_actions(project: Path | None, package: str = PACKAGE) -> EndpointConfig:
    """Return the action endpoint: what `endpoints.yml` names, else the package in process.

    Raises:
        ConfigError: the package cannot be imported, an action cannot be made, or the endpoint has no
            usable form.
    """
    if project is not None:
        named = _named_endpoint(project / "endpoints.yml")
        if named is not None:
            return named
        if str(project) not in sys.path:
            sys.path.insert(0, str(project))
    return InProcessActions(make_executor(package))


def _named_endpoint(endpoints: Path) -> EndpointConfig | None:
    # Not by `read_endpoint_config`: its schema check alone imports for half a second.
    if not endpoints.is_file():
        return None
    content = read_yaml_file(endpoints) or {}
    named = content.get("action_endpoint") if isinstance(content, dict) else None
    if not named:
        return None
    if not isinstance(named, dict):
        raise ConfigError("action_endpoint in endpoints.yml must have the form `url: ...`.")
    if not named.get("url"):
        return None
    return SignedActions(key=signing_key.get(), clock=SystemClock(), **named)


def make_executor(package: str) -> ActionExecutor:
    """Return our executor with the actions of a package. Raises ConfigError."""
    return register(Executor(), package)


# --- frozen values -----------------------------------------------------------------------------


def _refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise TypeError("The domain belongs to all conversations; an action must copy it to change it.")


class FrozenDict(dict[str, Any]):
    """A dictionary that cannot be changed, and is one for everything that reads it."""

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {key: _thawed(value) for key, value in self.items()}


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __setitem__ = __delitem__ = append = extend = insert = clear = pop = _refuse
    remove = reverse = sort = __iadd__ = __imul__ = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [_thawed(value) for value in self]


def frozen(value: Any) -> Any:
    """Return a copy that cannot be changed at any depth."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return FrozenList(frozen(item) for item in value)
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_thawed(item) for item in value]
    return value

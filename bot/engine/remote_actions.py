"""The action server that `endpoints.yml` names, as an engine process calls it."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.engine.scope import ActionFailure, scope
from bot.engine.signing import FIELD, LASTS, ActionCall, seal
from bot.engine.tracker import plain
from bot.ports import Clock

_encode = msgspec.json.Encoder(enc_hook=plain).encode


class ActionServerFailed(RasaException):
    """The action server is down, or answered something that is not an answer."""


class SignedActions(EndpointConfig):
    """A stock action endpoint whose calls say, signed, which turn they belong to."""

    def __init__(self, *, key: bytes, clock: Clock, **named: Any) -> None:
        """Take what `endpoints.yml` says as `named`; without a key nothing is signed."""
        super().__init__(**named)
        self._key = key
        self._clock = clock

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Have the server run the action that `json` names; any failure fails the turn.

        The one answer that is no failure is 400 with the action's name: the action rejected its
        execution, which Rasa's caller of this method knows by its `ClientResponseError`.
        """
        call = kwargs.pop("json")
        name = call["next_action"]
        kwargs.pop("timeout", None)  # a number, which aiohttp does not like; the session has the same
        kwargs["data"] = _encode({**call, **self._signed(name)})
        try:
            answer = await super().request(method, subpath, content_type, compress, **kwargs)
        except ClientResponseError as error:
            if error.status == 400 and _is_rejection(error.text):
                raise
            _fail(name, f"{type(error).__name__} {error.status}", error)
        except Exception as error:
            _fail(name, type(error).__name__, error)
        if not isinstance(answer, dict):
            _fail(name, "ActionServerFailed", None)
        return answer

    def _signed(self, name: str) -> dict[str, Any]:
        here = scope.get()
        run = here.runs[name] = here.runs.get(name, 0) + 1
        if not self._key:
            return {}
        expires = self._clock.now() + LASTS
        call = ActionCall(context=here.context, action=name, run=run, expires=expires)
        return {FIELD: seal(call, self._key)}


def _is_rejection(body: str | bytes) -> bool:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("action_name"), str)


def _fail(name: str, what: str, error: Exception | None) -> NoReturn:
    # Rasa swallows exceptions of some actions; the scope does not forget them.
    scope.get().failures.append(ActionFailure(action=name, error=what))
    raise ActionServerFailed(f"{name}: {what}") from error

"""A dialogue engine that follows a script: for tests and demonstrations, under the same contract.

It has no words of its own: whoever makes a script brings them, as the trainers do for Rasa.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from bot.domain.customer import Answer, TurnContext
from bot.domain.errors import EngineUnavailable, TurnFailed
from bot.domain.handoff import HandoffSignal
from bot.domain.message import Draft, Entity, IntentScore, Nlu
from bot.domain.reminders import Reminder, Withdrawal
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.directory import DECODERS, RemoteDirectory, current_action
from bot.engine.frames import raw
from bot.ports import DirectoryCall, EngineStatus, TurnDirectory


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a rule may look at: the turn, and the dialogue as its last committed turn left it."""

    request: TurnRequest
    directory: TurnDirectory
    intent: str
    entities: Mapping[str, str]
    turns: int
    """Committed turns before this one."""
    awaiting: str
    slots: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a rule decides; `slots` are set on top of those that are there."""

    messages: tuple[Draft, ...] = ()
    handoff: HandoffSignal | None = None
    awaiting: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    reminders: tuple[Reminder, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()


Rule = str | Reply | Callable[[Scene], "str | Reply | Awaitable[str | Reply]"]
"""A text to say, a ready reply, or a function of the scene (async if it asks the directory)."""


class _State(msgspec.Struct, frozen=True):
    turns: int = 0
    awaiting: str = ""
    slots: dict[str, Any] = msgspec.field(default_factory=dict)


_STATE = msgspec.json.Decoder(_State)


@dataclass(frozen=True, kw_only=True)
class Script:
    """Which rule answers what.

    `payloads` has rules by intent name, for buttons; `texts` by what a customer typed, compared
    without case. While a slot is awaited, `awaiting` has the rule by its name. Anything else is
    `otherwise`, and counts as not understood.
    """

    texts: Mapping[str, Rule] = field(default_factory=dict)
    payloads: Mapping[str, Rule] = field(default_factory=dict)
    awaiting: Mapping[str, Rule] = field(default_factory=dict)
    otherwise: Rule = Reply()

    def nlu(self, text: str) -> Nlu:
        """Return the annotation of a typed text: the intent is the rule's own text."""
        name = text.strip().casefold()
        return _known(name) if name in self.texts else Nlu(fallback=True)

    async def play(self, request: TurnRequest, directory: TurnDirectory, model: str) -> TurnResult:
        """Work out one turn."""
        state = _STATE.decode(request.state) if request.state else _State()
        rule, nlu = self._rule(request, state)
        scene = Scene(
            request=request,
            directory=directory,
            intent=nlu.intents[0].name if nlu.intents else "",
            entities={entity.name: entity.value for entity in nlu.entities},
            turns=state.turns,
            awaiting=state.awaiting,
            slots=state.slots,
        )
        token = current_action.set(f"action_{scene.intent or 'otherwise'}")
        try:
            reply = await _follow(rule, scene)
        finally:
            current_action.reset(token)
        slots = {**state.slots, **reply.slots}
        after = _State(turns=state.turns + 1, awaiting=reply.awaiting, slots=slots)
        return TurnResult(
            turn_id=request.turn_id,
            state=msgspec.json.encode(after),
            messages=reply.messages,
            nlu=nlu,
            handoff=reply.handoff,
            slots={name: value for name, value in slots.items() if value is not None},
            awaiting=reply.awaiting,
            model=model,
            reminders=reply.reminders,
            withdrawn=reply.withdrawn,
        )

    def _rule(self, request: TurnRequest, state: _State) -> tuple[Rule, Nlu]:
        if request.payload:
            name, entities = _parse_payload(request.payload)
            return self.payloads.get(name, self.otherwise), _known(name, entities)
        nlu = self.nlu(request.text)
        if nlu.intents:
            return self.texts[nlu.intents[0].name], nlu
        return self.awaiting.get(state.awaiting, self.otherwise), nlu


def _known(name: str, entities: tuple[Entity, ...] = ()) -> Nlu:
    return Nlu(intents=(IntentScore(name=name, confidence=1.0),), entities=entities)


def _parse_payload(payload: str) -> tuple[str, tuple[Entity, ...]]:
    name, brace, rest = payload.removeprefix("/").partition("{")
    values: dict[str, Any] = json.loads(brace + rest) if brace else {}
    return name, tuple(Entity(name=key, value=str(value)) for key, value in values.items())


async def _follow(rule: Rule, scene: Scene) -> Reply:
    said = rule(scene) if callable(rule) else rule
    if inspect.isawaitable(said):
        said = await said
    return Reply(messages=(Draft(text=said),)) if isinstance(said, str) else said


class ScriptedTurns:
    """A `TurnMaker` that follows a script, for engine processes without Rasa."""

    def __init__(self, script: Script, model: str) -> None:
        self.model = model
        self.held: set[str] = set()
        """Turns whose fate is not known yet."""
        self._script = script

    async def turn(self, request: TurnRequest, directory: TurnDirectory) -> TurnResult:
        """Work out one turn."""
        self.held.add(request.turn_id)
        return await self._script.play(request, directory, self.model)

    def settle(self, turn_id: str, committed: bool) -> None:
        """Forget a turn: the state that is handed in is all that a script knows."""
        self.held.discard(turn_id)

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue."""
        return self._script.nlu(text)


class ScriptedEngine:
    """A `DialogueEngine` in this very process."""

    def __init__(self, script: Script, *, model: str = "script") -> None:
        self._turns = ScriptedTurns(script, model)
        self._running = False

    async def start(self) -> None:
        """Take turns from now on."""
        self._running = True

    async def stop(self) -> None:
        """Take no more turns."""
        self._running = False

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        """Work out one turn; a rule that raises fails it, as in an engine process."""
        self._check()
        try:
            return await self._turns.turn(
                request, RemoteDirectory(partial(_ask, directory, request.context))
            )
        except BaseException as error:
            self._turns.settle(request.turn_id, False)
            if isinstance(error, Exception):
                raise TurnFailed(f"{type(error).__name__} in the script") from error
            raise

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        """Note the fate of a result."""
        self._turns.settle(result.turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        """Parse a text without a dialogue."""
        self._check()
        return await self._turns.understand(text)

    @property
    def unsettled(self) -> frozenset[str]:
        """Return the turns whose fate the engine has not been told."""
        return frozenset(self._turns.held)

    @property
    def status(self) -> EngineStatus:
        """Return the present state."""
        return EngineStatus(
            ready=self._running,
            processes=int(self._running),
            model=self._turns.model,
            detail="" if self._running else "stopped",
        )

    def _check(self) -> None:
        if not self._running:
            raise EngineUnavailable("the engine is not running")


async def _ask(
    directory: DirectoryCall,
    context: TurnContext,
    action: str,
    ordinal: int,
    method: str,
    arguments: dict[str, Any],
) -> Answer[Any]:
    """Ask through the same encoding as an engine process, so that a fake answer cannot be too good."""
    answer = await directory(context, action, ordinal, method, arguments)
    return DECODERS[method].decode(raw(answer))

"""Real turns, except that one text ends the engine process that reads it."""

from __future__ import annotations

import asyncio
import os
import signal

from bot.domain.message import Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine import rasa_turns
from bot.ports import TurnDirectory

POISON = "drink this"
HELD = 0.3
"""Seconds that the process goes on, so that neighbours' turns are under way when it dies."""


class PoisonedTurns:
    """Rasa's turns, and the one that kills."""

    def __init__(self, turns: rasa_turns.RasaTurns) -> None:
        """Pass everything else on to `turns`."""
        self._turns = turns
        self.model = turns.model

    async def turn(self, request: TurnRequest, directory: TurnDirectory) -> TurnResult:
        """Die of the poison, or work out the turn."""
        if request.text == POISON:
            await asyncio.sleep(HELD)
            os.kill(os.getpid(), signal.SIGKILL)
        return await self._turns.turn(request, directory)

    def settle(self, turn_id: str, committed: bool) -> None:
        """Pass on."""
        self._turns.settle(turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        """Pass on."""
        return await self._turns.understand(text)


def preload() -> None:
    """Import what the real turns need, before the fork."""
    rasa_turns.preload()


def load(model: str, project: str) -> PoisonedTurns:
    """Load the real turns and poison them."""
    return PoisonedTurns(rasa_turns.RasaTurns.load(model, project))

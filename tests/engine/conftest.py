"""The throw-away assistant, loaded once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.model import trained_model
from tests.engine.talk import Talk


@pytest.fixture(scope="session")
def turns() -> Any:
    """Rasa with the throw-away assistant, in this process and lean."""
    from bot.engine.rasa_turns import RasaTurns

    return RasaTurns.load(trained_model(), "", "tests.engine.assistant.actions")


@pytest.fixture
def talk(turns: Any, request: pytest.FixtureRequest) -> Talk:
    """A new conversation for each test."""
    return Talk(turns, id=request.node.name)

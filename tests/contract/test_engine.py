"""The engine contract for each engine that we have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.engine.pool import EnginePool
from bot.engine.scripted import ScriptedEngine
from bot.ports import DialogueEngine
from tests.contract.test_engine_contract import DialogueEngineContract, Lines
from tests.engine_pool.faults import SCRIPT

ROOT = Path(__file__).parents[2]


class TestScripted(DialogueEngineContract):
    def make_engine(self, folder: Path) -> DialogueEngine:
        return ScriptedEngine(SCRIPT)


class TestPoolWithScript(DialogueEngineContract):
    def make_engine(self, folder: Path) -> DialogueEngine:
        model = folder / "model"
        model.write_text("scripted-model")
        return EnginePool(model, processes=2, loader="tests.engine_pool.faults:load")


def shipped_model() -> Path | None:
    registry = ROOT / "models" / "registry.json"
    if not registry.is_file():
        return None
    known = json.loads(registry.read_text(encoding="utf-8"))
    paths = [entry["path"] for entry in known["models"] if entry["id"] == known["live"]]
    return ROOT / "models" / paths[0] if paths and (ROOT / "models" / paths[0]).is_file() else None


@pytest.mark.rasa
class TestPoolWithRasa(DialogueEngineContract):
    lines = Lines(asks="cancel my order")

    def make_engine(self, folder: Path) -> DialogueEngine:
        model = shipped_model()
        if model is None:
            pytest.skip("NO MODEL: train one (`make train`) to hold the real engine to its contract")
        return EnginePool(model, project=ROOT, ready_wait=110)

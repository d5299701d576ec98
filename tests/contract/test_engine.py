"""The engine contract for each engine that we have."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psutil
import pytest

from bot.engine.pool import EnginePool
from bot.engine.scripted import ScriptedEngine
from bot.ports import DialogueEngine
from tests.bench.procs import look
from tests.contract.test_engine_contract import DialogueEngineContract, Lines
from tests.engine_pool.faults import SCRIPT

ROOT = Path(__file__).parents[2]
UNCLEAR = ("it came and yet it did not", "could somebody look into that for me", "what is up with this one")
MOST_MEMORY = 250.0
"""Megabytes of one engine process that no other process shares."""


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

    async def test_a_process_computes_on_one_thread_and_stays_small(self, engine: DialogueEngine) -> None:
        """The processes are the parallelism: two numeric libraries with a thread for each core would fight."""
        for text in UNCLEAR:  # the sentence encoder has to look at some of them
            await engine.understand(text)
        (zygote,) = (p for p in psutil.Process().children() if "bot.engine.zygote" in p.cmdline())
        workers = zygote.children()
        assert workers
        for worker in workers:
            async with asyncio.timeout(20):  # loading the encoder is a thread's work, and ends
                while worker.num_threads() > 1:
                    await asyncio.sleep(0.05)
            assert look(worker.pid).pss < MOST_MEMORY

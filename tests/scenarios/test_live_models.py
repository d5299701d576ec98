"""A running node takes a promoted model over, and the one before it when that is rolled back to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot import app as node_module
from bot.store import migrate
from bot.training.registry import ModelEntry, promote, register, rollback
from tests.scenarios.test_stopping import node
from tests.servers import free_port
from tests.support.world import GatedEngine, until


def trained(models: Path, name: str) -> None:
    (models / name).mkdir(parents=True)
    (models / name / "model.tar.gz").write_bytes(b"x")
    said = {"format": 1, "responses": {"utter_greet": [{"text": f"Hello from {name}."}]}, "utterances": []}
    (models / name / "responses.json").write_text(json.dumps(said))
    register(models, ModelEntry(id=name, path=f"{name}/model.tar.gz", hash=name, created="2026"))


async def test_a_running_node_follows_promote_and_rollback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "MODEL_LOOK_EVERY", 0.02)
    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path / 'baton.db'}")
    models = tmp_path / "models"
    for name in ("old", "new"):
        trained(models, name)
    promote(models, "old")
    app = node(tmp_path, GatedEngine(), free_port())
    await app.start()

    def words() -> str:
        return str(app.parts.sentences.render("utter_greet").text)

    try:
        assert words() == "Hello from old."
        promote(models, "new")
        await until(lambda: words() == "Hello from new.")
        rollback(models)
        await until(lambda: words() == "Hello from old.")
    finally:
        await app.stop()

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, NotFound
from bot.training.registry import (
    FILE,
    ModelEntry,
    find,
    find_hash,
    list_models,
    live_model,
    promote,
    register,
    rollback,
)


def add(models: Path, name: str) -> ModelEntry:
    folder = models / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tar.gz").write_bytes(b"x")
    (folder / "responses.json").write_text("{}")
    entry = ModelEntry(id=name, path=f"{name}/model.tar.gz", hash=f"hash-{name}", created="2026-11-21")
    register(models, entry)
    return entry


def test_an_empty_folder_has_no_model(tmp_path: Path) -> None:
    assert list_models(tmp_path / "none") == []
    assert live_model(tmp_path) is None
    with pytest.raises(NotFound):
        rollback(tmp_path)


def test_promote_and_roll_back(tmp_path: Path) -> None:
    for name in ("a", "b"):
        add(tmp_path, name)
        assert promote(tmp_path, name).live
    assert [(m.id, m.live, m.previous) for m in list_models(tmp_path)] == [
        ("b", True, False),
        ("a", False, True),
    ]
    assert rollback(tmp_path).id == "a"
    assert find(tmp_path, "b").entry.rolled_back
    assert not find(tmp_path, "a").entry.rolled_back
    assert rollback(tmp_path).id == "b"
    assert not find(tmp_path, "b").entry.rolled_back


def test_promoting_the_live_model_keeps_the_way_back(tmp_path: Path) -> None:
    for name in ("a", "b", "b"):
        add(tmp_path, name)
        promote(tmp_path, name)
    assert len(list_models(tmp_path)) == 2
    assert rollback(tmp_path).id == "a"


def test_promote_clears_the_mark_of_a_roll_back(tmp_path: Path) -> None:
    for name in ("a", "b"):
        add(tmp_path, name)
        promote(tmp_path, name)
    rollback(tmp_path)
    promote(tmp_path, "b")
    assert not find(tmp_path, "b").entry.rolled_back


def test_unknown_models_and_models_without_files_are_refused(tmp_path: Path) -> None:
    add(tmp_path, "a")
    promote(tmp_path, "a")
    add(tmp_path, "b")
    (tmp_path / "b" / "model.tar.gz").unlink()
    for name in ("b", "c"):
        with pytest.raises(NotFound):
            promote(tmp_path, name)
    live = live_model(tmp_path)
    assert live is not None
    assert live.id == "a"


def test_a_live_model_whose_files_are_gone_is_not_live(tmp_path: Path) -> None:
    add(tmp_path, "a")
    promote(tmp_path, "a")
    (tmp_path / "a" / "model.tar.gz").unlink()
    assert live_model(tmp_path) is None
    assert find_hash(tmp_path, "hash-a") is None


def test_finds_by_content(tmp_path: Path) -> None:
    add(tmp_path, "a")
    found = find_hash(tmp_path, "hash-a")
    assert found is not None
    assert found.path == tmp_path / "a" / "model.tar.gz"
    assert found.responses == tmp_path / "a" / "responses.json"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 9, "models": []}'])
def test_a_damaged_registry_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"registry\.json"):
        live_model(tmp_path)


def _add_many(models: Path, prefix: str) -> None:
    for n in range(20):
        add(models, f"{prefix}{n}")
        promote(models, f"{prefix}{n}")


def test_writers_in_several_processes_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_many, args=(tmp_path, p)) for p in "xyz"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(list_models(tmp_path)) == 60
    data = json.loads((tmp_path / FILE).read_text())
    assert data["live"] != data["previous"]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(f".{FILE}")] == []

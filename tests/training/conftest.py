from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.project import make_project, train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project and its models folder with one model in it."""
    base = tmp_path_factory.mktemp("trained")
    project = make_project(base / "project")
    done = train(project, base / "models")
    assert done.returncode == 0, done.stderr
    return project, base / "models"

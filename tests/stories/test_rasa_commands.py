"""Rasa's own tools accept the assistant: its data are valid, and its test stories hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.training.registry import live_model

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(300)]
PROJECT = Path(__file__).parents[2]


def rasa(folder: Path, *commands: list[str]) -> list[tuple[int, str]]:
    """Run rasa commands in the project; return the status of each and what it printed."""
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1"}
    environment.pop("LOG_LEVEL", None)  # a training in this process has quietened Rasa
    done = subprocess.run(
        [sys.executable, "-m", "tests.stories.rasa_commands", folder], input=json.dumps(commands),
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    printed = [path.read_text(errors="replace") for path in sorted(folder.iterdir())]
    assert done.returncode == 0, (done.stderr, printed)
    return list(zip(json.loads(done.stdout), printed, strict=True))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What the two commands of this file came to; one process runs both."""
    commands = {"validate": ["data", "validate", "--fail-on-warnings"]}
    model = live_model(PROJECT / "models")
    if model is not None:
        stories = ["test", "core", "--model", str(model.path), "--stories", "tests/stories"]
        stories += ["--fail-on-prediction-errors", "--no-plot"]
        commands["stories"] = [*stories, "--out", str(tmp_path_factory.mktemp("results"))]
    found = rasa(tmp_path_factory.mktemp("printed"), *commands.values())
    return dict(zip(commands, found, strict=True))


def test_the_data_are_valid(done: dict[str, tuple[int, str]]) -> None:
    status, printed = done["validate"]
    assert status == 0, printed[-3000:]
    assert "No story structure conflicts found" in printed


def test_the_test_stories_hold(done: dict[str, tuple[int, str]]) -> None:
    if "stories" not in done:
        pytest.skip("NO MODEL: run `make train` first")
    status, printed = done["stories"]
    assert status == 0, printed[-3000:]
    assert "Evaluating" in printed

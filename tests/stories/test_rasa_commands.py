"""Rasa's own tools accept the assistant: its data are valid, and its test stories hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.training.registry import live_model

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(300)]
PROJECT = Path(__file__).parents[2]


def rasa(*arguments: str) -> str:
    """Run the rasa command in the project; fail with the end of what it printed."""
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [Path(sys.executable).with_name("rasa"), *arguments],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-3000:]
    return printed


def test_the_data_are_valid() -> None:
    assert "No story structure conflicts found" in rasa("data", "validate", "--fail-on-warnings")


def test_the_test_stories_hold(tmp_path: Path) -> None:
    model = live_model(PROJECT / "models")
    if model is None:
        pytest.skip("NO MODEL: run `make train` first")
    printed = rasa(
        "test", "core", "--model", str(model.path), "--stories", "tests/stories",
        "--fail-on-prediction-errors", "--no-plot", "--out", str(tmp_path),
    )  # fmt: skip
    assert "Evaluating" in printed

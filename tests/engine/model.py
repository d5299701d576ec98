"""Trains the throw-away assistant once per content and keeps the model between runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.support.parallel import one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "assistant"
CACHE = ROOT / ".baton" / "cache" / "engine-tests"


def trained_model() -> Path:
    """Return the model's archive, trained if there is none for the present data."""
    files = HERE.rglob("*.yml")
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + file.read_bytes())
    name = f"model-{digest.hexdigest()[:12]}"
    model = CACHE / f"{name}.tar.gz"
    with one_at_a_time("engine-model"):
        if not model.is_file():
            _train(name)
    return model


def _train(name: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "rasa", "train", "--out", str(CACHE), "--fixed-model-name", f".{name}"]
    command += ["--domain", "domain.yml", "--config", "config.yml", "--data", "data"]
    env = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True, check=False)
    made = CACHE / f".{name}.tar.gz"
    if not made.is_file():
        raise RuntimeError(f"training failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    made.rename(CACHE / f"{name}.tar.gz")  # at once, so that no other run sees half a model

"""Stock Rasa to measure against: an environment and a model of its own, made on demand.

Run as `python -m tests.bench.stock` to make both. They need Python 3.10, about 3 GB and some minutes,
and are kept in `.bench/`: the environment for good, a model for each state of the assistant's data.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.shop import PROJECT

VERSION = "3.6.21"
HOME = PROJECT / ".bench"
ENVIRONMENT = HOME / "stock"
MODELS = HOME / "stock-models"
RASA = ENVIRONMENT / "bin" / "rasa"
CONFIG = "lib/python3.10/site-packages/rasa/cli/initial_project/config.yml"
"""What `rasa init` gives a new project: the default pipeline (DIET) and policies (TED, UnexpecTED)."""
EPOCHS = 12
"""Rounds of training instead of 100, which would take hours for this much data: enough to know the
benchmark's plain messages. What a message costs does not depend on them; accuracy is not compared here.
"""
DATA = ("data/nlu", "data/lookups", "data/rules", "data/stories")
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


class StockUnavailable(Exception):
    """Stock Rasa cannot be had here; the message says why."""


def environment() -> Path:
    """Return the `rasa` command of an environment with stock Rasa, made if it is missing."""
    if RASA.exists() and _works([str(ENVIRONMENT / "bin" / "python"), "-c", "import tensorflow"]):
        return RASA
    python = _python310()
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    HOME.mkdir(exist_ok=True)
    print(f"making an environment with stock Rasa {VERSION} (once; some minutes)", flush=True)
    inside = str(ENVIRONMENT / "bin" / "python")
    with tempfile.TemporaryDirectory() as elsewhere:  # this project's overrides must not apply
        if shutil.which("uv"):
            _run(["uv", "venv", "--python", python, str(ENVIRONMENT)], cwd=elsewhere)
            install = ["uv", "pip", "install", "-q", "--python", inside]
        else:
            _run([python, "-m", "venv", str(ENVIRONMENT)], cwd=elsewhere)
            install = [inside, "-m", "pip", "install", "-q"]
        _run([*install, f"rasa=={VERSION}"], cwd=elsewhere)
    return RASA


def model(rasa: Path, *, older: bool = False) -> Path:
    """Return a model of the shipped assistant, trained by stock Rasa with its default pipeline.

    With `older` the newest one that is there will do, though the data may have changed since.
    """
    name = data_hash()
    path = MODELS / f"{name}.tar.gz"
    if path.exists():
        return path
    there = sorted(MODELS.glob("*.tar.gz"), key=lambda found: found.stat().st_mtime)
    if older and there:
        return there[-1]
    print("training stock Rasa's model for this data (once; some minutes)", flush=True)
    MODELS.mkdir(parents=True, exist_ok=True)
    data = [str(PROJECT / folder) for folder in DATA if (PROJECT / folder).exists()]
    command = [str(rasa), "train", "--domain", str(PROJECT / "domain.yml"), "--data", *data]
    command += ["--config", "config.yml", "--out", str(MODELS), "--fixed-model-name", name]
    with tempfile.TemporaryDirectory(prefix="baton-stock-") as folder:
        config = _config()
        (Path(folder) / "config.yml").write_text(config, encoding="utf-8")
        _run(command, cwd=folder)
    if not path.exists():
        raise StockUnavailable("stock Rasa's training left no model")
    return path


def _config() -> str:
    """Return Rasa's default pipeline and policies, which it ships as comments, with fewer epochs."""
    shipped = (ENVIRONMENT / CONFIG).read_text(encoding="utf-8")
    config = re.sub(r"^# {2,3}(?=\s|-)", "  ", shipped, flags=re.MULTILINE)
    config = re.sub(r"epochs: \d+", f"epochs: {EPOCHS}", config)
    if config.count(f"epochs: {EPOCHS}") < 3:
        raise StockUnavailable("stock Rasa's default config is not as it was")
    return config


def data_hash() -> str:
    """Return a name for the state of the data that a model is trained on."""
    digest = hashlib.sha256(VERSION.encode())
    for file in [
        PROJECT / "domain.yml",
        *(f for name in DATA for f in sorted((PROJECT / name).rglob("*.yml"))),
    ]:
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _python310() -> str:
    """Find a Python 3.10: on the path, in uv's keeping, or with a version manager in the home folder."""
    for candidate in _candidates():
        if _works([candidate, "-c", "import sys, venv; assert sys.version_info[:2] == (3, 10)"]):
            return candidate
    raise StockUnavailable(
        "stock Rasa needs Python 3.10, and there is none here (BENCH_PYTHON310 may name one)"
    )


def _candidates() -> Iterator[str]:
    if os.environ.get("BENCH_PYTHON310"):
        yield os.environ["BENCH_PYTHON310"]
    yield from (str(Path(folder) / "python3.10") for folder in os.get_exec_path())
    for pattern in (".*/versions/3.10*/bin/python3.10", ".*/installs/python/3.10*/bin/python3.10"):
        yield from (str(path) for path in sorted(Path.home().glob(pattern)))
    if shutil.which("uv"):
        command = ["uv", "python", "find", "--no-project", "3.10"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if found:
            yield found


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=120, check=False, env=os.environ | QUIET
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: list[str], *, cwd: str | None = None) -> None:
    """Run a step; what it prints is shown only when it fails."""
    done = subprocess.run(
        command, cwd=cwd, text=True, capture_output=True, check=False, env=os.environ | QUIET
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-15:]
        raise StockUnavailable(f"{' '.join(command[:3])} failed:\n" + "\n".join(said))


if __name__ == "__main__":
    print(model(environment()))

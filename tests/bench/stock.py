"""Stock Rasa to measure against: an environment of its own, made on demand and kept in `.bench/`.

It needs Python 3.10, about 3 GB and some minutes. Its models are made by `stock_models`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.shop import PROJECT

VERSION = "3.6.21"
HOME = PROJECT / ".bench"
ENVIRONMENT = HOME / "stock"
RASA = ENVIRONMENT / "bin" / "rasa"
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
            run(["uv", "venv", "--python", python, str(ENVIRONMENT)], cwd=elsewhere)
            install = ["uv", "pip", "install", "-q", "--python", inside]
        else:
            run([python, "-m", "venv", str(ENVIRONMENT)], cwd=elsewhere)
            install = [inside, "-m", "pip", "install", "-q"]
        run([*install, f"rasa=={VERSION}"], cwd=elsewhere)
    return RASA


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


def run(command: list[str], *, cwd: str | None = None, log: Path | None = None) -> None:
    """Run a step. What it prints goes to `log`, and is shown when it fails. Raises StockUnavailable."""
    with tempfile.TemporaryFile("w+") if log is None else log.open("w+") as printed:
        done = subprocess.run(
            command, cwd=cwd, stdout=printed, stderr=printed, check=False, env=os.environ | QUIET
        )
        if done.returncode != 0:
            printed.seek(0)
            said = printed.read().strip().splitlines()[-15:]
            raise StockUnavailable(f"{' '.join(command[:3])} failed:\n" + "\n".join(said))

"""Other people's programs in environments of their own, made when they are first needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / ".tools"


def python_with(name: str, version: str, *more: str) -> Path:
    """Return a Python that has a package; skip the test, saying why on the terminal too, without one.

    `more` are what the package needs beside itself.
    """
    home = HOME / f"{name}-{version}"
    python = home / "bin" / "python"
    asked = [python, "-c", f"import {name}"]
    if python.exists() and subprocess.run(asked, capture_output=True).returncode == 0:
        return python
    try:
        _make(home, python, f"{name}=={version}", *more)
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"{name} {version} could not be installed: {error}"
        print(f"\nSKIPPED, not tested: {reason}", file=sys.__stderr__)
        pytest.skip(reason)
    return python


def _make(home: Path, python: Path, *packages: str) -> None:
    """Install packages with uv if there is one, else with pip."""
    local = HOME / "bin" / "uv"
    uv = shutil.which("uv") or (str(local) if local.exists() else "")
    make: list[str | Path] = (
        [uv, "venv", "--quiet", "--clear"] if uv else [sys.executable, "-m", "venv", "--clear"]
    )
    pip: list[str | Path] = (
        [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    )
    for command in ([*make, home], [*pip, "--quiet", *packages]):
        subprocess.run(command, check=True, capture_output=True, timeout=240)

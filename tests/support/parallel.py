"""Tests on several cores: what goes together, what begins first, and what only one worker may do.

`pytest -n 2` comes here; without `-n` nothing of this is used. A worker takes a whole file, or a whole
folder whose tests share what takes long to make, so that it is made once. The longest begin first:
then all workers end at about the same time.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TOGETHER = ("tests/engine/", "tests/stories/")
"""Folders with one Rasa engine for all of their tests."""
WITH_RASA = ("tests.engine.", "tests.stories.", "tests.nlu.", "tests.training.")
"""Modules that load Rasa into the tests' own process."""
APART = (
    "tests/stories/test_rasa_commands.py",
    "tests/engine/test_lean.py",
)
"""Of these folders and files, what shares nothing with the rest."""
LONGEST = (
    APART[0],
    "tests/engine/",
    "tests/stories/",
    "tests/training/test_train.py",
    "tests/browser/",
    "tests/long/",
    "tests/engine_pool/test_deaths.py",
    "tests/engine/test_lean.py",
    "tests/contract/",
    "tests/customers/",
    "tests/web/",
    "tests/property/",
    "tests/scenarios/",
)
"""What begins first, by how its name begins; the rest takes a few seconds each."""


def group(nodeid: str) -> str:
    """Return what a test goes together with: its folder, its file or nothing."""
    for prefix in (*APART, *TOGETHER):
        if nodeid.startswith(prefix):
            return prefix
    return nodeid.partition("::")[0]


def place(nodeid: str) -> int:
    """Return when a test's group begins, 0 for the first."""
    name = group(nodeid)
    return next((at for at, prefix in enumerate(LONGEST) if name.startswith(prefix)), len(LONGEST))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Return what hands the groups to the workers, in the order in which these collected them."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False
    return Groups(config, log)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keep other workers, and other runs of this user, out while the block lasts."""
    with (Path(tempfile.gettempdir()) / f"baton-tests-{os.getuid()}-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

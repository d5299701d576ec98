"""One training at a time in a folder of models."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import ConfigError

LOCK = ".training.lock"


@contextmanager
def alone(models: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process trains into this folder. Raises ConfigError if it cannot be written."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        file = (models / LOCK).open("w")
    except OSError as error:
        raise ConfigError(f"{models} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another training is running here; this one begins when it has ended …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

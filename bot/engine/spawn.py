"""A zygote as a subprocess of the server: its life line, and what its process group prints."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.engine.stderr import StderrReader

_ROOT = Path(__file__).resolve().parents[2]
"""Where the `bot` package lies, so that `-m` finds it."""


class ZygoteProcess:
    """One zygote with all that it forked; `release` ends what is left of the group."""

    def __init__(self, process: Process, life_line: int) -> None:
        self.pid = process.pid
        self._process = process
        self._life_line = life_line
        self._reader: StderrReader | None = None

    @classmethod
    async def spawn(cls, command: Sequence[str], on_end: Callable[[ZygoteProcess], None]) -> ZygoteProcess:
        """Start it; `on_end` is called when the whole group is gone. Raises OSError."""
        stdin, life_line = os.pipe()
        printed, stderr = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=stdin,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,  # a Ctrl-C in the terminal must not end it before the drain
                cwd=_ROOT,
            )
        except BaseException:
            os.close(life_line)
            os.close(printed)
            raise
        finally:
            os.close(stdin)
            os.close(stderr)
        zygote = cls(process, life_line)
        zygote._reader = await StderrReader.open(printed, lambda: on_end(zygote))
        return zygote

    @property
    def last_lines(self) -> str:
        """Return the end of what the group printed."""
        return self._reader.last_lines if self._reader else ""

    async def wait(self) -> int:
        """Wait for the zygote's own end; return its exit code, negative for a signal."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the zygote at once; what it forked goes on."""
        if self._process.returncode is None:
            self._process.kill()

    def release(self) -> None:
        """Let the kernel end whatever is left of the group."""
        if self._life_line >= 0:
            os.close(self._life_line)
            self._life_line = -1
        if self._reader is not None:
            self._reader.close()

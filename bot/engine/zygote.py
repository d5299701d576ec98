"""The parent of engine processes: imports everything once, loads nothing, and forks on command.

Run as `python -m bot.engine.zygote`. It has no thread and no event loop, so that a fork is safe.
Its standard input is the server's life line: when the server is gone, however it went, the kernel
ends this whole process group.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import os
import select
import selectors
import signal
import socket
import sys
import threading
from typing import Any

import msgspec

from bot.engine import worker
from bot.engine.frames import TO_ZYGOTE, Exited, Fork, Forked, Splitter, Stop, ZygoteHello, pack
from bot.engine.turns import find_loader, preload

_SETTINGS = {
    "RASA_TELEMETRY_ENABLED": "false",
    # One thread each: the processes are the parallelism, and a fork does not copy threads.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


NICENESS = 5
"""Where processors are short, taking a message in goes before answering another."""


def hold_life_line(fd: int) -> None:
    """Ask the kernel to end this process group (SIGIO) when the pipe's other end closes.

    Unlike reading the end of the pipe this also ends a process whose event loop hangs.
    """
    if os.getpgrp() != os.getpid():
        return  # started by hand: the group is somebody else's
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([fd], [], [], 0)[0]:
        sys.exit(0)  # it closed before we held it


class Zygote:
    """Forks engine processes as the server asks and reports their ends."""

    def __init__(self, *, path: str, loader: str, project: str) -> None:
        self._path = path
        self._loader = loader
        self._project = project
        self._splitter = Splitter()
        self._server = socket.socket(socket.AF_UNIX)
        self._signals, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()

    def prepare(self) -> None:
        """Import everything that the children will need."""
        preload(self._loader)
        if threading.active_count() > 1:
            print("zygote: something started a thread before the fork", file=sys.stderr)  # noqa: T201
        gc.collect()
        gc.freeze()  # keeps the collector of the children from copying these pages

    def run(self) -> int:
        """Report to the server and serve it until it goes."""
        self._server.connect(self._path)
        self._watch_children()
        self._send(ZygoteHello(os.getpid()))
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._signals, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._signals:
                    self._signals.recv(1024)
                    self._reap()
                elif not self._serve(self._server.recv(65536)):
                    return 0

    def _watch_children(self) -> None:
        self._waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def _serve(self, data: bytes) -> bool:
        """Obey the server's frames; false when it wants no more."""
        for body in self._splitter.feed(data):
            frame = TO_ZYGOTE.decode(body)
            if isinstance(frame, Stop):
                return False
            self._fork(frame)
        return bool(data)

    def _fork(self, frame: Fork) -> None:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = self._become_worker(frame)
            finally:
                sys.stderr.flush()
                os._exit(code)
        self._send(Forked(frame.start, pid))

    def _become_worker(self, frame: Fork) -> int:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for end in (self._server, self._signals, self._waker):
            end.close()
        return worker.run(
            socket=self._path,
            start=frame.start,
            loader=find_loader(self._loader),
            model=frame.model,
            project=self._project,
            key=frame.key,
        )

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._send(Exited(pid, os.waitstatus_to_exitcode(status)))

    def _send(self, frame: msgspec.Struct) -> None:
        self._server.sendall(pack(frame))


def main(arguments: list[str] | None = None) -> int:
    """Run a zygote; return its exit code."""
    parser = argparse.ArgumentParser(prog="bot.engine.zygote")
    parser.add_argument("--socket", required=True, help="the server's socket")
    parser.add_argument("--loader", required=True, help="package.module:name of the loader")
    parser.add_argument("--project", default="", help="folder that holds the actions")
    options: Any = parser.parse_args(arguments)
    hold_life_line(sys.stdin.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the server's business: it drains first
    os.environ.update(_SETTINGS)
    os.nice(NICENESS)
    if options.project:
        os.chdir(options.project)
        sys.path.insert(0, options.project)
    zygote = Zygote(path=options.socket, loader=options.loader, project=options.project)
    zygote.prepare()
    try:
        return zygote.run()
    except (ConnectionError, FileNotFoundError):
        return 0  # the server is gone


if __name__ == "__main__":
    sys.exit(main())

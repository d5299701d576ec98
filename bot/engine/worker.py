"""An engine process: one loaded model, one event loop, many turns at once. Forked by the zygote."""

from __future__ import annotations

import asyncio
import gc
import os
import time
import traceback
from functools import partial
from typing import Any

import msgspec

from bot.domain.customer import Answer
from bot.domain.errors import BotError, EngineError
from bot.domain.message import Nlu
from bot.engine.directory import DECODERS, RemoteDirectory
from bot.engine.frames import (
    TO_WORKER,
    Cancel,
    DirectoryCall,
    DirectoryReply,
    FrameTooLarge,
    Hello,
    Ping,
    Pong,
    Settle,
    Stop,
    Turn,
    TurnDone,
    TurnError,
    Understand,
    Understood,
    raw,
)
from bot.engine.signing import signing_key
from bot.engine.turns import Loader, TurnMaker, load
from bot.engine.wire import Wire


def run(*, socket: str, start: int, loader: Loader, model: str, project: str, key: bytes = b"") -> int:
    """Load, connect and work until the server ends the connection; return the exit code.

    `key` signs calls of an action server, if there is one.
    """
    signing_key.set(key)
    # Not asyncio.run: it would wait for threads of blocked actions, and this process just ends.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(_serve(socket, start, loader, model, project))


async def _serve(socket: str, start: int, loader: Loader, model: str, project: str) -> int:
    error, maker = "", None
    try:
        maker = await load(loader, model, project)
    except (Exception, SystemExit) as fault:
        traceback.print_exc()
        error = f"{type(fault).__name__}: {fault}"
    # What is loaded lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    worker = Worker(maker)
    await asyncio.get_running_loop().create_unix_connection(worker.wire, socket)
    worker.hello(start, error)
    return await worker.done


def describe(error: BaseException) -> str:
    """Say what went wrong and where, without values: they may hold what a customer wrote."""
    if isinstance(error, BotError):
        return error.message
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = (f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)  # noqa: PTH119
    return f"{type(error).__name__} at {' > '.join(places)}"


class Worker:
    """Runs the server's turns on a turn maker and passes their directory calls on."""

    def __init__(self, maker: TurnMaker | None) -> None:
        self._maker = maker
        self._wire: Wire | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._conversations: dict[str, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._calls: dict[int, asyncio.Future[DirectoryReply]] = {}
        self._call = 0
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[int] = self._loop.create_future()
        """The exit code, once there is nothing more to do."""
        self._handlers: dict[type, Any] = {
            Turn: self._begin,
            Cancel: self._cancel,
            Settle: self._settle,
            DirectoryReply: self._reply,
            Understand: self._parse,
            Ping: self._pong,
            Stop: lambda frame: self._end(),
        }

    def wire(self) -> Wire:
        """Make the end of the connection to the server."""
        self._wire = Wire(TO_WORKER, self._on_frame, lambda wire, fault: self._end())
        return self._wire

    def hello(self, start: int, error: str) -> None:
        """Tell the server that turns may come, or why they may not; then end."""
        model = self._maker.model if self._maker else ""
        self._send(Hello(start, os.getpid(), model, error[:2000]))
        if error and self._wire is not None:
            self._wire.close()

    def _on_frame(self, wire: Wire, frame: Any) -> None:
        self._handlers[type(frame)](frame)

    def _send(self, frame: msgspec.Struct) -> None:
        if self._wire is not None:
            self._wire.send(frame)

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(0 if self._maker else 3)

    # turns
    def _begin(self, frame: Turn) -> None:
        conversation = frame.request.conversation_id
        # A cancelled turn may still be unwinding: the conversation's next one waits for that.
        task = self._loop.create_task(self._turn(frame, self._conversations.get(conversation)))
        self._tasks[frame.job] = self._conversations[conversation] = task

    async def _turn(self, frame: Turn, before: asyncio.Task[None] | None) -> None:
        request = frame.request
        answer: TurnDone | TurnError | None = None
        try:
            if before is not None:
                await asyncio.wait((before,))
            answer = await self._work(frame)
            self._send(answer)
            if self._wire is not None:
                # Turns that are ready run in one step of the loop, one after the other: the server
                # commits the first while the next is worked out, instead of waiting for them all.
                self._wire.flush()
        except asyncio.CancelledError:
            answer = None  # nobody waits for an answer
        except FrameTooLarge as error:
            answer = TurnError(frame.job, f"the reply is too large: {error}")
            self._send(answer)
        finally:
            if not isinstance(answer, TurnDone):
                self._drop(request.turn_id)
            del self._tasks[frame.job]
            if self._conversations.get(request.conversation_id) is asyncio.current_task():
                del self._conversations[request.conversation_id]

    async def _work(self, frame: Turn) -> TurnDone | TurnError:
        try:
            directory = RemoteDirectory(partial(self._ask, frame.job))
            result = await self._made.turn(frame.request, directory)
            done = TurnDone(frame.job, raw(result), time.process_time())
        except (Exception, SystemExit) as error:
            return TurnError(frame.job, describe(error))
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # the maker swallowed it; the server has forgotten the turn
        return done

    @property
    def _made(self) -> TurnMaker:
        if self._maker is None:
            raise EngineError("no model is loaded")
        return self._maker

    def _cancel(self, frame: Cancel) -> None:
        task = self._tasks.get(frame.job)
        if task is not None:
            task.cancel()
        else:
            self._drop(frame.turn_id)

    def _settle(self, frame: Settle) -> None:
        self._made.settle(frame.turn_id, frame.committed)

    def _drop(self, turn_id: str) -> None:
        self._made.settle(turn_id, False)

    # directory calls
    async def _ask(self, job: int, action: str, ordinal: int, method: str, arguments: Any) -> Answer[Any]:
        self._call += 1
        call, future = self._call, self._loop.create_future()
        self._calls[call] = future
        self._send(DirectoryCall(job, call, action, ordinal, method, arguments))
        try:
            reply = await future
        finally:
            del self._calls[call]
        if reply.error:
            raise EngineError(f"the directory failed: {reply.error}")
        return DECODERS[method].decode(reply.answer)

    def _reply(self, frame: DirectoryReply) -> None:
        future = self._calls.get(frame.call)
        if future is not None and not future.done():
            future.set_result(frame)

    # the rest
    def _parse(self, frame: Understand) -> None:
        task = self._loop.create_task(self._understand(frame))
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _understand(self, frame: Understand) -> None:
        try:
            answer = Understood(frame.job, await self._made.understand(frame.text))
        except (Exception, SystemExit) as error:
            answer = Understood(frame.job, Nlu(), describe(error))
        self._send(answer)

    def _pong(self, frame: Ping) -> None:
        self._send(Pong(frame.number, time.process_time()))

"""The terminal chat itself: with a prompt on a terminal, line by line when it is fed by a script."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from rich.console import Console

from bot.chat.client import POLL_SECONDS, ChatClient, ChatFailed
from bot.chat.view import View, clean

QUIT = "/quit"
PENDING_SECONDS = 60.0


class Chat:
    """One run of the terminal chat."""

    def __init__(self, client: ChatClient, view: View, *, who: str = "") -> None:
        """`who` names the customer who is signed in; empty for a stranger."""
        self._who = clean(who)
        self._client = client
        self._view = view
        self._waiting = 0
        self._sends: set[asyncio.Task[None]] = set()

    async def interactive(self) -> None:
        """Chat on a terminal until `/quit` or the end of input."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout

        await self._begin()
        session: PromptSession[str] = PromptSession("> ", bottom_toolbar=self._status, refresh_interval=0.4)
        self._client.patience = None  # somebody sees the status line and can stop it; a start must not hang
        self._view.note(f"{QUIT} ends the chat; a number chooses")
        with patch_stdout(raw=True):
            async with self._following():
                while (line := await _prompt(session)) != QUIT:
                    if line:
                        send = asyncio.create_task(self._send_quietly(self._view.resolve(line)))
                        self._sends.add(send)
                        send.add_done_callback(self._sends.discard)
        for send in self._sends:
            send.cancel()

    async def scripted(self, lines: AsyncIterator[str]) -> None:
        """Send each line when the one before is answered, and print what comes. Raises ChatFailed."""
        self._client.on_outage = lambda trouble: self._view.note(f"{trouble} (still trying)")
        await self._begin()
        async with self._following():
            async for line in lines:
                if line == QUIT:
                    break
                if line:
                    await self._exchange(line)

    async def _begin(self) -> None:
        """Show what was said before; this also tells whether the server admits us."""
        page = await self._client.page(0)
        if self._who:
            self._view.note(f"you are {self._who}, signed in")
        self._view.show(page, own=True)

    async def _exchange(self, line: str) -> None:
        answered = await self._client.send(self._view.resolve(line))
        said = self._view.show(await self._client.page(self._view.last))
        until = asyncio.get_running_loop().time() + PENDING_SECONDS
        while not answered and not said and asyncio.get_running_loop().time() < until:
            said = self._view.show(await self._client.page(self._view.last, 5.0))

    async def _send_quietly(self, text: str) -> None:
        self._waiting += 1
        try:
            if not await self._client.send(text):
                self._view.note("the answer takes longer; it will be shown when it comes")
        except ChatFailed as error:
            self._view.note(f"not sent: {error.message}")
        finally:
            self._waiting -= 1

    @contextlib.asynccontextmanager
    async def _following(self) -> AsyncIterator[None]:
        follower = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    async def _follow(self) -> None:
        """Show what comes; the chat goes on when the server refuses a poll for a while."""
        while True:
            try:
                async for page in self._client.follow(self._view.last):
                    self._view.show(page)
            except ChatFailed as error:
                self._view.note(f"no news: {error.message}")
                await asyncio.sleep(POLL_SECONDS / 5)

    def _status(self) -> str:
        """Return the line at the bottom of the screen."""
        if not self._client.connected:
            return " not connected; trying again"
        typing = ""
        if self._waiting and self._view.owner in {"bot", "nobody", ""}:
            dots = int(asyncio.get_running_loop().time() / 0.4) % 3 + 1
            typing = f"   typing{'.' * dots}"
        signed_in = f" as {self._who}" if self._who else ""
        return f" You are talking to: {self._view.who()}{signed_in}{typing}"


async def chat(client: ChatClient, *, who: str = "") -> None:
    """Run the chat, signed in as `who`, on this process's terminal or pipes. Raises ChatFailed."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    # The prompt puts itself between the console and the terminal, so rich cannot see that it is one.
    console = Console(highlight=False, markup=False, force_terminal=on_terminal or None)
    run = Chat(client, View(console), who=who)
    try:
        await (run.interactive() if on_terminal else run.scripted(_stdin_lines()))
    finally:
        await client.close()


async def _prompt(session: object) -> str:
    """Return a typed line; the end of input and Ctrl-C mean `/quit`."""
    try:
        line: str = await session.prompt_async()  # type: ignore[attr-defined]
    except (EOFError, KeyboardInterrupt):
        return QUIT
    return line.strip()


async def _stdin_lines() -> AsyncIterator[str]:
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line.strip()

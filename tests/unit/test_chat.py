"""The terminal chat against a small fake of the REST channel: nothing shown twice, nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from rich.console import Console

from bot.chat.client import ChatClient, ChatFailed
from bot.chat.terminal import Chat
from bot.chat.view import View


class FakeServer:
    """Echoes like a bot, unless a person owns the conversation; fails as often as it is told to."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.seen: set[str] = set()
        self.owner = "nobody"
        self.outage = 0
        self.refuse: tuple[int, dict[str, Any]] | None = None
        self.buttons: list[dict[str, str]] = []
        self.news = asyncio.Event()
        self.authorization = ""
        self.identities: list[str] = []

    def add(self, author: str, text: str, **more: Any) -> None:
        self.entries.append({"seq": len(self.entries) + 1, "author": author, "text": text, **more})
        self.news.set()

    @property
    def written(self) -> list[str]:
        return [entry["text"] for entry in self.entries if entry["author"] == "customer"]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.authorization = request.headers.get("authorization", "")
        if self.outage:
            self.outage -= 1
            raise httpx.ConnectError("refused")
        if self.refuse:
            return httpx.Response(self.refuse[0], json=self.refuse[1])
        return await (self.take(request) if request.method == "POST" else self.give(request))

    async def take(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.identities.append(body.get("identity", ""))
        if body["message_id"] not in self.seen:
            self.seen.add(body["message_id"])
            self.add("customer", body["message"])
            if self.owner in {"bot", "nobody"}:
                self.owner = "bot"
                self.add("bot", f"you said {body['message']}", buttons=self.buttons or None)
        return httpx.Response(200, json=[])

    async def give(self, request: httpx.Request) -> httpx.Response:
        after, wait = int(request.url.params["after"]), float(request.url.params["wait"])
        if wait and len(self.entries) <= after:
            self.news.clear()
            # Not `wait_for`: on 3.11 it swallows a cancellation that comes together with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.news.wait()
        found = [entry for entry in self.entries if entry["seq"] > after]
        last = found[-1]["seq"] if found else after
        return httpx.Response(200, json={"messages": found, "last": last, "owner": self.owner})


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


def make(server: FakeServer, screen: io.StringIO, patience: float | None = 5.0) -> Chat:
    client = ChatClient(
        "http://test", "alice", token="t", patience=patience, transport=httpx.MockTransport(server)
    )
    return Chat(client, View(Console(file=screen, highlight=False, markup=False, width=80)))


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def test_script_shows_each_reply_once_in_order(server: FakeServer, screen: io.StringIO) -> None:
    await make(server, screen).scripted(typed("hello", "", "bye", "/quit", "never"))
    assert screen.getvalue().splitlines() == ["assistant: you said hello", "assistant: you said bye"]
    assert server.written == ["hello", "bye"]
    assert server.authorization == "Bearer t"


async def test_signed_in_chat_says_who_one_is_and_signs_each_message(
    server: FakeServer, screen: io.StringIO
) -> None:
    number = iter(range(10))
    client = ChatClient(
        "http://test",
        "alice",
        identity=lambda: f"token {next(number)}",
        transport=httpx.MockTransport(server),
    )
    view = View(Console(file=screen, highlight=False, markup=False, width=80))
    chat = Chat(client, view, who="Jane\x1b[2J Miller (C1001)")
    assert "as Jane[2J Miller (C1001)" in chat._status()
    await chat.scripted(typed("one", "two"))
    assert screen.getvalue().splitlines()[0] == "-- you are Jane[2J Miller (C1001), signed in"
    assert server.identities == ["token 0", "token 1"]


async def test_number_presses_the_choice(server: FakeServer, screen: io.StringIO) -> None:
    server.buttons = [{"title": "Yes", "payload": "~1.0"}, {"title": "No", "payload": "~1.1"}]
    await make(server, screen).scripted(typed("1", "2", "3", "02"))
    assert server.written == ["1", "~1.1", "3", "~1.1"]
    assert "  2) No" in screen.getvalue()
    assert "-- you chose: No" in screen.getvalue()


async def test_choices_end_with_the_next_message(server: FakeServer, screen: io.StringIO) -> None:
    server.add("bot", "sure?", buttons=[{"title": "Yes", "payload": "~1.0"}])
    server.add("agent", "hello", author_name="Ana")
    await make(server, screen).scripted(typed("1"))
    assert server.written == ["1"]


async def test_history_is_shown_with_own_words(server: FakeServer, screen: io.StringIO) -> None:
    server.add("customer", "earlier")
    server.add("bot", "indeed")
    await make(server, screen).scripted(typed())
    assert screen.getvalue().splitlines() == ["you: earlier", "assistant: indeed"]


async def test_owner_and_agents_words_are_shown(server: FakeServer, screen: io.StringIO) -> None:
    async def lines() -> AsyncIterator[str]:
        yield "a person please"
        server.owner = "queue"
        server.add("system", "You are next.")
        yield "hurry"
        server.owner = "agent"
        server.add("agent", "Ana here", author_name="Ana")
        await asyncio.sleep(0.2)
        server.owner = "nobody"
        server.add("agent", "Bye", author_name="Ana")
        await asyncio.sleep(0.2)

    await make(server, screen).scripted(lines())
    shown = screen.getvalue().splitlines()
    assert shown == [
        "assistant: you said a person please",
        "system: You are next.",
        "-- you are talking to: nobody yet, waiting for a person",
        "Ana: Ana here",
        "-- you are talking to: Ana",
        "Ana: Bye",
        "-- the conversation is closed; write to begin anew",
    ]


async def test_outage_is_survived_and_counts_once(server: FakeServer, screen: io.StringIO) -> None:
    async def lines() -> AsyncIterator[str]:
        yield "one"
        server.outage = 4
        yield "two"

    await make(server, screen).scripted(lines())
    assert server.written == ["one", "two"]
    assert screen.getvalue().count("you said two") == 1


async def test_no_server_is_said_plainly(server: FakeServer, screen: io.StringIO) -> None:
    server.outage = 1_000
    with pytest.raises(ChatFailed, match="No server answers at http://test"):
        await make(server, screen, patience=0.1).scripted(typed("x"))
    assert " ".join(screen.getvalue().split()).count("still trying") == 1


async def test_refusal_is_in_the_servers_words(server: FakeServer, screen: io.StringIO) -> None:
    server.refuse = (401, {"error": {"code": "unauthorized", "message": "Send the token."}})
    with pytest.raises(ChatFailed, match="Send the token"):
        await make(server, screen).scripted(typed("x"))
    server.refuse = (404, {"detail": "Not Found"})
    with pytest.raises(ChatFailed, match="status 404"):
        await make(server, screen).scripted(typed("x"))


async def test_other_server_is_recognised(screen: io.StringIO) -> None:
    client = ChatClient(
        "http://test", "a", transport=httpx.MockTransport(lambda _: httpx.Response(200, text="hi"))
    )
    with pytest.raises(ChatFailed, match="does not speak"):
        await client.page(0)


async def test_control_characters_do_not_reach_the_terminal(
    server: FakeServer, screen: io.StringIO
) -> None:
    server.add("agent", "\x1b[2J\x1b]0;title\x07hi\r\x9b1m [bold]x[/bold]", author_name="A\x1b[1m")
    await make(server, screen).scripted(typed())
    shown = screen.getvalue()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert "[bold]x[/bold]" in shown


async def test_interactive_chat(server: FakeServer, screen: io.StringIO) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    server.buttons = [{"title": "Yes", "payload": "~1.0"}]
    with (
        contextlib.closing(create_pipe_input()) as keys,
        create_app_session(input=keys, output=DummyOutput()),
    ):
        chat = make(server, screen)
        running = asyncio.create_task(chat.interactive())
        keys.send_text("hello\n")
        await _shown(screen, "you said hello")
        assert "assistant" in chat._status()
        keys.send_text("1\n")
        await _shown(screen, "you said ~1.0")
        server.owner = "agent"
        server.add("agent", "Ana here", author_name="Ana")
        await _shown(screen, "Ana: Ana here")
        await _shown(screen, "you are talking to: Ana")
        assert "Ana" in chat._status()
        keys.send_text("/quit\n")
        await asyncio.wait_for(running, 5)
    assert server.written == ["hello", "~1.0"]
    assert screen.getvalue().count("you said hello") == 1


async def test_interactive_chat_outlasts_an_outage_but_not_a_missing_server(
    server: FakeServer, screen: io.StringIO
) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    server.outage = 1_000
    with pytest.raises(ChatFailed, match="No server answers"):
        await make(server, screen, patience=0.1).interactive()
    server.outage = 0
    with (
        contextlib.closing(create_pipe_input()) as keys,
        create_app_session(input=keys, output=DummyOutput()),
    ):
        chat = make(server, screen, patience=0.1)
        running = asyncio.create_task(chat.interactive())
        await _shown(screen, "/quit ends the chat")
        server.outage = 4
        keys.send_text("hello\n")
        async with asyncio.timeout(10):
            while "not connected" not in chat._status():
                await asyncio.sleep(0.01)
        await _shown(screen, "you said hello")
        keys.send_text("/quit\n")
        await asyncio.wait_for(running, 5)
    assert server.written == ["hello"]


async def _shown(screen: io.StringIO, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in screen.getvalue():
            await asyncio.sleep(0.02)

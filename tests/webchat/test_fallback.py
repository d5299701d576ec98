"""Plain requests: the way around blocked WebSockets, files, the transcript, and other sites' pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from bot.domain.message import Author
from connectors.channels.webchat import ChatLimits, transcript
from tests.support.world import World
from tests.web.fakes import message
from tests.webchat.kit import ADA, BEN, SHOP, Chat, new_id

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)


class Poller:
    """A widget that cannot use WebSockets."""

    def __init__(self, chat: Chat, **hello: Any) -> None:
        self.chat, self.greeting = chat, hello
        self.session, self.after = "", 0
        self.state: dict[str, Any] | None = None
        self.shown: dict[int, dict[str, Any]] = {}

    async def call(self, *frames: dict[str, Any], wait: float = 0) -> list[dict[str, Any]]:
        hello = {"type": "hello", "v": 1, "after": self.after, **self.greeting}
        if self.session:
            hello["session"] = self.session
        body: dict[str, Any] = {"hello": hello, "frames": list(frames), "wait": wait}
        if self.state is not None:
            body["state"] = self.state
        response = await self.chat.client.post("/chat/frames", json=body)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["frames"]
        for frame in found:
            if frame["type"] == "ready":
                self.session, self.state = frame["session"], frame["state"]
            if frame["type"] == "state":
                self.state = {key: value for key, value in frame.items() if key != "type"}
            if frame["type"] in ("ready", "messages"):
                for one in frame["messages"]:
                    assert one["seq"] not in self.shown, "said twice"
                    self.shown[one["seq"]] = one
                self.after = frame["last"]
        return found

    def say(self, text: str, id: str = "") -> dict[str, Any]:
        return {"type": "message", "id": id or new_id(), "text": text}


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


async def test_polling_shows_what_a_socket_shows(chat: Chat) -> None:
    poller = Poller(chat)
    assert kinds(await poller.call()) == ["ready"]
    async with chat.page(session=poller.session) as page:
        mine = new_id()
        found = await poller.call(poller.say("hello", mine))
        assert found[1] == {"type": "ack", "id": mine, "seq": 1, "answering": True}
        for _ in range(5):
            if poller.after >= 2:
                break
            await poller.call(wait=5)
        await page.wait(lambda: page.last == 2 and page.state["owner"] == "bot")
        assert poller.shown == page.shown
        assert poller.state == page.state
        found = await poller.call(poller.say("hello", mine))  # sent twice, as after a lost answer
        assert found[1]["seq"] == 1
    assert len(chat.world.engine.requests) == 1


async def test_a_poll_waits_for_news_and_no_longer(chat: Chat) -> None:
    poller = Poller(chat)
    await poller.call(poller.say("person please"))
    await asyncio.sleep(0.1)
    await poller.call()
    ana = await chat.world.agent()
    conversation = (await chat.world.store.read(lambda tx: tx.conversations(limit=1)))[0]

    waiting = asyncio.ensure_future(poller.call(wait=20))
    await asyncio.sleep(0.1)
    assert chat.web.gauges()["chat_polls"] == 1
    await chat.world.desk.claim(ana, conversation.id)
    assert "ready" in kinds(await asyncio.wait_for(waiting, 3))
    await poller.call()

    waiting = asyncio.ensure_future(poller.call(wait=20))
    await asyncio.sleep(0.1)
    await chat.world.desk.typing(ana, conversation.id)
    assert kinds(await asyncio.wait_for(waiting, 3)) == ["ready", "typing"]

    # What changed between two calls is told at once.
    await chat.world.feedback.agent_read(ana, conversation.id, 1)
    assert kinds(await asyncio.wait_for(poller.call(wait=20), 3)) == ["ready"]
    assert poller.state is not None
    assert poller.state["seen"] == 1
    assert kinds(await poller.call(wait=0.2)) == ["ready"]
    assert chat.web.gauges()["chat_polls"] == 0


async def test_polls_know_who_is_there(chat: Chat) -> None:
    ada = Poller(chat, identity=chat.token(ADA))
    await ada.call(ada.say("secret"))
    thief = Poller(chat)
    thief.session = ada.session
    found = await thief.call({"type": "history", "before": 99})
    assert (found[0]["fresh"], found[0]["messages"], found[1]["messages"]) == ("signed_out", [], [])
    wrong = Poller(chat, identity="x.y.z")
    wrong.session = ada.session
    found = await wrong.call({"type": "history", "before": 99})
    assert [frame.get("code") for frame in found] == ["identity_refused", "no_hello"]


async def test_a_server_that_stops_lets_its_polls_go(world: World) -> None:
    async with Chat(world).serve() as chat:
        poller = Poller(chat)
        await poller.call()
        waiting = asyncio.ensure_future(poller.call(wait=20))
        await asyncio.sleep(0.1)
        await chat.server.stop(drain=2.0)
        found = await asyncio.wait_for(waiting, 3)
        assert found[-1] == {"type": "close", "code": 1001, "reason": "The server is stopping."}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hello": {"type": "message"}},
        {"hello": {"type": "hello"}, "wait": 26},
        {"hello": {"type": "hello"}, "frames": [{"type": "ping"}] * 51},
        {"hello": {"type": "hello"}, "frames": [{"type": "x"}]},
        {"hello": {"type": "hello"}, "extra": 1},
    ],
)
async def test_bodies_that_make_no_sense(chat: Chat, body: dict[str, Any]) -> None:
    response = await chat.client.post("/chat/frames", json=body, headers={"origin": SHOP})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
    assert response.headers["access-control-allow-origin"] == SHOP  # the page may read why


async def test_only_so_many_polls(world: World) -> None:
    async with Chat(world, limits=ChatLimits(polls=2)).serve() as chat:
        poller = Poller(chat)
        await poller.call()
        await poller.call()
        response = await chat.client.post("/chat/frames", json={"hello": {"type": "hello"}})
        assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many_requests")
        assert int(response.headers["retry-after"]) > 0


# --- other sites' pages

POSTS = ("/chat/frames", "/chat/transcript", "/chat/files")


@pytest.mark.parametrize("path", POSTS)
async def test_a_browser_asks_first(chat: Chat, path: str) -> None:
    asked = {
        "origin": SHOP,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, x-baton-session",
    }
    response = await chat.client.options(path, headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == SHOP
    assert "x-baton-identity" in response.headers["access-control-allow-headers"]
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["vary"] == "origin"
    for method in ("OPTIONS", "POST"):
        refused = await chat.client.request(
            method, path, headers={**asked, "origin": "https://evil.example"}, content=b"{}"
        )
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin")
        assert "access-control-allow-origin" not in refused.headers


async def test_the_widgets_file(chat: Chat) -> None:
    response = await chat.client.get("/widget.js", headers={"accept-encoding": "gzip"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["x-content-type-options"] == "nosniff"
    again = await chat.client.get("/widget.js", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


# --- files


async def upload(chat: Chat, session: str, content: bytes = PNG, **headers: str) -> httpx.Response:
    given = {"x-baton-session": session, "origin": SHOP, **headers}
    return await chat.client.post("/chat/files", params={"name": "cat.png"}, content=content, headers=given)


async def test_a_file_is_uploaded_sent_and_seen(chat: Chat) -> None:
    async with chat.page() as page:
        response = await upload(chat, page.session)
        assert response.status_code == 201, response.text
        assert response.headers["access-control-allow-origin"] == SHOP
        kept = response.json()
        assert (kept["kind"], kept["mime"], kept["name"]) == ("image", "image/png", "cat.png")
        assert kept["url"].startswith("/media/")
        ack = await page.say("look", files=[kept["id"]])
        assert ack["type"] == "ack"
        await page.wait(lambda: 1 in page.shown)
        (shown,) = page.shown[1]["files"]
        assert (shown["kind"], shown["url"], shown["name"]) == ("image", kept["url"], "cat.png")
        assert "media:" not in json.dumps(page.frames)
        async with chat.page() as stranger:
            refused = await stranger.say("mine", files=[kept["id"]])
            assert refused["code"] == "unknown_file"


async def test_files_that_are_not_taken(chat: Chat) -> None:
    async with chat.page() as page:
        for content, status, code in (
            (b"<html><script>alert(1)</script>", 415, "unsupported_file"),
            (b"\0" * 2_000_001, 413, "too_large"),
        ):
            response = await upload(chat, page.session, content)
            assert (response.status_code, response.json()["error"]["code"]) == (status, code)
            assert response.headers["access-control-allow-origin"] == SHOP


async def test_files_and_transcripts_need_a_session_that_is_ones_own(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("secret")
        for session, identity, status, code in (
            ("", "", 401, "session_ended"),
            ("w1.x.y", "", 401, "session_ended"),
            (page.session, "", 409, "other_customer"),
            (page.session, chat.token(BEN), 409, "other_customer"),
            (page.session, "x.y.z", 401, "identity_refused"),
        ):
            response = await upload(chat, session, **({"x-baton-identity": identity} if identity else {}))
            assert (response.status_code, response.json()["error"]["code"]) == (status, code)
            body = {"session": session, "identity": identity}
            response = await chat.client.post("/chat/transcript", json=body)
            assert (response.status_code, response.json()["error"]["code"]) == (status, code)
            assert "secret" not in response.text
        assert (
            await upload(chat, page.session, **{"x-baton-identity": chat.token(ADA)})
        ).status_code == 201


async def test_only_so_many_uploads(world: World) -> None:
    async with Chat(world, limits=ChatLimits(uploads=1)).serve() as chat, chat.page() as page:
        assert (await upload(chat, page.session)).status_code == 201
        assert (await upload(chat, page.session)).status_code == 429


# --- the transcript


async def test_the_transcript(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("ask me")
        await page.say("person please")
        await page.wait(lambda: page.state["owner"] == "queue")
        ana, conversation = await chat.agent(page)
        await chat.world.desk.say(ana, conversation, text="for us", kind="note", client_id="1")
        await chat.world.desk.say(ana, conversation, text="Hello\nAda", kind="reply", client_id="2")
        body = {"session": page.session, "identity": chat.token(ADA)}
        response = await chat.client.post("/chat/transcript", json=body, headers={"origin": SHOP})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["access-control-allow-origin"] == SHOP
    text = response.text
    assert "You:\n    ask me\n" in text
    assert "Assistant:\n    echo 1: ask me\n    [Yes]\n" in text
    assert "Ana:\n    Hello\n    Ada\n" in text
    assert "for us" not in text
    assert "signed_in" not in text


def test_a_transcript_of_nothing_and_of_files(world: World) -> None:
    from bot.domain.message import Attachment, Kind

    now = world.clock.now()
    assert transcript.write([], now=now).startswith("Conversation, as of 2026-03-02 12:00 UTC")
    sent = message(
        seq=1,
        author=Author.CUSTOMER,
        kind=Kind.MEDIA,
        attachments=(Attachment(kind="image", url="media:1", name="cat.png"),),
    )
    assert "[image: cat.png]" in transcript.write([sent], now=now)

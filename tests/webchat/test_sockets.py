"""The WebSocket: greeting, messages, resuming, several tabs, limits, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from bot.bus.memory import MemoryBus
from bot.domain.errors import StoreError
from bot.domain.message import Draft
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import Hint
from connectors.channels.webchat import ChatLimits
from tests.support.world import World
from tests.webchat.kit import SHOP, Chat, new_id


async def test_a_first_visit(chat: Chat) -> None:
    async with chat.page(after=0, language="de-AT", page="https://shop.example.com/a") as page:
        ready = page.ready
        assert ready["session"].startswith("w1.")
        assert (ready["messages"], ready["more"], ready["last"]) == ([], False, 0)
        assert ready["state"] == {
            "owner": "nobody",
            "open": True,
            "online": False,
            "seen": 0,
            "read": 0,
            "hours": "around the clock",
        }
        assert ready["limits"]["text"] == 4000
        assert ready["limits"]["files"] == 5
        assert ready["limits"]["file_bytes"] == 2_000_000
        assert "image/png" in ready["limits"]["types"]
        assert not {"fresh", "customer", "reset", "identity_until"} & set(ready)
        assert await page.ask("hello") == "echo 1: hello"
        assert (await chat.world.conversation(page.address, "webchat")).language == "de"


async def test_a_message_is_acknowledged_shown_and_answered(chat: Chat) -> None:
    async with chat.page() as page:
        mine = new_id()
        ack = await page.say("hello", id=mine)
        assert ack == {"type": "ack", "id": mine, "seq": 1, "answering": True}
        await page.wait(lambda: page.last == 2)
        assert page.shown[1] == {
            "seq": 1,
            "author": "customer",
            "at": "2026-03-02T12:00:00Z",
            "text": "hello",
            "id": mine,
        }
        assert (page.shown[2]["author"], page.shown[2]["text"]) == ("bot", "echo 1: hello")
        await page.wait(lambda: page.state["owner"] == "bot")
        await page.quiet()


async def test_the_same_message_again_is_the_same_message(chat: Chat) -> None:
    async with chat.page() as page:
        mine = new_id()
        first = await page.say("hello", id=mine)
        await page.wait(lambda: page.last == 2)
        again = await page.say("hello", id=mine)
        assert (again["seq"], first["seq"], again["answering"]) == (1, 1, False)
        async with chat.page(session=page.session, after=0) as other:
            assert (await other.say("hello", id=mine))["seq"] == 1
            assert other.texts == ["hello", "echo 1: hello"]
    assert len(chat.world.engine.requests) == 1


async def test_resuming_by_number(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("one")
        session = page.session
    await chat.world.ask("two", sender=page.address, channel="webchat")
    async with chat.page(session=session, after=2) as page:
        assert (page.texts, page.ready["last"]) == (["two", "echo 2: two"], 4)
        assert "reset" not in page.ready
        assert page.session == session
    async with chat.page(session=session, after=4) as page:
        assert page.texts == []
        await page.ask("three")
        assert page.texts == ["three", "echo 3: three"]
    async with chat.page(session=session, after=77) as page:
        assert (page.ready["reset"], len(page.texts)) == (True, 6)


async def test_a_server_that_comes_back_knows_the_session(world: World) -> None:
    chat = Chat(world)
    async with chat.serve() as first, first.page() as page:
        await page.ask("before")
        closing = asyncio.ensure_future(page.closed())
        await first.server.stop(drain=1.0)
        assert await closing == 1001
    async with chat.serve() as second, second.page(session=page.session, after=1) as again:
        assert again.texts == ["echo 1: before"]
        assert await again.ask("after") == "echo 2: after"


async def test_two_tabs_are_in_step(chat: Chat) -> None:
    async with chat.page() as one, chat.page(session=one.session) as two:
        assert one.address == two.address
        await one.ask("hello")  # the second tab learns of the conversation that begins
        await two.wait(lambda: two.last == 2)
        await two.ask("and I")
        await one.wait(lambda: one.last == 4)
        assert one.texts == two.texts == ["hello", "echo 1: hello", "and I", "echo 2: and I"]
        assert [m.get("id") for m in one.shown.values()] == [m.get("id") for m in two.shown.values()]
        assert chat.web.gauges() == {"chat_sockets": 2, "chat_polls": 0, "chat_conversations": 1}
    await until_gone(chat)


async def until_gone(chat: Chat) -> None:
    for _ in range(200):
        if not any(chat.web.gauges().values()):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(chat.web.gauges())


async def test_many_messages_at_once_come_in_order_and_once(chat: Chat) -> None:
    async with chat.page() as one, chat.page(session=one.session) as two:
        ids = [new_id() for _ in range(40)]
        for number, mine in enumerate(ids):
            await one.send("message", id=mine, text=f"n{number}")
        await one.wait(lambda: len([m for m in one.shown.values() if m.get("id")]) == 40)
        await two.wait(lambda: len([m for m in two.shown.values() if m.get("id")]) == 40)
        assert [m["id"] for _, m in sorted(one.shown.items()) if m.get("id")] == ids
        acks = {f["id"]: f["seq"] for f in one.frames if f["type"] == "ack"}
        await one.wait(lambda: one.last == two.last or one.last >= 41)
        assert {m["id"]: m["seq"] for m in two.shown.values() if m.get("id")}.items() >= acks.items()


async def test_a_choice_is_pressed_by_its_token_and_text_stays_text(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("ask me")
        assert page.shown[2]["choices"] == [{"title": "Yes", "token": "~2.0"}]
        assert "/affirm" not in json.dumps(page.frames)
        assert (await page.say(choice="~2.0"))["type"] == "ack"
        await page.wait(lambda: page.last == 4)
        assert page.shown[3]["text"] == "Yes"
        assert chat.world.engine.requests[-1].payload == "/affirm"
        await page.ask("/restart")
        assert chat.world.engine.requests[-1].payload == ""
        await page.ask("~2.0")
        assert chat.world.engine.requests[-1].text == "~2.0"


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧 family 🇩🇪",
        "שלום, מה שלומך؟ مرحبا",
        "<script>alert(1)</script>&amp;",
        "a" * 4000,
        "😀" * 4000,
        "line\nline\ttab",
        "‮evil",
    ],
    ids=["emoji", "right to left", "markup", "longest", "longest emoji", "lines", "override"],
)
async def test_what_people_write_comes_back_unchanged(chat: Chat, text: str) -> None:
    async with chat.page() as page:
        ack = await page.say(text)
        assert ack["type"] == "ack", ack
        await page.wait(lambda: 1 in page.shown)
        assert page.shown[1]["text"] == text


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"text": "a" * 4001}, "too_large", id="long"),
        ({"text": "a\0b"}, "invalid"),
        ({"text": "a\x1bb"}, "invalid"),
        ({"text": "   \n"}, "invalid"),
        ({}, "invalid"),
        ({"choice": "/affirm"}, "invalid"),
        ({"choice": "~1.0", "text": "x"}, "invalid"),
        ({"files": ["x"]}, "invalid"),
        ({"files": ["unknown-file"]}, "unknown_file"),
        ({"files": [f"unknown-{n}" for n in range(6)]}, "invalid"),
        ({"text": 7}, "invalid"),
        ({"text": "x", "extra": 1}, "invalid"),
    ],
)
async def test_a_message_that_cannot_be_is_refused_by_name(
    chat: Chat, values: dict[str, Any], code: str
) -> None:
    async with chat.page() as page:
        mine = new_id()
        refused = await page.say(id=mine, **values)
        assert (refused["type"], refused["id"], refused["code"]) == ("refused", mine, code)
        assert refused["message"]
        assert "retry_after" not in refused
        assert await page.ask("still here") == "echo 1: still here"


async def test_a_lone_surrogate_is_refused_by_name(chat: Chat) -> None:
    async with chat.page() as page:
        mine = new_id()
        await page.connection.send(f'{{"type":"message","id":"{mine}","text":"\\ud83d"}}')
        refused = await page.until("refused")
        assert (refused["id"], refused["code"]) == (mine, "invalid")


async def test_what_the_store_cannot_take_may_be_sent_again(chat: Chat) -> None:
    async with chat.page() as page:
        accept = chat.world.intake.accept
        mine = new_id()

        async def broken(inbound: Any) -> Any:
            raise StoreError("secret host")

        chat.world.intake.accept = broken  # type: ignore[method-assign]
        refused = await page.say("hello", id=mine)
        assert (refused["code"], refused["id"]) == ("unavailable", mine)
        assert refused["retry_after"] > 0
        assert "secret" not in json.dumps(refused)
        chat.world.intake.accept = accept  # type: ignore[method-assign]
        assert (await page.say("hello", id=mine))["type"] == "ack"


async def test_a_mistake_of_ours_does_not_end_the_conversation(chat: Chat) -> None:
    async with chat.page() as page:
        accept = chat.world.intake.accept

        async def broken(inbound: Any) -> Any:
            raise ZeroDivisionError("hello")

        chat.world.intake.accept = broken  # type: ignore[method-assign]
        refused = await page.say("hello")
        assert (refused["code"], "division" in refused["message"]) == ("internal", False)
        chat.world.intake.accept = accept  # type: ignore[method-assign]
        assert await page.ask("hello") == "echo 1: hello"


async def test_a_page_that_is_left_while_its_message_is_stored_loses_nothing(chat: Chat) -> None:
    accept, begun = chat.world.intake.accept, asyncio.Event()

    async def slow(inbound: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.2)
        return await accept(inbound)

    chat.world.intake.accept = slow  # type: ignore[method-assign]
    async with chat.page() as page:
        await page.send("message", id=new_id(), text="last words")
        await begun.wait()
    async with asyncio.timeout(5):
        while len(chat.world.engine.requests) < 1:
            await asyncio.sleep(0.02)
    async with chat.page(session=page.session) as page:
        assert page.texts[0] == "last words"


# --- history, typing, reading


async def test_history(chat: Chat) -> None:
    async with chat.page() as page:
        for number in range(20):
            await page.ask(f"n{number}")
    async with chat.page(session=page.session) as page:
        assert page.ready["more"] is True
        first = min(page.shown)
        await page.send("history", before=first, limit=4)
        found = await page.until("history")
        assert [m["seq"] for m in found["messages"]] == list(range(first - 4, first))
        assert found["more"] is True
        await page.send("history", before=first, limit=50)
        assert (await page.until("history"))["more"] is False


async def test_the_desk_sees_that_the_customer_writes_but_not_each_key(chat: Chat) -> None:
    hints = chat.world.bus.subscribe()
    async with chat.page() as page:
        await page.send("typing")  # nothing to show yet
        await page.ask("hello")
        for _ in range(3):
            await page.send("typing")
        await page.send("ping")
        await page.until("pong")
        chat.world.clock.move(3)
        await page.send("typing")
        await page.send("ping")
        await page.until("pong")
    seen = [hint for hint in list(hints._hints) if hint.kind == "typing"]
    assert [hint.data for hint in seen] == [{"customer": True}] * 2


async def test_an_agents_typing_reading_and_words(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("person please")
        await page.wait(lambda: page.state.get("place") == 1)
        ana, conversation = await chat.agent(page)
        await page.wait(lambda: page.state.get("agent") == "Ana")
        assert "place" not in page.state
        bob = await chat.world.agent("Bob")
        await chat.world.desk.typing(bob, conversation)
        await chat.world.desk.typing(ana, conversation, note=True)
        await page.send("ping")
        assert (await page.until("typing", "pong"))["type"] == "pong"
        await chat.world.desk.typing(ana, conversation)
        assert await page.until("typing") == {"type": "typing", "name": "Ana"}
        await chat.world.desk.say(ana, conversation, text="a note", kind="note", client_id="1")
        await chat.world.desk.say(ana, conversation, text="Hello Kim", kind="reply", client_id="2")
        await page.wait(lambda: "Hello Kim" in page.texts)
        said = page.shown[max(page.shown)]
        assert (said["author"], said["name"]) == ("agent", "Ana")
        assert not {"author_id", "agent_id"} & set(said)
        assert "a note" not in json.dumps(page.frames)
        await chat.world.feedback.agent_read(ana, conversation, 1)
        await page.wait(lambda: page.state["seen"] == 1)
        await page.send("read", seq=page.last)
        await page.wait(lambda: page.state["read"] == page.last)
        await page.send("read", seq=1)  # never backwards
        assert (await page.say("thanks"))["answering"] is False
        await chat.world.desk.resolve(ana, conversation, note="")
        await page.wait(lambda: "rate" in page.state)
        await page.send("rate", score=5, comment="quick!")
        assert await page.until("rated") == {"type": "rated"}
        await page.wait(lambda: "rate" not in page.state)
        await page.send("rate", score=6)
        assert (await page.until("error"))["code"] == "invalid"
    assert await chat.world.store.read(lambda tx: tx.ratings(conversation))


async def test_a_rating_where_nobody_has_helped_is_refused(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("hello")
        await page.send("rate", score=3)
        assert (await page.until("refused"))["code"] == "not_found"


async def test_an_agents_help_and_back_to_the_bot(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("person please")
        ana, conversation = await chat.agent(page)
        await page.wait(lambda: page.state["owner"] == "agent")
        await page.say("I am here")
        await chat.world.desk.say(ana, conversation, text="So am I", kind="reply", client_id="1")
        await page.wait(lambda: "So am I" in page.texts)
        await chat.world.desk.release(ana, conversation)
        await page.wait(lambda: page.state["owner"] == "bot")
        assert page.state["rate"]
        assert (await page.ask("hello bot")).startswith("echo")
        everything = await chat.world.messages(page.address, "webchat")
        visible = [m.text for m in everything if m.visible_to_customer]
        await page.wait(lambda: len(page.texts) == len(visible))
        assert page.texts == visible


async def test_places_move_up_and_the_desk_comes_and_goes(chat: Chat) -> None:
    clock = chat.world.clock
    async with chat.page() as one, chat.page() as two:
        for page, place in ((one, 1), (two, 2)):
            await page.ask("person please")
            await page.wait(lambda page=page, place=place: page.state.get("place") == place)
            clock.move(1)
        ana, _ = await chat.agent(one)
        await clock.advance(3)
        await two.wait(lambda: two.state.get("place") == 1)
        assert two.state["online"] is False
        await chat.world.desk.set_availability(ana, (await online()))
        await clock.advance(1)
        await two.wait(lambda: two.state["online"] is True)
        await clock.advance(3700)
        await two.wait(lambda: two.state["online"] is False)


async def online() -> Any:
    from bot.domain.agents import Availability

    return Availability.ONLINE


async def test_a_lost_hint_is_made_up_for(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    async with chat.page() as page:
        await page.ask("hello")
        monkeypatch.setattr(MemoryBus, "deliver", lambda self, hint: None)
        await chat.world.ask("unheard", sender=page.address, channel="webchat")
        await page.wait(lambda: page.state["owner"] == "bot")
        await page.quiet()
        await chat.world.clock.advance(16)
        await page.wait(lambda: page.last == 4)
        assert page.texts[2:] == ["unheard", "echo 2: unheard"]


async def test_hints_of_other_conversations_are_nobodys_business(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("hello")
        await page.wait(lambda: page.state["owner"] == "bot")
        for kind in ("message", "owner", "typing", "presence", "read"):
            await chat.world.bus.publish(Hint(conversation_id="another", kind=kind, data={"name": "x"}))
        await page.quiet()


# --- who gets in, and limits


@pytest.mark.parametrize("origin", [SHOP, None, "own"])
async def test_pages_that_may_use_the_chat(chat: Chat, origin: str | None) -> None:
    given = {"origin": chat.url if origin == "own" else origin} if origin else {}
    async with chat.page(headers=given) as page:
        assert page.ready["type"] == "ready"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://shop.example.com", "https://shop.example.com:444", "x"],
)
async def test_pages_that_may_not(chat: Chat, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with chat.socket(headers={"origin": origin}):
            pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["error"]["code"] == "origin"


async def test_any_page_may_where_the_operator_says_so(world: World) -> None:
    async with Chat(world, origins=("*",)).serve() as chat, chat.page(headers={"origin": "null"}) as page:
        assert page.ready["type"] == "ready"


async def test_who_says_nothing_is_sent_away(chat: Chat) -> None:
    async with chat.socket() as page:
        await asyncio.sleep(0.05)
        await chat.world.clock.advance(11)
        assert await page.closed() == 4408


async def test_nothing_is_done_before_a_greeting(chat: Chat) -> None:
    async with chat.socket() as page:
        await page.send("history", before=9)
        assert (await page.until("error"))["code"] == "no_hello"
        await page.send("ping")
        await page.until("pong")
        await page.hello(v=2)
        assert page.frames[-1]["code"] == "invalid"
        await page.hello()
        assert page.ready


async def test_only_so_many_sockets_from_one_address(world: World) -> None:
    limits = ChatLimits(sockets=2)
    async with Chat(world, limits=limits).serve() as chat, chat.page(), chat.page():
        async with chat.socket() as third:
            assert await third.closed() == 4429
        assert (
            await chat.client.post("/chat/frames", json={"hello": {"type": "hello"}})
        ).status_code == 429
    async with Chat(world, limits=limits).serve() as chat:
        for _ in range(5):  # those who leave make room
            async with chat.page() as page:
                assert page.ready
            await until_gone(chat)


async def test_behind_a_proxy_each_customer_has_an_address(world: World) -> None:
    async with (
        Chat(world, limits=ChatLimits(sockets=1), proxies=1).serve() as chat,
        chat.page(headers={"x-forwarded-for": "203.0.113.1"}) as one,
        chat.page(headers={"x-forwarded-for": "9.9.9.9, 203.0.113.2"}) as two,
    ):
        assert one.ready
        assert two.ready
        async with chat.socket(headers={"x-forwarded-for": "203.0.113.1"}) as again:
            assert await again.closed() == 4429


async def test_only_so_many_in_all_so_often_and_at_one_conversation(world: World) -> None:
    limits = ChatLimits(total=3, connects=6, tabs=2)
    async with Chat(world, limits=limits).serve() as chat, chat.page() as one:
        async with chat.page(session=one.session):
            async with chat.socket() as third:
                await third.send("hello", session=one.session)
                assert await third.closed() == 4429
            await asyncio.sleep(0.05)
            async with chat.page(), chat.socket() as fourth:
                assert await fourth.closed() == 4429
        await asyncio.sleep(0.05)
        async with chat.page() as six:
            assert six.ready
        async with chat.socket() as seventh:
            assert await seventh.closed() == 4429


async def test_only_so_many_messages(world: World) -> None:
    limits = ChatLimits(messages=3, window=60)
    async with Chat(world, limits=limits).serve() as chat, chat.page() as page:
        for number in range(3):
            assert (await page.say(f"n{number}"))["type"] == "ack"
        mine = new_id()
        refused = await page.say("too much", id=mine)
        assert (refused["code"], refused["id"], refused["retry_after"] > 0) == (
            "too_many_requests",
            mine,
            True,
        )
        chat.world.clock.move(61)
        assert (await page.say("later", id=mine))["type"] == "ack"


async def test_garbage_is_answered_and_then_ended(chat: Chat) -> None:
    async with chat.page() as page:
        garbage: list[str | bytes] = [
            "", "{", "[]", "null", '"x"', '{"type":"x"}', '{"type":"ping","x":1}', b"\xff\xfe", "[" * 5000,
        ]  # fmt: skip
        for raw in garbage:
            await page.connection.send(raw)
            assert (await page.until("error"))["code"] == "invalid"
        await page.send("ping")
        await page.until("pong")
        await page.send("nonsense")
        assert await page.closed() == 1008


async def test_frames_that_are_too_large(chat: Chat) -> None:
    async with chat.page() as page:
        await page.send("message", id=new_id(), text="x" * 40_000)
        assert (await page.until("refused"))["code"] == "too_large"
        await page.send("message", id=new_id(), text="x" * 100_000)
        assert await page.closed() == 1009


async def test_frames_that_come_too_fast(chat: Chat) -> None:
    async with chat.page() as page:
        for _ in range(140):
            await page.send("ping")
        assert await page.closed() == 1008
        assert "too_many_requests" in {f.get("code") for f in page.frames}


async def test_a_reader_that_does_not_read_is_cut_and_resumes(world: World) -> None:
    """What it missed does not pile up in the server."""
    async with Chat(world).serve() as chat:
        port = int(chat.url.rpartition(":")[2])
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        async with chat.page() as page:
            await page.ask("hello")
            await loop.sock_sendall(raw, _handshake(port))
            await loop.sock_recv(raw, 4096)
            await loop.sock_sendall(raw, _client_frame({"type": "hello", "session": page.session}))
            await asyncio.sleep(0.1)
            assert chat.web.gauges()["chat_sockets"] == 2
            world.engine_of = _Long
            world.turns._engine = _Long()
            for number in range(400):
                if chat.web.gauges()["chat_sockets"] == 1:
                    break
                await page.ask(f"n{number}")
                if number % 50 == 49:
                    world.clock.move(61)
            assert chat.web.gauges()["chat_sockets"] == 1
        raw.close()
        async with chat.page(session=page.session) as page:
            assert page.ready["more"]


class _Long:
    """Answers at length."""

    def __init__(self) -> None:
        self.requests: list[TurnRequest] = []

    async def turn(self, request: TurnRequest, directory: Any = None) -> TurnResult:
        return TurnResult(
            turn_id=request.turn_id, state=b"1", messages=(Draft(text="x" * 60_000),), model="m", nlu=None
        )

    def settle(self, result: TurnResult, *, committed: bool) -> None: ...


def _handshake(port: int) -> bytes:
    lines = (
        "GET /chat HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def _client_frame(value: dict[str, Any]) -> bytes:
    data = json.dumps(value).encode()
    head = bytes([0x81, 0x80 | 126]) + len(data).to_bytes(2, "big")
    return head + b"\0\0\0\0" + data


async def test_a_silent_connection_is_asked_and_given_up(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.channels.webchat import socket as sockets

    monkeypatch.setattr(sockets, "PING_EVERY", 0.05)
    monkeypatch.setattr(sockets, "GONE_AFTER", 0.5)
    async with chat.page() as page:
        await asyncio.sleep(0.1)
        await chat.world.clock.advance(5)  # a ping; the client answers by itself
        await asyncio.sleep(0.1)
        here = next(iter(chat.web._sockets))
        assert asyncio.get_running_loop().time() - here._socket.heard < 0.3
        page.connection.transport.pause_reading()
        await asyncio.sleep(0.7)
        await chat.world.clock.advance(5)
        await until_gone(chat)


async def test_a_conversation_that_was_erased_elsewhere_begins_anew(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("hello")
        await page.ask("more")
        await chat.world.visits.erase(page.address, "")
        ready = await page.until("ready")
        assert (ready["fresh"], ready["messages"], ready["last"], ready["reset"]) == ("erased", [], 0, True)
        assert await page.ask("again") == "echo 1: again"
        assert page.texts == ["again", "echo 1: again"]

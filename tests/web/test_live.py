"""The live WebSocket: who gets in, what it sends, what it takes, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.ports import Hint
from tests.web.conftest import World, sign_in
from tests.web.desk_fakes import KIM

LIVE = "/api/v1/live"


@contextlib.asynccontextmanager
async def live(world: World, token: str, **headers: str) -> AsyncIterator[ClientConnection]:
    given = {"cookie": f"baton_session={token}", **headers}
    async with connect(
        world.url.replace("http", "ws") + LIVE, additional_headers=given, proxy=None
    ) as socket:
        yield socket


async def frame(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def closed(socket: ClientConnection) -> int:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 5)
    code = socket.close_code
    assert code is not None
    return code


async def test_hints_and_presence(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    world.bus.states["a-sam"] = "away"
    async with live(world, token, origin=world.url) as one, live(world, token) as two:
        for socket in (one, two):
            assert await frame(socket) == {"type": "hello", "agent": "a-kim", "presence": {"a-sam": "away"}}
        await world.bus.publish(Hint(conversation_id="c1", seq=7))
        await world.bus.publish(Hint(conversation_id="a-sam", kind="presence", data={"state": "online"}))
        for socket in (one, two):
            assert await frame(socket) == {
                "type": "hint",
                "kind": "message",
                "conversation_id": "c1",
                "seq": 7,
                "data": {},
            }
            assert await frame(socket) == {"type": "presence", "agent": "a-sam", "state": "online"}
        assert world.api.gauges() == {"live_sockets": 2.0}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_sites_do_not_get_in(world: World, client: httpx.AsyncClient, origin: str) -> None:
    token = await sign_in(client)
    with pytest.raises(InvalidStatus) as refused:
        async with live(world, token, origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["error"]["code"] == "cross_site"


async def test_strangers_do_not_get_in(world: World, client: httpx.AsyncClient) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with live(world, "f" * 64):
            pass
    assert refused.value.response.status_code == 401


async def test_program_token_gets_in(world: World, client: httpx.AsyncClient) -> None:
    await sign_in(client)
    token = (await client.post("/api/v1/tokens", json={"label": "wall"})).json()["token"]
    url = world.url.replace("http", "ws") + LIVE
    headers = {"authorization": f"Bearer {token}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        assert (await frame(socket))["type"] == "hello"


async def test_plain_request_is_told_to_upgrade(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    plain = await client.get(LIVE)
    assert (plain.status_code, plain.json()["error"]["code"]) == (426, "upgrade_required")
    broken = await client.get(LIVE, headers={"upgrade": "websocket", "connection": "upgrade"})
    assert 400 <= broken.status_code < 500
    assert "code" in broken.json()["error"]


async def test_client_frames(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        await socket.send('{"type":"ping"}')
        assert await frame(socket) == {"type": "pong"}
        assert world.bus.presence_calls == []  # nobody becomes present by having a page open
        await world.bus.publish(Hint(conversation_id=KIM.id, kind="presence", data={"state": "away"}))
        await frame(socket)
        await socket.send(b'{"type":"ping"}')
        assert await frame(socket) == {"type": "pong"}
        assert world.bus.presence_calls == [("a-kim", "away")]
        await socket.send('{"type":"typing","conversation_id":"c1"}')
        await socket.send('{"type":"typing","conversation_id":"nope"}')
        assert (await frame(socket))["code"] == "unknown_conversation"
        assert world.desk.calls[0] == ("a-kim", "typing", "c1")


def looks(world: World) -> list[tuple[Any, ...]]:
    """Return who was told to look at what, without the ids of calls."""
    return [(call[0], *call[2:]) for call in world.desk.calls if call[1] == "viewing"]


async def until(socket: ClientConnection) -> None:
    """Wait until all that was sent before has been taken."""
    await socket.send('{"type":"ping"}')
    while (await frame(socket))["type"] != "pong":
        pass


async def test_who_looks_at_what_is_told_until_they_leave(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    world.desk.owners["c2"] = ("bot", "")
    async with live(world, token) as one:
        async with live(world, token) as two:
            for socket in (one, two):
                await socket.send('{"type":"viewing","conversation_id":"c1"}')
                await until(socket)
            assert looks(world) == [("a-kim", "c1", True)] * 2
            world.desk.calls.clear()
            await two.send('{"type":"viewing","conversation_id":"c2"}')
            await until(two)
            # Their other page still shows the first one.
            assert looks(world) == [("a-kim", "c2", True)]
            await one.send('{"type":"viewing","conversation_id":""}')
            await one.send('{"type":"viewing","conversation_id":""}')
            await until(one)
            assert looks(world)[1:] == [("a-kim", "c1", False)]
        while len(looks(world)) < 3:  # the connection's end is noticed a moment later
            await until(one)
        assert looks(world)[2:] == [("a-kim", "c2", False)]
        await one.send('{"type":"viewing","conversation_id":"nope"}')
        assert (await frame(one))["code"] == "unknown_conversation"


async def test_typing_says_whether_it_is_a_note(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await socket.send('{"type":"typing","conversation_id":"c1","note":true}')
        await socket.send('{"type":"typing","conversation_id":"c1","note":1}')
        await frame(socket)
        assert (await frame(socket))["code"] == "invalid"
    assert world.desk.calls == [("a-kim", "typing", "c1", "note")]


async def test_senseless_frames_are_told_and_then_end_it(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        senseless = ["", "{", "[]", '{"type":"claim"}', '{"type":"ping","x":1}', b"\xff\xfe", "[" * 10_000]
        for raw in [
            *senseless,
            '{"type":"typing"}',
            '{"type":"typing","conversation_id":"\\u0000"}',
            "null",
        ]:
            await socket.send(raw)
            assert (await frame(socket))["type"] == "error"
        await socket.send("one more")
        assert await closed(socket) == 1008


async def test_too_many_frames(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        world.bus.counts["live:a-kim"] = 60
        await socket.send('{"type":"ping"}')
        assert (await frame(socket))["code"] == "too_many_requests"


async def test_huge_frame_ends_it(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        await socket.send("x" * 20_000)
        assert await closed(socket) in (1006, 1009)


async def test_sign_out_ends_it(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        await client.delete("/api/v1/session")
        assert await closed(socket) == 4401
    assert world.api.gauges() == {"live_sockets": 0.0}


@pytest.mark.parametrize("how", ["expired", "disabled"])
async def test_session_that_ends_elsewhere_ends_it(
    world: World, client: httpx.AsyncClient, how: str
) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        if how == "disabled":
            world.sign_in.disabled.add("a-kim")
        await world.clock.advance(12 * 3600 if how == "expired" else 15)
        assert await closed(socket) == 4401


async def test_slow_reader_loses_the_oldest_and_is_told(world: World, client: httpx.AsyncClient) -> None:
    token = await sign_in(client)
    async with live(world, token) as socket:
        await frame(socket)
        for seq in range(1, 601):  # offered in one go: the sender cannot run in between
            world.api.live._pass_on(Hint(conversation_id="c1", seq=seq))
        first = await frame(socket)
        assert first == {"type": "resync"}
        seen = [(await frame(socket))["seq"] for _ in range(256)]
        assert seen == list(range(345, 601))


async def test_stopping_server_says_goodbye(world: World) -> None:
    async with world.serve() as client:
        token = await sign_in(client)
        manager = live(world, token)
        socket = await manager.__aenter__()
        await frame(socket)
    assert await closed(socket) == 1001
    await manager.__aexit__(None, None, None)

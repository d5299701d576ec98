"""Files over HTTP on real services: uploads of every sort, and how they are served."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from bot.desk import shapes
from bot.domain.agents import Role
from bot.domain.message import InboundMessage
from bot.http import uploads
from tests.support.world import World
from tests.web.test_real_services import LIST, POLL, enter, holds, person, served

LIMIT = 2_000_000
"""Bytes that a file may have in these tests; other bodies may have an eighth of that."""


def png(size: tuple[int, int] = (20, 10)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 50).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with served(world) as url:
        yield url


@pytest.fixture
async def one(world: World, url: str) -> str:
    """Return the address of a conversation that ana owns."""
    await person(world, "ana")
    await world.ask("hello")
    conversation = await world.conversation()
    agent = await world.store.read(lambda tx: tx.agent("ana"))
    assert agent is not None
    await world.desk.claim(agent, conversation.id)
    return f"{LIST}/{conversation.id}"


@pytest.fixture
async def ana(url: str, one: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
        await enter(client, "ana")
        yield client


@pytest.fixture
async def anybody(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
        yield client


async def upload(client: httpx.AsyncClient, one: str, content: Any, name: str = "a.txt") -> Any:
    response = await client.post(f"{one}/files", params={"name": name}, content=content)
    return holds(shapes.FileView, response, status=201)


async def from_customer(world: World, content: bytes, name: str = "a.txt") -> str:
    """Have kim send a file; return its signed address."""

    async def stream() -> AsyncIterator[bytes]:
        yield content

    kept = await world.media.of("rest").keep(stream(), name=name, owner="kim")
    number = f"={next(world.ids)}"
    await world.intake.accept(
        InboundMessage(
            channel="rest",
            address="kim",
            external_id=number,
            received_at=world.clock.now(),
            attachments=(kept,),
        )
    )
    return world.media.url(kept)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# --- uploading


async def test_an_agents_file_reaches_the_customer(
    world: World, ana: httpx.AsyncClient, anybody: httpx.AsyncClient, one: str
) -> None:
    picture = png((400, 300))
    kept = await upload(ana, one, picture, "Füße.png")
    assert (kept["kind"], kept["mime"], kept["name"]) == ("image", "image/png", "Füße.png")
    body = {"client_id": "k1", "files": [kept["id"]]}
    said = holds(shapes.MessageView, await ana.post(f"{one}/messages", json=body))
    assert said["attachments"] == [kept]
    assert (await ana.get(kept["url"])).content == picture
    polled = (await anybody.get(POLL, params={"sender": "kim", "wait": 0})).json()["messages"]
    address = polled[-1]["attachments"][0]["url"]
    assert address.startswith("/media/")
    response = await anybody.get(address)
    assert (response.status_code, response.content) == (200, picture)
    shown = holds(shapes.ConversationWithPacket, await ana.get(one))
    assert shown["last_message"]["attachments"] == [kept]


async def test_a_file_may_be_larger_than_other_bodies(ana: httpx.AsyncClient, one: str) -> None:
    content = b"a" * LIMIT
    assert (await upload(ana, one, content))["size"] == LIMIT
    large = json.dumps({"text": "a", "client_id": "k", "files": ["x" * 1_000_000]})
    response = await ana.post(
        f"{one}/messages", content=large, headers={"content-type": "application/json"}
    )
    assert code(response) == (413, "too_large")


async def test_a_body_in_chunks(ana: httpx.AsyncClient, one: str) -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 50_000):
            yield b"a" * 50_000

    assert (await upload(ana, one, chunks(1_000_000)))["size"] == 1_000_000
    response = await ana.post(f"{one}/files", content=chunks(LIMIT + 50_000))
    assert code(response) == (413, "too_large")
    assert response.json()["error"]["limit"] == LIMIT


async def raw(
    url: str, ana: httpx.AsyncClient, one: str, head: str, *body: bytes, pause: float = 0
) -> bytes:
    """Send a request byte by byte as nobody should, until an answer begins; return the answer."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    cookie = f"cookie: baton_session={ana.cookies['baton_session']}\r\n"
    csrf = f"x-csrf-token: {ana.headers['x-csrf-token']}\r\n"
    writer.write(
        f"POST {one}/files?name=a.txt HTTP/1.1\r\nhost: {host}\r\n{cookie}{csrf}{head}\r\n".encode()
    )
    begins = asyncio.create_task(reader.read(65536))
    for piece in body:
        # Whoever goes on after the answer may be cut off before they have read it: no fault of the server.
        if not begins.done():
            writer.write(piece)
            await asyncio.sleep(pause)
    try:
        async with asyncio.timeout(10):
            return await begins + await reader.read()
    finally:
        writer.close()


async def test_a_length_that_is_too_great_is_refused_unread(
    url: str, ana: httpx.AsyncClient, one: str
) -> None:
    head = f"content-length: {LIMIT + 1}\r\nexpect: 100-continue\r\n"
    answer = await raw(url, ana, one, head)
    # Asked beforehand, we do not even say that it may come.
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413"))
    assert b'"too_large"' in answer
    assert b"connection: close" in answer.lower()


async def test_who_sends_too_much_sees_why(ana: httpx.AsyncClient, one: str) -> None:
    response = await ana.post(f"{one}/files", content=b"a" * (LIMIT * 10))
    assert code(response) == (413, "too_large")
    # The next request is served as ever, on another connection.
    assert (await ana.get(one)).status_code == 200


@pytest.mark.parametrize("length", ["-5", "+5", "5_0", "0x5", "five", "5, 5", ""])
async def test_a_length_that_is_none(url: str, ana: httpx.AsyncClient, one: str, length: str) -> None:
    answer = await raw(url, ana, one, f"content-length: {length}\r\nconnection: close\r\n", b"hello")
    assert answer.startswith(b"HTTP/1.1 400")


async def test_no_body_at_all(ana: httpx.AsyncClient, one: str) -> None:
    response = await ana.post(f"{one}/files")
    assert code(response) == (415, "unsupported_file")


async def test_an_upload_that_breaks_off_leaves_nothing(
    world: World, url: str, ana: httpx.AsyncClient, one: str
) -> None:
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    cookie = f"cookie: baton_session={ana.cookies['baton_session']}\r\n"
    csrf = f"x-csrf-token: {ana.headers['x-csrf-token']}\r\n"
    head = f"POST {one}/files HTTP/1.1\r\nhost: {host}\r\n{cookie}{csrf}content-length: 900000\r\n\r\n"
    writer.write(head.encode() + b"a" * 500_000)
    await writer.drain()
    await asyncio.sleep(0.2)
    assert world.media._under_way == 1
    writer.close()
    await asyncio.sleep(0.3)
    assert world.media._under_way == 0
    assert await rows(world, "media") == await rows(world, "media_parts") == 0


async def rows(world: World, table: str) -> int:
    async def work(tx: Any) -> int:
        return int(tx.db._cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return await world.store.read(work)


async def test_a_slow_upload_is_ended(
    url: str, ana: httpx.AsyncClient, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = uploads.Pace(grace=0.3, slowest=1_000)
    monkeypatch.setattr(uploads, "Pace", lambda: pace)
    monkeypatch.setattr(uploads, "LINGER", 0.2)
    begun = asyncio.get_running_loop().time()
    answer = await raw(url, ana, one, "content-length: 9000\r\n", *[b"a"] * 20, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"request_timeout"' in answer
    assert asyncio.get_running_loop().time() - begun < 3
    # Who is slow at first and then keeps up is served.
    steady = [b"a" * 100] * 20
    answer = await raw(url, ana, one, "content-length: 2000\r\nconnection: close\r\n", *steady, pause=0.03)
    assert answer.startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<!doctype html><script>alert(1)</script>", "photo.jpg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.png"),
        (b"MZ\x90\0", "setup.txt"),
        (b"alert(1)", "x.js"),
        (png()[:-20], "a.png"),
    ],
)
async def test_what_is_not_taken(
    world: World, ana: httpx.AsyncClient, one: str, content: bytes, name: str
) -> None:
    response = await ana.post(f"{one}/files", params={"name": name}, content=content)
    assert code(response) == (415, "unsupported_file")
    assert await rows(world, "media") == 0


async def test_the_type_is_the_contents_whatever_is_said(ana: httpx.AsyncClient, one: str) -> None:
    response = await ana.post(
        f"{one}/files?name=page.txt.jpg", content=b"just words", headers={"content-type": "text/html"}
    )
    assert (response.json()["mime"], response.json()["name"]) == ("text/plain", "page.txt.jpg.txt")


async def test_a_picture_that_is_something_else_too_is_only_a_picture(
    ana: httpx.AsyncClient, one: str
) -> None:
    picture = png()
    kept = await upload(ana, one, picture + b"<script>alert(1)</script>", "a.png")
    assert kept["size"] == len(picture)
    assert (await ana.get(kept["url"])).content == picture


async def test_only_agents_upload_here(
    world: World, url: str, ana: httpx.AsyncClient, anybody: httpx.AsyncClient, one: str
) -> None:
    assert code(await anybody.post(f"{one}/files", content=b"a" * 900_000)) == (401, "unauthorized")
    del ana.headers["x-csrf-token"]
    assert code(await ana.post(f"{one}/files", content=b"a")) == (403, "csrf")
    await person(world, "tess", Role.TRAINER)
    await enter(ana, "tess")
    assert code(await ana.post(f"{one}/files", content=b"a")) == (403, "forbidden")
    await enter(ana, "ana")
    unknown = f"{LIST}/nothing/files"
    assert code(await ana.post(unknown, content=b"a")) == (404, "unknown_conversation")
    assert code(await ana.post(f"{one}/files?nme=a", content=b"a")) == (400, "invalid")
    body = {"client_id": "k", "files": ["nothing"]}
    assert code(await ana.post(f"{one}/messages", json=body)) == (400, "unknown_file")
    body["files"] = ["a"] * 6
    assert code(await ana.post(f"{one}/messages", json=body)) == (400, "invalid")


async def test_many_at_once(ana: httpx.AsyncClient, one: str) -> None:
    contents = [f"file {n} ".encode() * 50_000 for n in range(8)]
    kept = await asyncio.gather(*(upload(ana, one, content) for content in contents))
    found = await asyncio.gather(*(ana.get(one["url"]) for one in kept))
    assert [response.content for response in found] == contents


# --- serving


async def test_how_a_customers_file_is_served(world: World, anybody: httpx.AsyncClient) -> None:
    response = await anybody.get(await from_customer(world, "Grüße".encode(), 'Grü"ße.txt'))
    assert response.status_code == 200
    headers = dict(response.headers)
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert (
        headers["content-disposition"]
        == "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt"
    )
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["cache-control"] == "private, max-age=129600, immutable"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers
    assert headers["content-length"] == str(len(response.content))


async def test_how_an_agents_view_differs(world: World, ana: httpx.AsyncClient) -> None:
    address = await from_customer(world, png(), "a.png")
    response = await ana.get(f"/api/v1/media/{address.split('/')[2]}")
    assert response.headers["content-disposition"].startswith("inline;")
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert response.headers["cache-control"] == "private, no-cache"
    etag = {"if-none-match": response.headers["etag"]}
    again = await ana.get(str(response.url), headers=etag)
    assert (again.status_code, again.content) == (304, b"")


async def test_addresses_that_are_not_ours_or_over(
    world: World, ana: httpx.AsyncClient, anybody: httpx.AsyncClient
) -> None:
    mine, other = await from_customer(world, b"mine"), await from_customer(world, b"other")
    _, _, media_id, signature, name = mine.split("/")
    foreign = other.split("/")[3]
    wrong = [
        f"/media/{media_id}/{foreign}/{name}",
        f"/media/{media_id}/{signature[:-1]}/{name}",
        f"/media/{media_id}/{signature}x/{name}",
        f"/media/nothing/{signature}/{name}",
        f"/media/{media_id}/{'f' * 5_000}/{name}",
        f"/media/{media_id}/%00/{name}",
        f"/media/{media_id}/{signature}",
        f"/api/v1/media/{media_id}/{signature}",
    ]
    for address in wrong:
        assert code(await anybody.get(address)) == (404, "not_found"), address
    assert code(await anybody.get(f"/api/v1/media/{media_id}")) == (401, "unauthorized")
    assert code(await ana.get("/api/v1/media/nothing")) == (404, "not_found")
    assert (await anybody.get(f"/media/{media_id}/{signature}/any-name")).content == b"mine"
    world.clock.move(2 * 86_400)
    assert code(await anybody.get(mine)) == (404, "not_found")


async def test_an_upload_that_was_not_sent_is_its_senders(
    world: World, url: str, ana: httpx.AsyncClient, one: str
) -> None:
    kept = await upload(ana, one, b"draft")
    await person(world, "bob")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as bob:
        await enter(bob, "bob")
        assert code(await bob.get(kept["url"])) == (404, "not_found")
        assert (await ana.get(kept["url"])).content == b"draft"
        body = {"client_id": "k", "text": "see", "kind": "note", "files": [kept["id"]]}
        assert (await ana.post(f"{one}/messages", json=body)).status_code == 200
        assert (await bob.get(kept["url"])).content == b"draft"


async def test_only_the_head(world: World, anybody: httpx.AsyncClient) -> None:
    response = await anybody.head(await from_customer(world, b"a" * 600_000))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "600000"
    assert response.headers["accept-ranges"] == "bytes"


CONTENT = bytes(range(97, 123)) * 30_000


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=262140-262150", 262_140, 262_151),
        ("bytes=779990-", 779_990, 780_000),
        ("bytes=-7", 779_993, 780_000),
        ("bytes=-9999999", 0, 780_000),
        ("bytes=5-99999999", 5, 780_000),
        ("bytes=0-", 0, 780_000),
    ],
)
async def test_a_part(world: World, anybody: httpx.AsyncClient, wanted: str, start: int, stop: int) -> None:
    response = await anybody.get(await from_customer(world, CONTENT), headers={"range": wanted})
    assert response.content == CONTENT[start:stop]
    assert response.headers["content-length"] == str(stop - start)
    if stop - start < len(CONTENT):
        assert response.status_code == 206
        assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/780000"


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=1-2,4-5", "bytes=-", "lines=1-2", "bytes=a-b", "x"])
async def test_a_range_that_is_none_is_left_out(
    world: World, anybody: httpx.AsyncClient, wanted: str
) -> None:
    response = await anybody.get(await from_customer(world, b"hello"), headers={"range": wanted})
    assert (response.status_code, response.content) == (200, b"hello")


@pytest.mark.parametrize("wanted", ["bytes=5-", "bytes=5-9", "bytes=-0"])
async def test_a_range_beyond_the_end(world: World, anybody: httpx.AsyncClient, wanted: str) -> None:
    response = await anybody.get(await from_customer(world, b"hello"), headers={"range": wanted})
    assert code(response) == (416, "bad_range")
    assert response.headers["content-range"] == "bytes */5"


async def test_a_part_of_another_file_is_the_whole(world: World, anybody: httpx.AsyncClient) -> None:
    address = await from_customer(world, b"hello")
    for etag, status in (('"other"', 200), (f'"{address.split("/")[2]}"', 206)):
        response = await anybody.get(address, headers={"range": "bytes=1-2", "if-range": etag})
        assert response.status_code == status


async def test_a_file_that_goes_while_it_is_read(
    world: World, anybody: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks, so that nobody takes half a file for the whole."""
    address = await from_customer(world, CONTENT)
    media_id, read = address.split("/")[2], world.media.read

    async def reads(*span: Any) -> AsyncIterator[bytes]:
        async for part in read(*span):
            yield part
            await world.store.write(lambda tx: tx.drop_media(media_id))

    monkeypatch.setattr(world.media, "read", reads)
    with pytest.raises(httpx.RemoteProtocolError):
        await anybody.get(address)


# --- read marks


async def test_read_marks_over_http(ana: httpx.AsyncClient, one: str) -> None:
    marks = holds(shapes.MarksView, await ana.post(f"{one}/read", json={"seq": 2}))
    assert marks == {"customer_read": 0, "agent_read": 2}
    assert holds(shapes.MarksView, await ana.post(f"{one}/read", json={"seq": 1}))["agent_read"] == 2
    assert (await ana.get(one)).json()["agent_read"] == 2
    for body in ({"seq": -1}, {"seq": "2"}, {}, {"seq": 2**60}):
        assert code(await ana.post(f"{one}/read", json=body)) == (400, "invalid")
    assert code(await ana.post(f"{LIST}/nothing/read", json={"seq": 1})) == (404, "unknown_conversation")

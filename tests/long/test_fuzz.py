"""A storm of bad input on the real server: no 5xx, nothing lost, nobody else notices."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.bench.client import Client
from tests.bench.product import Baton
from tests.long.audit import audit
from tests.long.bad_input import Request, Trouble
from tests.long.storm import Diary, crowd
from tests.long.world import SETTINGS

ATTACKERS, REQUESTS = 6, 400


async def attack(server: Baton, trouble: Trouble, count: int, seen: Counter[str], bad: list[str]) -> None:
    """Send bad requests one after the other; note every status."""
    client = Client(server.url)
    for _ in range(count):
        request = trouble.next()
        status = await send(server, client, request)
        seen[status] += 1
        if status.startswith("5") or (status == "silence" and not unfinished(request)):
            bad.append(f"{status} for {request}")
    client.close()


async def send(server: Baton, client: Client, request: Request) -> str:
    """Return the status of the answer, or "closed" when the server just hung up."""
    if request.raw is not None:
        return await send_raw(server.port, request.raw)
    try:
        reply = await client.request(
            request.method,
            request.path,
            request.body,
            headers=request.headers,
            timeout=2.0 if unfinished(request) else 40.0,
        )
    except TimeoutError:
        return "silence"
    except OSError:
        return "closed"
    return str(reply.status)


def unfinished(request: Request) -> bool:
    """Say whether one side waits for a body that never comes."""
    framing = {"transfer-encoding", "content-length", "expect"}
    return request.raw is not None or request.method == "HEAD" or bool(framing & set(request.headers))


async def send_raw(port: int, data: bytes) -> str:
    """Send bytes; return the status of what looks like an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(3.0):
            line = await reader.readline()
        return line.split()[1].decode() if line.startswith(b"HTTP/") else "closed"
    except TimeoutError:
        return "silence"
    except OSError:
        return "closed"
    finally:
        writer.close()


@pytest.mark.long
@pytest.mark.timeout(1500)
async def test_bad_input_storm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Attackers beside ordinary customers, who are all answered."""
    diary, seen, bad = Diary(), Counter[str](), list[str]()
    server = Baton(folder=tmp_path, env=SETTINGS)
    try:
        server.start()
        await server.wait_answer()
        client = Client(server.url)
        openapi = (await client.get("/openapi.json")).json()
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for customer in crowd(server.url, 12, diary):
                group.create_task(customer.live(done))
            await asyncio.gather(
                *(attack(server, Trouble(openapi, seed), REQUESTS, seen, bad) for seed in range(ATTACKERS))
            )
            done.set()
        ready = (await client.get("/health/ready")).status
        client.close()
    finally:
        server.stop()
    problems = audit(tmp_path / "data", diary)
    with capsys.disabled():
        print(f"\n  statuses: {dict(sorted(seen.items()))}; customers' messages: {len(diary.sent)}")
        print(*(f"  BROKEN {text}" for text in [*bad, *problems][:40]), sep="\n")
    assert not bad
    assert not problems
    assert ready == 200
    assert seen["200"] > 100, "calm answers are part of the storm"
    assert seen["400"] > 100
    assert diary.server_errors == 0
    assert all(sent.acknowledged for sent in diary.sent)

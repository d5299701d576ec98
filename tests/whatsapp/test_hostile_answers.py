"""A platform that answers anything at all: a failure with a name each time, and no token for strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import DeliveryFailed, FetchFailed, TooLarge, UnknownFile
from bot.domain.message import Attachment
from bot.ports import Sending, Sent
from connectors.channels.whatsapp.account import read
from connectors.channels.whatsapp.channel import WhatsAppChannel
from tests.fake_whatsapp import NUMBER
from tests.support.clock import FakeClock
from tests.support.http_server import HttpServer, Request, Response
from tests.support.metrics import Counts
from tests.whatsapp.kit import message
from tests.whatsapp.shop import FakeFiles

ERRORS = st.sampled_from([0, 1, 2, 4, 100, 190, 131000, 131026, 131047, 131056, 999_999, -1, 2**40])
OURS = st.sampled_from(
    [
        b"", b"{}", b"[]", b"null", b"true", b'"', b"<html>", b"\xff\xfe", b"[" * 20_000, b"x" * 70_000,
        b'{"messages":[]}', b'{"messages":[{}]}', b'{"messages":[{"id":1}]}', b'{"messages":{"id":"x"}}',
        b'{"error":{}}', b'{"error":{"code":"190"}}', b'{"error":"no"}', b'{"id":""}', b'{"url":"/relative"}',
        b'{"url":"http://[","sha256":"x"}', b'{"url":"file:///etc/passwd"}', b'{"url":"","file_size":-1}',
        b'{"url":"https://evil.example/","file_size":9e99}',
    ]
)  # fmt: skip
BODIES = st.one_of(
    OURS,
    st.binary(max_size=200),
    st.builds(lambda code: b'{"error":{"code":%d,"error_subcode":33}}' % code, ERRORS),
    st.just(b'{"messages":[{"id":"wamid.x"}]}'),
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(["application/json", "text/html", "image/png", "x"]),
        "content-encoding": st.sampled_from(["gzip", "br", "deflate", "identity"]),
        "location": st.sampled_from(["http://127.0.0.1:9/", "https://evil.example/", "/", "::"]),
        "retry-after": st.sampled_from(["5", "-1", "soon", "9" * 400]),
    },
)
ANSWERS = st.builds(
    lambda status, body, headers, hang_up: Response(
        status=status, body=body, headers=headers, hang_up=hang_up
    ),
    st.sampled_from(
        [200, 201, 202, 206, 301, 302, 307, 400, 401, 403, 404, 408, 413, 418, 429, 500, 502, 503, 504, 599]
    ),
    BODIES,
    HEADERS,
    st.sampled_from([False] * 9 + [True]),
)


class Hostile(HttpServer):
    """Answers as it is told, one answer after the other, and the last one for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Response] = []
        self.asked = 0

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def hostile(runner: asyncio.Runner) -> Iterator[Hostile]:
    server = Hostile()
    runner.run(server.start())
    yield server
    runner.run(server.stop())


async def with_channel(hostile: Hostile, answers: list[Response], use: Any) -> Any:
    """Use a new channel: none remembers what the platform did before."""
    hostile.answers, hostile.asked = answers, 0
    table = {"token": NUMBER.token, "app_secret": "s", "verify_token": "v", "phone_number_id": NUMBER.id}
    channel = WhatsAppChannel(
        accounts={"default": read("default", {**table, "api_url": hostile.url})},
        files=FakeFiles(),
        clock=FakeClock(),
        metrics=Counts(),
        max_file=1_000_000,
        words=lambda name: "Options",
    )
    await channel.start()
    try:
        return await use(channel)
    finally:
        await channel.stop()


async def send(channel: WhatsAppChannel) -> Sent | DeliveryFailed:
    sending = Sending(message=message("Hello"), account="default", address="491500000001")
    try:
        return await channel.send(sending)
    except DeliveryFailed as failed:
        return failed


async def fetch(channel: WhatsAppChannel) -> bytes | Exception:
    attachment = Attachment(kind="image", url="remote:1100000000000001")
    try:
        return b"".join([piece async for piece in channel.fetch(attachment, account="default")])
    except (UnknownFile, TooLarge, FetchFailed) as failed:
        return failed


_SETTINGS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=250, **_SETTINGS)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=2))
def test_a_message_is_sent_or_fails_with_words(
    runner: asyncio.Runner, hostile: Hostile, answers: list[Response]
) -> None:
    first = answers[0]
    found = runner.run(with_channel(hostile, list(answers), send))
    if isinstance(found, Sent):
        return
    assert found.message
    assert NUMBER.token not in str(found)
    if 200 <= first.status < 300 or first.hang_up:
        assert not found.retryable, "it may have been taken"
    assert not (found.retryable and found.outcome_unknown)
    assert hostile.asked <= 2, "nothing is repeated here but a plainer form"


@settings(max_examples=150, **_SETTINGS)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=2))
def test_a_file_is_fetched_or_fails_by_name(
    runner: asyncio.Runner, hostile: Hostile, answers: list[Response]
) -> None:
    if answers[0].status == 200 and len(answers) == 2 and not answers[0].hang_up:
        url = b'{"url":"%s/file","sha256":""}' % hostile.url.encode()
        answers = [Response(body=url), answers[1]]
    found = runner.run(with_channel(hostile, answers, fetch))
    if isinstance(found, bytes):
        assert hostile.asked == 2


@settings(max_examples=60, **_SETTINGS)
@given(answer=ANSWERS)
def test_signs_never_raise(runner: asyncio.Runner, hostile: Hostile, answer: Response) -> None:
    async def signs(channel: WhatsAppChannel) -> None:
        await channel.typing(account="default", address="491500000001", message_id="wamid.x")
        await channel.seen(account="default", address="491500000001", message_id="wamid.y")

    runner.run(with_channel(hostile, [answer], signs))

"""Damaged updates: never a fault of the server, never one without the secret, and no chat that is held up."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_telegram.courier import HEADER
from tests.support.mutations import damaged, mutated
from tests.support.target import MOST, SETTINGS, Target
from tests.telegram.line import SECRET, a_line
from tests.telegram.samples import samples

GOOD = {HEADER: SECRET, "content-type": "application/json"}


class TelegramTarget(Target):
    """A server with a Telegram bot."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1_000_000)

    async def serve(self) -> None:
        self.samples = await samples()
        async with a_line(sends=False) as line:
            self.url = line.url
            # The people of these updates have no chats there: answers to presses would only be refused.
            await line.channel.clients["default"].delete_webhook()
            await self.watched(line.world.arrivals)

    def still_listens(self) -> bool:
        """Say whether an update that nothing is wrong with is taken."""
        number = next(self.numbers)
        chat = 900 + number % MOST
        person = {"id": chat, "is_bot": False, "first_name": "Kim"}
        message = {"message_id": number, "from": person, "chat": {"id": chat, "type": "private"}}
        message |= {"date": 1_772_452_800, "text": f"honest {number}"}
        status = self.post(encode({"update_id": number, "message": message}), GOOD)
        return status == 200 and self.took(f"{chat}:{number}")


def encode(body: Any) -> bytes:
    """Write JSON as the platform does; half characters stay as escapes."""
    text = json.dumps(body, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


@pytest.fixture(scope="module")
def target() -> Iterator[TelegramTarget]:
    target = TelegramTarget()
    with target.running():
        yield target


def try_strange_contents(target: TelegramTarget, data: st.DataObject) -> None:
    """Send an update with something strange in it: refused, it would hold up its chat for a day."""
    body = data.draw(st.sampled_from(target.samples))
    content = {name: value for name, value in body.items() if name != "update_id"}
    strange = mutated(data, content)
    if not isinstance(strange, dict) or "update_id" in strange:
        return
    assert target.post(encode({"update_id": body["update_id"], **strange}), GOOD) == 200, strange


def try_strange_bodies(target: TelegramTarget, data: st.DataObject) -> None:
    """Send anything with the right secret."""
    strange = mutated(data, data.draw(st.sampled_from(target.samples)))
    raw = encode(strange)
    if data.draw(st.booleans()):
        raw = damaged(data, raw)
    status = target.post(raw, GOOD)
    assert status in {200, 400}
    if status == 400:
        assert target.taken == []


def try_bodies_without_the_secret(target: TelegramTarget, data: st.DataObject) -> None:
    """Send what the platform has not sent: nothing of it is read."""
    raw = encode(data.draw(st.sampled_from(target.samples)))
    wrong: dict[str, dict[str, str | bytes]] = {
        "none": {},
        "empty": {HEADER: ""},
        "short": {HEADER: SECRET[: data.draw(st.integers(0, len(SECRET) - 1))]},
        "long": {HEADER: SECRET + "x"},
        "capitals": {HEADER: SECRET.upper()},
        "other": {
            HEADER: data.draw(st.text("abcXYZ019_-", min_size=1).filter(lambda text: text != SECRET))
        },
        "bytes": {HEADER: SECRET.encode() + b"\xe9\xff"},
        "other header": {"X-Telegram-Bot-Api-Secret": SECRET, "Authorization": f"Bearer {SECRET}"},
    }
    headers = wrong[data.draw(st.sampled_from(sorted(wrong)))]
    assert target.post(raw, headers) == 401  # type: ignore[arg-type]
    assert target.taken == []


@settings(max_examples=120, **SETTINGS)
@given(data=st.data())
def test_a_strange_content_is_acknowledged(target: TelegramTarget, data: st.DataObject) -> None:
    try_strange_contents(target, data)


@settings(max_examples=120, **SETTINGS)
@given(data=st.data())
def test_a_strange_body_is_no_fault_of_the_server(target: TelegramTarget, data: st.DataObject) -> None:
    try_strange_bodies(target, data)


@settings(max_examples=60, **SETTINGS)
@given(data=st.data())
def test_a_body_without_the_secret_is_not_read(target: TelegramTarget, data: st.DataObject) -> None:
    try_bodies_without_the_secret(target, data)


def test_after_all_that_the_server_listens(target: TelegramTarget) -> None:
    assert target.still_listens()


def test_samples_are_taken_as_they_are(target: TelegramTarget) -> None:
    """What is changed here must be right before: else all that follows proves nothing."""
    kinds = Counter[str]()
    assert len(target.samples) >= 70
    for sample in target.samples:
        assert target.post(encode(sample), GOOD) == 200
        kinds.update(type(one).__name__ for one in target.taken)
    assert kinds["InboundMessage"] >= 40
    assert {"Edited", "Reaction", "Reach", "Ignored"} <= set(kinds), kinds

"""Telegram keeps the channels' contract."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import httpx
import pytest

from bot.domain.message import Author, Message
from connectors.channels.telegram.account import read
from tests.contract.channel_contract import ChannelContract, Harness, Outcome, Seen
from tests.fake_telegram import TOKEN, Customer, Flood, Said, Shown, payloads
from tests.fake_telegram.courier import HEADER
from tests.telegram.line import SECRET, Line, a_line


class TelegramHarness(Harness):
    """A customer with Telegram on their phone."""

    channel = "telegram"
    malformed = "payload_rejected"
    forged = "unauthorized"
    shows_names = False

    def __init__(self, line: Line, customer: Customer) -> None:
        self.line, self.world, self.customer = line, line.world, customer
        self._said: dict[str, Said] = {}

    async def write(self, text: str, *, message_id: str) -> Outcome:
        if message_id in self._said:  # the platform tells it again, byte for byte
            return await self._again(self._said[message_id])
        said = self._said[message_id] = await self.customer.write(text)
        return Outcome(taken=said.statuses[-1:] == [200], shown=str(said.statuses))

    async def press(self, token: str, *, message_id: str) -> Outcome:
        of = next(s for s in self.customer.seen if token in [s.data(title) for title in s.buttons])
        number = [of.data(title) for title in of.buttons].index(token) + 1
        said = await self.customer.press(number, of=of)
        return Outcome(taken=said.statuses[-1:] == [200])

    async def garbage(self, raw: bytes) -> Outcome:
        return await self._post(raw, SECRET)

    async def unsigned(self) -> Outcome:
        who, content = self.customer, {"text": "secret words"}
        message = payloads.message(99, who.chat.told(), who.user, self.world.clock.now(), content)
        return await self._post(json.dumps({"update_id": 1, "message": message}).encode(), "x" * 40)

    async def seen(self) -> list[Seen]:
        await self.line.settle()
        stored = {m.external_id: m for m in await self.line.messages()}
        shown = [
            self._shown(one, stored) if isinstance(one, Shown) else self._wrote(one, stored)
            for one in self.customer.chat.both
        ]
        return [one for one in shown if one]

    async def address(self) -> str:
        return str(self.customer.chat.id)

    def stored_id(self, message_id: str) -> str:
        return f"{self.customer.chat.id}:{self._said[message_id].id}"

    # --- the platform

    async def send_file(self, data: bytes, name: str) -> bool:
        return (await self.customer.document(data, name)).statuses == [200]

    async def send_place(self, latitude: float, longitude: float) -> bool:
        return (await self.customer.location(latitude, longitude)).statuses == [200]

    async def send_unknown(self) -> bool:
        return (await self.customer.poll()).statuses == [200]

    def without_secret(self) -> Callable[[], object]:
        return lambda: read("default", {"token": TOKEN})

    async def echo(self) -> bool:
        message = self.customer.chat.message(self.customer.seen[-1], self.customer.bot.user)
        raw = json.dumps({"update_id": 1, "message": message}).encode()
        return (await self._post(raw, SECRET)).taken

    def flood(self, seconds: int) -> None:
        self.line.fake.faults.plan(Flood(seconds))

    async def leave(self) -> None:
        await self.customer.block()

    async def heard(self) -> list[str]:
        return self.customer.texts

    async def offered(self) -> dict[str, str]:
        asked = self.customer.seen[-1]
        return {title: asked.data(title) for title in asked.buttons}

    async def settle(self) -> None:
        await self.line.settle()

    def _shown(self, shown: Shown, stored: dict[str, Message]) -> Seen | None:
        """A phone does not say whether bot or person writes: that is looked up."""
        message = stored.get(f"{self.customer.chat.id}:{shown.id}")
        choices = tuple((title, shown.data(title)) for title in shown.buttons)
        return message and Seen(author=message.author.value, text=shown.text, choices=choices)

    def _wrote(self, said: Said, stored: dict[str, Message]) -> Seen | None:
        """The phone shows the customer's own words anyway; what counts is what we have of them."""
        id_ = f"cb:{said.query}" if said.query else f"{self.customer.chat.id}:{said.id}"
        return Seen(author="customer", text=stored[id_].text) if id_ in stored else None

    async def _again(self, said: Said) -> Outcome:
        assert said.update
        if not said.update.taken:
            await self.line.fake.settle()
        return Outcome(taken=await self.customer.bot.courier.repeat(said.update) == 200)

    async def _post(self, raw: bytes, secret: str) -> Outcome:
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            given = {"content-type": "application/json", HEADER: secret}
            response = await client.post(self.line.url, content=raw, headers=given)
        if response.status_code == 200:
            return Outcome(taken=True, shown=response.text)
        return Outcome(taken=False, code=response.json()["error"]["code"], shown=response.text)


class TestTelegram(ChannelContract):
    exempt: ClassVar[dict[str, str]] = {
        "test_what_cannot_be_taken_is_refused_as_a_whole": "the platform would repeat it for a day and hold up the"
        " chat: it is acknowledged, and taken in pieces or counted (see below)",
        "test_a_receipt_changes_the_status_and_nothing_else": "bots are not told what has arrived or was read",
    }
    runs = 22

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with a_line() as line:
            yield TelegramHarness(line, line.fake.customer(name="Ada"))
            assert line.fake.violations == []


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as line:
        yield line


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\u200b"], ids=["empty", "blank", "NUL", "invisible"])
async def test_odd_words_are_acknowledged_and_harm_nothing(line: Line, text: str) -> None:
    ada = line.fake.customer(name="Ada")
    said = await ada.write(text)
    assert said.statuses == [200]
    await ada.write("fine")
    await line.settle()
    assert ada.texts[-1].endswith("fine")


@pytest.mark.parametrize("length", [4000, 4001, 4096])
async def test_long_words_are_taken_whole(line: Line, length: int) -> None:
    pairs = itertools.product("abcdefghijklmnop", repeat=4)  # no figures: long ones are masked
    text = " ".join("".join(pair) for pair in itertools.islice(pairs, length // 4))[:length].strip()
    ada = line.fake.customer(name="Ada")
    said = await ada.write(text)
    assert said.statuses == [200]
    assert said.update
    assert await ada.bot.courier.repeat(said.update) == 200
    await line.settle()
    stored = [m.text for m in await line.messages(Author.CUSTOMER)]
    assert "".join("".join(stored).split()) == "".join(text.split())
    assert all(len(one) <= 4000 for one in stored)

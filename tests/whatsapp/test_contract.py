"""WhatsApp keeps the channels' contract."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import httpx
import pytest

from bot.domain.message import Author, Message
from connectors.channels.whatsapp.account import read
from tests.contract.channel_contract import ChannelContract, Harness, Outcome, Seen
from tests.fake_whatsapp import NUMBER, Customer, Option, Refuse, Said, Shown
from tests.fake_whatsapp.payloads import Change, body, echo, message, signatures
from tests.whatsapp.line import Line, a_line


class WhatsAppHarness(Harness):
    """A customer with WhatsApp on their phone."""

    channel = "whatsapp"
    malformed = "payload_rejected"
    forged = "unauthorized"
    shows_names = False

    def __init__(self, line: Line, customer: Customer) -> None:
        self.line, self.world, self.customer = line, line.world, customer
        self._said: dict[str, Said] = {}

    async def write(self, text: str, *, message_id: str) -> Outcome:
        if message_id in self._said:  # the platform tells it again, byte for byte
            webhook = self._said[message_id].webhook
            assert webhook
            webhook = self.line.fake.courier.repeat(webhook)
            await webhook.tried.wait()
            return Outcome(taken=webhook.taken)
        said = self._said[message_id] = await self.customer.write(text)
        return Outcome(taken=said.statuses[-1:] == [200])

    async def press(self, token: str, *, message_id: str) -> Outcome:
        of = next(s for s in self.customer.seen if any(o.id == token for o in s.options))
        option = next(o for o in of.options if o.id == token)
        said = await self.customer.press(Option(id=option.id, title=option.title), of=of)
        return Outcome(taken=said.statuses[-1:] == [200])

    async def garbage(self, raw: bytes) -> Outcome:
        return await self._post(raw, signatures(raw, NUMBER.app_secret))

    async def unsigned(self) -> Outcome:
        who = self.customer.identity
        item = message(who, "wamid.forged", self.world.clock.now(), "text", {"body": "secret words"})
        raw = body([Change(number=NUMBER, identity=who, key="messages", item=item)])
        return await self._post(raw, signatures(raw, "x" * 40))

    async def seen(self) -> list[Seen]:
        await self.line.settle()
        stored = {m.external_id: m for m in await self.line.messages()}
        return [
            self._shown(one, stored) if isinstance(one, Shown) else self._wrote(one, stored)
            for one in self.customer.chat
            if one.id in stored
        ]

    async def address(self) -> str:
        return self.customer.identity.bsuid

    def stored_id(self, message_id: str) -> str:
        return self._said[message_id].id

    # --- the platform

    async def send_file(self, data: bytes, name: str) -> bool:
        return (await self.customer.document(data, name)).statuses == [200]

    async def send_place(self, latitude: float, longitude: float) -> bool:
        return (await self.customer.location(latitude, longitude)).statuses == [200]

    async def send_unknown(self) -> bool:
        return (await self.customer.unsupported()).statuses == [200]

    def without_secret(self) -> Callable[[], object]:
        given = {"token": NUMBER.token, "phone_number_id": NUMBER.id, "verify_token": NUMBER.verify_token}
        return lambda: read("default", given)

    async def read_everything(self) -> None:
        await self.customer.read()

    async def echo(self) -> bool:
        shown, customer = self.customer.seen[-1], self.customer
        item = echo(NUMBER, customer.identity, shown.id, shown.at, "text", {"body": shown.text})
        who, field = customer.identity, "smb_message_echoes"
        raw = body([Change(number=NUMBER, identity=who, key="message_echoes", item=item, field=field)])
        return (await self._post(raw, signatures(raw, NUMBER.app_secret))).taken

    def flood(self, seconds: int) -> None:
        """The platform does not say how long; a channel has to know that."""
        self.line.fake.faults.plan(*[Refuse(131056)] * 3)

    async def leave(self) -> None:
        self.customer.block()

    async def heard(self) -> list[str]:
        return self.customer.texts

    async def offered(self) -> dict[str, str]:
        asked = self.customer.seen[-1]
        if asked.options:
            return {option.title: option.id for option in asked.options}
        lines = (line.partition(". ") for line in asked.text.splitlines() if line[:1].isdigit())
        return {title: number for number, _, title in lines}

    async def choose(self, token: str) -> bool:
        typed = not self.customer.seen[-1].options
        return (await (self.write if typed else self.press)(token, message_id="message-chosen")).taken

    async def settle(self) -> None:
        await self.line.settle()

    def _shown(self, shown: Shown, stored: dict[str, Message]) -> Seen:
        """A phone does not say whether bot or person writes: that is looked up."""
        return Seen(
            author=stored[shown.id].author.value,
            text=shown.text,
            choices=tuple((option.title, option.id) for option in shown.options),
        )

    def _wrote(self, said: Said, stored: dict[str, Message]) -> Seen:
        """The phone shows the customer's own words anyway; what counts is what we have of them."""
        return Seen(author="customer", text=stored[said.id].text)

    async def _post(self, raw: bytes, headers: dict[str, str]) -> Outcome:
        async with httpx.AsyncClient(trust_env=False) as client:
            given = headers | {"content-type": "application/json"}
            response = await client.post(self.line.url, content=raw, headers=given)
        if response.status_code == 200:
            return Outcome(taken=True, shown=response.text)
        return Outcome(taken=False, code=response.json()["error"]["code"], shown=response.text)


class TestWhatsApp(ChannelContract):
    exempt: ClassVar[dict[str, str]] = {
        "test_what_cannot_be_taken_is_refused_as_a_whole": "the platform would repeat it for seven days: it is"
        " acknowledged, and taken in pieces or counted (see below)",
    }
    runs = 23

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with a_line() as line:
            yield WhatsAppHarness(line, line.fake.customer("Ada"))
            assert line.fake.violations == []


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as line:
        yield line


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\u200b"], ids=["empty", "blank", "NUL", "invisible"])
async def test_odd_words_are_acknowledged_and_harm_nothing(line: Line, text: str) -> None:
    ada = line.fake.customer("Ada")
    said = await ada.write(text)
    assert said.statuses == [200]
    await ada.write("fine")
    await line.settle()
    assert ada.texts[-1].endswith("fine")


@pytest.mark.parametrize("length", [4000, 4001, 4096, 65_536])
async def test_long_words_are_taken_whole(line: Line, length: int) -> None:
    pairs = itertools.product("abcdefghijklmnop", repeat=4)  # no figures: long ones are masked
    text = " ".join("".join(pair) for pair in itertools.islice(pairs, length // 4))[:length].strip()
    ada = line.fake.customer("Ada")
    assert (await ada.write(text)).statuses == [200]
    line.fake.courier.repeat(line.fake.courier.sent[-1])
    await line.settle()
    stored = [m.text for m in await line.messages(Author.CUSTOMER)]
    assert "".join("".join(stored).split()) == "".join(text.split())
    assert all(len(one) <= 4000 for one in stored)

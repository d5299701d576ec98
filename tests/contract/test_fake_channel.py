"""The push channel that the scenarios use keeps the channels' contract too, or they would prove nothing."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from bot.domain.arrival import Echo, Receipt
from bot.domain.errors import BotError, DeliveryFailed
from bot.domain.media import REMOTE
from bot.domain.message import (
    Attachment,
    Author,
    Delivery,
    InboundMessage,
    Location,
    Message,
    choice_token,
)
from tests.contract.channel_contract import ChannelContract, Harness, Outcome, Seen
from tests.support.world import World, until

UNSENT = {Delivery.PENDING, Delivery.SENDING}


class FakeHarness(Harness):
    """Kim on the fake platform, which has no protocol: what arrives is told to the core."""

    channel = "push"
    shows_names = False

    def __init__(self, world: World) -> None:
        self.world, self._number = world, 0

    async def write(self, text: str, *, message_id: str) -> Outcome:
        if "\0" in text:
            return Outcome(taken=False, code="invalid")
        return await self._tell(message_id, text=text)

    async def press(self, token: str, *, message_id: str) -> Outcome:
        return await self._tell(message_id, choice=token)

    async def _tell(self, message_id: str = "", **more: Any) -> Outcome:
        self._number += 1
        arrival = InboundMessage(
            channel="push",
            address="kim",
            external_id=message_id or f"n{self._number}",
            received_at=self.world.clock.now(),
            authentic=True,
            **more,
        )
        try:
            await self.world.arrivals.take(arrival)
        except BotError as error:
            return Outcome(taken=False, code=error.code, shown=error.public_message)
        await asyncio.sleep(0.01)  # as long as a request takes: what comes at once is read together
        return Outcome(taken=True)

    async def garbage(self, raw: bytes) -> Outcome:
        return Outcome(taken=False, code="invalid")

    async def unsigned(self) -> Outcome:
        return Outcome(taken=False, code="identity_refused")

    async def seen(self) -> list[Seen]:
        await self.settle()
        return [
            Seen(
                author=m.author.value,
                text=m.text,
                choices=tuple((c.title, choice_token(m.seq, i)) for i, c in enumerate(m.choices)),
            )
            for m in await self._messages()
            if m.author is Author.CUSTOMER or ("kim", m.seq) in self.world.platform.reached
        ]

    async def address(self) -> str:
        return "kim"

    def stored_id(self, message_id: str) -> str:
        return message_id

    # --- the platform's part

    async def send_file(self, data: bytes, name: str) -> bool:
        self.world.platform.files["f"] = data
        file = Attachment(kind="file", url=f"{REMOTE}f", name=name)
        return (await self._tell(attachments=(file,))).taken

    async def send_place(self, latitude: float, longitude: float) -> bool:
        return (await self._tell(location=Location(latitude=latitude, longitude=longitude))).taken

    async def send_unknown(self) -> bool:
        return (await self._tell(unsupported="poll")).taken

    async def read_everything(self) -> None:
        for message in await self._messages(Author.BOT):
            report = Receipt(**self._about(), external_id=message.external_id, delivery=Delivery.READ)
            await self.world.arrivals.take(report)

    async def echo(self) -> bool:
        (ours,) = await self._messages(Author.BOT)
        await self.world.arrivals.take(Echo(**self._about(), external_id=ours.external_id, text=ours.text))
        return True

    def flood(self, seconds: int) -> None:
        self.world.platform.plan = [DeliveryFailed("Too many.", retryable=True, retry_after=seconds)]

    async def leave(self) -> None:
        await self.settle()
        self.world.platform.plan = [DeliveryFailed("The customer has blocked us.")]

    async def heard(self) -> list[str]:
        await self.settle()
        return [text for _, text in self.world.platform.sent]

    async def settle(self) -> None:
        """Wait until everything has a fate; time moves on for what is tried again."""
        for _ in range(60):
            await self.world.idle()
            while await self.world.timers.run_due():
                pass
            await until(lambda: not self.world.fetching._tasks)
            sending = asyncio.create_task(self.world.deliveries.run())
            await asyncio.sleep(0.02)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await until(lambda: not self.world.deliveries._tasks)
            if not [m for m in await self._messages() if m.delivery in UNSENT]:
                return
            self.world.clock.move(1)
        raise AssertionError("something never got a fate")

    async def _messages(self, *authors: Author) -> list[Message]:
        async def work(tx: Any) -> list[Message]:
            identity = await tx.identity("push", "default", "kim")
            found = await tx.messages(identity.conversation_id, limit=1_000) if identity else []
            return [m for m in found if m.visible_to_customer and (not authors or m.author in authors)]

        return await self.world.store.read(work)

    def _about(self) -> dict[str, Any]:
        self._number += 1
        place = {"channel": "push", "account": "default", "address": "kim"}
        return {**place, "key": f"k{self._number}", "at": self.world.clock.now()}


class TestFake(ChannelContract):
    exempt: ClassVar[dict[str, str]] = {
        "test_garbage_is_refused_and_nothing_breaks": "it has no protocol in which garbage could be written",
        "test_forged_papers_are_refused_and_nobody_is_called": "it has no papers",
        "test_without_a_secret_there_is_no_account": "it has no accounts",
    }
    runs = 21

    @pytest.fixture
    async def harness(self) -> Harness:
        return FakeHarness(await World().start())

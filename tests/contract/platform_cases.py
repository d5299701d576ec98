"""The part of the channels' contract that is about platforms: files, limits, failures, reports.

A harness offers what it can; a channel that has no such thing is exempted by name, with the reason.
"""

from __future__ import annotations

import asyncio
from abc import ABC
from collections.abc import Callable
from typing import Any

from bot.domain.message import Author, Choice, Delivery, Draft
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import DirectoryCall
from tests.support.small_files import PDF
from tests.support.world import GatedEngine, World, until

BUDGET = 2.0
"""Seconds within which a message is acknowledged, whatever the assistant does."""


class PlatformHarness(ABC):
    """What a harness of a platform can do beside writing and pressing."""

    world: World

    async def send_file(self, data: bytes, name: str) -> bool:
        """Send a document; say whether it was taken."""
        raise NotImplementedError

    async def send_place(self, latitude: float, longitude: float) -> bool:
        """Send a place; say whether it was taken."""
        raise NotImplementedError

    async def send_unknown(self) -> bool:
        """Send something that this channel cannot carry; say whether it was acknowledged."""
        raise NotImplementedError

    def without_secret(self) -> Callable[[], object]:
        """Return what makes the channel's account with no secret set."""
        raise NotImplementedError

    async def read_everything(self) -> None:
        """Have the platform tell that the customer has read all."""
        raise NotImplementedError

    async def echo(self) -> bool:
        """Have the platform tell us our own words; say whether that was acknowledged."""
        raise NotImplementedError

    def flood(self, seconds: int) -> None:
        """Let the platform refuse the next message with a time to wait."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Let the customer be out of reach for good."""
        raise NotImplementedError

    async def heard(self) -> list[str]:
        """Return the words that reached the customer, message by message."""
        raise NotImplementedError

    async def offered(self) -> dict[str, str]:
        """Return what can be chosen now: titles, with what is pressed or else typed."""
        raise NotImplementedError

    async def choose(self, token: str) -> bool:
        """Press or type what `offered` says."""
        raise NotImplementedError

    async def settle(self) -> None:
        """Wait until everything has a fate."""
        await self.world.idle()


class Wordy(GatedEngine):
    """Says or offers a great deal when it is asked to."""

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        word, _, rest = (request.payload or request.text).partition(" ")
        if word not in {"long", "many"}:
            return await super().turn(request, directory)
        self.requests.append(request)
        draft = Draft(text=long_text(int(rest)))
        if word == "many":
            choices = tuple(
                Choice(title=f"Thing {n}", payload=f"/thing_{n}") for n in range(1, int(rest) + 1)
            )
            draft = Draft(text="Which?", choices=choices)
        return TurnResult(turn_id=request.turn_id, state=b"1", messages=(draft,), model="wordy")


def long_text(length: int) -> str:
    """Return a text of words and paragraphs with signs that count double."""
    words = (f"word{n} 😀." + "\n\n" * (n % 7 == 6) for n in range(length))
    return " ".join(words)[:length].strip()


class PlatformCases:
    """The cases; a part of `ChannelContract`."""

    async def _stored(self, harness: Any, author: Author = Author.CUSTOMER) -> list[Any]:
        found = await harness.world.messages(await harness.address(), harness.channel)
        return [m for m in found if m.author is author]

    async def _wordy(self, harness: Any) -> None:
        engine = Wordy()
        harness.world.engine = harness.world.turns._engine = engine

    async def test_a_file_is_an_attachment_and_no_text(self, harness: Any) -> None:
        assert await harness.send_file(PDF, "invoice.pdf")
        await harness.settle()
        (stored,) = await self._stored(harness)
        (file,) = stored.attachments
        assert (stored.text, file.kind, file.name) == ("", "file", "invoice.pdf")
        assert file.url.startswith("media:")

    async def test_a_place_is_a_place_and_no_text(self, harness: Any) -> None:
        assert await harness.send_place(52.5, 13.4)
        await harness.settle()
        (stored,) = await self._stored(harness)
        assert "52.5" in str(stored.custom)
        assert "{" not in stored.text

    async def test_what_cannot_be_read_is_said_once(self, harness: Any) -> None:
        for _ in range(3):
            assert await harness.send_unknown()
            await harness.settle()
        assert await harness.heard() == ["utter_system_cannot_read"]
        assert harness.world.engine.requests == []

    def test_without_a_secret_there_is_no_account(self, harness: Any) -> None:
        try:
            harness.without_secret()()
        except ValueError as error:
            assert "secret" in str(error) or "token" in str(error)
        else:
            raise AssertionError("an account without its secret is an open door")

    async def test_a_receipt_changes_the_status_and_nothing_else(self, harness: Any) -> None:
        await harness.write("hello", message_id="message-1")
        await harness.settle()
        await harness.read_everything()
        await harness.settle()
        (answer,) = await self._stored(harness, Author.BOT)
        assert answer.delivery is Delivery.READ
        assert len(harness.world.engine.requests) == 1

    async def test_our_own_words_are_not_a_customers(self, harness: Any) -> None:
        await harness.write("hello", message_id="message-1")
        await harness.settle()
        assert await harness.echo()
        await harness.settle()
        assert len(harness.world.engine.requests) == 1
        assert len(await self._stored(harness)) == 1
        assert len(await self._stored(harness, Author.BOT)) == 1

    async def test_long_words_are_split_and_nothing_is_lost(self, harness: Any) -> None:
        await self._wordy(harness)
        await harness.write("long 9000", message_id="message-1")
        await harness.settle()
        parts = await harness.heard()
        assert "".join("".join(parts).split()) == "".join(long_text(9000).split())
        assert not any(part.startswith("ord") for part in parts), "a word was cut"

    async def test_many_choices_can_all_be_chosen(self, harness: Any) -> None:
        await self._wordy(harness)
        await harness.write("many 30", message_id="message-1")
        await harness.settle()
        offered = await harness.offered()
        assert list(offered) == [f"Thing {n}" for n in range(1, 31)]
        assert await harness.choose(offered["Thing 29"])
        await harness.settle()
        assert harness.world.engine.requests[-1].payload == "/thing_29"

    async def test_a_flood_is_waited_out(self, harness: Any) -> None:
        began = harness.world.clock.now()
        harness.flood(9)
        await harness.write("hello", message_id="message-1")
        await harness.settle()
        assert await harness.heard() == ["echo 1: hello"]
        assert (harness.world.clock.now() - began).total_seconds() >= 9

    async def test_who_cannot_be_reached_is_told_to_the_agent(self, harness: Any) -> None:
        await harness.write("person please", message_id="message-1")
        await harness.settle()
        world, ana = harness.world, await harness.world.agent()
        conversation = await world.conversation(await harness.address(), harness.channel)
        await world.desk.claim(ana, conversation.id)
        await harness.leave()
        await world.desk.say(ana, conversation.id, text="Are you there?", kind="reply", client_id="1")
        await harness.settle()
        (reply,) = await self._stored(harness, Author.AGENT)
        assert reply.delivery is Delivery.FAILED
        assert "blocked" in reply.delivery_note
        assert (await harness.write("I am back", message_id="message-2")).taken

    async def test_a_slow_assistant_does_not_hold_up_the_acknowledgement(self, harness: Any) -> None:
        engine = harness.world.engine
        engine.hold = True
        for number in range(3):
            taken = harness.write(f"n{number}", message_id=f"message-{number}")
            assert (await asyncio.wait_for(taken, BUDGET)).taken
        await until(lambda: bool(engine.gates))
        engine.hold = False
        engine.gates[0].set_result(None)
        await harness.settle()
        assert [m.text for m in await self._stored(harness)] == ["n0", "n1", "n2"]

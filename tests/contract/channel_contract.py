"""What every channel promises, whatever its protocol: one suite, run by each over the real services.

A channel's own test gives a `Harness`; what a channel cannot have is exempted there by name, with the
reason. A message that is not taken must not have been taken half.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from bot.domain.errors import StoreError
from tests.contract.platform_cases import PlatformCases, PlatformHarness
from tests.support.world import World, until


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the channel told the sender: taken, or refused with a code; and everything it showed."""

    taken: bool
    code: str = ""
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One message as a customer sees it; `choices` are titles with what pressing them sends."""

    author: str
    text: str
    name: str = ""
    choices: tuple[tuple[str, str], ...] = ()


class Harness(PlatformHarness):
    """A customer's side of a channel that is served over `world`."""

    channel: ClassVar[str]
    malformed: ClassVar[str] = "invalid"
    """The code for garbage."""
    forged: ClassVar[str] = "identity_refused"
    """The code for forged papers."""
    shows_names: ClassVar[bool] = True
    """Whether customers see who of the agents writes."""
    world: World

    @abstractmethod
    async def write(self, text: str, *, message_id: str) -> Outcome:
        """Send a text."""

    @abstractmethod
    async def press(self, token: str, *, message_id: str) -> Outcome:
        """Press a button."""

    @abstractmethod
    async def garbage(self, raw: bytes) -> Outcome:
        """Send bytes in place of a message."""

    @abstractmethod
    async def unsigned(self) -> Outcome:
        """Send a text as somebody whose papers are forged."""

    @abstractmethod
    async def seen(self) -> list[Seen]:
        """Return what the customer sees of the whole conversation."""

    @abstractmethod
    async def address(self) -> str:
        """Return the customer's address."""

    async def heard(self) -> list[str]:
        return [s.text for s in await self.seen() if s.author == "bot"]

    async def offered(self) -> dict[str, str]:
        return dict((await self.seen())[-1].choices)

    async def choose(self, token: str) -> bool:
        return (await self.press(token, message_id="message-chosen")).taken

    def stored_id(self, message_id: str) -> str:
        """Return under which id of the platform a message is stored."""
        return f"={message_id}"


class ChannelContract(PlatformCases):
    """The suite; a subclass has a fixture `harness`."""

    exempt: ClassVar[dict[str, str]] = {}
    runs: ClassVar[int]
    """How many cases this channel keeps: a new case is either kept or exempted, and counted."""

    @pytest.fixture(autouse=True)
    def _exempted(self, request: pytest.FixtureRequest) -> None:
        reason = self.exempt.get(request.node.originalname)
        if reason:
            pytest.skip(reason)

    async def messages(self, harness: Harness) -> list[Any]:
        return await harness.world.messages(await harness.address(), harness.channel)

    async def test_a_text_is_taken_once_and_answered(self, harness: Harness) -> None:
        assert (await harness.write("hello", message_id="message-1")).taken
        await harness.world.idle()
        stored = await self.messages(harness)
        assert [(m.author.value, m.text) for m in stored] == [
            ("customer", "hello"),
            ("bot", "echo 1: hello"),
        ]
        assert stored[0].created_at.tzinfo is not None
        assert stored[0].external_id == harness.stored_id("message-1")
        assert [(s.author, s.text) for s in await harness.seen()] == [
            ("customer", "hello"),
            ("bot", "echo 1: hello"),
        ]

    async def test_the_same_message_again_changes_nothing(self, harness: Harness) -> None:
        for _ in range(3):
            assert (await harness.write("hello", message_id="message-1")).taken
            await harness.world.idle()
        assert len(await self.messages(harness)) == 2
        assert len(harness.world.engine.requests) == 1

    async def test_messages_are_answered_in_the_order_in_which_they_came(self, harness: Harness) -> None:
        for number in range(6):
            assert (await harness.write(f"n{number}", message_id=f"message-{number}")).taken
        await harness.world.idle()
        answers = [s.text for s in await harness.seen() if s.author == "bot"]
        assert answers == [f"echo {number + 1}: n{number}" for number in range(6)]

    async def test_a_button_shows_its_title_and_hides_its_payload(self, harness: Harness) -> None:
        await harness.write("ask me", message_id="message-1")
        await harness.world.idle()
        (asked,) = [s for s in await harness.seen() if s.choices]
        (title, token) = asked.choices[0]
        assert title == "Yes"
        assert "affirm" not in str(await harness.seen())
        assert (await harness.press(token, message_id="message-2")).taken
        await harness.world.idle()
        assert harness.world.engine.requests[-1].payload == "/affirm"
        assert "Yes" in [s.text for s in await harness.seen() if s.author == "customer"]

    @pytest.mark.parametrize("text", ["/restart", "/affirm", '/inform{"a":"b"}'])
    async def test_text_that_looks_like_a_command_is_text(self, harness: Harness, text: str) -> None:
        assert (await harness.write(text, message_id="message-1")).taken
        await harness.world.idle()
        assert harness.world.engine.requests[-1].payload == ""

    @pytest.mark.parametrize("text", ["😀 fine", "שלום", "<b>&amp;</b>", "two\nlines", "x" * 4000])
    async def test_what_is_written_is_what_is_seen(self, harness: Harness, text: str) -> None:
        assert (await harness.write(text, message_id="message-1")).taken
        await harness.world.idle()
        assert (await harness.seen())[0].text == text

    @pytest.mark.parametrize(
        ("text", "code"),
        [("x" * 4001, "too_large"), ("", "invalid"), (" \n", "invalid"), ("a\0b", "invalid")],
        ids=["too long", "empty", "blank", "NUL"],
    )
    async def test_what_cannot_be_taken_is_refused_as_a_whole(
        self, harness: Harness, text: str, code: str
    ) -> None:
        refused = await harness.write(text, message_id="message-1")
        assert (refused.taken, refused.code) == (False, code)
        assert (await harness.write("fine", message_id="message-1")).taken  # its id is still free
        await harness.world.idle()
        assert (await harness.seen())[0].text == "fine"

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"x":1}', b"[" * 9_000])
    async def test_garbage_is_refused_and_nothing_breaks(self, harness: Harness, raw: bytes) -> None:
        refused = await harness.garbage(raw)
        assert (refused.taken, refused.code) == (False, harness.malformed)
        assert (await harness.write("fine", message_id="message-1")).taken
        await harness.world.idle()
        assert len(harness.world.engine.requests) == 1

    async def test_forged_papers_are_refused_and_nobody_is_called(self, harness: Harness) -> None:
        refused = await harness.unsigned()
        assert (refused.taken, refused.code) == (False, harness.forged)
        await harness.world.idle()
        assert harness.world.engine.requests == []

    async def test_what_the_store_cannot_take_was_not_taken(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(work: Any) -> Any:
            raise StoreError("host db.internal is down")

        assert (await harness.write("one", message_id="message-1")).taken
        await harness.world.idle()
        with monkeypatch.context() as patch:
            patch.setattr(harness.world.store, "write", broken)
            refused = await harness.write("two", message_id="message-2")
        assert not refused.taken
        assert "db.internal" not in refused.shown
        assert (await harness.write("two", message_id="message-2")).taken
        await harness.world.idle()
        assert [s.text for s in await harness.seen() if s.author == "customer"] == ["one", "two"]

    async def test_an_agents_words_look_like_the_bots_but_for_the_name(self, harness: Harness) -> None:
        await harness.write("person please", message_id="message-1")
        await harness.world.idle()
        world, ana = harness.world, await harness.world.agent()
        conversation = await world.conversation(await harness.address(), harness.channel)
        await world.desk.claim(ana, conversation.id)
        await world.desk.say(ana, conversation.id, text="for us", kind="note", client_id="1")
        await world.desk.say(ana, conversation.id, text="Hello there", kind="reply", client_id="2")
        seen = await harness.seen()
        name = "Ana" if harness.shows_names else ""
        assert seen[-1] == Seen(author="agent", text="Hello there", name=name)
        assert "for us" not in str(seen)
        assert (await harness.write("thanks", message_id="message-2")).taken
        await world.idle()
        assert (await harness.seen())[-1].text == "thanks"  # the bot does not talk over a person

    async def test_neither_words_nor_secrets_get_into_the_log(
        self, harness: Harness, capfd: pytest.CaptureFixture[str]
    ) -> None:
        await harness.write("my secret words", message_id="message-1")
        await harness.unsigned()
        await harness.garbage(b'{"my secret words": ')
        await until(lambda: not harness.world.dispatcher.active)
        logged = json.dumps(capfd.readouterr())
        assert "secret words" not in logged

    def test_every_exemption_names_a_case(self) -> None:
        cases = [name for name in dir(self) if name.startswith("test_")]
        assert set(self.exempt) <= set(cases)
        assert len(cases) - len(self.exempt) == self.runs

"""A person plays a customer: lines typed here become WhatsApp messages, and the business's answers are shown."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import SystemClock
from tests.fake_whatsapp.customer import Customer
from tests.fake_whatsapp.server import FakeWhatsApp
from tests.fake_whatsapp.shown import Said, Shown
from tests.support.small_files import PDF, PIXEL, VOICE, WEBP

HELP = """Type a text, or:
/press N          press button or row N of the newest choices
/photo [FILE]     send a picture            /document [FILE]  send a document
/voice            send a voice note         /sticker          send a sticker
/location [LAT LON]                         /contact NAME PHONE
/react EMOJI      to the newest message     /unreact
/edit TEXT        change your newest words  /revoke           delete them
/read             open the chat             /unsupported      send a poll
/block            /unblock                  /hide             take a user name: the phone disappears
/number PHONE     change your number        /echo TEXT        write as the shop, from its phone
/later HOURS      let time pass             /who              /help            /quit"""


class ShiftedClock(SystemClock):
    """The machine's time, which `/later` moves on."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return super().now() + self.shift


class Console:
    """One person at the keyboard."""

    def __init__(self, fake: FakeWhatsApp, customer: Customer, clock: ShiftedClock) -> None:
        self.fake, self.customer, self.clock = fake, customer, clock
        self.commands: dict[str, Callable[[list[str]], Awaitable[Said | str | None]]] = {
            "press": self._press,
            "photo": self._photo,
            "document": self._document,
            "voice": lambda _: customer.voice(VOICE),
            "sticker": lambda _: customer.sticker(WEBP),
            "location": self._location,
            "contact": lambda words: customer.contacts((words[0], words[1])),
            "react": lambda words: customer.react(customer.seen[-1], words[0]),
            "unreact": lambda _: customer.unreact(customer.seen[-1]),
            "edit": lambda words: customer.edit(customer.said[-1], " ".join(words)),
            "revoke": lambda _: customer.revoke(customer.said[-1]),
            "read": self._read,
            "unsupported": lambda _: customer.unsupported(),
            "block": self._block,
            "unblock": self._unblock,
            "hide": self._hide,
            "number": lambda words: customer.change_number(words[0].removeprefix("+")),
            "echo": lambda words: self.fake.echo(customer, " ".join(words)),
            "later": self._later,
            "who": self._who,
            "help": self._help,
        }

    async def take(self, line: str) -> str:
        """Do what a line says; return what to print."""
        line = line.strip()
        if not line:
            return ""
        if not line.startswith("/"):
            return outcome(await self.customer.write(line))
        try:
            name, *words = shlex.split(line[1:]) or [""]
            command = self.commands.get(name)
            if command is None:
                return f"There is no /{name}.\n{HELP}"
            done = await command(words)
        except (IndexError, ValueError, StopIteration, OSError, RuntimeError) as error:
            return f"Not possible: {error}"
        return outcome(done) if isinstance(done, Said) else done or ""

    async def watch(self) -> None:
        """Print what the business sends, for ever."""
        printed = 0
        while True:
            for shown in self.customer.seen[printed:]:
                print(describe(shown), flush=True)
            printed = len(self.customer.seen)
            await asyncio.sleep(0.1)

    async def _press(self, words: list[str]) -> Said:
        shown = next(s for s in reversed(self.customer.seen) if s.options)
        number = int(words[0])
        if shown.content["type"] == "list":
            return await self.customer.choose(number, of=shown)
        return await self.customer.press(number, of=shown)

    async def _photo(self, words: list[str]) -> Said:
        data = Path(words[0]).read_bytes() if words else PIXEL
        jpeg = bool(words) and words[0].lower().endswith((".jpg", ".jpeg"))
        return await self.customer.image(data, mime="image/jpeg" if jpeg else "image/png")

    async def _document(self, words: list[str]) -> Said:
        data = Path(words[0]).read_bytes() if words else PDF
        return await self.customer.document(data, Path(words[0]).name if words else "invoice.pdf")

    async def _location(self, words: list[str]) -> Said:
        latitude, longitude = (float(word) for word in words) if words else (52.5163, 13.3777)
        return await self.customer.location(latitude, longitude)

    async def _read(self, _: list[str]) -> str:
        await self.customer.read()
        return "All read."

    async def _block(self, _: list[str]) -> str:
        self.customer.block()
        return "The shop is blocked; it is not told."

    async def _unblock(self, _: list[str]) -> str:
        self.customer.block(blocked=False)
        return "The shop can write again."

    async def _hide(self, words: list[str]) -> str:
        await self.customer.hide_phone(*words[:1])
        return f"You are @{self.customer.identity.username} now; your phone is in no webhook."

    async def _later(self, words: list[str]) -> str:
        self.clock.shift += timedelta(hours=float(words[0]))
        until = self.customer.window_until
        window = "open" if until and until > self.clock.now() else "closed"
        return f"It is {self.clock.now():%d %b %H:%M} here; the 24-hour window is {window}."

    async def _who(self, _: list[str]) -> str:
        return f"{self.customer.identity}"

    async def _help(self, _: list[str]) -> str:
        return HELP


def outcome(said: Said) -> str:
    """Say whether the business took it."""
    if said.statuses[-1:] == [200]:
        return ""
    answer = (
        f"answered {said.statuses[-1]}" if said.statuses and said.statuses[-1] else "could not be reached"
    )
    return f"  (the webhook {answer}; it is sent again)"


def describe(shown: Shown) -> str:
    """Write a message of the business for a terminal."""
    who = "shop's phone" if shown.author == "app" else "shop"
    what = "" if shown.type in {"text", "interactive"} else f"[{shown.type}] "
    if shown.file:
        what = f"[{shown.type}, {shown.file.mime}, {len(shown.file.data)} bytes] "
    lines = [f"{who}> {what}{shown.text}"]
    if shown.type == "interactive" and shown.content["type"] == "list":
        lines.append(f"      = {shown.content['action']['button']} =")
    for number, option in enumerate(shown.options, 1):
        lines.append(f"      {number}) {option.title}  {option.description}".rstrip())
    return "\n".join(lines)

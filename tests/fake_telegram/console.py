"""A person plays a customer: lines typed here become Telegram updates, and the bot's messages are shown."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.fake_telegram.customer import Customer
from tests.fake_telegram.server import FakeTelegram
from tests.fake_telegram.shown import Said, Shown
from tests.support.small_files import PDF, PIXEL, VOICE

HELP = """Type a text, or:
/start [PAYLOAD]  press Start               /press N          press button N of the newest ones
/photo [FILE]     send a picture            /document [FILE]  send a document
/album N          send N pictures as one    /voice            send a voice note
/location [LAT LON]                         /sticker          /poll
/contact own      share your number         /contact NAME PHONE  share somebody's
/quote TEXT       answer the newest message /edit TEXT        change your newest words
/react EMOJI      to the newest message     /block   /unblock
/raw TEXT         send TEXT as it stands (for commands)
/who              /help                     /quit"""


class Console:
    """One person at the keyboard."""

    def __init__(self, fake: FakeTelegram, customer: Customer) -> None:
        self.fake, self.customer = fake, customer
        self.commands: dict[str, Callable[[list[str]], Awaitable[Said | list[Said] | str]]] = {
            "start": lambda words: customer.start(" ".join(words)),
            "press": lambda words: customer.press(int(words[0])),
            "photo": lambda words: customer.photo(Path(words[0]).read_bytes() if words else PIXEL),
            "document": self._document,
            "album": lambda words: customer.album([PIXEL] * int(words[0])),
            "voice": lambda _: customer.voice(VOICE),
            "sticker": lambda _: customer.sticker(),
            "poll": lambda _: customer.poll(),
            "location": self._location,
            "contact": self._contact,
            "quote": lambda words: customer.write(" ".join(words), quote=customer.seen[-1].id),
            "edit": self._edit,
            "react": lambda words: customer.react(words[0]),
            "block": lambda _: customer.block(),
            "unblock": lambda _: customer.unblock(),
            "raw": lambda words: customer.write(" ".join(words)),
            "who": self._who,
            "help": self._help,
        }

    async def take(self, line: str) -> str:
        """Do what a line says; return what to print."""
        line = line.strip()
        if not line:
            return ""
        if not line.startswith("/"):
            return outcome([await self.customer.write(line)])
        try:
            name, *words = shlex.split(line[1:]) or [""]
            command = self.commands.get(name)
            if command is None:
                return f"There is no /{name}.\n{HELP}"
            done = await command(words)
        except (
            IndexError,
            KeyError,
            ValueError,
            StopIteration,
            OSError,
            RuntimeError,
            AssertionError,
        ) as error:
            return f"Not possible: {error}"
        return done if isinstance(done, str) else outcome(done if isinstance(done, list) else [done])

    async def watch(self) -> None:
        """Print what the bot sends and changes, for ever."""
        printed: dict[int, str] = {}
        typing = False
        while True:
            for shown in self.customer.seen:
                now = describe(shown)
                if printed.get(shown.id) != now:
                    print(f"(changed) {now}" if shown.id in printed else now, flush=True)
                printed[shown.id] = now
            if self.customer.sees_typing and not typing:
                print("bot is typing...", flush=True)
            typing = self.customer.sees_typing
            await asyncio.sleep(0.1)

    async def _document(self, words: list[str]) -> Said:
        if not words:
            return await self.customer.document(PDF)
        return await self.customer.document(Path(words[0]).read_bytes(), Path(words[0]).name)

    async def _location(self, words: list[str]) -> Said:
        latitude, longitude = (float(word) for word in words) if words else (52.5163, 13.3777)
        return await self.customer.location(latitude, longitude)

    async def _contact(self, words: list[str]) -> Said:
        if words[:1] in ([], ["own"]):
            return await self.customer.contact()
        return await self.customer.contact(words[1], own=False, name=words[0])

    async def _edit(self, words: list[str]) -> Said:
        newest = next(said for said in reversed(self.customer.said) if said.kind == "text")
        return await self.customer.edit(newest, " ".join(words))

    async def _who(self, _: list[str]) -> str:
        return f"{self.customer.user}"

    async def _help(self, _: list[str]) -> str:
        return HELP


def outcome(done: list[Said]) -> str:
    """Say whether the bot took it."""
    for said in done:
        if said.update is None:
            return "  (the bot is not told: it did not ask for such updates)"
        if said.statuses and not 200 <= said.statuses[-1] < 300:
            what = f"answered {said.statuses[-1]}" if said.statuses[-1] else "could not be reached"
            return f"  (the webhook {what}; it is sent again)"
    return ""


def describe(shown: Shown) -> str:
    """Write a message of the bot for a terminal."""
    if shown.deleted:
        return "bot> (deleted)"
    what = f"[{shown.kind}] " if shown.kind != "text" else ""
    if shown.file:
        what = f"[{shown.kind}, {shown.file.name}, {len(shown.file.data)} bytes] "
    lines = [f"bot> {what}{shown.text}"]
    lines += [f"      {number}) {title}" for number, title in enumerate(shown.buttons, 1)]
    lines += [f"      [{title}]" for title in shown.keys]
    return "\n".join(lines)

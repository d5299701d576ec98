"""The platform: takes bots' calls, refuses what the real one refuses, and tells bots what people do."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from bot.clock import SystemClock
from bot.ports import Clock
from tests.fake_telegram import params as parameters
from tests.fake_telegram.bot import Bot
from tests.fake_telegram.chats import Chat
from tests.fake_telegram.customer import Customer
from tests.fake_telegram.errors import Refused, flood
from tests.fake_telegram.faults import Broken, Drop, Fault, Faults, Flood, Held, Lose, Refuse, Slow
from tests.fake_telegram.files import Shelf
from tests.fake_telegram.limits import Limits
from tests.fake_telegram.methods import METHODS, SENDING
from tests.fake_telegram.params import Params
from tests.fake_telegram.payloads import User
from tests.support.http_server import HANG_UP, HttpServer, Request, Response, as_json

TOKEN = "700000001:a-token-of-the-tests-0123456789abcdef"
USERNAME = "baton_test_bot"
# Calls that may not ride on the answer to a webhook.
NOT_BY_WEBHOOK = ("get", "setwebhook", "deletewebhook", "close", "logout")


@dataclass(kw_only=True, slots=True)
class Call:
    """One call of a bot, and what became of it."""

    bot: int
    method: str
    params: Params
    at: datetime
    status: int = 0
    """0: the client got no answer."""
    description: str = ""
    """Why it was refused."""
    fault: Fault | None = None
    done: bool = False
    """Whether it was carried out, whatever the client knows of that."""

    @property
    def sends(self) -> bool:
        return self.method in SENDING


class FakeTelegram(HttpServer):
    """The Bot API and the people behind it, while the `async with` lasts."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        port: int = 0,
        local: bool = True,
        scale: float = 1.0,
    ) -> None:
        """Not `local` are the addresses that the platform itself takes for webhooks: https, four ports.

        `scale` is how long a second of the platform lasts between attempts to deliver.
        """
        super().__init__(port=port)
        self.clock: Clock = clock or SystemClock()
        self.limits, self.local, self.scale = limits or Limits(), local, scale
        self.shelf, self.faults = Shelf(), Faults(usual="send")
        self.calls: list[Call] = []
        self.violations: list[str] = []
        """Calls that were wrong in themselves; a well-behaved client has none."""
        self.bots: dict[str, Bot] = {}
        self._people = itertools.count(5_100_000_001)

    async def __aenter__(self) -> FakeTelegram:
        await self.start()
        self.bot = self.new_bot()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bot in self.bots.values():
            await bot.courier.close()
        await self.stop()

    # --- the test's hand -----------------------------------------------------------------------

    def new_bot(self, token: str = TOKEN, username: str = USERNAME, name: str = "Baton") -> Bot:
        """Make a bot; the first is there from the beginning."""
        bot = self.bots[token] = Bot(self, token, username, name)
        bot.courier.scale = self.scale
        return bot

    def customer(
        self,
        chat_id: int = 0,
        name: str = "Ada",
        *,
        last_name: str = "",
        username: str = "",
        language: str = "en",
        bot: Bot | None = None,
    ) -> Customer:
        """Introduce a person; the private chat with them has their id."""
        user = User(
            id=chat_id or next(self._people),
            first_name=name,
            last_name=last_name,
            username=username,
            language_code=language,
        )
        bot = bot or self.bot
        chat = bot.chats.setdefault(user.id, Chat(id=user.id, person=user))
        return Customer(bot, user, chat)

    def group(self, title: str = "Friends", *, supergroup: bool = True, bot: Bot | None = None) -> Chat:
        """Make a group that the bot is not in yet; `customer.into(group)` writes there."""
        number = next(self._people)
        chat = Chat(
            id=-1_000_000_000_000 - number if supergroup else -number,
            kind="supergroup" if supergroup else "group",
            title=title,
            standing="left",
            numbers=itertools.count(1) if supergroup else None,
        )
        (bot or self.bot).chats[chat.id] = chat
        return chat

    async def settle(self) -> None:
        """Wait until every update has been taken by its webhook or given up."""
        for bot in self.bots.values():
            await bot.courier.settle()

    def sent(self, *methods: str) -> list[Call]:
        """Return the calls of these methods; without any, those that write to a chat."""
        wanted = {method.lower() for method in methods}
        return [call for call in self.calls if (call.method in wanted if wanted else call.sends)]

    def repeated(self) -> list[tuple[int, str]]:
        """Return what was shown more than once in one chat: the chat, and the words."""
        counts = Counter(
            (chat.id, shown.text) for bot in self.bots.values() for chat in bot.chats.values()
            for shown in chat.shown if shown.text
        )  # fmt: skip
        return [what for what, count in counts.items() if count > 1]

    # --- bots' calls ---------------------------------------------------------------------------

    async def answer(self, request: Request) -> Response:
        """Answer one request: /bot<TOKEN>/<method> or /file/bot<TOKEN>/<path>; clients may escape the colon."""
        found = re.fullmatch(r"/(file/)?bot([^/]+)/(.+)", unquote(request.path))
        if not found:
            return Refused(404).response()
        file, token, rest = found.groups()
        try:
            bot = self._authorise(token)
        except Refused as refused:
            return refused.response()
        if file:
            return await self._file(bot, rest)
        return await self._call(bot, rest.lower(), request)

    def _authorise(self, token: str) -> Bot:
        # What does not look like a token is 404 to the platform, a token that nobody has is 401.
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise Refused(404)
        if token not in self.bots:
            raise Refused(401)
        return self.bots[token]

    async def perform(self, bot: Bot, method: str, params: Params) -> None:
        """Carry out a call that came with the answer to a webhook; nobody hears what became of it."""
        if not method.lower().startswith(NOT_BY_WEBHOOK):
            call = Call(bot=bot.user.id, method=method.lower(), params=params, at=self.clock.now())
            self.calls.append(call)
            await self._work(bot, call)

    async def _call(self, bot: Bot, method: str, request: Request) -> Response:
        call = Call(bot=bot.user.id, method=method, params=Params(values={}), at=self.clock.now())
        self.calls.append(call)
        try:
            call.params = parameters.read(request)
        except Refused as refused:
            return self._refuse(call, refused)
        fault = self._next_fault(call)
        return await self._suffer(fault, call, bot)

    def _next_fault(self, call: Call) -> Any:
        call.fault = self.faults.next(call.method) or (self.faults.next("send") if call.sends else None)
        return call.fault

    async def _suffer(self, fault: Any, call: Call, bot: Bot) -> Response:
        """Answer a call, or let happen what was planned for it."""
        if isinstance(fault, Drop):
            return HANG_UP
        if isinstance(fault, Broken):
            call.status = fault.status
            return Response(status=fault.status, body=b"<html>Bad Gateway</html>")
        if isinstance(fault, Flood):
            return self._refuse(call, flood(fault.seconds))
        if isinstance(fault, Refuse):
            return self._refuse(call, Refused(fault.code, fault.details))
        response = await self._work(bot, call)
        if isinstance(fault, Lose):
            call.status = 0
            return HANG_UP
        if isinstance(fault, Held):
            await fault.until.wait()
        await asyncio.sleep(fault.seconds if isinstance(fault, Slow) else 0)
        return response

    async def _work(self, bot: Bot, call: Call) -> Response:
        method = METHODS.get(call.method)
        try:
            if method is None:
                raise Refused(404, "method not found", ours=True)
            result = await method(bot, call.params)
        except Refused as refused:
            return self._refuse(call, refused)
        call.status, call.done = 200, True
        return as_json({"ok": True, "result": result})

    def _refuse(self, call: Call, refused: Refused) -> Response:
        call.status, call.description = refused.code, refused.description
        if refused.ours:
            self.violations.append(f"{call.method}: {refused.description}")
        return refused.response()

    async def _file(self, bot: Bot, path: str) -> Response:
        """Give a file. Its address contains the token, so nobody else must ever see it."""
        fault: Any = self.faults.next("file")
        if isinstance(fault, Drop | Lose):
            return HANG_UP
        if isinstance(fault, Broken):
            return Response(status=fault.status)
        await asyncio.sleep(fault.seconds if isinstance(fault, Slow) else 0)
        file = self.shelf.download(bot.user.id, path, self.clock.now())
        if file is None:
            return Refused(404).response()
        # What the platform calls a file is not to be relied on: everything is a stream of bytes.
        return Response(body=file.data, headers={"content-type": "application/octet-stream"})

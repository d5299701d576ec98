"""The only network code: calls of the Bot API by python-telegram-bot, never repeated here.

The token is part of every address, so no address and no error text of the library goes into a log.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
)
from telegram.request import HTTPXRequest

from bot.ports import MetricsPort
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.errors import TOO_BIG, UNKNOWN
from connectors.channels.telegram.refusals import Refused, Told
from connectors.channels.telegram.render import Call

CONNECT_LIMIT, LIMIT, TRANSFER_LIMIT = 5.0, 20.0, 120.0
POLL_FOR = 25
"""Seconds that Telegram holds a poll open."""


class Client:
    """Speaks for one bot; counts every call as `telegram_calls`."""

    def __init__(self, account: Account, metrics: MetricsPort) -> None:
        self._account, self._metrics = account, metrics
        base = f"{account.api_url}/bot"
        # Neither proxies nor .netrc of the machine: the settings say everything.
        ours = {"trust_env": False, "verify": _trust()}
        limits: dict[str, Any] = {"connect_timeout": CONNECT_LIMIT, "httpx_kwargs": ours}
        self._calls = HTTPXRequest(
            connection_pool_size=64,
            read_timeout=LIMIT,
            write_timeout=LIMIT,
            media_write_timeout=TRANSFER_LIMIT,
            **limits,
        )
        # A poll stays open for long: with a pool of its own it takes nobody's place.
        self._polls = (
            HTTPXRequest(connection_pool_size=1, read_timeout=POLL_FOR + 10.0, **limits)
            if account.polls
            else self._calls
        )
        self._bot = Bot(
            account.token.reveal(),
            base_url=base,
            base_file_url=f"{account.api_url}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )
        self._base = f"{base}{account.token.reveal()}"

    async def start(self) -> None:
        """Make the pools of connections; nothing is asked yet."""
        await self._calls.initialize()
        await self._polls.initialize()

    async def stop(self) -> None:
        """Close them."""
        await self._calls.shutdown()
        await self._polls.shutdown()

    # --- sending

    async def send(self, chat_id: int, call: Call, content: bytes | None = None) -> int:
        """Make one call of a message and return Telegram's number of it. Raises Refused or Lost."""
        keyboard = _keyboard(call)
        with Told(self._metrics, call.kind):
            if call.kind == "text":
                sent = await self._bot.send_message(
                    chat_id,
                    call.text,
                    parse_mode="HTML" if call.html else None,
                    reply_markup=keyboard,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )
            elif call.kind == "location":
                sent = await self._bot.send_location(chat_id, **call.place)
            else:
                sent = await self._send_file(chat_id, call, content)
        return sent.message_id

    async def _send_file(self, chat_id: int, call: Call, content: bytes | None) -> Any:
        file = call.file
        if file is None:
            raise Refused(UNKNOWN)
        # What is elsewhere Telegram fetches itself; ours goes with the call, under no address at all.
        what = file.url if content is None else InputFile(content, filename=file.name or "file")
        send = getattr(self._bot, f"send_{call.kind}")
        limits = {"write_timeout": TRANSFER_LIMIT, "read_timeout": TRANSFER_LIMIT}
        return await send(chat_id, what, caption=call.text or None, **limits)

    async def typing(self, chat_id: int) -> None:
        """Show that an answer is being written. Raises Refused or Lost."""
        await self._ask("sendChatAction", chat_id=chat_id, action="typing")

    async def answer(self, press_id: str) -> None:
        """Stop the spinning of a pressed button. Raises Refused or Lost."""
        await self._ask("answerCallbackQuery", callback_query_id=press_id)

    async def drop_keyboard(self, chat_id: int, message_id: int) -> None:
        """Take the buttons off a message. Raises Refused or Lost."""
        await self._ask("editMessageReplyMarkup", chat_id=chat_id, message_id=message_id)

    async def leave(self, chat_id: int, text: str) -> None:
        """Say a last word in a group and leave it. Raises Refused or Lost."""
        try:
            if text:
                await self.send(chat_id, Call(kind="text", text=text))
        finally:
            # Also where bots may not write.
            await self._ask("leaveChat", chat_id=chat_id)

    # --- files

    async def download(self, file_id: str, *, most: int) -> bytes:
        """Return a file's content; nothing is read of one that has more bytes. Raises Refused or Lost."""
        with Told(self._metrics, "getFile"):
            file = await self._bot.get_file(file_id)
        # A Bot API server of one's own gives files of any size.
        if (file.file_size or 0) > most:
            raise Refused(TOO_BIG)
        with Told(self._metrics, "file"):
            return bytes(await file.download_as_bytearray(read_timeout=TRANSFER_LIMIT))

    # --- receiving

    async def updates(self, offset: int | None, kinds: str) -> list[dict[str, Any]]:
        """Wait for updates and return them as they came. Raises Refused, Lost or Conflict.

        They are not read by the library: one that it cannot read would be lost with all that come with it.
        """
        wanted = {"timeout": POLL_FOR, "limit": 100, "allowed_updates": kinds}
        wanted |= {} if offset is None else {"offset": offset}
        found = await self._ask("getUpdates", request=self._polls, **wanted)
        return cast("list[dict[str, Any]]", found) if isinstance(found, list) else []

    async def set_webhook(self, url: str, kinds: str) -> None:
        """Have Telegram call us; the same again changes nothing. Raises Refused or Lost."""
        secret = self._account.secret.reveal()
        await self._ask("setWebhook", url=url, secret_token=secret, allowed_updates=kinds)

    async def delete_webhook(self) -> None:
        """Have Telegram keep what comes until we ask for it. Raises Refused or Lost."""
        await self._ask("deleteWebhook")

    async def webhook_info(self) -> dict[str, Any]:
        """Return what Telegram says of our webhook. Raises Refused or Lost."""
        return _table(await self._ask("getWebhookInfo"))

    async def me(self) -> dict[str, Any]:
        """Return what Telegram says of the bot. Raises Refused or Lost."""
        return _table(await self._ask("getMe"))

    async def _ask(self, method: str, *, request: HTTPXRequest | None = None, **values: Any) -> Any:
        url = f"{self._base}/{method}?{urlencode(values)}"
        with Told(self._metrics, method):
            return await (request or self._calls).post(url)


@cache
def _trust() -> ssl.SSLContext:
    """Return the public authorities; to read them takes longer than all else at a start."""
    return httpx.create_ssl_context(trust_env=False)


def _keyboard(call: Call) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    if call.ask_contact:
        key = KeyboardButton(call.ask_contact, request_contact=True)
        return ReplyKeyboardMarkup([[key]], resize_keyboard=True, one_time_keyboard=True)
    if not call.buttons:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(title, callback_data=token) for title, token in row] for row in call.buttons]
    )


def _table(found: object) -> dict[str, Any]:
    return dict(found) if isinstance(found, Mapping) else {}

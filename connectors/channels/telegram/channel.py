"""Telegram as the core sees it: all bots behind the `Channel` port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import structlog

from bot.domain.errors import DeliveryFailed, FetchFailed, StoreError, TooLarge, UnknownFile
from bot.domain.media import media_id, remote_ref
from bot.domain.message import Attachment
from bot.ports import Capabilities, Clock, MetricsPort, Sending, Sent
from connectors.channels.core import Files
from connectors.channels.core.pacing import Pacing
from connectors.channels.telegram import render
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.errors import TOO_BIG, TOO_BIG_TO_SEND, Action
from connectors.channels.telegram.parsed import NAME, external_id

if TYPE_CHECKING:
    from connectors.channels.telegram.client import Client
    from connectors.channels.telegram.refusals import Refused

log = structlog.get_logger(__name__)
CHAT_EVERY, CHAT_BURST = 1.0, 3
"""About one message a second to a chat; short bursts pass."""
BOT_EVERY, BOT_BURST = 1 / 25, 4
"""About 30 a second over all chats: no second has more, the burst included."""
MANY = 10_000
MAX_DOWNLOAD = 20_000_000
"""Bytes that a bot may fetch."""
NO_BOT = "This Telegram bot is not connected any more."
NOTHING = "There is nothing in this message that Telegram can show."
LOST = "The connection to Telegram broke: the message may have arrived."
FILE_GONE = "The file is not there any more."


class TelegramChannel:
    """Sends to customers of all bots, and fetches their files."""

    name = NAME
    capabilities = Capabilities(
        pushes=True,
        gathers_fragments=True,
        max_text=render.MAX_TEXT,
        max_choices=render.MAX_BUTTONS,
    )

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        files: Files,
        clock: Clock,
        metrics: MetricsPort,
        max_file: int,
    ) -> None:
        """`max_file` is how many bytes a customer's file may have."""
        self._accounts, self._files, self._metrics = accounts, files, metrics
        self._max_file = min(max_file, MAX_DOWNLOAD)
        self.clients: dict[str, Client] = {}
        self._chats = Pacing(clock, every=CHAT_EVERY, burst=CHAT_BURST)
        self._bots = Pacing(clock, every=BOT_EVERY, burst=BOT_BURST)
        self._bare: set[tuple[str, int, int]] = set()
        """Messages whose buttons are gone, or are being taken off."""
        self.alarms: set[str] = set()
        """Bots whose token is not accepted."""

    async def start(self) -> None:
        """Open connections; nothing is asked yet."""
        # Here, because the library takes more than a second to import.
        from connectors.channels.telegram.client import Client

        for name, account in self._accounts.items():
            self.clients[name] = Client(account, self._metrics)
            await self.clients[name].start()

    async def stop(self) -> None:
        """Close them."""
        for client in self.clients.values():
            await client.stop()
        self.clients.clear()

    def joins(self, account: str) -> bool:
        """Say no: messages cost nothing here."""
        return False

    async def ready(self, *, account: str, address: str) -> None:
        """Wait until the pace of this chat, and of the bot as a whole, allows one more message."""
        await self._chats.ready(f"{account}\n{address}")
        await self._bots.ready(account)

    async def drop_keyboard(self, *, account: str, chat_id: int, message_id: int) -> None:
        """Take the buttons off a message, in its turn: edits count as messages. Raises Refused or Lost.

        Once for each message: who presses ten times must not wait ten seconds for the answer.
        """
        place = (account, chat_id, message_id)
        if place in self._bare:
            return
        if len(self._bare) >= MANY:
            self._bare.clear()
        self._bare.add(place)
        try:
            await self.ready(account=account, address=str(chat_id))
            await self.clients[account].drop_keyboard(chat_id, message_id)
        except Exception:
            self._bare.discard(place)
            raise

    async def send(self, sending: Sending) -> Sent:
        """Send one part of a message. Raises DeliveryFailed."""
        client = self.clients.get(sending.account)
        if client is None or not sending.address.lstrip("-").isdecimal():
            raise DeliveryFailed(NO_BOT)
        calls = render.calls(sending.message)
        if sending.part >= len(calls):
            raise DeliveryFailed(NOTHING)
        more = sending.part + 1 < len(calls)
        try:
            number = await self._send(client, sending, calls[sending.part])
        except DeliveryFailed as error:
            error.more = more
            raise
        self.alarms.discard(sending.account)
        return Sent(external_id=external_id(int(sending.address), number), more=more)

    async def _send(self, client: Client, sending: Sending, call: render.Call) -> int:
        from connectors.channels.telegram.refusals import Conflict, Lost, Refused

        content = await self._content(call)
        while True:
            try:
                return await client.send(int(sending.address), call, content)
            except Refused as refused:
                if refused.plainer and call.plain is not None:
                    call = call.plain  # the same words or the same file, in a form that passes
                    continue
                raise self._failure(sending, refused) from None
            except (Lost, Conflict):
                raise DeliveryFailed(LOST, outcome_unknown=True) from None

    async def _content(self, call: render.Call) -> bytes | None:
        """Return the bytes of a file of ours; None for what is elsewhere."""
        if call.file is None or not media_id(call.file):
            return None
        try:
            file = await self._files.open(call.file)
            if file.size > render.MAX_FILE:
                raise DeliveryFailed(TOO_BIG_TO_SEND.words)
            return b"".join([part async for part in file.stream])
        except UnknownFile:
            raise DeliveryFailed(FILE_GONE) from None
        except StoreError:
            raise DeliveryFailed("The file could not be read.", retryable=True) from None

    def _failure(self, sending: Sending, refused: Refused) -> DeliveryFailed:
        rule, wait = refused.rule, refused.retry_after
        self._metrics.count("telegram_refused", action=rule.action.value)
        if wait is not None:
            self._chats.hold(f"{sending.account}\n{sending.address}", wait)
        if rule.action is Action.ALARM and sending.account not in self.alarms:
            self.alarms.add(sending.account)
            log.error("telegram_needs_attention", account=sending.account, advice=rule.advice)
        retry = rule.action in (Action.RETRY, Action.ALARM)
        return DeliveryFailed(rule.words, retryable=retry, retry_after=wait)

    async def typing(self, *, account: str, address: str, message_id: str = "") -> None:
        """Show that an answer is being written; Telegram shows it for five seconds."""
        client = self.clients.get(account)
        if client is None:
            return
        try:
            await client.typing(int(address))
        except Exception as error:
            log.debug("telegram_typing_not_shown", error=type(error).__name__)

    async def seen(self, *, account: str, address: str, message_id: str) -> None:
        """Do nothing: bots cannot show that something was read."""

    async def fetch(self, attachment: Attachment, *, account: str) -> AsyncIterator[bytes]:
        """Yield a customer's file.

        Raises:
            UnknownFile: Telegram has it no more.
            TooLarge: it is larger than is taken, or than bots may fetch.
            FetchFailed: it may work later.
        """
        from connectors.channels.telegram.refusals import Conflict, Lost, Refused

        client = self.clients.get(account)
        if client is None or not remote_ref(attachment):
            raise UnknownFile
        if (attachment.size or 0) > self._max_file:
            raise _too_large(self._max_file)
        try:
            content = await client.download(remote_ref(attachment), most=self._max_file)
        except (Lost, Conflict):
            raise FetchFailed from None
        except Refused as refused:
            if refused.rule is TOO_BIG:
                raise _too_large(self._max_file) from None
            if refused.rule.action in (Action.RETRY, Action.ALARM):
                raise FetchFailed from None
            raise UnknownFile from None
        yield content


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A file may have at most {limit // 1_000_000} MB.", limit=limit)

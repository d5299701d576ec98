"""WhatsApp as the core sees it: all numbers behind the `Channel` port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta

from bot.domain.errors import DeliveryFailed, FetchFailed, TooLarge, UnknownFile
from bot.domain.media import remote_ref
from bot.domain.message import Attachment
from bot.ports import Capabilities, Clock, MetricsPort, Sending, Sent
from connectors.channels.core import Files
from connectors.channels.whatsapp import render
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.answers import Media, Refused
from connectors.channels.whatsapp.checksum import Checksum
from connectors.channels.whatsapp.client import Client, Lost, NotSent
from connectors.channels.whatsapp.errors import rule
from connectors.channels.whatsapp.holds import Holds
from connectors.channels.whatsapp.incoming import WINDOW
from connectors.channels.whatsapp.late import Late
from connectors.channels.whatsapp.reading import NAME
from connectors.channels.whatsapp.sending import FileUrl, Outgoing, WindowOver, ref_of
from connectors.channels.whatsapp.troubles import Troubles

LABEL = "utter_system_show_choices"
"""The response that opens a list: at most 20 characters."""
TYPING_LASTS = timedelta(seconds=20)
"""A little less than the platform shows it for."""
MANY = 10_000
NO_NUMBER = "This WhatsApp number is not connected any more."
NOTHING = "There is nothing in this message that WhatsApp can show."


class WhatsAppChannel:
    """Sends to customers of all numbers, and fetches their files."""

    name = NAME
    capabilities = Capabilities(
        pushes=True,
        gathers_fragments=True,
        max_text=render.MAX_TEXT,
        max_choices=render.MAX_ROWS,
        numbers_choices=True,
        keeps_customer_for=WINDOW.total_seconds(),
    )

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        files: Files,
        clock: Clock,
        metrics: MetricsPort,
        max_file: int,
        words: Callable[[str], str],
        file_url: FileUrl | None = None,
    ) -> None:
        """`max_file` is in bytes; `words` gives the trainers' responses by name.

        `file_url` says where a customer finds a file that WhatsApp takes in no form; without it such a
        file is shown to agents as not sent.
        """
        self._accounts, self._clock, self._max_file, self._words = accounts, clock, max_file, words
        self.troubles = Troubles(clock)
        self._client, self._holds = Client(metrics), Holds(clock)
        self._outgoing = Outgoing(
            client=self._client,
            files=files,
            holds=self._holds,
            troubles=self.troubles,
            metrics=metrics,
            file_url=file_url,
        )
        self._shown: dict[str, tuple[datetime, bool]] = {}
        self._late = Late(outgoing=self._outgoing, troubles=self.troubles, clock=clock)

    async def start(self) -> None:
        """Open connections; nothing is asked yet."""
        await self._client.start()

    async def stop(self) -> None:
        """Close them."""
        await self._client.stop()

    def joins(self, account: str) -> bool:
        """Say whether the texts of one answer are to be one message: each costs and counts."""
        known = self._accounts.get(account)
        return known is not None and known.join_bubbles

    async def ready(self, *, account: str, address: str) -> None:
        """Wait until the platform's pace allows one more message; nothing is sent yet."""
        await self._holds.ready(account, address)

    async def send(self, sending: Sending) -> Sent:
        """Send one bubble of a message. Raises DeliveryFailed."""
        account = self._accounts.get(sending.account)
        if account is None:
            raise DeliveryFailed(NO_NUMBER)
        if not sending.window_open:
            return await self._late.send(account, sending)
        calls = render.calls(sending.message, label=self._label())
        if sending.part >= len(calls):
            raise DeliveryFailed(NOTHING)
        ref, more = ref_of(sending.message), sending.part + 1 < len(calls)
        try:
            sent = await self._outgoing.send(account, calls[sending.part], address=sending.address, ref=ref)
        except WindowOver:
            return await self._late.send(account, sending)
        except DeliveryFailed as error:
            error.more = more
            raise
        return Sent(external_id=sent, more=more)

    async def typing(self, *, account: str, address: str, message_id: str = "") -> None:
        """Show that an answer to a message is being written; WhatsApp marks it as read with that."""
        await self._mark(account, message_id, typing=True)

    async def seen(self, *, account: str, address: str, message_id: str) -> None:
        """Show the customer that their message was read."""
        await self._mark(account, message_id, typing=False)

    async def fetch(self, attachment: Attachment, *, account: str) -> AsyncIterator[bytes]:
        """Yield a customer's file, by an address asked for anew; checked against the platform's checksum.

        Raises:
            UnknownFile: the platform has it no more.
            TooLarge: the platform says that it is larger than is taken.
            FetchFailed: it may work later.
        """
        known = self._accounts.get(account)
        if known is None:
            raise UnknownFile
        media = await self._media(known, remote_ref(attachment))
        checksum = Checksum(media.sha256)
        try:
            async for piece in self._client.download(known, media.url):
                checksum.add(piece)
                yield piece
        except (NotSent, Lost):
            raise FetchFailed from None
        if not checksum.right:
            raise FetchFailed

    async def _media(self, account: Account, media_id: str) -> Media:
        if not media_id:
            raise UnknownFile
        try:
            media = await self._client.media(account, media_id)
        except (NotSent, Lost):
            raise FetchFailed from None
        except Refused as refused:
            # Whatever else is wrong with a call that names nothing but the file: it is gone.
            known = rule(refused.code)
            if refused.code is not None:
                self.troubles.note(account.name, known, refused.code)
            if refused.retryable or refused.unknown or known.stops:
                raise FetchFailed from None
            raise UnknownFile from None
        if media.file_size is not None and media.file_size > self._max_file:
            limit = self._max_file
            raise TooLarge(f"A file may have at most {limit / 1_000_000:g} MB.", field="file", limit=limit)
        return media

    async def _mark(self, account: str, message_id: str, *, typing: bool) -> None:
        """Mark a message; a piece of a long one has a number behind the platform's id."""
        known, now = self._accounts.get(account), self._clock.now()
        wamid = message_id.partition("#")[0]
        if known is None or not wamid or self.troubles.stopped(account):
            return
        last = self._shown.get(wamid)
        # To show that we write says that it is read as well.
        if last is not None and now - last[0] < TYPING_LASTS and (last[1] or not typing):
            return
        if len(self._shown) >= MANY:
            self._shown = {k: one for k, one in self._shown.items() if now - one[0] < TYPING_LASTS}
        self._shown[wamid] = now, typing
        try:
            await self._client.post_mark(known, render.read_mark(wamid, typing=typing))
        except (Refused, NotSent, Lost):
            return  # a sign that is missing harms nobody

    def _label(self) -> str:
        try:
            return self._words(LABEL)
        except KeyError:
            return ""

"""Takes one update in: stores what it holds, and does what Telegram wants done about it."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.domain.arrival import Arrival
from bot.domain.errors import DomainError, OtherCustomer, PayloadRejected, StoreError
from bot.domain.message import InboundMessage
from bot.ports import Bus, Clock, MetricsPort
from connectors.channels.core import Arrivals, Links, Words
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.background import Background
from connectors.channels.telegram.channel import TelegramChannel
from connectors.channels.telegram.parse import parse
from connectors.channels.telegram.parsed import NAME, Parsed, Press

log = structlog.get_logger(__name__)
NO_GROUPS = "utter_system_no_groups"
TOLD_EVERY, LEFT_EVERY = 3600.0, 60.0
"""Seconds between two times that a group is told, and that it is left."""
TRIES = 5
"""How often an update is taken that breaks us, before it is passed over for the sake of the others."""
MANY = 1_000


class Taking:
    """What has been taken is stored for good."""

    def __init__(
        self,
        *,
        channel: TelegramChannel,
        arrivals: Arrivals,
        links: Links,
        words: Words,
        bus: Bus,
        clock: Clock,
        metrics: MetricsPort,
        background: Background,
    ) -> None:
        """`words` has what groups are told."""
        self._channel, self._arrivals, self._links, self._words = channel, arrivals, links, words
        self._bus, self._clock, self._metrics, self._background = bus, clock, metrics, background
        self._broken: dict[tuple[str, int], int] = {}

    async def take(self, account: Account, raw: bytes) -> None:
        """Store what an update holds. Raises PayloadRejected, StoreError.

        Nobody behind an update that breaks us again and again must wait for it for good.
        """
        parsed = parse(raw, account=account.name, now=self._clock.now())
        try:
            await self._take(account.name, parsed)
        except (StoreError, PayloadRejected):
            raise
        except Exception as error:
            log.exception("telegram_update_broke", account=account.name, error=type(error).__name__)
            if not self._is_hopeless((account.name, parsed.update_id)):
                raise
            self._metrics.count("ignored", channel=NAME, reason="broke")

    def _is_hopeless(self, update: tuple[str, int]) -> bool:
        tries = self._broken.pop(update, 0) + 1
        if tries >= TRIES or len(self._broken) >= MANY:
            return True
        self._broken[update] = tries
        return False

    async def _take(self, account: str, parsed: Parsed) -> None:
        press = parsed.press
        if press is not None:
            # At once: the customer's app spins until then.
            self._background.begin(self._channel.clients[account].answer(press.id))
        for arrival in parsed.arrivals:
            await self._store(await self._known(arrival, parsed.link))
        if press is not None:
            self._used(account, press)
        if parsed.group is not None:
            await self._decline(account, parsed.group)

    def _used(self, account: str, press: Press) -> None:
        """Take the buttons away: they were for one answer."""
        if press.chat_id is not None and press.message_id is not None:
            place = {"chat_id": press.chat_id, "message_id": press.message_id}
            self._background.begin(self._channel.drop_keyboard(account=account, **place))

    async def _known(self, arrival: Arrival, link: str) -> Arrival:
        """Return a message with who a link says its writer is."""
        if not link or not isinstance(arrival, InboundMessage):
            return arrival
        claim = await self._links.claim(
            link, channel=NAME, account=arrival.account, address=arrival.address
        )
        return replace(arrival, identity=claim)

    async def _store(self, arrival: Arrival) -> None:
        try:
            await self._take_in(arrival)
        except DomainError as error:
            # Telling it again would not make it better, and would hold up the rest of the chat.
            self._metrics.count("ignored", channel=NAME, reason=error.code)
            log.warning("telegram_not_usable", kind=type(arrival).__name__, code=error.code)

    async def _take_in(self, arrival: Arrival) -> None:
        try:
            await self._arrivals.take(arrival)
        except OtherCustomer:
            # The chat is somebody else's than the link: what was written counts, the link does not.
            if not isinstance(arrival, InboundMessage):
                raise
            self._metrics.count("ignored", channel=NAME, reason="link_of_another")
            await self._arrivals.take(replace(arrival, identity=None))

    async def _decline(self, account: str, group: int) -> None:
        """Leave a group, and say once in a while why."""
        key = f"{account}:{group}"
        if await self._bus.allow(f"telegram:left:{key}", limit=1, window=LEFT_EVERY) > 0:
            return
        told = await self._bus.allow(f"telegram:told:{key}", limit=1, window=TOLD_EVERY) > 0
        text = "" if told else self._words(NO_GROUPS)
        self._background.begin(self._channel.clients[account].leave(group, text))

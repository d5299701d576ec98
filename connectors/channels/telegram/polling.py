"""Asks Telegram for updates, for a machine that Telegram cannot call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.errors import PayloadRejected, StoreError
from bot.ports import Clock
from connectors.channels.telegram.client import Client
from connectors.channels.telegram.parse import ALLOWED
from connectors.channels.telegram.refusals import Conflict, Lost, Refused, is_alarm

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
KINDS = json.dumps(ALLOWED)

Take = Callable[[bytes], Awaitable[None]]
"""Stores an update for good; raises StoreError when that was not possible."""


class Poller:
    """Polls for one bot until it is cancelled. An update is confirmed only once it is stored."""

    def __init__(self, name: str, client: Client, take: Take, clock: Clock) -> None:
        self.name, self._client, self._take, self._clock = name, client, take, clock
        self._offset: int | None = None
        self._pause = FIRST_PAUSE
        self.trouble = False
        """Somebody else polls for this bot, or its token is not accepted."""

    async def run(self) -> None:
        """Work until cancelled; trouble of whatever kind makes it wait and try again."""
        await self._until_done(self._client.delete_webhook)
        while True:
            await self._until_done(self._once)

    async def _once(self) -> None:
        if self.trouble:
            await self._client.delete_webhook()  # somebody may have set one since the start
        updates = await self._client.updates(self._offset, KINDS)
        # What was confirmed is confirmed. After a quiet week numbers may begin anew below it.
        self._offset = None
        for update in updates:
            try:
                await self._take(json.dumps(update).encode())
            except PayloadRejected:
                log.warning("telegram_update_not_readable", account=self.name)
            self._offset = int(update["update_id"]) + 1

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Conflict:
                self._tell(
                    "telegram_polled_twice",
                    "Another program asks for this bot's messages, or has set a webhook: let only one run.",
                )
            except Refused as refused:
                self._refused(refused)
            except (Lost, StoreError) as error:
                log.warning("telegram_poll_failed", account=self.name, error=type(error).__name__)
            except Exception as error:  # a fault of ours: the updates stay with Telegram
                log.exception("telegram_poll_broke", account=self.name, error=type(error).__name__)
            else:
                self._pause, self.trouble = FIRST_PAUSE, False
                return
            await self._clock.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _refused(self, refused: Refused) -> None:
        if is_alarm(refused):
            self._tell("telegram_needs_attention", refused.rule.advice)
            return
        # Telegram knows best how long it wants to be left alone.
        self._pause = max(self._pause, refused.retry_after or 0.0)
        log.warning("telegram_poll_refused", account=self.name, why=refused.rule.words)

    def _tell(self, event: str, advice: str) -> None:
        """Tell an operator once, until it works again."""
        if not self.trouble:
            log.error(event, account=self.name, advice=advice)
        self.trouble = True

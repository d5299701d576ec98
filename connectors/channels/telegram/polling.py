"""Asks Telegram for updates, for a machine that Telegram cannot call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from bot.domain.errors import PayloadRejected, StoreError
from connectors.channels.telegram.client import Client, Conflict, Lost, Refused, is_alarm
from connectors.channels.telegram.parse import ALLOWED

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
KINDS = json.dumps(ALLOWED)

Take = Callable[[bytes], Awaitable[None]]
"""Stores an update for good; raises StoreError when that was not possible."""


class Poller:
    """Polls for one bot until it is cancelled. An update is confirmed only once it is stored."""

    def __init__(self, name: str, client: Client, take: Take) -> None:
        self._name, self._client, self._take = name, client, take
        self._offset: int | None = None
        self._pause = FIRST_PAUSE
        self.conflicts = False
        """Somebody else polls for this bot."""

    async def run(self) -> None:
        """Work until cancelled; trouble of whatever kind makes it wait and try again."""
        await self._until_done(self._client.delete_webhook)
        while True:
            await self._until_done(self._once)

    async def _once(self) -> None:
        for update in await self._client.updates(self._offset, KINDS):
            try:
                await self._take(msgspec.json.encode(update))
            except PayloadRejected:
                log.warning("telegram_update_not_readable", account=self._name)
            self._offset = int(update["update_id"]) + 1

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Conflict:
                self._told_of_conflict()
            except Refused as refused:
                self._pause = max(self._pause, refused.retry_after or 0.0)
                level = log.error if is_alarm(refused) else log.warning
                level("telegram_poll_refused", account=self._name, why=refused.rule.words)
            except (Lost, StoreError) as error:
                log.warning("telegram_poll_failed", account=self._name, error=type(error).__name__)
            except Exception as error:  # a fault of ours: the updates stay with Telegram
                log.exception("telegram_poll_broke", account=self._name, error=type(error).__name__)
            else:
                self._pause, self.conflicts = FIRST_PAUSE, False
                return
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _told_of_conflict(self) -> None:
        if not self.conflicts:
            log.error(
                "telegram_polled_twice",
                account=self._name,
                advice="Another program asks for this bot's messages: let only one of them run.",
            )
        self.conflicts = True

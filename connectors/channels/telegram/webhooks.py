"""Tells Telegram where a bot's webhook is, and looks now and then whether it still is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.ports import Clock
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.client import Client
from connectors.channels.telegram.health import ELSEWHERE, advice_for, host_of, moment_of
from connectors.channels.telegram.parse import ALLOWED
from connectors.channels.telegram.refusals import TROUBLES, Refused

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
LOOK_EVERY = 600.0
"""A bot whose webhook another program has changed hears nothing, and nothing else would tell."""


class Webhook:
    """The webhook of one bot."""

    def __init__(self, account: Account, client: Client, url: str, clock: Clock) -> None:
        """`url` is where Telegram is to call."""
        self.name, self._client, self._url, self._clock = account.name, client, url, clock
        self._last_error: datetime | None = None
        self.trouble = False
        """Telegram has not taken the address, has another one, or does not reach it."""

    async def run(self) -> None:
        """Work until cancelled: Telegram may be down at the start, and forget us later."""
        await self._set()
        while True:
            await self._clock.sleep(LOOK_EVERY)
            try:
                info = await self._client.webhook_info()
            except TROUBLES:
                continue  # it is no worse than before, as far as we know
            await self._look_at(info)

    async def _look_at(self, info: Mapping[str, Any]) -> None:
        if info.get("url") != self._url:
            log.error(
                "telegram_webhook_changed",
                account=self.name,
                to=host_of(info["url"]) if info.get("url") else "nowhere",
                advice=ELSEWHERE,
            )
            await self._set()
            self.trouble = True  # until the next look finds it well
            return
        self.trouble = self._has_failed(info)

    def _has_failed(self, info: Mapping[str, Any]) -> bool:
        """Say whether Telegram has lately tried in vain to reach us, and tell what it says of that."""
        at, words = moment_of(info.get("last_error_date")), str(info.get("last_error_message", ""))
        if at is None or at == self._last_error:
            return False
        before, self._last_error = self._last_error, at
        if before is None and (self._clock.now() - at).total_seconds() > LOOK_EVERY:
            return False  # it was before our time
        log.warning("telegram_webhook_failed", account=self.name, why=words, advice=advice_for(words))
        return bool(info.get("pending_update_count"))

    async def _set(self) -> None:
        """Tell Telegram where we are, until it has heard it.

        Telling the same again changes nothing, and Telegram does not say whether it knows our secret.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                await self._client.set_webhook(self._url, json.dumps(ALLOWED))
            except TROUBLES as error:
                self._tell(error)
                pause = max(pause, getattr(error, "retry_after", None) or 0.0)
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                log.info("telegram_webhook_set", account=self.name)
                self.trouble = False
                return

    def _tell(self, error: Exception) -> None:
        self.trouble = True
        refused = error if isinstance(error, Refused) else None
        log.warning(
            "telegram_webhook_refused",
            account=self.name,
            why=(refused.told or refused.rule.words) if refused else type(error).__name__,
            advice=refused.rule.advice if refused else "",
        )

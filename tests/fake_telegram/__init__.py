"""The Telegram Bot API for tests: a real HTTP server that refuses what the real one refuses."""

from __future__ import annotations

from tests.fake_telegram.bot import Bot
from tests.fake_telegram.chats import Chat
from tests.fake_telegram.customer import Customer
from tests.fake_telegram.faults import Broken, Drop, Flood, Held, Lose, Refuse, Slow
from tests.fake_telegram.limits import Limits
from tests.fake_telegram.server import TOKEN, USERNAME, Call, FakeTelegram
from tests.fake_telegram.shown import Said, Shown
from tests.fake_telegram.updates import Update

__all__ = [
    "TOKEN",
    "USERNAME",
    "Bot",
    "Broken",
    "Call",
    "Chat",
    "Customer",
    "Drop",
    "FakeTelegram",
    "Flood",
    "Held",
    "Limits",
    "Lose",
    "Refuse",
    "Said",
    "Shown",
    "Slow",
    "Update",
]

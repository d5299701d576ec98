"""The agents' application: sign-in, conversations, live hints. Built on `bot.http` alone."""

from bot.desk.api import DeskApi

__all__ = ["DeskApi"]

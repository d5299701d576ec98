"""What a desk is furnished with: teams, and the replies that its people write again and again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import InvalidInput

PLACEHOLDERS = ("customer.name", "customer.first_name", "agent.name", "order.number")
"""What a canned reply may name in braces; the desk fills it in before it is sent."""
_JOINERS = "\u200c\u200d"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SHORTCUT = re.compile(r"[\w.-]{1,40}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team's name is what conversations and agents carry."""

    name: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamUse:
    """Who and what is in a team; `waiting` is the part of `conversations` that nobody has."""

    agents: int = 0
    waiting: int = 0
    conversations: int = 0
    tasks: int = 0
    replies: int = 0

    @property
    def total(self) -> int:
        """Return how much names the team."""
        return self.agents + self.conversations + self.tasks + self.replies


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedReply:
    """A text that is written often. Without `team` or `language` it is for all of them."""

    id: str
    shortcut: str
    title: str
    text: str
    updated_at: datetime
    updated_by: str
    team: str = ""
    language: str = ""


def is_line(text: str, longest: int) -> bool:
    """Say whether a text is one line of 1 to `longest` characters in any writing.

    Joiners are part of names and emoji; what turns the direction of the text after it is not.
    """
    shown = all(letter.isprintable() or letter in _JOINERS for letter in text)
    return shown and bool(text.strip(_JOINERS)) and len(text) <= longest


def check_placeholders(text: str) -> None:
    """Raise InvalidInput for braces that the desk would not fill in."""
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            raise InvalidInput(f"{{{name[:60]}}} is not a placeholder. Use: {known}.", field="text")
    if "{" in (rest := _PLACEHOLDER.sub("", text)) or "}" in rest:
        raise InvalidInput(f"A brace stands alone. Placeholders are: {known}.", field="text")


def shortcut_of(text: str) -> str:
    """Return a shortcut as it is kept: lower case, without a slash in front. Raises InvalidInput."""
    shortcut = text.strip().removeprefix("/").lower()
    if not _SHORTCUT.fullmatch(shortcut):
        raise InvalidInput(
            "A shortcut has 1 to 40 letters, digits, dots, dashes or underscores.", field="shortcut"
        )
    return shortcut


def language_of(text: str) -> str:
    """Return a language code, or nothing for every language. Raises InvalidInput."""
    if text and not _LANGUAGE.fullmatch(text):
        raise InvalidInput("Write the language as a code such as en or pt-BR.", field="language")
    return text

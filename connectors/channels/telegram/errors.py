"""What Telegram's refusals mean: whether to try again, whom to tell, and in which words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What follows from a refusal."""

    RETRY = "retry"
    """Telegram certainly does not have it; later it may."""
    MARK = "mark"
    """This customer cannot be reached; agents see why."""
    DROP = "drop"
    """It has no use any more."""
    ALARM = "alarm"
    """Nothing goes on this bot until an operator has done something."""
    BUG = "bug"
    """We should not have asked for this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """`words` are for agents, `advice` for operators."""

    action: Action
    words: str
    advice: str = ""


WRONG_TOKEN = Rule(
    action=Action.ALARM,
    words="Telegram does not accept this bot's token.",
    advice="Get the token from @BotFather again and set it.",
)
BLOCKED = Rule(action=Action.MARK, words="The customer has blocked the bot.")
NOT_CONNECTED = Rule(action=Action.RETRY, words="Telegram could not be reached.")
TROUBLE = Rule(action=Action.RETRY, words="Telegram had a fault of its own for longer than we tried.")
TOO_FAST = Rule(action=Action.RETRY, words="Telegram took no more messages for longer than we tried.")
TOO_BIG = Rule(action=Action.DROP, words="The file is too big for Telegram's bots (20 MB).")
TOO_BIG_TO_SEND = Rule(action=Action.DROP, words="The file is too large for Telegram (50 MB).")
NO_FILE = Rule(action=Action.DROP, words="Telegram has the file no more.")
NOT_FETCHED = Rule(action=Action.DROP, words="Telegram could not fetch the file from its address.")
TOO_LONG = Rule(action=Action.BUG, words="The message is too long for Telegram.")
CHOICES = Rule(action=Action.BUG, words="Telegram does not take these choices.")
GONE = Rule(action=Action.DROP, words="The message is gone.")
LATE = Rule(action=Action.DROP, words="The press was too long ago.")
WEBHOOK = Rule(
    action=Action.ALARM,
    words="Telegram does not accept the webhook's address.",
    advice="It must be https, on port 443, 80, 88 or 8443, and reached from outside: BATON_PUBLIC_URL.",
)
UNKNOWN = Rule(action=Action.BUG, words="Telegram refused the message.")
FORMATTING = Rule(action=Action.BUG, words="Telegram does not take this formatting.")
PLAINER = (FORMATTING, CHOICES, UNKNOWN, NOT_FETCHED)
"""What is wrong with the shape and not with the words: in a plainer form they may pass."""

FORBIDDEN: tuple[tuple[str, Rule], ...] = (
    ("bot was blocked by the user", BLOCKED),
    ("user is deactivated", Rule(action=Action.MARK, words="The customer's Telegram account is deleted.")),
    (
        "bot can't initiate conversation",
        Rule(action=Action.MARK, words="The customer has not written to the bot yet."),
    ),
    ("bot was kicked", Rule(action=Action.MARK, words="The bot was removed from this chat.")),
)
BAD_REQUEST: tuple[tuple[str, Rule], ...] = (
    ("can't parse entities", FORMATTING),  # first: it repeats a piece of the text
    ("chat not found", Rule(action=Action.DROP, words="Telegram does not know this chat.")),
    ("message is not modified", Rule(action=Action.DROP, words="Nothing had changed.")),
    ("query is too old", LATE),
    ("query id is invalid", LATE),
    ("message to edit not found", GONE),
    ("message can't be edited", GONE),
    ("message can't be deleted", GONE),
    ("file is too big", TOO_BIG),
    ("file of size", TOO_BIG_TO_SEND),
    ("temporarily unavailable", TROUBLE),
    ("http url", NOT_FETCHED),
    ("web page content", NOT_FETCHED),
    ("webpage_", NOT_FETCHED),
    ("wrong file", NO_FILE),
    ("wrong remote file", NO_FILE),
    ("invalid file", NO_FILE),
    ("text is too long", TOO_LONG),
    ("message is too long", TOO_LONG),
    ("caption is too long", TOO_LONG),
    ("reply markup is too long", CHOICES),
    ("button_data_invalid", CHOICES),
    ("webhook", WEBHOOK),
)
"""Part of Telegram's description, in lower case, and what it means; the first that fits counts."""


def rule_of(description: str, rules: tuple[tuple[str, Rule], ...]) -> Rule:
    """Return what a description means; UNKNOWN for one that is in none of the rules."""
    lowered = description.lower()
    return next((rule for part, rule in rules if part in lowered), UNKNOWN)

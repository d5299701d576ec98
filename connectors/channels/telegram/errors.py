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
UNKNOWN = Rule(action=Action.BUG, words="Telegram refused the message.")

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
    ("chat not found", Rule(action=Action.DROP, words="Telegram does not know this chat.")),
    ("message is not modified", Rule(action=Action.DROP, words="Nothing had changed.")),
    ("query is too old", Rule(action=Action.DROP, words="The press was too long ago.")),
    ("query id is invalid", Rule(action=Action.DROP, words="The press was too long ago.")),
    ("message to edit not found", Rule(action=Action.DROP, words="The message is gone.")),
    ("message can't be deleted", Rule(action=Action.DROP, words="The message cannot be deleted.")),
    ("file is too big", Rule(action=Action.DROP, words="The file is too big for Telegram's bots (20 MB).")),
    ("wrong file", Rule(action=Action.DROP, words="Telegram has the file no more.")),
    ("invalid file_id", Rule(action=Action.DROP, words="Telegram has the file no more.")),
    ("text is too long", Rule(action=Action.BUG, words="The message is too long for Telegram.")),
    ("message is too long", Rule(action=Action.BUG, words="The message is too long for Telegram.")),
    ("caption is too long", Rule(action=Action.BUG, words="The message is too long for Telegram.")),
    ("reply markup is too long", Rule(action=Action.BUG, words="Telegram does not take these choices.")),
    ("button_data_invalid", Rule(action=Action.BUG, words="Telegram does not take these choices.")),
    ("can't parse entities", Rule(action=Action.BUG, words="Telegram does not take this formatting.")),
)
"""Part of Telegram's description, in lower case, and what it means; the first that fits counts."""


def rule_of(description: str, rules: tuple[tuple[str, Rule], ...]) -> Rule:
    """Return what a description means; UNKNOWN for one that is in none of the rules."""
    lowered = description.lower()
    return next((rule for part, rule in rules if part in lowered), UNKNOWN)

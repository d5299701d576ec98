"""What the Cloud API's error codes mean: what to do, what agents read, what operators should do. Pure.

Meta says to go by code alone: titles change. A code that is not here is not tried again, since we cannot
know that trying is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a code asks for.

    RETRY: the platform does not have the message, later it may take it. ALARM: an operator must do
    something. MARK: this customer cannot be reached this way. DROP: this message cannot be sent.
    """

    RETRY = "retry"
    ALARM = "alarm"
    MARK = "mark"
    DROP = "drop"


class Scope(StrEnum):
    """Who has to wait before the next try."""

    MESSAGE = "message"
    CUSTOMER = "customer"
    NUMBER = "number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What to do about a code.

    `words` are for agents, `advice` is for operators. `wait` is in seconds, for those in `scope`; each
    further time `growth` as long. With `stops`, nothing more is sent for `wait` seconds. With `window`,
    the 24 hours are over. With `simpler`, a plainer form of the same message may pass.
    """

    action: Action
    words: str
    advice: str = ""
    scope: Scope = Scope.MESSAGE
    wait: float | None = None
    growth: float = 2.0
    stops: bool = False
    window: bool = False
    simpler: bool = False


STOP_FOR = 60.0
"""Seconds for which nothing is sent on a number after an error that concerns all of it."""
PAIR_WAIT = 6.0
"""Seconds per message to one customer, by Meta's pair rate."""
VARIABLES_DIFFER = 132000
"""A template was sent with another number of variables than it has."""
_OURS = "WhatsApp did not accept the form of this message: a fault of ours."


def _retry(
    words: str, *, scope: Scope = Scope.MESSAGE, wait: float | None = None, growth: float = 2.0
) -> Rule:
    return Rule(action=Action.RETRY, words=words, scope=scope, wait=wait, growth=growth)


def _alarm(words: str, advice: str, *, stops: bool = False) -> Rule:
    wait = STOP_FOR if stops else None
    return Rule(action=Action.ALARM, words=words, advice=advice, stops=stops, wait=wait)


def _drop(words: str, *, simpler: bool = False, window: bool = False) -> Rule:
    return Rule(action=Action.DROP, words=words, simpler=simpler, window=window)


def _mark(words: str) -> Rule:
    return Rule(action=Action.MARK, words=words)


_TOKEN = _alarm(
    "WhatsApp does not accept our access token; an operator must renew it.",
    "Make a new token of a system user in Meta's business settings and set it; tokens of the app's own"
    " page end after 24 hours.",
    stops=True,
)
_PERMISSION = _alarm(
    "Our access to WhatsApp lacks a permission; an operator must grant it.",
    "Give the system user the number's WhatsApp account and the token whatsapp_business_messaging and"
    " whatsapp_business_management.",
    stops=True,
)
_BLOCKED = _alarm(
    "WhatsApp has blocked our account; an operator must look at it.",
    "Look at Account quality and the Business Support Home in Meta's business settings.",
    stops=True,
)
_SETUP = _alarm(
    "The WhatsApp number is not set up to send; an operator must look at it.",
    "Look at the number in WhatsApp Manager: its registration, display name and state.",
    stops=True,
)
_TEMPLATE = _alarm(
    "The 24 hours are over, and WhatsApp did not accept the template that is sent then.",
    "Look at the template in WhatsApp Manager: its name, language, state, and at most one variable.",
)
_TRANSIENT = _retry("WhatsApp had a fault for longer than we waited.")
_TOO_MANY_CALLS = _retry(
    "WhatsApp took no more calls from us for longer than we waited.", scope=Scope.NUMBER, wait=120.0
)
_LATER = _drop("WhatsApp does not deliver this message to this customer now.")

RULES: Mapping[int, Rule] = {
    0: _TOKEN,
    190: _TOKEN,
    3: _PERMISSION,
    10: _PERMISSION,
    **dict.fromkeys(range(200, 300), _PERMISSION),
    131005: _PERMISSION,
    4: _TOO_MANY_CALLS,
    80007: _TOO_MANY_CALLS,
    130429: _retry(
        "WhatsApp took no more messages from this number for longer than we waited.",
        scope=Scope.NUMBER,
        wait=2.0,
    ),
    131056: _retry(
        "Too many messages in a row to this customer: WhatsApp took no more.",
        scope=Scope.CUSTOMER,
        wait=PAIR_WAIT,
        growth=4.0,
    ),
    131048: _alarm(
        "WhatsApp takes no more messages from this number: too many were blocked or reported as spam.",
        "Look at the number's quality in WhatsApp Manager; sending begins again by itself.",
        stops=True,
    ),
    131049: _drop("WhatsApp does not deliver this message to keep the customer from too much advertising."),
    368: _BLOCKED,
    131031: _BLOCKED,
    130497: _alarm(
        "WhatsApp does not let this number write to the customer's country.",
        "Look at the messaging limits by country in Meta's WhatsApp business policy.",
    ),
    131026: _mark(
        "WhatsApp cannot deliver to this customer: not on WhatsApp, an old app, or we are blocked."
    ),
    131047: _drop(
        "More than 24 hours have passed since the customer last wrote: WhatsApp takes only templates.",
        window=True,
    ),
    131050: _mark("The customer has stopped marketing messages from us."),
    131051: _drop("WhatsApp cannot show a message of this kind.", simpler=True),
    131052: _drop("WhatsApp could not fetch the file.", simpler=True),
    131053: _drop("WhatsApp did not accept the file: its kind or content.", simpler=True),
    131021: _drop("The customer's number is our own: nobody can write to themselves."),
    131030: _alarm(
        "The number is a test number, and the customer is not on its list.",
        "Add the customer to the test number's recipients in the app's API set-up, or use a real number.",
    ),
    131008: _drop(_OURS, simpler=True),
    131009: _drop(_OURS, simpler=True),
    100: _drop(_OURS, simpler=True),
    33: _SETUP,
    1: _TRANSIENT,
    2: _TRANSIENT,
    131000: _TRANSIENT,
    131016: _TRANSIENT,
    133004: _TRANSIENT,
    131057: _alarm(
        "The WhatsApp account is under maintenance: nothing can be sent for the moment.",
        "Wait for Meta's maintenance of the account to end; sending begins again by itself.",
        stops=True,
    ),
    131042: _alarm(
        "WhatsApp has a payment problem with our account; an operator must settle it.",
        # It need not concern every message: those within the 24 hours may go on.
        "Look at the payment method of the WhatsApp account in Meta's business settings.",
    ),
    131062: _drop("WhatsApp needs the customer's phone number for this message, and they hide it."),
    131063: _LATER,
    131064: _alarm(
        "WhatsApp's limit of customers that we may write to first is reached.",
        "Look at the messaging limit in WhatsApp Manager; it grows with quality and use.",
    ),
    **dict.fromkeys((132000, 132001, 132005, 132007, 132012, 132015, 132016), _TEMPLATE),
    130472: _LATER,
    131037: _SETUP,
    131045: _SETUP,
    133010: _SETUP,
}
"""Every code that Meta documents for sending, and what to do."""

UNKNOWN = _drop("WhatsApp refused the message.")


NO_SUCH_OBJECT = (100, 33)


def rule(code: int | None, subcode: int | None = None) -> Rule:
    """Return what to do about a code; None is a failure without one.

    An invalid parameter whose subcode says that there is no such object is our number's id, or the token
    may not see it: no message of ours names anything else that must exist.
    """
    if (code, subcode) == NO_SUCH_OBJECT:
        return _SETUP
    return RULES.get(-1 if code is None else code, UNKNOWN)

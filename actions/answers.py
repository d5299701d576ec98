"""What a message says as an answer to a form's question, and how far we trust who says it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import services
from actions.forms import SURE, entities
from actions.order_words import find_number
from bot.domain.customer import TRUST_RANK, Trust

OPEN = frozenset({"", "inform", "nlu_fallback", "affirm", "deny", "other_order"})
"""Intents of messages that mean nothing by themselves: they can only be an answer."""

TALK = frozenset(
    {
        "stop",
        "repeat",
        "help",
        "greet",
        "goodbye",
        "thank",
        "bot_challenge",
        "contact_human_agent",
        "affirm",
        "deny",
        "other_order",
    }
)
"""Intents that are no account of what happened, however many words they take."""

WORDS_OF_AN_ACCOUNT = 6
"""Words from which a message tells what happened, even if it sounds like another topic."""

FEW_WORDS = 3
"""Words up to which a message is rather an answer than a wish of its own."""


def knows_customer() -> bool:
    """Say whether somebody other than the customer vouches for who this is."""
    context = services().context
    return bool(context.directory_ref) and TRUST_RANK[context.trust] >= TRUST_RANK[Trust.CHANNEL]


def signed_in() -> bool:
    """Say whether the customer is signed in to their account."""
    return knows_customer() and services().context.trust is Trust.VERIFIED


def text_of(tracker: Tracker) -> str:
    """Return the latest message as one line."""
    return " ".join(str(tracker.latest_message.get("text") or "").split())


def intent_of(tracker: Tracker) -> str:
    """Return the intent of the latest message."""
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def yes_or_no(tracker: Tracker) -> bool:
    """Say whether the latest message is a yes or a no; a name that nobody knows is often taken for one."""
    sure = float((tracker.latest_message.get("intent") or {}).get("confidence") or 0.0) >= SURE
    return intent_of(tracker) in ("affirm", "deny") and (sure or bool(entities(tracker, "assent")))


def asked(tracker: Tracker, slot: str) -> bool:
    """Say whether the active form asked for `slot` last."""
    return bool(tracker.active_loop_name) and tracker.get_slot(REQUESTED_SLOT) == slot


def may_answer(tracker: Tracker, *topics: str, slot: str = "") -> bool:
    """Say whether the latest message belongs to a form that starts with one of `topics`.

    A few words right after the question for `slot` do, whatever they may mean elsewhere.
    """
    if slot and asked(tracker, slot) and len(text_of(tracker).split()) <= FEW_WORDS:
        return intent_of(tracker) not in TALK - OPEN
    return intent_of(tracker) in OPEN | set(topics)


def named(tracker: Tracker, *kinds: str, known: Collection[str] = ()) -> list[str]:
    """Return the values of entities in the latest message, each once; of `known` values if given."""
    found = [value for kind in kinds for value in entities(tracker, kind)]
    return [value for value in dict.fromkeys(found) if not known or value in known]


def asks_to_see(tracker: Tracker) -> bool:
    """Say whether the latest message asks what is kept, and changes nothing."""
    return bool(named(tracker, "asking", "data_question")) and not alters(tracker)


def asks_about_data(tracker: Tracker) -> bool:
    """Say whether the latest message asks for data or privacy, whatever its intent."""
    return bool(named(tracker, "data_question")) and not alters(tracker)


def alters(tracker: Tracker) -> bool:
    """Say whether the latest message speaks of a change."""
    return bool(named(tracker, "altering", "contact_switch", "unwanted"))


def number_in(tracker: Tracker) -> str | None:
    """Return the order number in the latest message."""
    return find_number(" ".join(entities(tracker, "order_number")))


def account_in(tracker: Tracker, *topics: str) -> str:
    """Return the latest message if it can be an account of what happened, else an empty text."""
    text, intent = text_of(tracker), intent_of(tracker)
    if intent in TALK:
        return ""
    return text if intent in OPEN | set(topics) or len(text.split()) >= WORDS_OF_AN_ACCOUNT else ""


def before(tracker: Tracker, slot: str) -> Any:
    """Return what a slot held when the latest message came in."""
    value, last = None, None
    for event in tracker.events:
        if event.get("event") == "user":
            last = value
        elif event.get("event") == "slot" and event.get("name") == slot:
            value = event.get("value")
    return last

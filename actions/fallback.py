"""What happens when a message was not understood: once more with choices, then the offer of a person."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asks_about_data
from actions.bereavement import answer
from actions.case_status import asks_when, tell_case
from actions.common import Domain, Event, choice, has_response, part, services
from actions.forms import entities, leave
from actions.handoff import MOURNING, high_tier, signal, unfinished
from actions.mood import OFFER_AT, evidence, mood_of
from actions.stored_data import show_stored_data
from bot.domain.handoff import Reason
from bot.domain.mood import AT_ONCE
from bot.domain.reminders import EXTERNAL

ACTION = "action_fallback"
MAX_CHOICES = 3
MIN_CONFIDENCE = 0.1
"""Below this a guess would look silly; then the customer sees what the assistant can do."""

LEAVING = frozenset({"stop", "goodbye", "deny", "thank"})
"""Intents between which it does not matter which was meant: nothing goes on."""
SHORT, MANY_WORDS = 4, 2
"""One foreign word shows the language of a message of so many words; a longer one needs so many."""

PERSON = "contact_human_agent"
WHICH_OF_TWO = "utter_which_of_two"
NOT_CARRIED = frozenset(
    {"between", "hesitation", "assent", "ordinal", "frustration", "abuse", "worry", "calm", "wish"}
)
"""Entities of how something was said, which a choice does not take along."""


class ActionFallback(Action):
    """Ask for other words; the second time in a row, or to the angry, a person is offered as well."""

    def name(self) -> str:
        """Return the name."""
        return ACTION

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Decide by what happened to the customer's previous message."""
        if asks_about_data(tracker):
            await show_stored_data(dispatcher, domain)
            return []
        if entities(tracker, "all_orders") and not tracker.active_loop_name:
            return [FollowupAction("track_order_form")]
        previous = previous_turn(tracker.events)
        if asks_when(tracker):
            return await tell_case(dispatcher, tracker, domain)
        if between(dispatcher, tracker, domain, previous):
            return []
        angry = _upset(tracker) >= OFFER_AT or mood_of(tracker).level in AT_ONCE
        calm = tracker.get_slot(MOURNING)  # whoever mourns is not passed on because of us
        wish: list[Event] = []
        if not calm and not services().context.after_handoff:
            wish = await self._wish(tracker, angry, previous)
        return [*wish, *self._ask_again(dispatcher, tracker, domain)]

    @staticmethod
    async def _wish(tracker: Tracker, angry: bool, previous: list[dict[str, Any]]) -> list[Event]:
        """Offer a person at the second failure in a row; at the first to the angry and to a high tier.

        Whoever was offered one and is still not understood gets one: that is the server's to know.
        """
        tier = "" if angry or fell(previous) else await high_tier()
        if not angry and not fell(previous) and not tier:
            return []
        texts = [*(event.get("text") or "" for event in previous[:1]), _text(tracker)]
        intents = [name for name, _ in ranking(tracker)[:MAX_CHOICES]]
        shown: dict[str, Any] = {"texts": texts, "intents": intents, **unfinished(tracker)}
        if tier:
            return [signal(Reason.VIP, tier=tier, **shown)]
        if angry:
            return [signal(Reason.FRUSTRATED, **{**shown, **evidence(tracker, _upset(tracker))})]
        return [signal(Reason.NOT_UNDERSTOOD, **shown)]

    @staticmethod
    def _ask_again(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Ask for other words, as it fits what is going on."""
        likeliest = [name for name, _ in ranking(tracker)[:2]]
        if tracker.active_loop_name and set(likeliest) <= LEAVING:
            response = "utter_goodbye" if "goodbye" in likeliest else "utter_left_form"
            dispatcher.utter_message(response=response)
            return leave(tracker, domain)
        if tracker.active_loop_name:  # the form asks its question again by itself
            dispatcher.utter_message(response="utter_rephrase_in_form")
            return []
        if tracker.get_slot(MOURNING):
            answer(dispatcher, tracker)
            return []
        if in_other_language(tracker):
            dispatcher.utter_message(response="utter_other_language")
            return []
        buttons = likely_choices(tracker, domain)
        dispatcher.utter_message(
            response="utter_rephrase" if buttons else "utter_rephrase_open", buttons=buttons
        )
        return []


def between(
    dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain, previous: list[dict[str, Any]]
) -> bool:
    """Ask which of two close intents is meant, if that is the doubt; say whether it was asked.

    Not while a form waits, since the text may be its answer; not about words about which it was asked just
    now; not for an intent without a title.
    """
    two = [name for name in entities(tracker, "between") if has_response(domain, _title(name))]
    again = asked_between(previous) and _plain(previous[0].get("text")) == _plain(_text(tracker))
    if len(two) < 2 or tracker.active_loop_name or tracker.get_slot(MOURNING) or again:
        return False
    said: dict[str, list[Any]] = {}
    for found in tracker.latest_message.get("entities") or []:
        if found.get("entity") not in NOT_CARRIED:
            said.setdefault(found["entity"], []).append(found.get("value"))
    values = {name: found if len(found) > 1 else found[0] for name, found in said.items()}
    more = json.dumps(values) if values else ""
    titles = [part(domain, _title(name)) for name in two]
    buttons = [choice(title, f"/{name}{more}") for title, name in zip(titles, two, strict=True)]
    other = choice(part(domain, "utter_choice_title_something_else"), "/inform")
    dispatcher.utter_message(
        response=WHICH_OF_TWO, first=titles[0], second=titles[1], buttons=[*buttons, other]
    )
    return True


def asked_between(turn: list[dict[str, Any]]) -> bool:
    """Say whether a turn asked which of two intents was meant: that is no failure to understand."""
    return any((e.get("metadata") or {}).get("utter_action") == WHICH_OF_TWO for e in turn)


def _plain(text: Any) -> str:
    return " ".join(str(text or "").casefold().split())


def in_other_language(tracker: Tracker) -> bool:
    """Say whether the latest message is in a language or script that the assistant has no data for."""
    letters = [c for c in _text(tracker) if c.isalpha()]
    foreign = sum(not unicodedata.name(c, "").startswith("LATIN") for c in letters)
    words = entities(tracker, "other_language")
    enough = MANY_WORDS if len(_text(tracker).split()) > SHORT else 1
    return foreign > len(letters) / 2 or len(words) >= enough


def _upset(tracker: Tracker) -> int:
    return int(tracker.get_slot("upset") or 0)


def _text(tracker: Tracker) -> str:
    return str(tracker.latest_message.get("text") or "")


def previous_turn(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events from the customer's last but one message up to the last; empty if none."""
    said = [index for index, event in enumerate(events) if written(event)]
    return events[said[-2] : said[-1]] if len(said) > 1 else []


def written(event: dict[str, Any]) -> bool:
    """Say whether an event is something that the customer wrote, and not a reminder."""
    intent = (event.get("parse_data") or {}).get("intent") or {}
    return event.get("event") == "user" and not str(intent.get("name")).startswith(EXTERNAL)


def fell(turn: list[dict[str, Any]]) -> bool:
    """Say whether a turn ended in the fallback."""
    ran = any(e.get("event") == "action" and e.get("name") == ACTION for e in turn)
    return ran and not asked_between(turn)


def ranking(tracker: Tracker) -> list[tuple[str, float]]:
    """Return the intents that the latest message may have had, likeliest first."""
    found = tracker.latest_message.get("intent_ranking") or []
    names = [(str(i.get("name")), float(i.get("confidence") or 0.0)) for i in found]
    return [(name, score) for name, score in names if name != "nlu_fallback"]


def likely_choices(tracker: Tracker, domain: Domain) -> list[dict[str, str]]:
    """Offer the likeliest intents that trainers gave a title, and a person; empty if none is likely."""
    likely = [name for name, score in ranking(tracker) if score >= MIN_CONFIDENCE and name != PERSON]
    titled = [name for name in likely if has_response(domain, _title(name))][:MAX_CHOICES]
    return [choice(part(domain, _title(name)), f"/{name}") for name in (*titled, PERSON)] if titled else []


def _title(intent: str) -> str:
    return f"utter_choice_title_{intent}"

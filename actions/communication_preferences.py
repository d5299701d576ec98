"""How a customer wants to hear from the company: which ways, and whether there may be offers."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import TALK, asked, asks_to_see, intent_of, knows_customer, may_answer, named
from actions.common import Domain, Event, part, services
from actions.forms import AskConfirmed, Finish, TopicForm, failed
from bot.domain.customer import Preferences, Status

WAYS = ("email", "sms", "phone", "post", "messages")
WHAT = ("offers", "newsletter")
ALL = "all"
ON, OFF, ONLY = "on", "off", "only"
NOTHING = "nothing"
"""All, if it stands beside ways or a switch: "no calls, no mails, nothing"; by itself an answer."""

TOPICS = ("communication_preferences", "newsletter_subscription")

KINDS = ("contact_way", "contact_switch", "account_field")
"""Entities that name a way or a wish; "phone number" is a detail of the account elsewhere."""

NEAR = 2
"""Words that may stand between a word of doubt and the way that it is about."""

END_STRANGER = "utter_preferences_stranger"
SHOW = "utter_preferences_now"


class ValidateCommunicationPreferencesForm(TopicForm):
    """Which way, on or off, and one yes."""

    topic = "communication_preferences"

    def subject(self, tracker: Tracker) -> str:
        """Return the wish."""
        return f"{tracker.get_slot('contact_ways')}: {tracker.get_slot('contact_switch')}"

    def extract_contact_ways(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take the ways that are named, several at once."""
        if not knows_customer():
            return {"form_end": END_STRANGER}
        kept = str(tracker.get_slot("contact_ways") or "")
        if not kept and asks_to_see(tracker) and may_answer(tracker, self.topic, "newsletter_subscription"):
            return {"form_end": SHOW}
        if not _says_more(tracker, "contact_ways"):
            return {}
        ways = ways_in(tracker)
        if kept and ways:
            ways = joined(kept, ways, switch_in(tracker), str(tracker.get_slot("contact_switch") or ""))
        return {"contact_ways": " ".join(ways)} if ways and " ".join(ways) != kept else {}

    def validate_contact_ways(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take them as they are."""
        return {"contact_ways": value}

    def extract_contact_switch(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take whether they are to be on or off."""
        if not _says_more(tracker, "contact_switch"):
            return {}
        switch, kept = switch_in(tracker), tracker.get_slot("contact_switch")
        if kept and switch != ONLY and ways_in(tracker):
            return {}  # it belongs to what was added
        if not switch and not kept and _means_off(tracker):
            switch = OFF
        return {"contact_switch": switch} if switch and switch != kept else {}

    def validate_contact_switch(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take only what there is."""
        return {"contact_switch": value if value in (ON, OFF, ONLY) else None}


def _says_more(tracker: Tracker, slot: str) -> bool:
    """Say whether the latest message may change the wish: a mere yes or no to another question does not.

    "Yes, and phone off too" is more than a yes, and "everything off" no goodbye.
    """
    if tracker.active_loop_name and ways_in(tracker) and switch_in(tracker):
        return intent_of(tracker) in TALK - {"stop", "contact_human_agent"} or may_answer(tracker, *TOPICS)
    if intent_of(tracker) in ("affirm", "deny") and not asked(tracker, slot):
        return False
    return may_answer(tracker, *TOPICS, slot=slot)


def switch_in(tracker: Tracker) -> str:
    """Return what the latest message wants: on, off, only these, or nothing."""
    found = named(tracker, "contact_switch", known=(ON, OFF, ONLY))
    found += [OFF] if named(tracker, "unwanted") else []
    return next((switch for switch in (ONLY, OFF, ON) if switch in found), "")


def _means_off(tracker: Tracker) -> bool:
    """Say whether a wish without "on" or "off" is one to be left alone.

    Nobody writes to have everything switched on; and in "I don't want texts" a word of doubt stands
    right before the way.
    """
    if tracker.get_slot("contact_ways") == ALL:
        return True
    found, text = tracker.latest_message.get("entities", []), str(tracker.latest_message.get("text") or "")
    doubts = [int(e.get("end") or 0) for e in found if e.get("entity") == "hesitation"]
    ways = [int(e.get("start") or 0) for e in found if e.get("entity") in KINDS]
    return any(0 < end < way and len(text[end:way].split()) <= NEAR for end in doubts for way in ways)


def ways_in(tracker: Tracker) -> list[str]:
    """Return the ways that the latest message names, or all; after an "only" those that it belongs to."""
    found = [e for e in tracker.latest_message.get("entities", []) if e.get("entity") in KINDS]
    ways = [e for e in found if e.get("value") in (*WAYS, *WHAT, ALL)]
    if any(e.get("value") == NOTHING for e in found) and switch_in(tracker) == OFF:
        return [ALL]
    only = next((e for e in found if e.get("value") == ONLY), None)
    if only is not None and len(ways) > 1:
        after = [e for e in ways if int(e.get("start") or 0) > int(only.get("start") or 0)]
        ways = after or ways[-1:]
    names = list(dict.fromkeys(str(e["value"]) for e in ways))
    return [ALL] if ALL in names else names


def joined(kept: str, added: list[str], switch: str, usual: str) -> list[str]:
    """Return the ways of a wish with those that were added to it.

    One that is to be otherwise than the rest carries its own switch, such as "sms=on".
    """
    if switch == ONLY:
        return added
    mark = f"={switch}" if switch and usual and switch != usual else ""
    if ALL in added and not mark:
        return [ALL]
    before = [way for way in kept.split() if way.partition("=")[0] not in added]
    return [*before, *(f"{way}{mark}" for way in added)]


def changes(ways: str, switch: str) -> dict[str, bool]:
    """Return the fields of `Preferences` that a wish changes; what was said later counts."""
    wish: dict[str, bool] = {}
    named_ways = [way.partition("=")[0] for way in ways.split()]
    if switch == ONLY and ALL not in named_ways:
        wish = {way: way in named_ways for way in WAYS}
    for token in ways.split():
        way, _, own = token.partition("=")
        fields = (*WAYS, *WHAT) if way == ALL else (way,)
        wish |= dict.fromkeys(fields, (own or switch) != OFF)
    return wish


def words(changed: dict[str, bool], domain: Domain) -> str:
    """Return the changes in words, such as "phone calls: off, texts: off"."""
    return ", ".join(
        part(domain, f"utter_part_way_{'on' if wanted else 'off'}", way=way_name(way, domain))
        for way, wanted in changed.items()
    )


def way_name(way: str, domain: Domain) -> str:
    """Return a way in words."""
    return part(domain, f"utter_part_way_{way}")


class AskConfirmPreferences(AskConfirmed):
    """Say what will be on and off, and ask for a yes."""

    form = ValidateCommunicationPreferencesForm

    def wording(self, tracker: Tracker) -> str:
        """Name the response that asks: stopping everything has its own."""
        everything = tracker.get_slot("contact_ways") == ALL and tracker.get_slot("contact_switch") == OFF
        return f"{self.ask}_all_off" if everything else self.ask

    def values(self, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Name the changes."""
        wish = changes(tracker.get_slot("contact_ways"), tracker.get_slot("contact_switch"))
        return {"changes": words(wish, domain)}


class ActionCommunicationPreferences(Finish):
    """Keep the wishes, and show what is kept now."""

    form = ValidateCommunicationPreferencesForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, or what is on and off now."""
        if end != SHOW:
            return await super().early(end, dispatcher, tracker, domain)
        answer = await services().directory.profile()
        if answer.value is None:
            failed(dispatcher, answer.status)
            return []
        on, off = shown(answer.value.preferences, domain)
        dispatcher.utter_message(response=SHOW, on=on, off=off)
        return []

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Change what was asked about, if the customer said yes."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_preferences_kept")
            return []
        wish = changes(tracker.get_slot("contact_ways"), tracker.get_slot("contact_switch"))
        answer = await services().directory.set_preferences(wish)
        if answer.value is not None:
            on, off = shown(answer.value, domain)
            dispatcher.utter_message(response="utter_preferences_done", on=on, off=off)
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_preferences_unknown")
        else:
            failed(dispatcher, answer.status)
        return []


def shown(kept: Preferences, domain: Domain) -> tuple[str, str]:
    """Return what is on and what is off, in words."""
    nothing = part(domain, "utter_part_way_none")
    on = [way_name(way, domain) for way in (*WAYS, *WHAT) if getattr(kept, way)]
    off = [way_name(way, domain) for way in (*WAYS, *WHAT) if not getattr(kept, way)]
    return ", ".join(on) or nothing, ", ".join(off) or nothing

"""Getting the newsletter, or not any more."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asks_to_see, intent_of, knows_customer, may_answer, named
from actions.common import Domain, Event, services
from actions.communication_preferences import ALL, NOTHING, WAYS
from actions.forms import AskConfirmed, Finish, TopicForm, failed
from bot.domain.customer import Status

ON, OFF = "subscribe", "unsubscribe"

STRANGER = {ON: "utter_newsletter_stranger_on", OFF: "utter_newsletter_stranger_off"}
STRANGER_OTHER = "utter_newsletter_stranger"
TO_PREFERENCES = "communication_preferences"
"""Not a response: other ways than the newsletter are named, and have a form of their own."""
ALREADY = {ON: "utter_newsletter_already_on", OFF: "utter_newsletter_already_off"}
DONE = {ON: "utter_newsletter_on", OFF: "utter_newsletter_off"}


class ValidateNewsletterSubscriptionForm(TopicForm):
    """On or off, and one yes; strangers are told the way that needs no account."""

    topic = "newsletter_subscription"

    def subject(self, tracker: Tracker) -> str:
        """Return the wish."""
        return str(tracker.get_slot("newsletter_wish"))

    async def extract_newsletter_wish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take what is said; nothing is left to ask if it is so already."""
        said = _said(tracker)
        wish = said or tracker.get_slot("newsletter_wish")
        if not knows_customer():
            return {"form_end": STRANGER.get(str(wish), STRANGER_OTHER)}
        if _names_more(tracker):
            return {"form_end": TO_PREFERENCES}
        if not said or wish == tracker.get_slot("newsletter_wish"):
            return {}
        profile = (await services().directory.profile()).value
        if profile is not None and profile.preferences.newsletter == (wish == ON):
            return {"form_end": ALREADY[said]}
        return {"newsletter_wish": wish}

    def validate_newsletter_wish(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take only what there is."""
        return {"newsletter_wish": value if value in (ON, OFF) else None}


def _names_more(tracker: Tracker) -> bool:
    """Say whether the latest message is about other ways too, or asks what is on now."""
    if intent_of(tracker) in ("stop", "contact_human_agent"):
        return False
    if asks_to_see(tracker) and not tracker.get_slot("newsletter_wish"):
        return may_answer(tracker, ValidateNewsletterSubscriptionForm.topic)
    switched = named(tracker, "contact_switch", "unwanted")
    # An e-mail address that the newsletter shall go to is no way to switch.
    ways = (*(way for way in WAYS if way != "email" or named(tracker, "unwanted")), ALL, NOTHING)
    return bool(switched and named(tracker, "contact_way", known=ways))


def _said(tracker: Tracker) -> str:
    """Return the wish in the latest message; "stop" and the like count as well."""
    if not may_answer(tracker, ValidateNewsletterSubscriptionForm.topic, slot="newsletter_wish"):
        return ""
    found = named(tracker, "newsletter_wish", "contact_switch")
    if OFF in found or "off" in found or named(tracker, "unwanted"):
        return OFF
    return ON if ON in found or "on" in found else ""


class AskNewsletterWish(Action):
    """Say whether they get the newsletter, and ask what they want."""

    def name(self) -> str:
        """Return the name."""
        return "action_ask_newsletter_subscription_form_newsletter_wish"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Ask."""
        profile = (await services().directory.profile()).value
        if profile is None:
            dispatcher.utter_message(response="utter_ask_newsletter_wish")
        elif profile.preferences.newsletter:
            dispatcher.utter_message(response="utter_ask_newsletter_wish_on")
        else:
            dispatcher.utter_message(response="utter_ask_newsletter_wish_off")
        return []


class AskConfirmNewsletter(AskConfirmed):
    """Ask for a yes."""

    form = ValidateNewsletterSubscriptionForm

    def wording(self, tracker: Tracker) -> str:
        """Name the response that asks: on and off have their own."""
        return f"{self.ask}_{tracker.get_slot('newsletter_wish')}"


class ActionNewsletterSubscription(Finish):
    """Put the customer on the list or take them off, and say so."""

    form = ValidateNewsletterSubscriptionForm

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why, or go on with all that was named, the newsletter among it."""
        if end != TO_PREFERENCES:
            return await super().early(end, dispatcher, tracker, domain)
        wish = tracker.get_slot("newsletter_wish")
        pending = [
            SlotSet("contact_ways", "newsletter"),
            SlotSet("contact_switch", "on" if wish == ON else "off"),
        ]
        return [*(pending if wish else []), FollowupAction(f"{TO_PREFERENCES}_form")]

    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Change it if the customer said yes."""
        if not self.agreed(tracker):
            dispatcher.utter_message(response="utter_newsletter_kept")
            return []
        wanted = tracker.get_slot("newsletter_wish") == ON
        answer = await services().directory.set_preferences({"newsletter": wanted})
        if answer.value is not None:
            dispatcher.utter_message(response=DONE[ON if answer.value.newsletter else OFF])
        elif answer.status is Status.TRY_LATER:
            dispatcher.utter_message(response="utter_newsletter_unknown")
        else:
            failed(dispatcher, answer.status)
        return []

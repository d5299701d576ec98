"""What all forms share: asking for one clear yes, ending early, being left, being returned to.

By convention a topic has one name: the intent `X` starts the form `X_form`; `validate_X_form` checks
its slots, `action_ask_X_form_S` asks for slot S where a response is not enough, and `action_X` says how
it ended. A form ends early by setting the slot `form_end` to the response that says why.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction

from actions.common import Domain, Event, choice, has_response, part
from actions.patience import MISSES, miss
from bot.domain.customer import Status

END_THROTTLED = "utter_end_throttled"
END_TRY_LATER = "utter_end_try_later"
END_SIGN_IN = "utter_end_sign_in"

KEPT = frozenset({"order_number", "order_proof"})
"""Slots of forms that stay when a form ends, so that "cancel it" works and nobody is asked twice."""
HELPERS = (
    "proof_needed",
    "tries",
    "misses",
    "rejected",
    "address_part",
    "form_end",
    "confirm_for",
    "order_state",
    "order_fee",
    "order_refund",
    "item_of",
    "item_name",
    "item_total",
)
"""Slots that no form requires and that mean something only while one runs."""

LAST_TOPIC = "last_topic"
"""The slot that names the topic whose form ended last; see `recent_topic`."""
RECENT = 2
"""Messages of the customer, the latest one included, within which a topic still is the subject."""

END_MOURNING = "utter_bereavement_change"
OF_THE_DEAD = frozenset(
    {"delete_account", "newsletter_subscription", "communication_preferences", "edit_account"}
)
"""Topics that whoever mourns means for somebody else's account: a person does that."""

SURE = 0.6
"""Confidence below which a yes is asked for again before anything is changed."""
LEFT_FORM, NOTHING_THEN, WELCOME = "utter_left_form", "utter_nothing_then", "utter_welcome"
FEW_WORDS_OFF = 9
"""Words up to which a message that calls something off says nothing else."""
PLAIN = 12
"""Words up to which a message is a plain yes."""


def forget(tracker: Tracker, domain: Domain, *names: str) -> list[Event]:
    """Return events that empty what the forms asked for, and the slots in `names`."""
    required = {slot for form in domain["forms"].values() for slot in form["required_slots"]}
    slots = [*sorted(required - KEPT), *HELPERS, *names]
    return [SlotSet(name, None) for name in slots if tracker.get_slot(name) is not None]


def leave(tracker: Tracker, domain: Domain) -> list[Event]:
    """Return events that end whatever form is active."""
    return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), *forget(tracker, domain)]


def entities(tracker: Tracker, name: str) -> list[str]:
    """Return the values of an entity in the latest message."""
    found = tracker.latest_message.get("entities", [])
    return [str(e.get("value")) for e in found if e.get("entity") == name]


def was_active(tracker: Tracker, form: str) -> bool:
    """Say whether a form was active before the customer's latest message."""
    said = False
    for event in reversed(tracker.events):
        if said and event.get("event") == "active_loop":
            return bool(event.get("name") == form)
        said = said or event.get("event") == "user"
    return False


def clear_yes(tracker: Tracker) -> bool:
    """Say whether the latest message is a yes without any but, if or question in it.

    A pressed choice always is. What is typed must be understood well, be short, and hold a word of
    assent (data/lookups/assent.yml): something is changed on the strength of it.
    """
    message = tracker.latest_message
    if pressed(message):
        return True
    text = str(message.get("text") or "")
    sure = float((message.get("intent") or {}).get("confidence") or 0.0) >= SURE
    plain = "?" not in text and len(text.split()) <= PLAIN and bool(entities(tracker, "assent"))
    doubtful = entities(tracker, "hesitation") or entities(tracker, "ordinal")
    return sure and plain and not doubtful


def pressed(message: dict[str, Any]) -> bool:
    """Say whether a message came from a choice: only those are understood without any doubt."""
    ranking = message.get("intent_ranking") or []
    confidence = float((message.get("intent") or {}).get("confidence") or 0.0)
    return confidence == 1.0 and len(ranking) == 1


class TopicForm(FormValidationAction, ABC):
    """The validation of a topic's form."""

    @property
    @abstractmethod
    def topic(self) -> str:
        """Name the topic; a class attribute will do."""

    def name(self) -> str:
        """Return the name that Rasa derives from the form's."""
        return f"validate_{self.topic}_form"

    def subject(self, tracker: Tracker) -> str:
        """Return what the question for a yes is about: a yes counts for nothing else."""
        return self.topic

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Check what was filled; an answer that fits ends the count of those that did not."""
        end = self.called_off(tracker)
        if end:
            return [SlotSet("form_end", end), SlotSet(REQUESTED_SLOT, None)]
        asks = bool(entities(tracker, "estate")) and not was_active(tracker, self.form_name())
        if tracker.get_slot("mourning") and (asks or self.topic in OF_THE_DEAD):
            return [SlotSet("form_end", END_MOURNING), SlotSet(REQUESTED_SLOT, None)]
        asked, missed = tracker.get_slot(REQUESTED_SLOT), tracker.get_slot(MISSES)
        events: list[Event] = await super().run(dispatcher, tracker, domain)
        answered = any(e.get("name") == asked and e.get("value") is not None for e in events)
        return [*events, SlotSet(MISSES, None)] if missed and answered else events

    def called_off(self, tracker: Tracker) -> str:
        """Return how to end for somebody who wants nothing after all, or nothing but to say thanks."""
        message = tracker.latest_message
        intent = str((message.get("intent") or {}).get("name") or "")
        short = len(str(message.get("text") or "").split()) <= FEW_WORDS_OFF
        active = was_active(tracker, self.form_name())
        if short and entities(tracker, "called_off") and not entities(tracker, "resolution"):
            return LEFT_FORM if active else NOTHING_THEN
        waits = active and tracker.get_slot(REQUESTED_SLOT) == "order_number"
        return WELCOME if waits and intent == "thank" and not entities(tracker, "order_number") else ""

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[str]:
        """Require nothing of a form that ended."""
        return [] if tracker.get_slot("form_end") else domain_slots

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Keep an end that was found while extracting: Rasa keeps only slots that the form requires."""
        events: list[Event] = await super().get_validation_events(dispatcher, tracker, domain)
        end = tracker.get_slot("form_end")
        if end and all(event["name"] != "form_end" for event in events):
            events.append(SlotSet("form_end", end))
        return events

    def validate_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """Take a yes or no only for what was asked about, and a yes only when it is clear."""
        if tracker.get_slot("confirm_for") != self.subject(tracker):
            return {"confirmed": None}
        if value and not clear_yes(tracker):
            return {"confirmed": None} | miss(dispatcher, tracker, "utter_need_clear_yes")
        return {"confirmed": value}


class AskConfirmed(Action, ABC):
    """Ask for the one yes of a form, and note what it was asked for."""

    @property
    @abstractmethod
    def form(self) -> type[TopicForm]:
        """Name the form's validation; a class attribute will do."""

    @property
    def ask(self) -> str:
        """Name the response that asks."""
        return f"utter_confirm_{self.form().topic}"

    def name(self) -> str:
        """Return the name that Rasa derives from form and slot."""
        return f"action_ask_{self.form().topic}_form_confirmed"

    def wording(self, tracker: Tracker) -> str:
        """Return the response that asks, if it is not always the same one."""
        return self.ask

    def values(self, tracker: Tracker, domain: Domain) -> dict[str, Any]:
        """Return what the response mentions besides slots."""
        return {}

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say what will happen and ask."""
        dispatcher.utter_message(response=self.wording(tracker), **self.values(tracker, domain))
        return [SlotSet("confirm_for", self.form().subject(tracker))]


class Finish(Action, ABC):
    """What happens when a form is filled, or ended before its time; then the way back to another."""

    @property
    @abstractmethod
    def form(self) -> type[TopicForm]:
        """Name the form's validation; a class attribute will do."""

    def name(self) -> str:
        """Return the topic's action."""
        return f"action_{self.form().topic}"

    drops: frozenset[str] = frozenset()
    """Topics that this one takes the place of: there is no way back to them."""

    @abstractmethod
    async def finish(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Do what the customer wants and say what came of it; return events besides the usual ones."""

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Say why the form ended before its time."""
        dispatcher.utter_message(response=end)
        return []

    def agreed(self, tracker: Tracker) -> bool:
        """Say whether the customer said yes to what the form is about now."""
        subject = self.form().subject(tracker)
        return bool(tracker.get_slot("confirmed")) and tracker.get_slot("confirm_for") == subject

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Finish, offer to go on with what this interrupted, and empty the form."""
        end = tracker.get_slot("form_end")
        if end == END_MOURNING:
            return [*forget(tracker, domain), FollowupAction("action_bereavement_answer")]
        if end:
            events = await self.early(end, dispatcher, tracker, domain)
        else:
            events = await self.finish(dispatcher, tracker, domain)
        goes_on = any(e.get("name") == "handoff_request" or e["event"] == "followup" for e in events)
        back = [] if goes_on else way_back(dispatcher, tracker, domain, self.drops)
        ended = SlotSet(LAST_TOPIC, self.form().topic)
        return [*forget(tracker, domain), ended, *events, *back]


def failed(dispatcher: CollectingDispatcher, status: Status) -> None:
    """Say that the directory gave no answer that the topic knows how to use."""
    dispatcher.utter_message(response=end_of(status))


def end_of(status: Status) -> str:
    """Return the response for a directory that gave no answer."""
    ends = {Status.THROTTLED: END_THROTTLED, Status.NOT_ALLOWED: END_SIGN_IN}
    return ends.get(status, END_TRY_LATER)


def way_back(
    dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain, drops: frozenset[str]
) -> list[Event]:
    """Offer to go on with the form that a topic interrupted, unless it takes that one's place (`drops`)."""
    topic, number = interrupted(tracker)
    title = f"utter_choice_title_{topic}"
    if not topic or topic in drops or not has_response(domain, title):
        return []
    values = f'{{"order_number": "{number}"}}' if number else ""
    go_on = choice(part(domain, "utter_choice_title_go_on"), f"/{topic}{values}")
    no = choice(part(domain, "utter_choice_title_no"), "/deny")
    matter = part(domain, title)
    dispatcher.utter_message(response="utter_way_back", matter=matter, buttons=[go_on, no])
    return [offer(topic, number)] if f"{topic}_form" in domain["forms"] else []


def interrupted(tracker: Tracker) -> tuple[str, str]:
    """Return the topic whose form was active right before the one that just ended, and its order."""
    loops, number_of = [""], {"": ""}
    for event in tracker.events:
        if event.get("event") == "active_loop":
            loops.append(str(event.get("name") or ""))
        elif event.get("event") == "slot" and event.get("name") == "order_number" and event.get("value"):
            number_of[loops[-1]] = str(event["value"])
    while loops and not loops[-1]:
        loops.pop()
    before = loops[-2] if len(loops) > 1 else ""
    if not before or before == loops[-1]:
        return "", ""
    return before.removesuffix("_form"), number_of.get(before, "")


def offer(topic: str, number: str = "") -> Event:
    """Return the event after which a plain yes starts the form of `topic`, about order `number`."""
    event: Event = SlotSet("offer", f"{topic} {number}".strip())
    return event


class ActionAffirm(Action):
    """The customer says yes while no form asks."""

    def name(self) -> str:
        """Return the name."""
        return "action_affirm"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Take up what was offered last, if it was offered in the turn before."""
        topic, _, number = str(tracker.get_slot("offer") or "").partition(" ")
        if topic and offered_just_now(tracker) and clear_yes(tracker):
            if topic == "bereavement":
                return [SlotSet("offer", None), FollowupAction("action_bereavement_person")]
            about = [SlotSet("order_number", number)] if number else []
            return [SlotSet("offer", None), *about, FollowupAction(f"{topic}_form")]
        dispatcher.utter_message(response="utter_what_next")
        return []


def offered_just_now(tracker: Tracker) -> bool:
    """Say whether the slot `offer` was set in the turn before this one."""
    said = [i for i, event in enumerate(tracker.events) if event.get("event") == "user"]
    if len(said) < 2:
        return False
    turn = tracker.events[said[-2] : said[-1]]
    return any(e.get("event") == "slot" and e.get("name") == "offer" and e.get("value") for e in turn)


def offered_now(tracker: Tracker) -> bool:
    """Say whether something was offered since the customer's latest message."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "slot" and event.get("name") == "offer" and event.get("value"):
            return True
    return False


def recent_topic(tracker: Tracker) -> str:
    """Return the topic that ended in the turn before this one or the one before that; empty if none."""
    said = 0
    for event in reversed(tracker.events):
        said += event.get("event") == "user"
        if said > RECENT:
            break
        if event.get("event") == "slot" and event.get("name") == LAST_TOPIC:
            return str(event.get("value") or "")
    return ""


class ActionLeaveForm(Action):
    """The customer wants to stop."""

    def name(self) -> str:
        """Return the name."""
        return "action_leave_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Leave the active form; nothing has been changed by it."""
        response = "utter_left_form" if tracker.active_loop_name else "utter_nothing_to_stop"
        dispatcher.utter_message(response=response)
        return leave(tracker, domain)

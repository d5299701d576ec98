"""Custom actions that behave well, badly, slowly and slyly."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.ports import turn_services

KEPT: list[Any] = []
"""What the meddling action keeps hold of after its turn."""
PROBES: dict[str, Any] = {}
GATE: dict[str, asyncio.Event] = {}


class Booked(Action):
    def name(self):
        return "action_booked"

    async def run(self, dispatcher, tracker, domain):
        orders = await turn_services.get().directory.orders()
        PROBES["orders"] = orders
        dispatcher.utter_message(response="utter_booked")
        return [SlotSet("city", None), SlotSet("people", None)]


class Fail(Action):
    def name(self):
        return "action_fail"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="never said")
        raise RuntimeError(f"secret: {tracker.latest_message['text']}")


class Block(Action):
    def name(self):
        return "action_block"

    def run(self, dispatcher, tracker, domain):
        PROBES["thread"] = threading.current_thread()
        PROBES["conversation"] = turn_services.get().context.conversation_id
        time.sleep(0.4)
        dispatcher.utter_message(text="done slowly")
        return []


class Meddle(Action):
    def name(self):
        return "action_meddle"

    async def run(self, dispatcher, tracker, domain):
        tracker.slots["note"] = "meddled"
        for event in tracker.events:
            event["text"] = event["name"] = "meddled"
        tracker.latest_message["text"] = "meddled"
        KEPT.append(tracker.events)
        try:
            domain["responses"]["utter_goodbye"] = [{"text": "meddled"}]
        except TypeError:
            dispatcher.utter_message(text="the domain is frozen")
        mine = {"list": [1]}
        KEPT.append(mine)
        return [SlotSet("note", mine)]


class Refuse(Action):
    def name(self):
        return "action_refuse"

    async def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection(self.name(), "not now")


class Spin(Action):
    def name(self):
        return "action_spin"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="round")
        return [FollowupAction("action_spin")]


class Person(Action):
    def name(self):
        return "action_request_handoff"

    async def run(self, dispatcher, tracker, domain):
        wish = {
            "reason": "asked_for_human",
            "evidence": {"text": tracker.latest_message["text"]},
            "priority": 15,
            "team": "tables",
            "skills": ["fr"],
        }
        return [SlotSet("handoff_request", wish)]


class Remember(Action):
    def name(self):
        return "action_remember"

    async def run(self, dispatcher, tracker, domain):
        gate = GATE.get(tracker.sender_id)
        if gate is not None:
            await gate.wait()
        return [SlotSet("note", tracker.latest_message["text"])]


class Recall(Action):
    def name(self):
        return "action_recall"

    async def run(self, dispatcher, tracker, domain):
        said = [e["text"] for e in tracker.events if e["event"] == "user"][-3:]
        note = tracker.get_slot("note")
        dispatcher.utter_message(response="utter_recall", said=f"{note} / {said}")
        return []


class NotUnderstood(Action):
    def name(self):
        return "action_not_understood"

    async def run(self, dispatcher, tracker, domain):
        users = [e for e in tracker.events if e["event"] == "user"]
        before = users[-2]["parse_data"]["intent"]["name"] if len(users) > 1 else ""
        if before == "nlu_fallback":
            return [SlotSet("handoff_request", {"reason": "not_understood"})]
        dispatcher.utter_message(response="utter_rephrase")
        return []


class Wait(Action):
    def name(self):
        return "action_wait"

    async def run(self, dispatcher, tracker, domain):
        return []


class ValidateBooking(FormValidationAction):
    def name(self):
        return "validate_booking_form"

    def validate_people(self, value, dispatcher, tracker, domain):
        digits = "".join(c for c in str(value) if c.isdigit())
        if not digits or int(digits) > 20:
            dispatcher.utter_message(text="A number up to 20, please.")
            return {"people": None}
        return {"people": float(digits)}

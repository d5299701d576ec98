"""Help with an account that needs none of its data: signing up, signing in, points."""

from __future__ import annotations

import re

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named, text_of
from actions.common import Domain, Event, has_response, services
from bot.domain.customer import Status

MASKED = re.compile(r"\[(?:hidden|password)[^\]]*\]", re.IGNORECASE)
"""What the server leaves of a password that was typed."""


class ActionRegistrationProblems(Action):
    """Help with what goes wrong when signing up; ask what it is if that was not said."""

    def name(self) -> str:
        """Return the name."""
        return "action_registration_problems"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer by the problem."""
        for problem in named(tracker, "registration_problem"):
            response = f"utter_registration_{problem}"
            if has_response(domain, response):
                dispatcher.utter_message(response=response)
                return []
        dispatcher.utter_message(response="utter_registration_problems")
        return []


class ActionRecoverPassword(Action):
    """Say how to get a new password, and kindly warn whoever typed one."""

    def name(self) -> str:
        """Return the name."""
        return "action_recover_password"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Say the steps; the word for an account that is locked has its own."""
        if MASKED.search(text_of(tracker)):
            dispatcher.utter_message(response="utter_password_typed")
        locked = named(tracker, "login_problem", known=("locked",))
        dispatcher.utter_message(
            response="utter_recover_password_locked" if locked else "utter_recover_password"
        )
        return []


class ActionLoyaltyStatus(Action):
    """Say a customer's tier and points and what they are good for."""

    def name(self) -> str:
        """Return the name."""
        return "action_loyalty_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Answer from the profile."""
        answer = await services().directory.profile()
        profile = answer.value
        if profile is None:
            unknown = answer.status is Status.TRY_LATER
            dispatcher.utter_message(response="utter_loyalty_later" if unknown else "utter_loyalty_sign_in")
        elif profile.points is None:
            dispatcher.utter_message(response="utter_loyalty_none")
        else:
            points = f"{profile.points:,}"
            dispatcher.utter_message(
                response="utter_loyalty", tier=profile.tier.capitalize(), points=points
            )
        return []

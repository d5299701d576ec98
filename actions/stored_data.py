"""What the company keeps of a customer: shown to whoever is signed in, and never taken for a change."""

from __future__ import annotations

from rasa_sdk.executor import CollectingDispatcher

from actions.answers import signed_in
from actions.common import Domain, part, services
from actions.communication_preferences import shown
from actions.forms import end_of

STORED_DATA = "utter_stored_data"
"""Besides its own name as a response: the end of a form whose message only asks what is kept."""
STRANGER = "utter_stored_data_sign_in"


async def show_stored_data(dispatcher: CollectingDispatcher, domain: Domain) -> None:
    """Say what the profile holds to whoever is signed in; to others, how to get at it."""
    answer = await services().directory.profile() if signed_in() else None
    if answer is None:
        dispatcher.utter_message(response=STRANGER)
    elif answer.value is None:
        dispatcher.utter_message(response=end_of(answer.status))
    else:
        profile, none = answer.value, part(domain, "utter_part_not_stored")
        on, off = shown(profile.preferences, domain)
        dispatcher.utter_message(
            response=STORED_DATA,
            name=profile.name or none,
            email=profile.email or none,
            phone=profile.phone or none,
            address=profile.address or none,
            points=none if profile.points is None else f"{profile.points:,}",
            on=on,
            off=off,
        )
        dispatcher.utter_message(response="utter_stored_data_rights")

"""Asking for a person. Actions only signal; the server moves the conversation and says so."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.common import Domain, Event, services
from actions.forms import entities, leave
from bot.domain.customer import TRUST_RANK, Trust
from bot.domain.handoff import OFFERED_FIRST, Reason

MOURNING = "mourning"
"""The slot that is filled once the customer told that somebody has died."""
TIER_WITHIN = 1.0
"""Seconds for the profile of somebody who wants a person."""
PRIORITY = 40
"""That of whoever mourns: before everybody else who waits."""


def signal(
    reason: Reason,
    *,
    quiet: bool = False,
    offer: bool | None = None,
    priority: int | None = None,
    **evidence: Any,
) -> Event:
    """Return the event by which the engine learns that a person is wanted.

    With `quiet` the server tells the customer nothing about it; with `offer` it asks them first, as it
    does for what is the bot's own idea unless that is said to be settled; a high `priority` waits less.
    """
    first = reason in OFFERED_FIRST if offer is None else offer
    wish: dict[str, Any] = {
        "reason": reason.value,
        "evidence": evidence,
        "priority": priority,
        "team": "",
        "skills": [],
        **({"quiet": True} if quiet else {}),
        **({"offer": True} if first and not quiet else {}),
    }
    event: Event = SlotSet("handoff_request", wish)
    return event


def unfinished(tracker: Tracker) -> dict[str, Any]:
    """Return the form that was interrupted and what it asked for, for the agent."""
    form = tracker.active_loop_name
    if not form:
        return {}
    return {"form": form, "asking": tracker.get_slot(REQUESTED_SLOT) or ""}


class ActionRequestHandoff(Action):
    """The customer asked for a person and gets one, without further questions."""

    def name(self) -> str:
        """Return the name."""
        return "action_request_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> list[Event]:
        """Signal, and leave the form: the person goes on from here."""
        mourns = bool(tracker.get_slot(MOURNING))
        if entities(tracker, "no_person"):  # "no person please" sounds like the wish for one
            dispatcher.utter_message(response="utter_bereavement_later" if mourns else "utter_no_person")
            return [SlotSet(MOURNING, "later")] if mourns else []
        text = tracker.latest_message.get("text") or ""
        evidence = {"text": text, **({"matter": "bereavement"} if mourns else {}), **unfinished(tracker)}
        tier = "" if mourns else await high_tier()
        reason = Reason.VIP if tier else Reason.ASKED_FOR_HUMAN
        evidence |= {"tier": tier} if tier else {}
        wish = signal(reason, offer=False, priority=PRIORITY if mourns else None, **evidence)
        return [wish, *leave(tracker, domain)]


async def high_tier() -> str:
    """Return the tier of a customer who is not to wait, if theirs is among the fact `vip_tiers`.

    Nobody waits for the company's system because of this: what is not known at once does not count.
    """
    here = services()
    named = {tier.strip().casefold() for tier in here.context.facts.get("vip_tiers", "").split(",")}
    known = here.context.directory_ref and TRUST_RANK[here.context.trust] >= TRUST_RANK[Trust.CHANNEL]
    if not known or not named - {""}:
        return ""
    try:
        profile = (await asyncio.wait_for(here.directory.profile(), TIER_WITHIN)).value
    except TimeoutError:
        return ""
    return profile.tier if profile is not None and profile.tier.casefold() in named else ""

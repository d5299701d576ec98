"""Details, end and wishes of an account: what is read from words, and what the directory's answers say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actions.account_help import ActionLoyaltyStatus
from actions.communication_preferences import (
    ActionCommunicationPreferences,
    ValidateCommunicationPreferencesForm,
    changes,
    ways_in,
)
from actions.delete_account import ActionDeleteAccount
from actions.edit_account import ActionEditAccount, email_in, name_in, phone_in
from actions.newsletter_subscription import ActionNewsletterSubscription
from bot.domain.customer import Answer, Closure, Preferences, Profile, Status, Trust
from tests.unit.actions.support import Outcome, StrictDirectory, no, ok, run, tracker, turn

SIGNED_IN = {"trust": Trust.VERIFIED, "directory_ref": "C1"}
JANE = Profile(ref="C1", name="Jane", email="new@example.com", tier="gold", points=1240)


async def finish(action: Any, call: tuple[str, ...], answer: Answer[Any], **slots: Any) -> Outcome:
    directory = StrictDirectory({call: answer})
    with turn(directory, **SIGNED_IN):
        outcome = await run(action, tracker(slots={"confirmed": True, **slots}))
    assert directory.calls == [call]
    return outcome


async def refuse(action: Any, **slots: Any) -> list[str]:
    """Finish without a yes to what is in the slots: no call may be made."""
    with turn(StrictDirectory(), **SIGNED_IN):
        return (await run(action, tracker(slots=slots))).responses


@pytest.mark.parametrize(
    ("text", "email", "phone", "name"),
    [
        ("it's Jane@Home.Example, thanks", "jane@home.example", "", ""),
        ("my new number is +44 7700 900 555.", "", "+44 7700 900 555", ""),
        ("Jane O'Neil-Ó Sé", "", "", "Jane O'Neil-Ó Sé"),
        ("my new name is Jane Okafor", "", "", "Jane Okafor"),
        ("12", "", "", ""),
        ("why?", "", "", ""),
    ],
)
def test_new_values(text: str, email: str, phone: str, name: str) -> None:
    assert (email_in(text), phone_in(text), name_in(text)) == (email, phone, name)


EDIT = {"account_field": "email", "new_value": "new@example.com", "confirm_for": "email: new@example.com"}


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(JANE), "utter_edit_account_done"),
        (no(Status.REFUSED, "taken"), "utter_edit_account_taken"),
        (no(Status.REFUSED, "invalid"), "utter_edit_account_invalid"),
        (no(Status.REFUSED, "frozen"), "utter_edit_account_refused_other"),
        (no(Status.TRY_LATER), "utter_edit_account_unknown"),
        (no(Status.NOT_ALLOWED), "utter_end_sign_in"),
    ],
)
async def test_editing_says_what_happened(answer: Answer[Any], response: str) -> None:
    call = ("update_account_holder", "email=new@example.com")
    assert (await finish(ActionEditAccount(), call, answer, **EDIT)).responses == [response]


async def test_nothing_is_edited_without_a_yes_to_this_value() -> None:
    kept = ["utter_edit_account_kept"]
    assert await refuse(ActionEditAccount(), **EDIT, confirmed=False) == kept
    assert (
        await refuse(ActionEditAccount(), **EDIT | {"new_value": "x@example.com"}, confirmed=True) == kept
    )


async def test_the_address_is_another_form() -> None:
    with turn(StrictDirectory(), **SIGNED_IN):
        outcome = await run(ActionEditAccount(), tracker(slots={"form_end": "change_shipping_address"}))
    assert outcome.said == []
    assert outcome.slots["address_for"] == "account"
    assert outcome.events[-1]["name"] == "change_shipping_address_form"


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(Closure(closes_on=date(2026, 3, 16))), "utter_delete_account_done"),
        (ok(Closure(closes_on=date(2026, 3, 16), already=True)), "utter_delete_account_already"),
        (no(Status.REFUSED, "open_orders"), "utter_delete_account_open_orders"),
        (no(Status.REFUSED, "unpaid"), "utter_delete_account_refused_other"),
        (no(Status.TRY_LATER), "utter_delete_account_unknown"),
        (no(Status.NOT_ALLOWED), "utter_end_sign_in"),
    ],
)
async def test_closing_says_what_happened(answer: Answer[Any], response: str) -> None:
    outcome = await finish(ActionDeleteAccount(), ("close_account",), answer, confirm_for="delete_account")
    assert outcome.responses == [response]
    assert outcome.said[0].get("closes_on") in (None, "Monday 16 March")


async def test_nothing_is_closed_without_a_yes() -> None:
    for slots in ({"confirmed": False, "confirm_for": "delete_account"}, {"confirmed": True}):
        assert await refuse(ActionDeleteAccount(), **slots) == ["utter_delete_account_kept"]


@pytest.mark.parametrize(
    ("wish", "answer", "response"),
    [
        ("unsubscribe", ok(Preferences(newsletter=False)), "utter_newsletter_off"),
        ("subscribe", ok(Preferences(newsletter=True)), "utter_newsletter_on"),
        ("subscribe", no(Status.TRY_LATER), "utter_newsletter_unknown"),
        ("subscribe", no(Status.NOT_ALLOWED), "utter_end_sign_in"),
    ],
)
async def test_the_newsletter_says_what_happened(wish: str, answer: Answer[Any], response: str) -> None:
    call = ("set_preferences", f"newsletter={wish == 'subscribe'}")
    slots = {"newsletter_wish": wish, "confirm_for": wish}
    assert (await finish(ActionNewsletterSubscription(), call, answer, **slots)).responses == [response]


@pytest.mark.parametrize(
    ("ways", "switch", "expected"),
    [
        ("phone sms", "off", {"phone": False, "sms": False}),
        ("offers", "on", {"offers": True}),
        ("email", "only", {"email": True, "sms": False, "phone": False, "post": False, "messages": False}),
    ],
)
def test_what_a_wish_changes(ways: str, switch: str, expected: dict[str, bool]) -> None:
    assert changes(ways, switch) == expected


def test_stopping_everything_changes_all_there_is() -> None:
    assert changes("all", "off") == dict.fromkeys(Preferences.__dataclass_fields__, False)


def test_only_belongs_to_what_follows_it() -> None:
    said = tracker("no calls, only texts")
    said.latest_message["entities"] = [
        {"entity": "contact_switch", "value": "off", "start": 0},
        {"entity": "contact_way", "value": "phone", "start": 3},
        {"entity": "contact_switch", "value": "only", "start": 10},
        {"entity": "contact_way", "value": "sms", "start": 15},
    ]
    assert ways_in(said) == ["sms"]


async def test_a_mere_no_changes_no_wish() -> None:
    said = tracker("no", loop="communication_preferences_form", entities={"contact_switch": "off"})
    said.latest_message["intent"] = {"name": "deny", "confidence": 1.0}
    said.slots |= {"contact_ways": "sms", "contact_switch": "on", "requested_slot": "confirmed"}
    with turn(StrictDirectory(), **SIGNED_IN):
        outcome = await run(ValidateCommunicationPreferencesForm(), said)
    assert "contact_switch" not in outcome.slots


async def test_preferences_are_shown_back() -> None:
    kept = Preferences(sms=False, newsletter=True)
    slots = {"contact_ways": "sms", "contact_switch": "off", "confirm_for": "sms: off"}
    outcome = await finish(
        ActionCommunicationPreferences(), ("set_preferences", "sms=False"), ok(kept), **slots
    )
    assert outcome.responses == ["utter_preferences_done"]
    assert outcome.said[0]["off"] == "texts, offers"
    assert outcome.said[0]["on"] == "e-mail, phone calls, post, messages here, newsletter"


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (ok(JANE), "utter_loyalty"),
        (ok(Profile(ref="C1", name="Jane")), "utter_loyalty_none"),
        (no(Status.NOT_ALLOWED), "utter_loyalty_sign_in"),
        (no(Status.TRY_LATER), "utter_loyalty_later"),
    ],
)
async def test_points(answer: Answer[Any], response: str) -> None:
    with turn(StrictDirectory({("profile",): answer})):
        outcome = await run(ActionLoyaltyStatus(), tracker())
    assert outcome.responses == [response]
    assert outcome.said[0].get("points") in (None, "1,240")

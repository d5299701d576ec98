"""Details of the account, its end, signing in and up, points: whole conversations."""

from __future__ import annotations

import pytest

from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

CHANGED = [("C1001", "holder_changed")]


async def test_a_new_email_by_choices(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("I want to edit my account")
    said(c, "utter_ask_account_field")
    await c.press("E-mail")
    said(c, "utter_ask_new_value_email")
    await c.say("jane at home")
    said(c, "utter_new_value_unclear_email", "utter_ask_new_value_email")
    await c.say("it's jane@home.example")
    said(c, "utter_confirm_edit_account")
    assert "jane@home.example" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_edit_account_done")
    assert await changes(shop) == CHANGED


async def test_everything_in_one_message(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("please change my phone number to +44 7700 900555")
    said(c, "utter_confirm_edit_account")
    assert "+44 7700 900555" in c.messages[0].text
    await c.say("no")
    said(c, "utter_edit_account_kept")
    assert await changes(shop) == []


async def test_a_name(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the name on my account")
    said(c, "utter_ask_new_value_name")
    await c.say("Jane Miller-Okafor")
    said(c, "utter_confirm_edit_account")
    await c.say("yes")
    said(c, "utter_edit_account_done")
    profile = (await shop.profile("C1001")).value
    assert profile is not None
    assert profile.name == "Jane Miller-Okafor"


async def test_an_email_that_is_taken(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change my email to tariq.mahmood@example.org")
    said(c, "utter_confirm_edit_account")
    await c.press("Yes")
    said(c, "utter_edit_account_taken")
    await c.press("Try once more")
    said(c, "utter_ask_account_field")
    await c.say("never mind")
    assert await changes(shop) == []


async def test_address_and_password_have_ways_of_their_own(start: Start) -> None:
    c = start(jane=True)
    await c.say("I want to edit my account")
    await c.press("Address")
    said(c, "utter_ask_new_address_account")
    await c.say("stop")
    said(c, "utter_left_form")
    await c.say("I want to edit my account")
    await c.press("Password")
    said(c, "utter_recover_password")


async def test_details_need_somebody_who_is_signed_in(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("change my email to somebody@example.com")
    said(c, "utter_edit_account_sign_in")
    await c.say("I want to delete my account")
    said(c, "utter_delete_account_sign_in")
    await c.say("how many points do I have")
    said(c, "utter_loyalty_sign_in")
    await c.say("yes")
    assert await changes(shop) == []


async def test_closing_an_account(start: Start, shop: DemoDirectory) -> None:
    c = start(ref="C1012")
    await c.say("please delete my account")
    said(c, "utter_confirm_delete_account")
    await c.press("No")
    said(c, "utter_delete_account_kept")
    assert await changes(shop) == []
    await c.say("please delete my account")
    await c.say("yes but what about my points")
    assert await changes(shop) == []
    await c.say("please delete my account")
    await c.press("Yes, close it")
    said(c, "utter_delete_account_done")
    assert await changes(shop) == [("C1012", "account_closed")]
    await c.say("please delete my account")
    await c.press("Yes, close it")
    said(c, "utter_delete_account_already")


async def test_an_account_with_open_orders_stays(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("please delete my account")
    said(c, "utter_delete_account_open_orders")
    assert await changes(shop) == []


async def test_help_with_signing_up_and_in(start: Start) -> None:
    c = start()
    await c.say("how do I create an account")
    said(c, "utter_create_account")
    await c.press("That doesn't work")
    said(c, "utter_registration_problems")
    await c.press("No e-mail came")
    said(c, "utter_registration_no_mail")
    await c.say("I can't register, it says the email is already taken")
    said(c, "utter_registration_taken")
    await c.say("I want to switch to another account")
    said(c, "utter_switch_account")
    await c.press("Forgotten password")
    said(c, "utter_recover_password")
    await c.press("I'm locked out")
    said(c, "utter_recover_password_locked")


async def test_a_password_that_was_typed(start: Start) -> None:
    c = start()
    await c.say("I forgot my password, I think my password is [hidden]")
    said(c, "utter_password_typed", "utter_recover_password")


async def test_help_in_the_middle_of_something(start: Start) -> None:
    c = start()
    await c.say("track 4521")
    await c.say("I forgot my password")
    said(c, "utter_recover_password", "utter_ask_order_proof")


async def test_points(start: Start) -> None:
    c = start(jane=True)
    await c.say("how many points do I have")
    said(c, "utter_loyalty")
    assert "1,240" in c.messages[0].text
    assert "Gold" in c.messages[0].text or "gold" in c.messages[0].text

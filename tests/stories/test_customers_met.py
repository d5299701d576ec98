"""What customers met with cases, payments, grief, addresses and accounts: whole conversations."""

from __future__ import annotations

import pytest

from bot.domain.handoff import Reason
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


async def test_a_double_charge_is_no_refund(start: Start) -> None:
    c = start(jane=True)
    await c.say("I want a refund")
    await c.say("STOP asking about refund, its about the DOUBLE CHARGE")
    assert "wrong" not in c.messages[-1].text
    assert c.choices[-1] == "Not about an order"
    await c.press("4521")
    said(c, "utter_confirm_payment_issue")
    await c.press("Yes")
    said(c, "utter_payment_issue_opened")  # and no way back to the return


async def test_a_case_is_remembered(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("You took my money TWICE")
    await c.press("4521")
    await c.press("Yes")
    said(c, "utter_payment_issue_opened")
    await c.say("how long will that take")
    said(c, "utter_case_open")
    await c.say("I was charged twice!")
    said(c, "utter_case_open")
    await c.say("how is my complaint going")
    said(c, "utter_case_open")
    assert await changes(shop) == [("4521", "case_opened")]


async def test_a_case_by_its_number(start: Start) -> None:
    c = start(ref="C1014")
    await c.say("what happened to my case K7002")
    said(c, "utter_case_solved")
    assert "depot" in c.messages[0].text
    c = start(jane=True)
    await c.say("status of case K7002")
    said(c, "utter_case_not_open")
    assert c.choices == ["Speak to a person"]
    await c.say("how is my complaint going")
    said(c, "utter_case_which")


async def test_the_whole_account_of_a_complaint(start: Start) -> None:
    c = start(jane=True)
    await c.say("I want to complain. your driver was rude to my mother and threw the box")
    await c.say("the box was soaked and he laughed at her, really bad")
    await c.press("Not about an order")
    said(c, "utter_confirm_complaint")
    assert "rude to my mother" in c.messages[0].text
    assert "laughed at her" in c.messages[0].text


async def test_a_number_put_right_at_the_last_question(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change the address of order 4522")
    await c.say("12 Mill Lane, Leeds LS6 2AB")
    said(c, "utter_confirm_change_shipping_address_order")
    await c.say("sorry number is falsch, 21 not 12")
    said(c, "utter_confirm_change_shipping_address_order")
    assert "21 Mill Lane" in c.messages[0].text
    await c.say("no the street is wrong")
    said(c, "utter_address_again", "utter_ask_new_address_order")
    await c.say("21 Mill Road, Leeds LS6 2AB")
    assert await changes(shop) == []
    await c.say("ja bitte")
    said(c, "utter_address_changed_order")


async def test_grief_is_met_without_haste(start: Start) -> None:
    c = start(jane=True)
    await c.say("my husband has died")
    said(c, "utter_bereavement")
    assert c.last is not None
    assert c.last.handoff is None
    await c.say("do you need any papers")
    said(c, "utter_bereavement_papers")
    await c.say("no person please")
    said(c, "utter_bereavement_later")
    await c.say("what about the money he still owes")
    said(c, "utter_bereavement_money")
    await c.say("please stop sending him catalogues")
    said(c, "utter_bereavement_mailings")
    assert c.last.handoff is None
    await c.press("Yes, a colleague")
    said(c, "utter_bereavement_person")
    assert c.last.handoff is not None
    assert c.last.handoff.priority == 40


async def test_grief_wants_something_changed(start: Start) -> None:
    c = start(jane=True)
    await c.say("my husband has died")
    await c.say("I want to delete the account")
    said(c, "utter_bereavement_person")
    assert c.last is not None
    assert c.last.handoff is not None
    assert c.last.handoff.reason is Reason.BUSINESS_RULE


async def test_grief_agrees_in_words(start: Start) -> None:
    c = start()
    await c.say("my mother passed away last week")
    await c.say("yes please")
    said(c, "utter_bereavement_person")
    assert c.last is not None
    assert c.last.handoff is not None


async def test_grief_in_the_middle_of_something(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("cancel order 4522")
    await c.say("my husband has died")
    said(c, "utter_bereavement_meanwhile", "utter_confirm_cancel_order")
    await c.press("Yes")
    assert await changes(shop) == [("4522", "cancelled")]


async def test_a_return_of_something_inherited(start: Start) -> None:
    c = start(jane=True)
    await c.say("when my mother died I got her parcel, I want to return the teapot")
    assert c.last is not None
    assert c.last.handoff is None
    assert c.last.nlu is not None
    assert c.last.nlu.intents[0].name == "get_refund"


async def test_open_orders_are_named_before_the_account_is_closed(start: Start) -> None:
    c = start(jane=True)
    await c.say("delete my account")
    said(c, "utter_delete_account_open_orders")
    assert "4521" in c.messages[0].text
    assert "4522" in c.messages[0].text


async def test_signing_in_is_explained(start: Start) -> None:
    c = start()
    for text in ("how do I sign in", "I can't sign in"):
        await c.say(text)
        said(c, "utter_recover_password")


async def test_one_german_word_is_no_other_language(start: Start) -> None:
    c = start()
    await c.say("blorf nicht frobnicate quux the wibble")
    assert "English" not in c.messages[0].text

"""The newsletter and the ways of contact: whole conversations."""

from __future__ import annotations

import pytest

from bot.domain.customer import Preferences
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

KEPT = [("C1001", "preferences_set")]


async def preferences(shop: DemoDirectory) -> Preferences:
    profile = (await shop.profile("C1001")).value
    assert profile is not None
    return profile.preferences


async def test_off_the_newsletter_and_on_again(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("unsubscribe me from the newsletter")
    said(c, "utter_confirm_newsletter_subscription_unsubscribe")
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_newsletter_off")
    assert (await preferences(shop)).newsletter is False
    await c.say("unsubscribe me from the newsletter")
    said(c, "utter_newsletter_already_off")
    await c.say("the newsletter please")
    said(c, "utter_ask_newsletter_wish_off")
    await c.press("Subscribe")
    said(c, "utter_confirm_newsletter_subscription_subscribe")
    await c.say("no")
    said(c, "utter_newsletter_kept")
    assert await changes(shop) == KEPT


async def test_a_stranger_is_told_the_way_out(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("unsubscribe me from the newsletter")
    said(c, "utter_newsletter_stranger_off")
    await c.say("subscribe to the newsletter")
    said(c, "utter_newsletter_stranger_on")
    await c.say("newsletter")
    said(c, "utter_newsletter_stranger")
    await c.say("stop calling me")
    said(c, "utter_preferences_stranger")
    assert await changes(shop) == []


async def test_ways_by_words(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("no more calls")
    said(c, "utter_confirm_communication_preferences")
    assert "phone calls: off" in c.messages[0].text
    await c.say("yes")
    said(c, "utter_preferences_done")
    assert (await preferences(shop)).phone is False
    assert await changes(shop) == KEPT


async def test_ways_by_choices(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change my communication preferences")
    said(c, "utter_ask_contact_ways")
    await c.press("Texts")
    said(c, "utter_ask_contact_switch")
    await c.press("Off")
    said(c, "utter_confirm_communication_preferences")
    await c.press("No")
    said(c, "utter_preferences_kept")
    assert await changes(shop) == []


async def test_stop_everything(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("change my communication preferences")
    await c.press("Stop everything")
    said(c, "utter_confirm_communication_preferences_all_off")
    await c.press("Yes")
    said(c, "utter_preferences_done")
    assert await preferences(shop) == Preferences(
        newsletter=False, offers=False, email=False, sms=False, phone=False, post=False, messages=False
    )


async def test_only_by_mail(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("only contact me by email")
    said(c, "utter_confirm_communication_preferences")
    await c.press("Yes")
    kept = await preferences(shop)
    assert (kept.email, kept.sms, kept.phone, kept.post) == (True, False, False, False)


async def test_all_marketing_is_every_way_and_the_newsletter(start: Start, shop: DemoDirectory) -> None:
    for wish in ("stop all marketing", "no calls, no mails, no newsletter, nothing"):
        c = start(jane=True)
        await c.say(wish)
        said(c, "utter_confirm_communication_preferences_all_off")
    c = start(jane=True)
    await c.say("change my communication preferences")
    await c.say("everything off")
    said(c, "utter_confirm_communication_preferences_all_off")
    assert await changes(shop) == []


async def test_what_is_added_at_the_question_is_asked_again(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("stop texts")
    await c.say("yes, and phone off too")
    said(c, "utter_confirm_communication_preferences")
    assert "texts: off, phone calls: off" in c.messages[0].text
    assert await changes(shop) == []
    await c.press("Yes")
    said(c, "utter_preferences_done")
    kept = await preferences(shop)
    assert (kept.sms, kept.phone) == (False, False)


async def test_the_newsletter_and_calls_together(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("unsubscribe me from the newsletter")
    await c.say("no phone calls")
    said(c, "utter_confirm_communication_preferences")
    assert "phone calls: off" in c.messages[0].text
    assert await changes(shop) == []


async def test_what_is_set_is_shown_and_stays(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("which marketing do I still get?")
    said(c, "utter_preferences_now")
    assert await changes(shop) == []

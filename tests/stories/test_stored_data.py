"""What is kept of a customer: asking for it is no wish to change it."""

from __future__ import annotations

import pytest

from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    "text",
    [
        "yes everything you store, like my address and stuff",
        "whats my address you have",
        "what data do you hold about me",
        "show me my profile",
    ],
)
async def test_reading_is_not_changing(start: Start, shop: DemoDirectory, text: str) -> None:
    c = start(jane=True)
    await c.say(text)
    said(c, "utter_stored_data", "utter_stored_data_rights")
    assert "Jane Miller" in c.messages[0].text
    assert c.last is not None
    assert not c.last.slots.get("requested_slot")
    assert await changes(shop) == []
    c = start()
    await c.say(text)
    said(c, "utter_stored_data_sign_in")


async def test_leave_the_address(start: Start, shop: DemoDirectory) -> None:
    c = start(jane=True)
    await c.say("no leave the address")
    said(c, "utter_address_kept")
    assert await changes(shop) == []


async def test_an_address_without_the_words_around_it(start: Start) -> None:
    c = start(jane=True)
    await c.say("change the address of my account to 9 Oak St York YO1 7AB as the address")
    said(c, "utter_confirm_change_shipping_address_account")
    assert "9 Oak St York YO1 7AB" in c.messages[0].text
    assert "YO1 7AB as the address as" not in c.messages[0].text
    assert "change the address of my" not in c.messages[0].text


async def test_an_address_in_parts(start: Start) -> None:
    c = start(jane=True)
    await c.say("change delivery address of order 4522 to 5 Elm Rd York")
    said(c, "utter_ask_new_address_rest")
    await c.say("YO1 7AB")
    said(c, "utter_confirm_change_shipping_address_order")
    assert "5 Elm Rd York, YO1 7AB" in c.messages[0].text

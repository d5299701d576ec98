"""Customers who sign in while the assistant waits for the proof of an order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.customer import Trust
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import Conversation, Start, changes, said

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def sign_in(c: Conversation, ref: str) -> None:
    """From the next message on the channel vouches for a customer."""
    c.context = replace(c.context, trust=Trust.VERIFIED, directory_ref=ref)


@pytest.mark.parametrize("words", ["I am signed in now", "ok I have logged in"])
async def test_who_has_signed_in_need_not_prove_their_order(start: Start, words: str) -> None:
    c = start()
    await c.say("where is my order 4522?")
    said(c, "utter_ask_order_proof")
    sign_in(c, "C1001")
    await c.say(words)
    assert "4522" in c.messages[0].text
    assert "Wool rug" in c.messages[0].text


async def test_a_change_still_asks_for_its_yes(start: Start, shop: DemoDirectory) -> None:
    c = start()
    await c.say("cancel order 4522")
    said(c, "utter_ask_order_proof")
    sign_in(c, "C1001")
    await c.say("I'm logged in now")
    assert "Yes" in c.choices
    assert await changes(shop) == []
    await c.press("Yes")
    assert await changes(shop) == [("4522", "cancelled")]


async def test_somebody_else_must_prove_it_as_before(start: Start) -> None:
    c = start()
    await c.say("where is my order 4522?")
    sign_in(c, "C1002")
    await c.say("I am signed in now")
    said(c, "utter_need_answer", "utter_ask_order_proof")

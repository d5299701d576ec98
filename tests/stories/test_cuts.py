"""Each form of the assistant, with its history forgotten after every turn: nothing that is said changes."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.customers.demo import DemoDirectory
from tests.engine.cuts import ALWAYS, NEVER, SHORT, cutting
from tests.stories.dialogue import EMAIL, ROOT, Conversation, Start
from tests.support.clock import FakeClock

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default"), pytest.mark.timeout(600)]

ASIDES = [
    ("what are your opening hours", ""),
    ("what can I pay with", ""),
    ("are you a bot", ""),
    ("what can you do", ""),
    ("what is your refund policy", ""),
    ("which delivery options are there", ""),
]
"""As many as there are turns that a cut leaves: what was said before them is forgotten.

Different ones: the same again and again would be a sign of anger.
"""
PRESS = "<press>"
ANSWERS = {
    "order_number": PRESS,
    "order_proof": EMAIL,
    "item": PRESS,
    "return_reason": "it does not fit",
    "resolution": "a refund please",
    "change_request": "please send the large one instead of the small one",
    "change_more": "no, that's all",
    "address_for": PRESS,
    "new_address": "12 Mill Lane, Leeds, LS1 4DY",
    "account_field": "my phone number",
    "new_value": "+44 7700 900123",
    "newsletter_wish": "subscribe",
    "contact_ways": "email",
    "contact_switch": "off",
    "payment_problem": PRESS,
    "about_order": "no",
    "case_text": "the courier was rude and left it in the rain",
    "product_query": "the teapot",
    "confirmed": "yes",
}
MAX_STEPS = 10
FORMS = [
    "cancel_order_form",
    "change_order_form",
    "change_shipping_address_form",
    "check_invoice_form",
    "communication_preferences_form",
    "complaint_form",
    "damaged_item_form",
    "delete_account_form",
    "edit_account_form",
    "get_invoice_form",
    "get_refund_form",
    "late_delivery_form",
    "missing_item_form",
    "newsletter_subscription_form",
    "payment_issue_form",
    "product_question_form",
    "track_order_form",
    "track_refund_form",
    "warranty_form",
    "wrong_item_form",
]
Say = tuple[str, str]
"""A text, and the payload if it was pressed."""


@pytest.fixture
async def begin(start: Start, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Conversation]]]:
    """Begin conversations that differ in nothing: the same ids, each with a shop of its own."""
    numbers = itertools.count()
    async with AsyncExitStack() as stack:

        async def fresh() -> Conversation:
            path = tmp_path / f"shop-{next(numbers)}.db"
            shop = DemoDirectory(path, FakeClock(), seed=ROOT / "data" / "demo" / "shop.json")
            await shop.start()
            stack.push_async_callback(shop.stop)
            first = start(jane=True)
            first.shop = shop
            first.context = replace(first.context, conversation_id="cuts")
            return first

        yield fresh


async def turn(conversation: Conversation, said: Say) -> Any:
    """Take a turn; return all that anybody sees of it."""
    await conversation._turn(text=said[0], payload=said[1])
    result = conversation.last
    assert result is not None
    return (result.messages, result.slots, result.awaiting, shown(result.handoff))


def shown(handoff: Any) -> Any:
    """Return a wish for a person; what was said lately is quoted there as far as it is remembered."""
    return handoff and replace(handoff, evidence={k: v for k, v in handoff.evidence.items() if k != "said"})


async def flow(conversation: Conversation, form: str) -> list[Say]:
    """Go through a form; return what was said."""
    topic = form.removesuffix("_form")
    said: list[Say] = [(topic, f"/{topic}")]
    await turn(conversation, said[0])
    while conversation.last is not None and conversation.last.awaiting and len(said) < MAX_STEPS:
        answer = ANSWERS[conversation.last.awaiting]
        choices = [choice for message in conversation.messages for choice in message.choices]
        if answer == PRESS and choices:
            said.append((choices[0].title, choices[0].payload))
        else:
            said.append(("4521" if answer == PRESS else answer, ""))
        await turn(conversation, said[-1])
    return said


async def same(
    begin: Callable[[], Awaitable[Conversation]], said: list[Say], bounds: dict[str, int]
) -> None:
    whole, cut = await begin(), await begin()
    for number, words in enumerate(said):
        with cutting(NEVER):
            expected = await turn(whole, words)
        with cutting(bounds):
            assert await turn(cut, words) == expected, (number, words)


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_survives_a_cut_at_any_turn(
    begin: Callable[[], Awaitable[Conversation]], form: str
) -> None:
    said = await flow(await begin(), form)
    await same(begin, [words for step in said for words in (step, *ASIDES)], ALWAYS)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
async def test_a_form_needs_no_history(begin: Callable[[], Awaitable[Conversation]], form: str) -> None:
    said = await flow(await begin(), form)
    asides = [ASIDES[i % len(ASIDES)] for i in range(len(said))]
    await same(begin, [words for both in zip(said, asides, strict=True) for words in both], SHORT)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
async def test_a_form_survives_one_cut_at_each_turn(
    begin: Callable[[], Awaitable[Conversation]], form: str
) -> None:
    said = await flow(await begin(), form)
    for at in range(len(said)):
        for before in (0, 5, 11, 12):
            small_talk = [(("hello", "thanks")[i % 2], "") for i in range(before)]
            await same(begin, [*small_talk, *said[: at + 1], *ASIDES, *said[at + 1 :]], ALWAYS)


def test_every_form_and_every_answer_is_there(turns: Any) -> None:
    domain = turns._processor.domain
    assert sorted(domain.forms) == FORMS
    assert {slot for form in FORMS for slot in domain.required_slots_for_form(form)} == set(ANSWERS)

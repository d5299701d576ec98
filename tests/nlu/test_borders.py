"""Kinds of messages that were misunderstood once: none of these texts is an example."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.training.evaluate import Understanding

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

BORDERS = {
    "a greeting or thanks before the matter": [
        ("hello, is there a way to trace my parcel", "track_order"),
        ("Dear Madam, I would like to obtain a copy of my bill", "get_invoice"),
        ("oh how lovely, is it machine washable?", "product_question"),
        ("ok thanks and do you have that in white", "product_question"),
        ("many thanks, could you now tell me your opening times", "opening_hours"),
        ("that's lovely of you to say", "thank"),
        ("hello there, nice to meet you", "greet"),
    ],
    "a matter in doubt": [
        ("hmm maybe cancel order 4530, i don't know", "cancel_order"),
        ("erm not sure, might need to change the delivery address", "change_shipping_address"),
        ("maybe, i'm not sure yet", "deny"),
    ],
    "invoices in few words": [
        ("invoice 4530, EH3 9QN", "get_invoice"),
        ("4530 4531 4532 invoices please", "get_invoice"),
        ("a credit note would be good", "get_invoice"),
        ("check invoice 4533", "check_invoice"),
    ],
    "rules, not a return": [
        ("how long does one have to send an article back", "check_refund_policy"),
        ("if it doesn't look nice may i return it and who pays postage", "check_refund_policy"),
    ],
    "delivery in general or of an order": [
        ("what if nobody's home when you deliver", "delivery_options"),
        ("do you ship to Switzerland and what about duty", "delivery_options"),
        ("my parcel comes tomorrow but i'm out, can it go to my neighbour", "track_order"),
        ("bring my parcel 4533 on Monday instead", "track_order"),
        ("please bring package to new flat, i am moved", "change_shipping_address"),
    ],
    "signing in or up": [
        ("i can't sign in any more", "recover_password"),
        ("where can i sign in", "recover_password"),
        ("sign up doesn't work", "registration_problems"),
    ],
    "paid twice": [
        ("you guys took the money two times, it's not about a refund", "payment_issue"),
        ("where is my refund for the double charge", "track_refund"),
    ],
    "a case that runs": [
        ("any word on my complaint K7005", "complaint"),
        ("what's happening with case K1234", "complaint"),
    ],
    "families": [
        ("my husband is in hospital, where is his parcel", "track_order"),
        ("my wife has cancer, we need to cancel the order", "cancel_order"),
        ("my dad has died and you keep writing to him", "bereavement"),
        ("when my mum died last year I moved, now I want to return the lamp I bought", "get_refund"),
    ],
    "yes, no and the end": [
        ("yes do go on with the cancellation", "affirm"),
        ("no no, that's perfectly clear, goodbye then", "goodbye"),
        ("i won't return it after all", "stop"),
        ("did you cancel my order? i didn't say yes", "track_order"),
        ("no, the order i made last week", "other_order"),
        ("number 4522 not 4521", "other_order"),
    ],
}


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    from bot.training.train import train

    return Understanding.load(train(ROOT, ROOT / "models", lambda line: None).model.path)


@pytest.mark.parametrize("kind", BORDERS)
def test_the_matter_is_understood(understanding: Understanding, kind: str) -> None:
    seen = [(text, understanding.predict(text).intent) for text, _ in BORDERS[kind]]
    assert seen == BORDERS[kind]

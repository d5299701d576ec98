from __future__ import annotations

import json

import pytest

from bot.domain.errors import ConfigError
from bot.domain.message import Kind
from bot.services.sentences import Catalogue

RESPONSES = {
    "utter_plain": [{"text": "Hello."}],
    "utter_place": [{"text": "You are number {place} in the queue."}],
    "utter_gap": [{"text": "Hello {name} and welcome."}],
    "utter_many": [{"text": f"Variation {n}"} for n in range(5)],
    "utter_buttons": [
        {
            "text": "Which one?",
            "buttons": [{"title": "Order {number}", "payload": '/inform{"order_number": "{number}"}'}],
        }
    ],
    "utter_image": [{"text": "Look", "image": "https://example.com/{number}.png"}],
    "utter_custom": [{"custom": {"map": {"pin": "{city}", "zoom": 3}, "tags": ["{city}"]}}],
    "utter_channel": [{"text": "short", "channel": "telegram"}, {"text": "long"}],
    "utter_language": [
        {"text": "Guten Tag", "condition": [{"type": "slot", "name": "language", "value": "de"}]},
        {"text": "Good day"},
    ],
    "utter_only_vip": [{"text": "VIP", "condition": [{"type": "slot", "name": "vip", "value": True}]}],
}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.load(json.dumps({"format": 1, "responses": RESPONSES}).encode())


def test_renders_text_with_values(catalogue: Catalogue) -> None:
    assert catalogue.render("utter_plain").text == "Hello."
    assert catalogue.render("utter_place", place=3).text == "You are number 3 in the queue."
    assert catalogue.render("utter_plain").shape is Kind.TEXT


def test_a_missing_value_leaves_no_braces(catalogue: Catalogue) -> None:
    assert catalogue.render("utter_gap").text == "Hello and welcome."
    assert catalogue.render("utter_gap", name=None).text == "Hello and welcome."


def test_values_are_not_read_as_templates(catalogue: Catalogue) -> None:
    draft = catalogue.render("utter_gap", name="{place} {0.__class__} %s")
    assert draft.text == "Hello {place} {0.__class__} %s and welcome."


def test_renders_choices(catalogue: Catalogue) -> None:
    draft = catalogue.render("utter_buttons", number="4521")
    assert draft.shape is Kind.CHOICES
    assert draft.choices[0].title == "Order 4521"
    assert draft.choices[0].payload == '/inform{"order_number": "4521"}'


def test_renders_images_and_custom_payloads(catalogue: Catalogue) -> None:
    assert catalogue.render("utter_image", number=7).attachments[0].url == "https://example.com/7.png"
    custom = catalogue.render("utter_custom", city="Paris").custom
    assert custom == {"map": {"pin": "Paris", "zoom": 3}, "tags": ["Paris"]}


def test_the_same_values_say_the_same_and_others_vary(catalogue: Catalogue) -> None:
    said = {key: catalogue.render("utter_many", key=key).text for key in range(50)}
    assert said == {key: catalogue.render("utter_many", key=key).text for key in range(50)}
    assert len(set(said.values())) == 5


def test_channel_and_conditions_choose(catalogue: Catalogue) -> None:
    assert catalogue.render("utter_channel", channel="telegram").text == "short"
    assert catalogue.render("utter_channel", channel="rest").text == "long"
    assert catalogue.render("utter_channel").text == "long"
    assert catalogue.render("utter_language", language="de").text == "Guten Tag"
    assert catalogue.render("utter_language").text == "Good day"
    assert catalogue.render("utter_only_vip", vip=True).text == "VIP"


def test_unknown_names_are_refused(catalogue: Catalogue) -> None:
    for name in ("utter_nothing", "utter_only_vip"):
        with pytest.raises(KeyError, match=name):
            catalogue.render(name)
    assert "utter_plain" in catalogue.names


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 2, "responses": {}}'])
def test_what_is_no_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match="train again"):
        Catalogue.load(data)

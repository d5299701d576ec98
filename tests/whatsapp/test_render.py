"""A message becomes calls that the platform takes, and nothing of it is lost on the way."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Attachment, parse_choice_token
from connectors.channels.core.splitting import length, split
from connectors.channels.whatsapp.files import file_call
from connectors.channels.whatsapp.render import (
    Call,
    addressed,
    calls,
    linked,
    read_mark,
    template,
    with_file,
)
from tests.fake_whatsapp import rules
from tests.whatsapp.kit import BSUID, PHONE, message

_WORDS = st.text(st.sampled_from("ab .,\n!😀é‍👩🏽️"), max_size=60)
_TITLES = st.lists(st.text(st.sampled_from("abc dé😀"), max_size=26), max_size=13)


def shown(found: tuple[Call, ...]) -> list[dict[str, Any]]:
    return [call.body for call in found]


def words_of(found: tuple[Call, ...]) -> str:
    """Return everything that a customer reads, in order."""
    seen = []
    for call in found:
        kind = call.body["type"]
        part = call.body[kind]
        if kind == "text":
            seen.append(part["body"])
        elif kind == "interactive":
            action = part["action"]
            rows = action["buttons"] if "buttons" in action else action["sections"][0]["rows"]
            seen += [part["body"]["text"], *(row.get("reply", row)["title"] for row in rows)]
        else:
            seen.append(part.get("caption", ""))
    return "\n".join(seen)


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def is_taken(call: Call) -> None:
    """The strict platform takes the call and every plainer form of it."""
    form: Call | None = call
    while form is not None:
        ready = with_file(form, "123") if form.file else form
        rules.check(addressed(ready, address=PHONE, ref="c1:7"))
        form = form.simpler


def test_text() -> None:
    (call,) = calls(message("Hello"))
    assert call.body == {"type": "text", "text": {"body": "Hello", "preview_url": False}}


def test_whom_it_goes_to() -> None:
    (call,) = calls(message("Hello"))
    by_phone, by_id = addressed(call, address=PHONE, ref="c1:7"), addressed(call, address=BSUID)
    assert (by_phone["to"], by_phone["biz_opaque_callback_data"]) == (PHONE, "c1:7")
    assert "recipient" not in by_phone
    assert by_id["recipient"] == BSUID
    assert not {"to", "biz_opaque_callback_data"} & set(by_id)


@pytest.mark.parametrize(
    ("titles", "form"),
    [
        (("Yes",), "button"),
        (("Yes", "No", "Later"), "button"),
        (("x" * 20, "No"), "button"),
        (("x" * 21, "No"), "list"),
        (("a", "b", "c", "d"), "list"),
        (tuple("abcdefghij"), "list"),
        (("x" * 24, "No"), "list"),
        (("x" * 25, "No"), "text"),
        (tuple("abcdefghijk"), "text"),
        (("Same", "Same"), "text"),
        (("Same", "Same "), "text"),
        (("", "No"), "text"),
        (("😀" * 10, "No"), "button"),
        (("😀" * 11, "No"), "list"),
    ],
)
def test_the_ladder(titles: tuple[str, ...], form: str) -> None:
    (call,) = calls(message("Which one?", titles), label="Options")
    is_taken(call)
    assert call.body.get("interactive", {}).get("type", "text") == form
    if form == "text":
        lines = call.body["text"]["body"].splitlines()
        assert lines[:2] == ["Which one?", ""]
        assert [line.partition(".")[0] for line in lines[2:]] == [str(n + 1) for n in range(len(titles))]


def test_choices_carry_our_tokens_and_a_plainer_form() -> None:
    (call,) = calls(message("Sure?", ("Yes", "No")))
    buttons = call.body["interactive"]["action"]["buttons"]
    assert [parse_choice_token(b["reply"]["id"]) for b in buttons] == [(7, 0), (7, 1)]
    assert call.simpler is not None
    assert call.simpler.body["text"]["body"] == "Sure?\n\n1. Yes\n2. No"
    (listed,) = calls(message("Which?", tuple("abcd")), label="Options")
    action = listed.body["interactive"]["action"]
    assert action["button"] == "Options"
    assert [parse_choice_token(row["id"]) for row in action["sections"][0]["rows"]] == [
        (7, n) for n in range(4)
    ]


@pytest.mark.parametrize("label", ["", "x" * 21, "   "])
def test_a_list_opens_without_a_usable_word(label: str) -> None:
    (call,) = calls(message("Which?", tuple("abcd")), label=label)
    assert call.body["interactive"]["action"]["button"] == "☰"
    is_taken(call)


def test_choices_without_words_have_a_hand() -> None:
    (call,) = calls(message("", ("Yes", "No")))
    assert call.body["interactive"]["body"]["text"] == "👇"
    assert call.simpler is not None
    assert call.simpler.body["text"]["body"] == "1. Yes\n2. No"
    is_taken(call)


def test_long_words_go_before_the_buttons_and_end_at_a_paragraph() -> None:
    long = "word " * 250
    first, last = calls(message(f"{long}\n\nIs that right?", ("Yes", "No")))
    assert first.body["text"]["body"] == long.strip()
    assert last.body["interactive"]["body"]["text"] == "Is that right?"
    (listed,) = calls(message(f"{long}\n\nIs that right?", tuple("abcd")))
    assert listed.body["interactive"]["type"] == "list"


def test_a_place_of_a_response() -> None:
    place = {"location": {"latitude": 52.5, "longitude": 13, "name": "Shop", "address": "Street 1"}}
    where, text = calls(message("Come by!", custom=place))
    assert where.body == {"type": "location", "location": {**place["location"]}}
    assert text.body["text"]["body"] == "Come by!"
    is_taken(where)
    for wrong in ({"location": 5}, {"location": {"latitude": "x", "longitude": 1}}, {"other": 1}):
        assert shown(calls(message("Hi", custom=wrong))) == shown(calls(message("Hi")))


def test_nothing_to_show() -> None:
    assert calls(message("  ")) == ()
    assert calls(message("", custom={"payload": 1})) == ()


# --- files ---------------------------------------------------------------------------------------


def a_file(mime: str, kind: str = "file", size: int = 10, **more: Any) -> Attachment:
    return Attachment(kind=kind, url="media:1", name="n", mime=mime, size=size, **more)


@pytest.mark.parametrize(
    ("attachment", "form"),
    [
        (a_file("image/jpeg", size=5_000_000), "image"),
        (a_file("image/png"), "image"),
        (a_file("image/jpeg", size=5_000_001), "document"),
        (a_file("image/gif"), "document"),
        (a_file("image/webp"), "document"),
        (a_file("audio/ogg; codecs=opus"), "audio"),
        (a_file("audio/mpeg", size=16_000_001), "document"),
        (a_file("audio/wav"), "document"),
        (a_file("video/mp4", size=16_000_000), "video"),
        (a_file("video/webm"), "document"),
        (a_file("application/pdf"), "document"),
        (Attachment(kind="image", url="https://shop.example.com/picture"), "image"),
        (Attachment(kind="image", url="https://shop.example.com/a%20b.PNG?x=1.gif"), "image"),
        (Attachment(kind="image", url="https://shop.example.com/a.gif"), "document"),
        (Attachment(kind="file", url="https://shop.example.com/a.pdf"), "document"),
    ],
)
def test_what_a_file_is_sent_as(attachment: Attachment, form: str) -> None:
    found = file_call(attachment)
    assert found.type == form
    assert (found.simpler is None) is (form == "document")
    (call,) = calls(message("", attachments=(attachment,)))
    is_taken(call)


def test_our_files_are_uploaded_and_others_are_linked() -> None:
    (own,) = calls(message("", attachments=(a_file("application/pdf"),)))
    assert own.file is not None
    assert with_file(own, "55").body == {"type": "document", "document": {"filename": "n", "id": "55"}}
    link = Attachment(kind="file", url="https://shop.example.com/x/terms%20of%20use.pdf")
    (other,) = calls(message("", attachments=(link,)))
    assert other.file is None
    assert other.body["document"] == {"link": link.url, "filename": "terms of use.pdf"}


def test_words_stand_under_the_first_file_where_they_can() -> None:
    picture, sound, paper = a_file("image/png"), a_file("audio/mpeg"), a_file("application/pdf")
    one, two = calls(message("Look", attachments=(picture, paper)))
    assert one.body["image"] == {"caption": "Look"}
    assert one.simpler is not None
    assert one.simpler.body["document"]["caption"] == "Look"
    assert "caption" not in two.body["document"]
    assert [b["type"] for b in shown(calls(message("Hear", attachments=(sound,))))] == ["text", "audio"]
    long = "x" * 1_025
    assert [b["type"] for b in shown(calls(message(long, attachments=(picture,))))] == ["text", "image"]
    chosen = calls(message("Right?", ("Yes",), attachments=(picture,)))
    assert [b["type"] for b in shown(chosen)] == ["image", "interactive"]


def test_a_file_that_nothing_takes_is_named_with_its_address() -> None:
    (call,) = calls(message("Your copy", attachments=(a_file("image/gif"),)))
    found = linked(call, name="a.gif", url="https://baton.example.com/m/1")
    assert found.body["text"]["body"] == "Your copy\n\na.gif\nhttps://baton.example.com/m/1"


def test_templates_and_marks() -> None:
    rules.check(addressed(template("come_back", "en_US"), address=BSUID))
    assert read_mark("w", typing=False) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "w",
    }
    assert read_mark("w", typing=True)["typing_indicator"] == {"type": "text"}


# --- whatever may come ----------------------------------------------------------------------------


@given(text=_WORDS, times=st.integers(1, 200), titles=_TITLES)
def test_nothing_is_lost_and_every_call_is_taken(text: str, times: int, titles: list[str]) -> None:
    said = message(text * times, tuple(titles))
    found = calls(said, label="Options")
    for call in found:
        is_taken(call)
    everything = bare(words_of(found))
    assert bare(text * times) in everything
    place = 0
    for title in titles:
        place = everything.index(bare(title), place)
    assert found == calls(said, label="Options")


@given(text=_WORDS, times=st.integers(1, 50), limit=st.integers(5, 90), last=st.integers(2, 90))
def test_splitting_keeps_the_limits_and_every_sign(text: str, times: int, limit: int, last: int) -> None:
    whole = text * times
    pieces = split(whole, limit, last=min(last, limit))
    assert all(0 < length(piece) <= limit for piece in pieces)
    assert not pieces or length(pieces[-1]) <= min(last, limit)
    assert bare("".join(pieces)) == bare(whole)


def test_splitting_looks_for_good_places() -> None:
    assert split("One two. Three four. Five", 21) == ["One two. Three four.", "Five"]
    assert split("first\n\nsecond third", 12) == ["first", "second third"]
    assert split("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert split("👩‍👩‍👧x", 8, last=8)[0].endswith("👩") is False
    assert split("", 5) == split("  \n", 5) == []

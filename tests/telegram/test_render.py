"""A message becomes calls that Telegram takes; nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.media import SCHEME
from bot.domain.message import Attachment, parse_choice_token
from connectors.channels.telegram.render import NO_BODY, Call, calls
from tests.telegram.kit import message


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def solid(text: str) -> str:
    return "".join(text.split())


def ours(mime: str, size: int = 1_000, kind: str = "file", name: str = "a") -> Attachment:
    return Attachment(kind=kind, url=f"{SCHEME}1", name=name, mime=mime, size=size)


def test_a_text_is_one_call_without_formatting() -> None:
    assert calls(message(" *Hello* <b>_you_</b> & all ")) == (
        Call(kind="text", text="*Hello* <b>_you_</b> & all"),
    )


def test_nothing_is_no_call() -> None:
    assert calls(message("")) == calls(message(" \n ")) == ()


_SIGNS = st.text(
    alphabet=st.one_of(
        st.sampled_from(" \n.!?,;"),
        st.characters(codec="utf-8"),
        st.sampled_from("👍🏽👩‍🚀🇩🇪é\u0301\ufe0f\u200d"),
    ),
    max_size=400,
)


@given(_SIGNS, st.integers(1, 60))
def test_long_texts_are_cut_and_nothing_is_lost(text: str, times: int) -> None:
    pieces = calls(message(text * times))
    assert all(call.kind == "text" and 0 < units(call.text) <= 4_096 for call in pieces)
    assert solid("".join(call.text for call in pieces)) == solid(text * times)


@pytest.mark.parametrize("sign", ["👩‍🚀", "👍🏽", "❤️", "🏳️‍🌈", "😀", "🇩🇪", "e\u0301"])
@pytest.mark.parametrize("before", range(4))
def test_no_sign_is_cut_in_two(sign: str, before: int) -> None:
    for call in calls(message("x" * before + sign * 3_000)):
        rest = call.text.lstrip("x")
        assert rest == sign * (len(rest) // len(sign))


def test_texts_are_cut_where_a_reader_pauses() -> None:
    sentence = "This is what we found out about your order. "
    pieces = calls(message(sentence * 200))
    assert len(pieces) == 3
    assert all(call.text.endswith("order.") for call in pieces)
    lines = calls(message(("x" * 100 + "\n") * 100))
    assert all(set(map(len, call.text.split("\n"))) == {100} for call in lines)


def test_the_limit_is_counted_as_telegram_does() -> None:
    assert len(calls(message("😀" * 2_048))) == 1
    assert [units(call.text) for call in calls(message("😀" * 2_049))] == [4_096, 2]
    assert len(calls(message("x" * 4_096))) == 1
    assert len(calls(message("x" * 4_097))) == 2


# --- buttons


def test_short_titles_stand_side_by_side_and_long_ones_below() -> None:
    titles = ("Yes", "No", "Perhaps", "Later", "I would like to talk to a person")
    (call,) = calls(message("Well?", titles))
    assert [[title for title, _ in row] for row in call.buttons] == [
        ["Yes", "No", "Perhaps"],
        ["Later"],
        ["I would like to talk to a person"],
    ]
    tokens = [token for row in call.buttons for _, token in row]
    assert [parse_choice_token(token) for token in tokens] == [(7, index) for index in range(5)]


@given(
    st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=140),
    st.integers(1, 2**50),
    st.text(max_size=50),
)
def test_keyboards_are_as_the_platform_allows(titles: list[str], seq: int, text: str) -> None:
    found = calls(message(text, tuple(titles), seq=seq))
    rows = found[-1].buttons
    buttons = [button for row in rows for button in row]
    assert not any(call.buttons for call in found[:-1])
    assert len(buttons) == min(len(titles), 100)
    assert all(0 < len(row) <= 8 for row in rows)
    assert all(title.strip() and 1 <= len(token.encode()) <= 64 for title, token in buttons)
    assert len({token for _, token in buttons}) == len(buttons)
    assert found[-1].text


def test_no_payload_leaves_the_house() -> None:
    assert "/p" not in repr(calls(message("Which?", ("One", "Two"))))


def test_buttons_hang_on_the_end_of_a_long_text() -> None:
    first, last = calls(message("Word. " * 1_000, ("Yes",)))
    assert not first.buttons
    assert last.buttons == ((("Yes", "~7.0"),),)


def test_buttons_that_are_not_taken_are_words() -> None:
    (call,) = calls(message("Which?", ("One", "Two")))
    assert call.plain == Call(kind="text", text="Which?\n\n• One\n• Two")
    (long,) = calls(message("x" * 4_090, ("One", "Two")))
    assert long.plain == Call(kind="text", text="x" * 4_090)


def test_buttons_without_words_get_some() -> None:
    (call,) = calls(message("", ("Yes",)))
    assert (call.text, len(call.buttons)) == (NO_BODY, 1)


# --- formatting


def test_a_response_may_bring_html_of_its_own() -> None:
    (call,) = calls(message("Hello you", ("Yes",), custom={"html": "Hello <b>you</b>"}))
    assert (call.text, call.html) == ("Hello <b>you</b>", True)
    assert call.plain
    assert (call.plain.text, call.plain.html, call.plain.buttons) == ("Hello you", False, call.buttons)


@pytest.mark.parametrize("html", ["", 5, None, "<b>" + "x" * 4_096])
def test_html_that_is_none_is_passed_over(html: Any) -> None:
    (call,) = calls(message("Hello", custom={"html": html}))
    assert (call.text, call.html) == ("Hello", False)


def test_a_response_may_ask_for_the_contact_card() -> None:
    custom = {"ask_contact": " Share my number ", "html": "<b>Who</b> are you?"}
    (call,) = calls(message("Who are you?", custom=custom))
    assert (call.ask_contact, call.html, call.buttons) == ("Share my number", True, ())
    assert call.plain
    assert (call.plain.ask_contact, call.plain.html) == ("Share my number", False)
    (bare,) = calls(message("", custom={"ask_contact": "Share"}))
    assert (bare.text, bare.ask_contact) == (NO_BODY, "Share")
    (first, last) = calls(message("Word. " * 800, custom={"ask_contact": "Share"}))
    assert (first.ask_contact, last.ask_contact) == ("", "Share")
    (chosen,) = calls(message("Which?", ("One",), custom={"ask_contact": "Share"}))
    assert (chosen.ask_contact, len(chosen.buttons)) == ("", 1)
    for wrong in (None, 5, "", "  ", ["x"]):
        assert not calls(message("Hello", custom={"ask_contact": wrong}))[0].ask_contact


# --- files and places


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (ours("image/jpeg", kind="image"), "photo"),
        (ours("image/png", 10_000_000, kind="image"), "photo"),
        (ours("image/png", 10_000_001, kind="image"), "document"),
        (ours("image/gif", kind="image"), "document"),
        (ours("audio/ogg", kind="audio"), "voice"),
        (ours("audio/ogg; codecs=opus", kind="audio"), "voice"),
        (ours("audio/mpeg", kind="audio"), "audio"),
        (ours("audio/wav", kind="audio"), "document"),
        (ours("video/mp4", kind="video"), "video"),
        (ours("video/quicktime", kind="video"), "document"),
        (ours("application/pdf"), "document"),
        (ours(""), "document"),
        (ours("", kind="image"), "document"),
    ],
)
def test_files_are_sent_as_what_they_are(file: Attachment, kind: str) -> None:
    (call,) = calls(message("Here", attachments=(file,)))
    assert (call.kind, call.text, call.file) == (kind, "Here", file)
    plain = Call(kind="document", text="Here", file=file)
    assert call.plain == (plain if kind != "document" else None)


def test_a_picture_elsewhere_is_fetched_by_telegram_or_named() -> None:
    file = Attachment(kind="image", url="https://shop.example.com/a.jpg")
    (call,) = calls(message("Look", attachments=(file,)))
    assert (call.kind, call.text) == ("photo", "Look")
    assert call.plain == Call(kind="text", text="Look\nhttps://shop.example.com/a.jpg")


def test_words_stand_under_the_first_file_if_they_fit() -> None:
    files = (ours("image/png", kind="image"), ours("application/pdf"))
    assert [(c.kind, c.text) for c in calls(message("x" * 1_024, attachments=files))] == [
        ("photo", "x" * 1_024),
        ("document", ""),
    ]
    assert [c.kind for c in calls(message("x" * 1_025, attachments=files))] == ["text", "photo", "document"]
    assert [c.kind for c in calls(message("😀" * 513, attachments=files))] == ["text", "photo", "document"]


def test_choices_come_after_the_files() -> None:
    files = (ours("image/png", kind="image"),)
    found = calls(message("Which?", ("One", "Two"), attachments=files))
    assert [(c.kind, c.text, len(c.buttons)) for c in found] == [("photo", "", 0), ("text", "Which?", 1)]


def test_a_place_of_a_response() -> None:
    place = {"latitude": 52.5, "longitude": 13, "name": "Shop"}
    where, words = calls(message("Here we are", custom={"location": place}))
    assert (where.kind, where.place) == ("location", {"latitude": 52.5, "longitude": 13})
    assert words.text == "Here we are"
    for wrong in ({}, {"latitude": "52", "longitude": 13}, {"latitude": True, "longitude": 1}, "x", None):
        assert len(calls(message("Here", custom={"location": wrong}))) == 1


@given(_SIGNS, st.lists(st.sampled_from(["image/png", "application/pdf", "audio/ogg"]), max_size=3))
def test_the_same_message_is_always_the_same_calls(text: str, mimes: list[str]) -> None:
    """Deliveries count parts: part three must be part three also after a restart."""
    given_message = message(text, attachments=tuple(ours(mime) for mime in mimes))
    assert calls(given_message) == calls(given_message)
    assert solid(text) in solid("".join(call.text for call in calls(given_message)))


def test_a_text_of_nothing_but_joiners_is_not_cut_into_thousands() -> None:
    for sign in ("\u200d", "\u0301", "\U0001f1e9"):
        assert len(calls(message("x" + sign * 9_000))) <= 6

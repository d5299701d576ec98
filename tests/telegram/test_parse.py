"""An update's bytes become what has arrived; what cannot be read is named and harms nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message as TheirMessage
from telegram import Update as TheirUpdate

from bot.domain.arrival import Edited, Ignored, Reach, Reaction
from bot.domain.errors import PayloadRejected
from bot.domain.message import MAX_TEXT, Attachment, IdentityClaim, InboundMessage, Location
from connectors.channels.telegram.kinds import BESIDE, SERVICE
from connectors.channels.telegram.parse import ALLOWED
from connectors.channels.telegram.parsed import Press
from tests.telegram.kit import ADA, CHAT, GROUP, NOW, PRIVATE, STAMP, one, read, said, update

FILE = {"file_id": "F1", "file_unique_id": "U1", "file_size": 9_000}
SENT_AT = NOW - timedelta(seconds=60)


def test_a_text_says_who_and_where() -> None:
    assert one(message=said(text="Hello")) == InboundMessage(
        channel="telegram",
        account="default",
        address=str(CHAT),
        external_id=f"{CHAT}:5",
        received_at=NOW,
        text="Hello",
        authentic=True,
        display_name="Ada Test",
        language="de",
    )


@pytest.mark.parametrize(
    ("sender", "name", "language"),
    [
        ({**ADA, "last_name": None, "language_code": None}, "Ada", ""),
        ({"id": CHAT, "is_bot": False, "first_name": "A", "language_code": "zh-hans"}, "A", "zh"),
        ({"id": CHAT, "is_bot": False, "first_name": "A", "language_code": "?!"}, "A", ""),
        ({"id": CHAT, "first_name": ""}, "", ""),
    ],
)
def test_names_and_languages_may_be_missing(sender: dict[str, Any], name: str, language: str) -> None:
    found = one(message=said(text="Hello") | {"from": sender})
    assert (found.display_name, found.language) == (name, language)


@pytest.mark.parametrize(
    ("content", "file"),
    [
        ({"photo": [{**FILE, "file_id": "small"}, FILE]}, Attachment(kind="image", url="remote:F1", name="photo.jpg", mime="image/jpeg", size=9_000)),
        ({"photo": [{"file_id": "small"}, {"file_id": "F1"}]}, Attachment(kind="image", url="remote:F1", name="photo.jpg", mime="image/jpeg")),
        ({"document": {**FILE, "file_name": "a.pdf", "mime_type": "application/pdf"}}, Attachment(kind="file", url="remote:F1", name="a.pdf", mime="application/pdf", size=9_000)),
        ({"document": {**FILE, "file_name": "a.png", "mime_type": "image/png"}}, Attachment(kind="image", url="remote:F1", name="a.png", mime="image/png", size=9_000)),
        ({"voice": {**FILE, "duration": 3, "mime_type": "audio/ogg"}}, Attachment(kind="audio", url="remote:F1", name="voice.ogg", mime="audio/ogg", size=9_000)),
        ({"audio": {**FILE, "duration": 3, "mime_type": "audio/mpeg", "file_name": "a.mp3"}}, Attachment(kind="audio", url="remote:F1", name="a.mp3", mime="audio/mpeg", size=9_000)),
        ({"video": {**FILE, "duration": 3, "mime_type": "video/mp4; codecs=x"}}, Attachment(kind="video", url="remote:F1", name="video.mp4", mime="video/mp4", size=9_000)),
        ({"video_note": {**FILE, "length": 3}}, Attachment(kind="video", url="remote:F1", name="video.mp4", size=9_000)),
        ({"animation": {**FILE, "mime_type": "video/mp4"}, "document": {**FILE, "mime_type": "video/mp4", "file_name": "cat.mp4"}}, Attachment(kind="file", url="remote:F1", name="cat.mp4", mime="video/mp4", size=9_000)),
        ({"animation": FILE}, Attachment(kind="video", url="remote:F1", name="animation.mp4", size=9_000)),
        ({"live_photo": {"file_id": "L"}, "photo": [FILE]}, Attachment(kind="image", url="remote:F1", name="photo.jpg", mime="image/jpeg", size=9_000)),
    ],
)  # fmt: skip
def test_files_are_named_and_fetched_later(content: dict[str, Any], file: Attachment) -> None:
    found = one(message=said(**content, caption="look"))
    assert (found.text, found.attachments, found.unsupported) == ("look", (file,), "")
    assert one(message=said(**content)).text == ""


def test_an_album_is_known_by_its_number() -> None:
    found = [
        one(message=said(photo=[FILE], media_group_id="G7", message_id=number, **more))
        for number, more in ((5, {"caption": "two"}), (6, {}))
    ]
    assert [(m.album, m.text, m.external_id) for m in found] == [
        ("G7", "two", f"{CHAT}:5"),
        ("G7", "", f"{CHAT}:6"),
    ]


def test_a_place_is_a_place() -> None:
    at = {"latitude": 52.5, "longitude": 13, "horizontal_accuracy": 9.5}
    assert one(message=said(location=at)).location == Location(latitude=52.5, longitude=13.0)
    venue = {"location": at, "title": "Shop", "address": "1 Way", "foursquare_id": "x"}
    found = one(message=said(venue=venue, location=at))
    assert found.location == Location(latitude=52.5, longitude=13.0, name="Shop", address="1 Way")
    assert not found.unsupported


CARD = {"phone_number": "49301234567", "first_name": "Ada", "user_id": CHAT, "vcard": "BEGIN"}


def test_the_senders_own_contact_vouches_for_the_number() -> None:
    found = one(message=said(contact=CARD))
    assert found.identity == IdentityClaim(trust="channel", name="Ada", phone="+49301234567")
    assert found.text == "👤 Ada · +49301234567"
    plus = one(message=said(contact=CARD | {"phone_number": "+49 30 123-4567"}))
    assert plus.identity.phone == "+49301234567"


@pytest.mark.parametrize(
    "message",
    [
        said(contact=CARD | {"user_id": CHAT + 1}),
        said(contact={k: v for k, v in CARD.items() if k != "user_id"}),
        said(contact=CARD | {"phone_number": ""}),
        said(contact=CARD | {"phone_number": "12"}),
        said(contact=CARD | {"phone_number": "9" * 16}),
        said(contact=CARD, forward_origin={"type": "hidden_user", "sender_user_name": "x", "date": 1}),
        said(contact=CARD, forward_date=1),
        said(contact=CARD, via_bot={"id": 9, "is_bot": True, "first_name": "x"}),
    ],
)
def test_anybody_elses_contact_vouches_for_nothing(message: dict[str, Any]) -> None:
    found = one(message=message)
    assert found.identity is None
    assert found.text.startswith("👤 Ada")


@pytest.mark.parametrize(
    ("text", "intent", "shown", "link"),
    [
        ("/start", "/greet", "/start", ""),
        ("/start@OurBot", "/greet", "/start", ""),
        ("/Start", "/greet", "/start", ""),
        ("/help", "/help", "/help", ""),
        ("/help@OurBot", "/help", "/help", ""),
        ("/start Ab-9_z", "/greet", "/start", "Ab-9_z"),
        ("/start@OurBot Ab-9_z", "/greet", "/start", "Ab-9_z"),
        ("/start " + "x" * 64, "/greet", "/start", "x" * 64),
        ("/start " + "x" * 65, "", "/start " + "x" * 65, ""),
        ("/start two words", "", "/start two words", ""),
        ("/help me", "", "/help me", ""),
        ("/started", "", "/started", ""),
        ("/restart", "", "/restart", ""),
        ('/cancel_order{"order":"1"}', "", '/cancel_order{"order":"1"}', ""),
        ("start", "", "start", ""),
        (" /start", "", " /start", ""),
    ],
)
def test_only_telegrams_own_commands_are_commands(text: str, intent: str, shown: str, link: str) -> None:
    found = read(update(message=said(text=text)))
    (arrival,) = found.arrivals
    assert isinstance(arrival, InboundMessage)
    assert (arrival.intent, arrival.text, found.link) == (intent, shown, link)


def test_a_command_under_a_picture_is_words() -> None:
    found = read(update(message=said(photo=[FILE], caption="/start abc")))
    (arrival,) = found.arrivals
    assert isinstance(arrival, InboundMessage)
    assert (arrival.intent, arrival.text, found.link) == ("", "/start abc", "")


@given(st.text(min_size=1, max_size=4_096).filter(lambda t: t.strip() == t))
def test_long_texts_come_in_pieces_and_nothing_is_lost(text: str) -> None:
    found = read(update(message=said(text=text))).arrivals
    messages = [one for one in found if isinstance(one, InboundMessage)]
    assert len(messages) == len(found)
    if not any(message.intent for message in messages):
        assert "".join("".join(m.text for m in messages).split()) == "".join(text.split())
    assert all(len(m.text) <= MAX_TEXT for m in messages)
    assert len({m.external_id for m in messages}) == len(messages)


def test_a_text_at_the_limit_comes_in_two_pieces() -> None:
    found = read(update(message=said(text="a" * MAX_TEXT + "b" * 96))).arrivals
    assert [(m.text, m.external_id) for m in found if isinstance(m, InboundMessage)] == [
        ("a" * MAX_TEXT, f"{CHAT}:5"),
        ("b" * 96, f"{CHAT}:5#2"),
    ]


def test_a_quoted_message_is_named() -> None:
    found = one(message=said(text="that one", reply_to_message=said(text="x") | {"message_id": 3}))
    assert found.reply_to_external == f"{CHAT}:3"


# --- edits, buttons, reach, reactions


def test_an_edit_names_the_message_that_it_changes() -> None:
    found = one(edited_message=said(text="Hullo", edit_date=STAMP + 30))
    assert isinstance(found, Edited)
    assert (found.external_id, found.text, found.address) == (f"{CHAT}:5", "Hullo", str(CHAT))
    assert found.at == SENT_AT + timedelta(seconds=30)


def test_two_edits_in_one_second_are_two() -> None:
    keys = [
        read(update(number, edited_message=said(text="x", edit_date=STAMP))).arrivals[0].key  # type: ignore[union-attr]
        for number in (7, 8, 8)
    ]
    assert keys[0] != keys[1] == keys[2]


def test_a_caption_is_edited_too() -> None:
    found = one(edited_message=said(photo=[FILE], caption="new", edit_date=STAMP))
    assert isinstance(found, Edited)
    assert found.text == "new"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (said(location={"latitude": 1, "longitude": 2, "live_period": 60}), "live_location"),
        (said(photo=[FILE]), "edit_without_words"),
        (said(text="x") | {"chat": GROUP}, "group"),
        ({"chat": 5}, "malformed_edit"),
    ],
)
def test_edits_that_need_nothing(message: dict[str, Any], reason: str) -> None:
    assert one(edited_message=message) == Ignored(channel="telegram", account="default", reason=reason)


def press(**more: Any) -> dict[str, Any]:
    hung_on = {"message_id": 9, "chat": PRIVATE, "date": STAMP, "text": "Which one?"}
    query = {"id": "4382", "from": ADA, "chat_instance": "1", "data": "~7.0", "message": hung_on}
    return {k: v for k, v in (query | more).items() if v is not None}


def test_a_pressed_button_is_a_choice() -> None:
    found = read(update(callback_query=press()))
    (arrival,) = found.arrivals
    assert arrival == InboundMessage(
        channel="telegram",
        account="default",
        address=str(CHAT),
        external_id="cb:4382",
        received_at=NOW,
        choice="~7.0",
        authentic=True,
        display_name="Ada Test",
        language="de",
    )
    assert found.press == Press(id="4382", chat_id=CHAT, message_id=9)


def test_of_an_old_message_only_its_number_is_left() -> None:
    old = {"message_id": 9, "chat": PRIVATE, "date": 0}
    found = read(update(callback_query=press(message=old)))
    assert found.press == Press(id="4382", chat_id=CHAT, message_id=9)
    assert isinstance(found.arrivals[0], InboundMessage)


@pytest.mark.parametrize(
    "more",
    [
        {"message": None, "inline_message_id": "x"},
        {"message": {"message_id": 9, "chat": GROUP, "date": STAMP}},
        {"data": None, "game_short_name": "chess"},
        {"data": ""},
    ],
)
def test_buttons_of_elsewhere_are_answered_and_mean_nothing(more: dict[str, Any]) -> None:
    found = read(update(callback_query=press(**more)))
    assert found.press is not None
    assert found.press.id == "4382"
    assert found.press.message_id is None
    assert found.arrivals == (Ignored(channel="telegram", account="default", reason="foreign_button"),)


def member(status: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    bot = {"id": 1, "is_bot": True, "first_name": "B"}
    new, old = {"user": bot, "status": status, "until_date": 0}, {"user": bot, "status": "member"}
    return {"chat": chat, "from": ADA, "date": STAMP, "old_chat_member": old, "new_chat_member": new}


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("member", True)])
def test_blocked_and_unblocked(status: str, reachable: bool) -> None:
    found = one(my_chat_member=member(status))
    assert isinstance(found, Reach)
    assert (found.reachable, found.address, found.at) == (reachable, str(CHAT), SENT_AT)


def test_a_group_is_declined_when_it_adds_the_bot_or_speaks() -> None:
    for content in (
        {"my_chat_member": member("member", GROUP)},
        {"my_chat_member": member("administrator", GROUP)},
        {"message": said(text="/start@OurBot") | {"chat": GROUP}},
    ):
        found = read(update(**content))
        assert found.group == GROUP["id"]
        assert found.arrivals == (Ignored(channel="telegram", account="default", reason="group"),)
    for content in (
        {"my_chat_member": member("left", GROUP)},
        {"my_chat_member": member("kicked", GROUP)},
        {"my_chat_member": member("administrator", GROUP | {"type": "channel"})},
        {"message": said(text="x") | {"chat": GROUP | {"type": "channel"}}},
    ):
        found = read(update(**content))
        assert found.group is None
        assert [type(one) for one in found.arrivals] == [Ignored]


@pytest.mark.parametrize(
    ("reactions", "emoji"),
    [
        ([{"type": "emoji", "emoji": "👍"}], "👍"),
        ([], ""),
        ([{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🔥"}], "👍🔥"),
    ],
)
def test_reactions(reactions: list[dict[str, str]], emoji: str) -> None:
    content = {"chat": PRIVATE, "message_id": 9, "user": ADA, "date": STAMP, "old_reaction": []}
    found = one(message_reaction=content | {"new_reaction": reactions})
    assert isinstance(found, Reaction)
    assert (found.external_id, found.emoji) == (f"{CHAT}:9", emoji)


@pytest.mark.parametrize("kind", ["custom_emoji", "paid"])
def test_a_reaction_without_an_emoji_is_not_one_that_was_taken_back(kind: str) -> None:
    content = {"chat": PRIVATE, "message_id": 9, "user": ADA, "date": STAMP, "old_reaction": []}
    found = one(message_reaction=content | {"new_reaction": [{"type": kind}]})
    assert isinstance(found, Reaction)
    assert found.emoji


# --- what is no message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"pinned_message": said(text="x")}, "pinned_message"),
        ({"message_auto_delete_timer_changed": {"message_auto_delete_time": 1}}, "message_auto_delete_timer_changed"),
        ({"write_access_allowed": {}}, "write_access_allowed"),
        ({"gift": {}}, "gift"),
        ({}, "empty_message"),
        ({"text": ""}, "empty_message"),
        ({"entities": []}, "empty_message"),
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_passed_over(content: dict[str, Any], reason: str) -> None:
    assert one(message=said(**content)) == Ignored(channel="telegram", account="default", reason=reason)


@pytest.mark.parametrize("kind", ["poll", "dice", "game", "story", "checklist", "something_new"])
def test_what_cannot_be_shown_is_named(kind: str) -> None:
    found = one(message=said(**{kind: {"strange": 1}}))
    assert (found.unsupported, found.text, found.attachments) == (kind, "", ())


def test_words_under_what_cannot_be_shown_are_not_lost() -> None:
    assert one(message=said(paid_media={"star_count": 1}, caption="look")).text == "look"


def test_a_sticker_is_its_emoji() -> None:
    assert one(message=said(sticker={**FILE, "emoji": "😀", "type": "regular"})).text == "😀"
    assert one(message=said(sticker=FILE)).unsupported == "sticker"


def test_other_updates_are_passed_over() -> None:
    for kind in ("poll", "poll_answer", "channel_post", "business_message", "chat_member", "brand_new"):
        assert one(**{kind: {"x": 1}}) == Ignored(channel="telegram", account="default", reason=kind)
    assert one() == Ignored(channel="telegram", account="default", reason="unknown_update")
    assert one(**{"ü \n": 1}).reason == "unknown_update"


def test_bots_and_nobody_are_passed_over() -> None:
    assert one(message=said(text="x") | {"from": ADA | {"is_bot": True}}).reason == "no_sender"
    assert one(message={k: v for k, v in said(text="x").items() if k != "from"}).reason == "no_sender"


@pytest.mark.parametrize("field", sorted({"photo", "location", "reply_to_message", "contact", "document"}))
def test_a_strange_field_does_not_hide_the_words(field: str) -> None:
    """A release of the Bot API may change any shape; what was written must not be lost with it."""
    found = one(message=said(text="Where is it?", **{field: ["of", 2030]}))
    assert (found.text, found.unsupported, found.address) == ("Where is it?", "", str(CHAT))
    assert one(message=said(caption="Look", **{field: ["of", 2030]})).text == "Look"


def test_a_strange_message_is_at_least_there() -> None:
    found = one(message=said(photo="of 2030"))
    assert (found.unsupported, found.address, found.external_id) == ("unreadable", str(CHAT), f"{CHAT}:5")
    assert found.authentic
    broken: Any
    for broken in ({"message_id": 5}, {"chat": PRIVATE}, said(photo=1) | {"chat": GROUP}, 5, "x", []):
        assert one(message=broken).reason == "malformed_message"


@pytest.mark.parametrize("kind", [kind for kind in ALLOWED if kind != "message"])
@pytest.mark.parametrize("content", [5, "x", [], {}, {"chat": {}}])
def test_whatever_is_malformed_has_a_reason(kind: str, content: Any) -> None:
    found = one(**{kind: content})
    assert isinstance(found, Ignored)
    assert found.reason.startswith("malformed")


@pytest.mark.parametrize(
    "raw", [b"", b"x", b"[]", b"null", b"5", b'{"update_id":"x"}', b"{}", b'{"update_id":1', b"\xff{}"]
)
def test_what_is_no_update_is_refused(raw: bytes) -> None:
    with pytest.raises(PayloadRejected):
        read(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "chat", "from", "type", "text", "message", "data", "date", "message_id", "photo", "x"]),
        children, max_size=5),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    "half", [rb"\ud83d", rb"\uDE00", rb"\ud83d\u0041", b"\xff", b"\xed\xa0\xbd", b"\xf0\x9f"]
)
def test_half_a_character_costs_no_message(half: bytes) -> None:
    raw = update(message=said(text="Hello HALF you") | {"from": ADA | {"first_name": "AdHALF"}})
    (found,) = read(raw.replace(b"HALF", half)).arrivals
    assert isinstance(found, InboundMessage)
    assert found.text.startswith("Hello \ufffd")
    assert found.text.endswith(" you")
    assert found.text.isprintable()


def test_whole_characters_stay() -> None:
    raw = update(message=said(text="a SIGN b")).replace(b"SIGN", rb"\ud83d\ude00 \\ud83d")
    (found,) = read(raw).arrivals
    assert isinstance(found, InboundMessage)
    assert found.text == "a \U0001f600 \\ud83d b"


@given(st.sampled_from([*ALLOWED, "poll"]), _JSON)
def test_no_update_breaks_it(kind: str, content: Any) -> None:
    found = read(json.dumps({"update_id": 1, kind: content}).encode())
    assert found.update_id == 1
    assert found.arrivals


@given(st.sampled_from(sorted(said(photo=[FILE], contact=CARD, text="x"))), _JSON)
def test_no_message_breaks_it(field: str, content: Any) -> None:
    message = said(photo=[FILE], contact=CARD, text="x") | {field: content}
    assert read(json.dumps({"update_id": 1, "message": message}).encode()).arrivals


# --- does it know everything that the platform has?


CONTENT = {
    "animation", "audio", "caption", "checklist", "contact", "dice", "document", "game", "giveaway",
    "giveaway_winners", "invoice", "live_photo", "location", "paid_media", "passport_data", "photo",
    "poll", "sticker", "story", "text", "venue", "video", "video_note", "voice",
}  # fmt: skip
"""What somebody sends: we show it, or name it as something that cannot be shown."""


def test_every_field_of_a_message_is_known() -> None:
    """The library lists what Telegram has; a new field is content, service or neither, and we say which."""
    theirs = {"from" if name == "from_user" else name for name in TheirMessage.__slots__}
    theirs = {name for name in theirs if not name.startswith("_")}
    assert len(theirs) > 90
    assert theirs - BESIDE - SERVICE - CONTENT == set()
    assert not BESIDE & SERVICE
    assert not (BESIDE | SERVICE) & CONTENT


def test_every_kind_of_update_is_known_to_the_platform() -> None:
    assert set(ALLOWED) <= set(TheirUpdate.ALL_TYPES)

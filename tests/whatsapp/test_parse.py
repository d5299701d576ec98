"""A webhook's bytes become what has arrived; what cannot be read is named and harms nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.arrival import Deleted, Echo, Edited, Ignored, Moved, Reaction, Receipt
from bot.domain.errors import PayloadRejected
from bot.domain.message import MAX_TEXT, Attachment, Delivery, IdentityClaim, InboundMessage, Location
from connectors.channels.whatsapp.kinds import KINDS
from connectors.channels.whatsapp.parse import Notice
from tests.fake_whatsapp import NUMBER
from tests.whatsapp.kit import BSUID, NOW, PHONE, STAMP, body, one, read, said, value

FILE = {"id": "123", "mime_type": "image/jpeg; x=y", "sha256": "4654+8g="}
SENT_AT = NOW - timedelta(seconds=60)


def test_a_text_says_who_when_and_until_when_it_may_be_answered() -> None:
    assert one(said("text", {"body": "Hello"})) == InboundMessage(
        channel="whatsapp",
        account="default",
        address=BSUID,
        aliases=(PHONE,),
        external_id="wamid.1",
        received_at=NOW,
        text="Hello",
        authentic=True,
        identity=IdentityClaim(trust="channel", name="Ada", phone="+" + PHONE),
        display_name="Ada",
        reply_until=SENT_AT + timedelta(hours=24),
    )


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        (said("image", {**FILE, "caption": "look"}), {"text": "look", "kind": "image"}),
        (said("video", FILE), {"kind": "video"}),
        (said("sticker", {**FILE, "animated": True}), {"kind": "image"}),
        (said("audio", {**FILE, "voice": True}), {"kind": "audio"}),
        (said("document", {**FILE, "filename": "a.pdf"}), {"kind": "file", "name": "a.pdf"}),
    ],
)
def test_files_are_named_and_fetched_later(message: dict[str, Any], meant: dict[str, str]) -> None:
    found = one(message)
    wanted = Attachment(kind=meant["kind"], url="remote:123", name=meant.get("name", ""), mime="image/jpeg")
    assert (found.text, found.attachments) == (meant.get("text", ""), (wanted,))
    assert not found.unsupported


def test_a_place_is_a_place() -> None:
    place = {"latitude": 37.46, "longitude": -122, "name": "HQ", "address": "1 Way", "url": "https://x"}
    found = one(said("location", place))
    assert found.location == Location(latitude=37.46, longitude=-122.0, name="HQ", address="1 Way")
    assert one(said("location", {"latitude": 137, "longitude": 0})).unsupported == "location"


def test_contacts_orders_and_forms_are_read_by_people() -> None:
    cards = [
        {"name": {"formatted_name": "Monica"}, "phones": [{"phone": "+1 666"}, {"wa_id": "1777"}]},
        {"name": {"formatted_name": "Ross"}, "emails": [{"email": "r@example.com"}]},
    ]
    assert one(said("contacts", cards)).text == "👤 Monica · +1 666 · 1777\n👤 Ross · r@example.com"
    items = [
        {"product_retailer_id": "SODA", "quantity": 2, "item_price": 10, "currency": "EUR"},
        {"product_retailer_id": "FRIES", "quantity": 1},
    ]
    order = said("order", {"text": "quick please", "product_items": items})
    assert one(order).text == "quick please\n🛒 2x SODA (10 EUR)\n🛒 1x FRIES"
    answers = json.dumps({"flow_token": "secret", "comment": "fine", "stars": 4, "tags": ["a"]})
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": answers, "body": "Sent", "name": "flow"}}
    assert one(said("interactive", form)).text == 'comment: fine\nstars: 4\ntags: ["a"]'


@pytest.mark.parametrize("kind", ["button_reply", "list_reply"])
def test_a_pressed_choice_is_our_token_and_never_a_text(kind: str) -> None:
    reply = {"type": kind, kind: {"id": "~7.2", "title": "Yes"}}
    found = one(said("interactive", reply, context={"id": "wamid.0"}))
    assert (found.choice, found.text, found.reply_to_external) == ("~7.2", "", "wamid.0")
    foreign = {"type": kind, kind: {"id": "something else", "title": "Yes"}}
    found = one(said("interactive", foreign))
    assert (found.choice, found.text) == ("", "Yes")


def test_a_quick_reply_of_a_template_is_what_it_says() -> None:
    found = one(said("button", {"payload": "anything", "text": "Yes, please"}))
    assert (found.choice, found.text, found.reply_to_external) == ("", "Yes, please", "")


def test_a_token_that_is_typed_is_text() -> None:
    found = one(said("text", {"body": "~7.2"}))
    assert (found.choice, found.text) == ("", "~7.2")


def test_forwards_and_advertisements_are_kept_beside_the_words() -> None:
    context = {"forwarded": True}
    referral = {"source_url": "https://ad", "headline": "Sale", "ctwa_clid": "x", "body": 5}
    found = one(said("text", {"body": "Hi"}, context=context, referral=referral))
    wanted = {"forwarded": True, "referral": {"source_url": "https://ad", "headline": "Sale"}}
    assert found.raw == wanted


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (said("unsupported", {"type": "poll"}), "poll"),
        (said("unsupported"), "unknown"),
        (said("unsupported", {"type": "Bad kind\n"}), "unknown"),
        (said("hologram", {"x": 1}), "hologram"),
        (said("Evil {label}"), "unknown"),
        (said("interactive"), "interactive"),
        (said("interactive", {"type": "nfm_reply"}), "interactive"),
        (said("text", {"body": "  \n "}), "text"),
        (said("text", 5), "text"),
        (said("image", {"mime_type": "image/jpeg"}), "image"),
        (said("image", {"id": "../x"}), "image"),
        (said("contacts", []), "contacts"),
        (said("order", {"product_items": []}), "order"),
    ],
)
def test_what_cannot_be_read_is_told_and_never_dropped(message: dict[str, Any], kind: str) -> None:
    found = one(message)
    assert (found.unsupported, found.text, found.attachments) == (kind, "", ())
    assert found.external_id == "wamid.1"


def test_errors_beside_a_message_go_to_the_operators() -> None:
    found = read(body(value(said("interactive"), errors=[{"code": 131000, "title": "x"}])))
    assert [type(arrival) for arrival in found.arrivals] == [InboundMessage, Ignored]
    assert [trouble.code for trouble in found.troubles] == [131000]


def test_a_long_text_comes_in_pieces_and_loses_nothing() -> None:
    text = " ".join(f"word{n}" for n in range(1_500))
    found = read(body(value(said("text", {"body": text})))).arrivals
    assert [message.external_id for message in found] == ["wamid.1", "wamid.1#2", "wamid.1#3", "wamid.1#4"]  # type: ignore[union-attr]
    texts = [message.text for message in found]  # type: ignore[union-attr]
    assert "".join(texts) == text
    assert max(map(len, texts)) <= MAX_TEXT


def test_changes_of_messages_are_reports() -> None:
    reaction = one(said("reaction", {"message_id": "wamid.0", "emoji": "😮"}))
    assert isinstance(reaction, Reaction)
    assert (reaction.external_id, reaction.emoji, reaction.key) == ("wamid.0", "😮", "wamid.1")
    assert (reaction.address, reaction.aliases, reaction.at) == (BSUID, (PHONE,), SENT_AT)
    for gone in ({"message_id": "wamid.0"}, {"message_id": "wamid.0", "emoji": ""}):
        assert one(said("reaction", gone)).emoji == ""
    new = {"type": "text", "text": {"body": "better"}}
    edited = one(said("edit", {"original_message_id": "wamid.0", "message": new}))
    assert isinstance(edited, Edited)
    assert (edited.external_id, edited.text) == ("wamid.0", "better")
    caption = {"type": "image", "image": {**FILE, "caption": "below"}}
    assert one(said("edit", {"original_message_id": "wamid.0", "message": caption})).text == "below"
    revoked = one(said("revoke", {"original_message_id": "wamid.0"}))
    assert isinstance(revoked, Deleted)
    assert revoked.external_id == "wamid.0"


@pytest.mark.parametrize(
    ("system", "address", "before"),
    [
        ({"type": "user_changed_number", "wa_id": "972912345678"}, "972912345678", (BSUID, PHONE)),
        ({"type": "customer_changed_number", "new_wa_id": "972912345678"}, "972912345678", (BSUID, PHONE)),
        (
            {"type": "user_changed_number", "wa_id": "972912345678", "user_id": "US.2"},
            "US.2",
            (BSUID, PHONE),
        ),
        (
            {"type": "user_changed_user_id", "user_id": "MX.2", "previous_user_id": "CO.1"},
            "MX.2",
            ("CO.1", BSUID, PHONE),
        ),
    ],
)
def test_people_are_followed_to_their_new_number(
    system: dict[str, str], address: str, before: tuple[str, ...]
) -> None:
    found = one(said("system", system, from_user_id=BSUID), contacts=[])
    assert isinstance(found, Moved)
    assert (found.address, found.aliases) == (address, before)


def test_a_new_id_comes_in_a_field_of_its_own() -> None:
    update = {"user_id": {"previous": "US.1", "current": "US.2"}, "timestamp": int(STAMP), "detail": "x"}
    found = read(body(value(update, key="user_id_update"), field="user_id_update")).arrivals
    assert [(a.address, a.aliases) for a in found if isinstance(a, Moved)] == [("US.2", ("US.1",))]


def test_other_system_messages_need_nothing() -> None:
    assert one(said("system", {"type": "customer_identity_changed"})).reason == "identity_changed"
    assert one(said("system", {"type": "new\nthing"})).reason == "unknown_system"
    assert one(said("system", {"type": "user_changed_number"})).reason == "malformed_move"


# --- who it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "contact", "address", "aliases", "phone"),
    [
        ({"from": PHONE}, {"wa_id": PHONE}, PHONE, (), "+" + PHONE),
        ({"from": PHONE, "from_user_id": BSUID}, {}, BSUID, (PHONE,), "+" + PHONE),
        ({"from_user_id": BSUID}, {"user_id": BSUID, "profile": {"username": "ada"}}, BSUID, (), ""),
        ({"from_user_id": BSUID}, {"user_id": BSUID, "wa_id": PHONE}, BSUID, (PHONE,), "+" + PHONE),
        ({"from": PHONE}, {"user_id": BSUID}, BSUID, (PHONE,), "+" + PHONE),
        ({"from": "5215512345678"}, {"wa_id": "525512345678", "user_id": BSUID}, BSUID,
         ("5215512345678", "525512345678"), "+5215512345678"),
        ({}, {"user_id": BSUID}, BSUID, (), ""),
        ({"from": "<PLACEHOLDER>"}, {}, "<PLACEHOLDER>", (), ""),
    ],
)  # fmt: skip
def test_identity(
    sender: dict[str, str], contact: dict[str, Any], address: str, aliases: tuple[str, ...], phone: str
) -> None:
    text = {"id": "wamid.1", "timestamp": STAMP, "type": "text", "text": {"body": "Hi"}, **sender}
    found = one(text, contacts=[contact])
    assert (found.address, found.aliases) == (address, aliases)
    assert (found.identity.phone if found.identity else "") == phone
    assert found.authentic


def test_a_contact_is_never_given_to_somebody_else() -> None:
    """With several senders in one value, only what matches belongs together."""
    contacts = [{"wa_id": "111111", "user_id": "US.1"}, {"wa_id": "222222", "user_id": "US.2"}]
    first = said("text", {"body": "a"}, id="a") | {"from": "222222"}
    second = said("text", {"body": "b"}, id="b") | {"from": "333333"}
    third = said("text", {"body": "c"}, id="c") | {"from": "111111"}
    found = read(body(value(first, second, third, contacts=contacts))).arrivals
    assert [(m.external_id, m.address) for m in found if isinstance(m, InboundMessage)] == [
        ("a", "US.2"), ("b", "333333"), ("c", "US.1"),
    ]  # fmt: skip
    lonely = read(body(value(second, contacts=contacts[:1]), value(first, contacts=contacts[:1]))).arrivals
    assert {m.aliases for m in lonely if isinstance(m, InboundMessage)} == {
        ("333333", "111111"), ("222222", "111111"),
    }  # fmt: skip
    mixed = read(body(value(first, second, contacts=contacts[:1]))).arrivals
    assert {m.address for m in mixed if isinstance(m, InboundMessage)} == {"222222", "333333"}


def test_nobody_is_named() -> None:
    nobody = {"id": "wamid.1", "type": "text", "text": {"body": "Hi"}}
    assert one(nobody, contacts=[]).reason == "no_sender"
    assert one(said("text", {"body": "x"}) | {"from": "1" * 500}, contacts=[]).reason == "no_sender"


# --- statuses, echoes, and the rest ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        ("sent", Delivery.SENT),
        ("delivered", Delivery.DELIVERED),
        ("read", Delivery.READ),
        ("played", Delivery.READ),
        ("failed", Delivery.FAILED),
    ],
)
def test_statuses_are_receipts(status: str, delivery: Delivery) -> None:
    told = {"id": "wamid.9", "status": status, "timestamp": STAMP, "recipient_user_id": BSUID,
            "recipient_id": PHONE, "biz_opaque_callback_data": "c-1_x:12"}  # fmt: skip
    found = one(told, key="statuses")
    assert isinstance(found, Receipt)
    assert (found.external_id, found.delivery, found.ref) == ("wamid.9", delivery, "c-1_x:12")
    assert (found.address, found.aliases, found.key) == (BSUID, (PHONE,), f"wamid.9:{status}")
    assert bool(found.reason) is (status == "failed")


def test_a_failure_says_why_in_words_for_agents_and_in_a_code_for_operators() -> None:
    told = {"id": "wamid.9", "status": "failed", "timestamp": STAMP, "recipient_user_id": BSUID,
            "errors": [{"code": 131042, "title": "Payment", "error_data": {"details": "x"}}]}  # fmt: skip
    found = read(body(value(told, key="statuses")))
    (receipt,) = found.arrivals
    assert isinstance(receipt, Receipt)
    assert "payment" in receipt.reason
    assert [trouble.code for trouble in found.troubles] == [131042]


def test_a_status_of_nobody_and_a_foreign_ref() -> None:
    found = one({"id": "w", "status": "sent", "biz_opaque_callback_data": "some data"}, key="statuses")
    assert (found.address, found.ref) == ("", "")
    assert one({"id": "w", "status": "pondered"}, key="statuses").reason == "unknown_status"
    assert one({"id": 5, "status": "sent"}, key="statuses").reason == "malformed_status"
    group = {"id": "w", "status": "read", "recipient_type": "group", "recipient_id": "g"}
    assert one(group, key="statuses").reason == "group"


def test_an_echo_is_what_a_person_has_answered_elsewhere() -> None:
    told = {"from": NUMBER.display, "to": PHONE, "to_user_id": BSUID, "id": "wamid.e", "timestamp": STAMP,
            "type": "text", "text": {"body": "Hello, Kim here"}}  # fmt: skip
    (found,) = read(body(value(told, key="message_echoes"), field="smb_message_echoes")).arrivals
    assert isinstance(found, Echo)
    assert (found.address, found.aliases, found.text) == (BSUID, (PHONE,), "Hello, Kim here")
    picture = told | {"type": "image", "image": FILE}
    (found,) = read(body(value(picture, key="message_echoes"), field="smb_message_echoes")).arrivals
    assert [a.url for a in found.attachments] == ["remote:123"]  # type: ignore[union-attr]
    gone = told | {"type": "revoke", "revoke": {"original_message_id": "x"}}
    (found,) = read(body(value(gone, key="message_echoes"), field="smb_message_echoes")).arrivals
    assert found == Ignored(channel="whatsapp", account="default", reason="echo_of_a_change")


def test_only_our_own_numbers_count() -> None:
    foreign = value(said("text", {"body": "not ours"})) | {"metadata": {"phone_number_id": "999"}}
    ours = value(said("text", {"body": "ours"}))
    found = read(body(foreign, ours)).arrivals
    assert [type(a).__name__ for a in found] == ["InboundMessage", "Ignored"]
    assert found[1] == Ignored(channel="whatsapp", account="", reason="foreign_number")
    several = read(body(foreign, ours), numbers={"999": "second", NUMBER.id: "first"}).arrivals
    assert [a.account for a in several] == ["second", "first"]


@pytest.mark.parametrize(
    ("field", "reason"),
    [("account_update", "account_update"), ("user_preferences", "user_preferences"),
     ("history", "history"), ("evil{}", "unknown_field")],
)  # fmt: skip
def test_other_fields_are_named(field: str, reason: str) -> None:
    found = read(body({"anything": [1, 2], "event": "DISABLED_UPDATE"}, field=field))
    assert found.arrivals == [Ignored(channel="whatsapp", account="", reason=reason)]
    told = [Notice(about=field, event="DISABLED_UPDATE")] if field == "account_update" else []
    assert found.notices == told
    assert read(body({"event": "odd\n"}, field="account_update")).notices == [
        Notice(about="account_update")
    ]


def test_groups_and_greetings_of_the_platform_are_passed_over() -> None:
    assert one(said("text", {"body": "Hi"}, group_id="g1")).reason == "group"
    assert one(said("request_welcome")).reason == "request_welcome"


def test_one_bad_element_harms_no_other() -> None:
    good = said("text", {"body": "good"}, id="wamid.2")
    messages: list[Any] = [5, {"type": "text"}, {"id": ""}, good, None, [], {"id": 7}]
    found = read(body(value(*messages, contacts=["x", {"wa_id": PHONE, "user_id": BSUID}])))
    assert [m.address for m in found.arrivals if isinstance(m, InboundMessage)] == [BSUID]
    reasons = [a.reason for a in found.arrivals if isinstance(a, Ignored)]
    assert reasons == ["malformed_message"] * 6
    changes = [
        7,
        {"field": "messages", "value": 5},
        {"field": 5},
        {"field": "messages", "value": value(good)},
    ]
    raw = json.dumps({"object": "whatsapp_business_account", "entry": [3, {"changes": changes}]}).encode()
    kinds = [a.reason if isinstance(a, Ignored) else "message" for a in read(raw).arrivals]
    assert sorted(kinds) == [
        "malformed_change", "malformed_change", "malformed_change", "malformed_entry", "message",
    ]  # fmt: skip


def test_the_order_of_a_customer_is_theirs() -> None:
    early = said("text", {"body": "my order"}, id="w1", timestamp=str(int(STAMP) - 9))
    late = said("text", {"body": "is late"}, id="w2")
    same = said("text", {"body": "again"}, id="w3")
    found = read(body(value(late), value(same), value(early))).arrivals
    assert [m.text for m in found] == ["my order", "is late", "again"]  # type: ignore[union-attr]


@pytest.mark.parametrize("stamp", ["", "soon", "-1e9", "99999999999999999999", None, str(int(STAMP) * 2)])
def test_a_time_that_makes_no_sense_is_now(stamp: str | None) -> None:
    found = one(said("text", {"body": "x"}, timestamp=stamp))
    assert found.reply_until == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"5", b'{"entry":[]}', b'{"object":5}', b"\xff", b"[" * 9_000]
)
def test_what_is_no_webhook_is_refused(raw: bytes) -> None:
    with pytest.raises(PayloadRejected):
        read(raw)


def test_webhooks_of_other_products_are_acknowledged() -> None:
    raw = b'{"object":"page","entry":[{"changes":[]}]}'
    assert [a.reason for a in read(raw).arrivals if isinstance(a, Ignored)] == ["other_object"]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.just(PHONE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    kind=st.sampled_from([*KINDS, "edit", "revoke", "reaction", "system", "x"]),
    content=_JSON,
    more=st.dictionaries(st.sampled_from(["context", "referral", "from", "timestamp", "errors"]), _JSON),
)
def test_nothing_that_is_signed_breaks_us_or_goes_unnamed(
    kind: str, content: Any, more: dict[str, Any]
) -> None:
    found = read(body(value(said(kind, content) | more))).arrivals
    assert len(found) >= 1
    for arrival in found:
        if isinstance(arrival, InboundMessage):
            parts = (arrival.text.strip(), arrival.choice, arrival.attachments, arrival.location)
            assert bool(arrival.unsupported) is not any(parts)


def test_half_a_character_costs_neither_the_message_nor_its_neighbours() -> None:
    raw = body(value(said("text", {"body": "cut \ud83d here, \\ud83d 😀"}), said("text", {"body": "fine"})))
    assert rb"cut \ud83d here" in raw
    texts = [one.text for one in read(raw).arrivals if isinstance(one, InboundMessage)]
    assert texts == ["cut \ufffd here, \\ud83d 😀", "fine"]


def test_bytes_that_are_no_characters_cost_neither_message_nor_server() -> None:
    raw = body(value(said("text", {"body": "where is MARK my order"}))).replace(b"MARK", b"\x80\xff")
    (arrival,) = read(raw).arrivals
    assert isinstance(arrival, InboundMessage)
    assert arrival.text == "where is \ufffd\ufffd my order"

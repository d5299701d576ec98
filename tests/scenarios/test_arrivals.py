"""What platforms report besides messages, and messages as only platforms have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.agents import OUTSIDE
from bot.domain.arrival import Deleted, Echo, Edited, Ignored, Moved, Reach, Reaction, Receipt
from bot.domain.conversation import Owner
from bot.domain.errors import DeliveryFailed, FetchFailed
from bot.domain.media import REMOTE, media_id
from bot.domain.message import (
    Attachment,
    Author,
    Choice,
    Delivery,
    Draft,
    IdentityClaim,
    Kind,
    Location,
)
from bot.services.record import Say
from bot.services.typing import AT_ONCE
from tests.scenarios.test_path import deliver
from tests.support.world import ADAS_PHONE, World, until
from tests.web.test_files import png

PNG = png()
PICTURE = Attachment(kind="image", url=REMOTE + "one", name="photo.png")


@pytest.fixture
async def world() -> World:
    return await World().start()


def at(world: World, key: str = "k1", **more: Any) -> dict[str, Any]:
    """Return the fields that every report has."""
    place = {"channel": "push", "account": "default", "address": "kim"}
    return {**place, "key": key, "at": world.clock.now(), **more}


async def events(world: World) -> list[tuple[str, dict[str, Any]]]:
    found = await world.messages(channel="push")
    return [(m.text, m.custom or {}) for m in found if m.kind is Kind.EVENT]


async def fetched(world: World) -> None:
    while await world.timers.run_due():
        pass
    await until(lambda: not world.fetching._tasks)


# --- changes of messages


async def test_a_correction_at_once_is_answered_anew_and_a_later_one_is_noted(world: World) -> None:
    await world.ask("where is 4520", channel="push", message_id="7")
    world.clock.move(60)
    await world.arrivals.take(Edited(**at(world), external_id="7", text="where is 4521"))
    await world.idle()
    assert world.engine.requests[-1].text == "where is 4521"
    world.clock.move(600)
    await world.arrivals.take(Edited(**at(world, "k2"), external_id="7", text="where is 4522"))
    await world.idle()
    assert world.engine.requests[-1].text == "where is 4521"
    assert await events(world) == [("customer_edited", {"text": "where is 4522", "seq": 1})]


async def test_an_edit_that_changes_no_words_is_nothing(world: World) -> None:
    await world.ask("hello", channel="push", message_id="7")
    await world.arrivals.take(Edited(**at(world), external_id="7", text="hello"))
    await world.idle()
    assert (await events(world), len(world.engine.requests)) == ([], 1)


async def test_an_edit_while_a_person_has_it_is_shown_and_not_answered(world: World) -> None:
    await world.ask("person please", channel="push", message_id="7")
    await world.arrivals.take(Edited(**at(world), external_id="7", text="a person, please!"))
    assert ("customer_edited", {"text": "a person, please!", "seq": 1}) in await events(world)
    assert len(world.engine.requests) == 1


async def test_deletions_and_reactions_are_noted_once(world: World) -> None:
    await world.ask("hello", channel="push", message_id="7")
    for _ in range(3):
        await world.arrivals.take(Deleted(**at(world, "k1"), external_id="7"))
        await world.arrivals.take(Reaction(**at(world, "k2"), external_id="7", emoji="👍"))
    assert await events(world) == [
        ("customer_deleted", {"seq": 1}),
        ("customer_reacted", {"emoji": "👍", "seq": 1}),
    ]


async def test_reports_of_strangers_and_of_unknown_messages_do_no_harm(world: World) -> None:
    await world.arrivals.take(Deleted(**at(world), external_id="7"))
    await world.arrivals.take(Receipt(**at(world), external_id="nope", delivery=Delivery.READ))
    await world.arrivals.take(Echo(**at(world), external_id="9", text="hello"))
    await world.arrivals.take(Ignored(channel="push", account="default", reason="a poll"))
    assert world.metrics.counts["ignored,channel=push,reason=a poll"] == 1
    assert sum((await world.store.read(lambda tx: tx.count_by_owner())).values()) == 0


async def test_blocked_and_unblocked_are_shown(world: World) -> None:
    await world.ask("hello", channel="push")
    await world.arrivals.take(Reach(**at(world, "k1"), reachable=False))
    await world.arrivals.take(Reach(**at(world, "k2"), reachable=True))
    assert [name for name, _ in await events(world)] == ["customer_blocked", "customer_unblocked"]


# --- receipts


async def answered(world: World) -> Any:
    await world.ask("hello", channel="push")
    await deliver(world)
    (answer,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    return answer


async def test_receipts_only_go_forward_in_whatever_order_they_come(world: World) -> None:
    answer = await answered(world)
    for status in (Delivery.READ, Delivery.DELIVERED, Delivery.SENT, Delivery.READ):
        await world.arrivals.take(Receipt(**at(world), external_id=answer.external_id, delivery=status))
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert after.delivery is Delivery.READ


async def test_a_failure_is_shown_with_its_reason(world: World) -> None:
    answer = await answered(world)
    failed = Receipt(
        **at(world), external_id=answer.external_id, delivery=Delivery.FAILED, reason="Not on WhatsApp."
    )
    await world.arrivals.take(failed)
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (after.delivery, after.delivery_note) == (Delivery.FAILED, "Not on WhatsApp.")


async def test_what_was_told_while_the_sending_ran_counts_when_it_is_over(world: World) -> None:
    world.platform.hold = True
    world.platform.parts_of = lambda message: 2
    await world.ask("hello", channel="push")
    await deliver(world)
    (sending,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    ref = f"{sending.conversation_id}:{sending.seq}"
    for status in (Delivery.READ, Delivery.SENT, Delivery.DELIVERED):
        await world.arrivals.take(Receipt(**at(world), external_id="w1", delivery=status, ref=ref))
    world.platform.gates[0].set_result(None)
    await until(lambda: len(world.platform.gates) == 2)  # the second part goes, whatever was read
    world.platform.gates[1].set_result(None)
    await until(lambda: not world.deliveries._tasks)
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (after.delivery, len(world.platform.sent)) == (Delivery.READ, 2)


async def test_a_refused_part_is_a_failure_although_the_first_was_read(world: World) -> None:
    world.platform.hold = True
    world.platform.parts_of = lambda message: 2
    world.platform.plan = [None, DeliveryFailed("No.")]
    await world.ask("hello", channel="push")
    await deliver(world)
    (sending,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    ref = f"{sending.conversation_id}:{sending.seq}"
    await world.arrivals.take(Receipt(**at(world), external_id="w1", delivery=Delivery.READ, ref=ref))
    world.platform.gates[0].set_result(None)
    await until(lambda: len(world.platform.gates) == 2)
    world.platform.gates[1].set_result(None)
    await until(lambda: not world.deliveries._tasks)
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (after.delivery, after.delivery_note) == (Delivery.FAILED, "No.")


async def test_a_message_is_found_by_every_name_that_the_platform_has_for_it(world: World) -> None:
    world.platform.parts_of = lambda message: 2
    answer = await answered(world)
    late = Receipt(**at(world), external_id="p1", delivery=Delivery.DELIVERED)
    await world.arrivals.take(late)  # of the first part, after the end
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert (after.external_id, after.delivery) == (answer.external_id, Delivery.DELIVERED)
    world.platform.plan = [DeliveryFailed("Lost.", outcome_unknown=True)]
    world.platform.parts_of = lambda message: 1
    await world.ask("hello again", channel="push")
    await deliver(world)
    lost = (await world.messages(channel="push"))[-1]
    ref = f"{lost.conversation_id}:{lost.seq}"
    await world.arrivals.take(Receipt(**at(world), external_id="w9", delivery=Delivery.SENT, ref=ref))
    found = await world.store.read(lambda tx: tx.message_by_external_id("push", "default", "w9"))
    assert found is not None
    assert found.seq == lost.seq


async def test_a_move_that_is_told_late_is_seen_in_the_old_conversation(world: World) -> None:
    await world.ask("person please", channel="push", sender="old")
    await world.ask("hello from my new number", channel="push", sender="new")
    await world.arrivals.take(Moved(**{**at(world), "address": "new", "aliases": ("old",)}))
    last = (await world.store.read(lambda tx: tx.conversations(channel="push", owner=Owner.QUEUE)))[0]
    entries = await world.store.read(lambda tx: tx.messages(last.id, limit=100))
    assert entries[-1].text == "customer_moved"


async def test_a_receipt_clears_up_an_unknown_outcome(world: World) -> None:
    world.platform.plan = [DeliveryFailed("Lost.", outcome_unknown=True)]
    await world.ask("hello", channel="push")
    await deliver(world)
    (lost,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert lost.delivery is Delivery.UNKNOWN
    ref = f"{lost.conversation_id}:{lost.seq}"
    await world.arrivals.take(Receipt(**at(world), external_id="w1", delivery=Delivery.SENT, ref=ref))
    assert (await world.messages(channel="push"))[-1].delivery is Delivery.SENT


async def test_a_receipt_by_our_own_name_is_before_the_answer_to_the_call(world: World) -> None:
    world.platform.hold = True
    await world.ask("hello", channel="push")
    await deliver(world)
    (sending,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert sending.delivery is Delivery.SENDING
    ref = f"{sending.conversation_id}:{sending.seq}"
    early = Receipt(**at(world), external_id="w1", delivery=Delivery.SENT, ref=ref)
    await world.arrivals.take(early)
    world.platform.gates[0].set_result(None)
    await until(lambda: not world.deliveries._tasks)
    (after,) = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert after.delivery is Delivery.SENT
    other = replace(early, account="other", delivery=Delivery.READ, external_id="")
    await world.arrivals.take(other)  # another account's word counts for nothing
    assert (await world.messages(channel="push"))[-1].delivery is Delivery.SENT


# --- people outside of the desk


async def test_a_word_from_the_business_app_silences_the_bot(world: World) -> None:
    await world.ask("hello", channel="push")
    await world.arrivals.take(Echo(**at(world), external_id="e1", text="I'll look into it"))
    conversation = await world.conversation(channel="push")
    assert (conversation.owner, conversation.assignee) == (Owner.AGENT, OUTSIDE)
    said = [m for m in await world.messages(channel="push") if m.author is Author.AGENT]
    assert [(m.text, m.author_name, m.delivery) for m in said] == [
        ("I'll look into it", "Business app", Delivery.SENT)
    ]
    await world.write("thanks", channel="push")
    await world.idle()
    assert len(world.engine.requests) == 1
    await deliver(world)
    assert "I'll look into it" not in [text for _, text in world.platform.sent]


async def test_who_is_left_alone_by_the_business_app_gets_into_the_queue(world: World) -> None:
    await world.ask("hello", channel="push")
    await world.arrivals.take(Echo(**at(world), external_id="e1", text="one moment"))
    await world.write("are you there?", channel="push")
    await world.pass_time(16)
    assert (await world.conversation(channel="push")).owner is Owner.QUEUE


async def test_after_a_long_silence_the_bot_may_answer_again(world: World) -> None:
    await world.ask("hello", channel="push")
    await world.arrivals.take(Echo(**at(world), external_id="e1", text="all done"))
    await world.pass_time(100)
    assert (await world.conversation(channel="push")).owner is Owner.NOBODY
    await world.ask("hello again", channel="push")
    assert (await world.conversation(channel="push")).owner is Owner.BOT


async def test_an_agent_at_the_desk_keeps_a_conversation_that_others_answer_too(world: World) -> None:
    await world.ask("person please", channel="push")
    ana = await world.agent()
    conversation = await world.conversation(channel="push")
    await world.desk.claim(ana, conversation.id)
    await world.arrivals.take(Echo(**at(world), external_id="e1", text="me too"))
    assert (await world.conversation(channel="push")).assignee == ana.id


async def test_an_agent_takes_over_from_the_business_app(world: World) -> None:
    await world.ask("hello", channel="push")
    await world.arrivals.take(Echo(**at(world), external_id="e1", text="one moment"))
    ana = await world.agent()
    await world.desk.claim(ana, (await world.conversation(channel="push")).id, take=True)
    assert (await world.conversation(channel="push")).assignee == ana.id


# --- addresses


async def test_a_conversation_survives_when_either_address_disappears(world: World) -> None:
    await world.ask("one", channel="push", sender="49301", aliases=())
    await world.ask("two", channel="push", sender="US.1", aliases=("49301",))
    await world.ask("three", channel="push", sender="US.1")
    await world.ask("four", channel="push", sender="49301")
    texts = [m.text for m in await world.messages("US.1", "push") if m.author is Author.CUSTOMER]
    assert texts == ["one", "two", "three", "four"]
    conversation = await world.conversation("US.1", "push")
    assert conversation.address == "49301"  # where the newest word came from
    moved = Moved(**{**at(world), "address": "US.2", "aliases": ("US.1",)})
    await world.arrivals.take(moved)
    assert (await world.conversation("US.2", "push")).id == conversation.id
    assert (await world.conversation("US.2", "push")).address == "US.2"


async def test_a_number_that_somebody_else_has_now_opens_nothing_of_the_old_one(world: World) -> None:
    await world.ask("my secret", channel="push", sender="US.1", aliases=("49301",))
    await world.ask("who is this?", channel="push", sender="US.2", aliases=("49301",))
    stranger = await world.conversation("US.2", "push")
    assert stranger.id != (await world.conversation("US.1", "push")).id
    assert "my secret" not in [m.text for m in await world.messages("US.2", "push")]
    assert (await world.conversation("49301", "push")).id == stranger.id


async def test_who_a_number_belongs_to_is_looked_up_once(world: World) -> None:
    claim = IdentityClaim(trust="channel", name="🙂", phone=ADAS_PHONE)
    for _ in range(3):
        await world.ask("hello", channel="push", identity=claim, authentic=True)
    context = world.engine.requests[0].context
    assert (context.directory_ref, context.name, context.trust.value) == ("C1", "Ada Test", "channel")
    assert world.engine.requests[-1].context.name == "Ada Test"  # not what the platform calls her
    assert world.shop.asked["find"] == 1


async def test_a_number_that_nobody_knows_is_not_looked_up_each_time(world: World) -> None:
    claim = IdentityClaim(trust="channel", name="Kim", phone="+4999")
    for _ in range(3):
        assert len(await world.ask("hello", channel="push", identity=claim)) == 1
    assert world.shop.asked["find"] == 1
    world.shop.broken = True
    world.clock.move(700)
    assert (
        len(await world.ask("hello", channel="push", identity=claim)) == 1
    )  # a company's fault is no matter


async def test_a_number_that_was_only_said_is_not_looked_up(world: World) -> None:
    claim = IdentityClaim(trust="claimed", name="Kim", phone=ADAS_PHONE)
    await world.ask("hello", channel="push", identity=claim)
    assert world.shop.asked["find"] == 0
    assert world.engine.requests[0].context.directory_ref == ""


async def test_what_was_proved_in_a_chat_holds_for_its_later_messages_only_if_the_platform_vouches(
    world: World,
) -> None:
    claim = IdentityClaim(trust="verified", directory_ref="C1", name="Ada")
    await world.ask("linked", channel="push", identity=claim, authentic=True)
    await world.ask("later", channel="push", authentic=True)
    assert world.engine.requests[-1].context.trust.value == "channel"
    assert world.engine.requests[-1].context.directory_ref == "C1"
    await world.ask("later still", channel="push")
    assert world.engine.requests[-1].context.trust.value == "anonymous"


# --- kinds of messages


async def test_a_number_typed_back_is_the_choice_of_that_number(world: World) -> None:
    await world.ask("ask me", channel="push")
    await world.ask("1", channel="push")
    assert world.engine.requests[-1].payload == "/affirm"
    await world.ask("ask me", channel="push")
    await world.ask("9", channel="push")
    assert world.engine.requests[-1].payload == ""


async def test_a_choice_that_is_called_by_a_number_goes_before_its_place(world: World) -> None:
    async def put(tx: Any) -> None:
        found = await tx.conversation((await tx.identity("push", "default", "kim")).conversation_id)
        choices = (Choice(title="2", payload="/two"), Choice(title="1", payload="/one"))
        draft = Draft(text="How many?", choices=choices)
        found, _ = await world.record.append(tx, found, Say(author=Author.BOT), draft, world.clock.now())
        await tx.put_conversation(found)

    await world.ask("hello", channel="push")
    await world.store.write(put)
    await world.ask("2", channel="push")
    assert world.engine.requests[-1].payload == ""  # the engine reads the title


async def test_a_place_is_shown_in_words_and_kept_in_numbers(world: World) -> None:
    place = Location(latitude=52.52, longitude=13.405, name="Alexanderplatz")
    await world.write(channel="push", location=place)
    await world.idle()
    (stored, *_) = await world.messages(channel="push")
    assert stored.kind is Kind.LOCATION
    assert stored.text == "📍 Alexanderplatz (52.52000, 13.40500)"
    assert stored.custom is not None
    assert stored.custom["latitude"] == 52.52
    assert world.engine.requests == []
    said = [m.text for m in await world.messages(channel="push") if m.author is Author.SYSTEM]
    assert said == ["utter_system_place_kept"]


async def test_a_recording_after_a_picture_has_an_answer_of_its_own(world: World) -> None:
    voice = Attachment(kind="audio", url=f"{REMOTE}v", name="voice.ogg")
    for number, file in enumerate((PICTURE, PICTURE, voice, voice)):
        await world.write(channel="push", attachments=(file,), message_id=f"f{number}")
    said = [m.text for m in await world.messages(channel="push") if m.author is Author.SYSTEM]
    assert said == ["utter_system_unsupported", "utter_system_voice_kept"]


async def test_a_card_is_no_answer_to_anything(world: World) -> None:
    claim = IdentityClaim(trust="channel", name="Ada", phone=ADAS_PHONE)
    await world.write("👤 Ada · +4930123", channel="push", aside=True, identity=claim, authentic=True)
    await world.idle()
    assert world.engine.requests == []
    said = [m.text for m in await world.messages(channel="push") if m.author is not Author.CUSTOMER]
    assert said == ["utter_system_card_kept"]
    await world.ask("where is my order", channel="push", authentic=True)
    assert world.engine.requests[0].context.directory_ref == "C1"  # whose card it was is known


async def test_what_cannot_be_read_is_said_once_and_shown_to_agents(world: World) -> None:
    for number in range(3):
        await world.write(channel="push", unsupported="sticker", message_id=f"s{number}")
    await world.idle()
    said = [m.text for m in await world.messages(channel="push") if m.author is Author.SYSTEM]
    assert said.count("utter_system_cannot_read") == 1
    assert [name for name, _ in await events(world)] == ["unsupported"] * 3
    await world.ask("sorry", channel="push")
    await world.write(channel="push", unsupported="poll", message_id="p")
    said = [m.text for m in await world.messages(channel="push") if m.author is Author.SYSTEM]
    assert said.count("utter_system_cannot_read") == 2


async def test_a_command_of_the_channel_is_an_intent_and_the_same_text_is_not(world: World) -> None:
    await world.ask("/start", channel="push", intent="/greet")
    assert world.engine.requests[-1].payload == "/greet"
    await world.ask("/greet", channel="push")
    assert world.engine.requests[-1].payload == ""


async def test_short_texts_are_joined_where_that_is_asked_for(world: World) -> None:
    world.platform.joining = True
    assert await world.ask("twice", channel="push") == ["First.\n\nSecond."]
    assert await world.ask("twice") == ["First.", "Second."]  # elsewhere they stay apart


# --- files


async def test_a_file_is_fetched_after_its_message_was_taken_in(world: World) -> None:
    world.platform.files["one"] = PNG
    await world.write("look", channel="push", attachments=(PICTURE,))
    await fetched(world)
    (message, *_) = await world.messages(channel="push")
    stored = media_id(message.attachments[0])
    media = await world.media.find(stored)
    assert media is not None
    assert (media.mime, media.message_seq, media.conversation_id) == (
        "image/png",
        message.seq,
        message.conversation_id,
    )


async def test_a_fetch_that_fails_is_tried_again_and_survives_a_crash(world: World) -> None:
    world.platform.files["one"] = [FetchFailed(), FetchFailed(), PNG]
    await world.write("look", channel="push", attachments=(PICTURE,))
    await fetched(world)
    world.clock.move(10)
    await fetched(world)
    await world.crash()
    world.clock.move(60)
    await fetched(world)
    (message, *_) = await world.messages(channel="push")
    assert media_id(message.attachments[0])
    assert world.platform.files["one"] == []


async def test_what_is_too_much_or_gone_is_said_in_the_message(world: World) -> None:
    world.platform.files["one"] = b"MZ" + bytes(100)
    await world.write(
        "look", channel="push", attachments=(PICTURE, replace(PICTURE, url=REMOTE + "missing"))
    )
    await fetched(world)
    (message, *_) = await world.messages(channel="push")
    assert [(a.url, bool(a.note)) for a in message.attachments] == [("", True), ("", True)]
    assert "Not taken" in message.attachments[0].note
    assert await world.store.read(lambda tx: tx.next_timer_at()) is not None  # the session's own
    world.clock.move(7200)
    await fetched(world)


async def test_a_file_that_never_comes_is_given_up_in_the_end(world: World) -> None:
    world.platform.files["one"] = FetchFailed()
    await world.write("look", channel="push", attachments=(PICTURE,))
    for _ in range(8):
        await fetched(world)
        world.clock.move(timedelta(hours=1).total_seconds())
    (message, *_) = await world.messages(channel="push")
    assert "send it again" in message.attachments[0].note


async def test_an_album_is_one_message(world: World) -> None:
    for number in range(4):
        world.platform.files[f"a{number}"] = PNG
        file = replace(PICTURE, url=f"{REMOTE}a{number}")
        await world.write(
            "my broken lamp" if number == 0 else "",
            channel="push",
            attachments=(file,),
            album="g1",
            message_id=f"m{number}",
        )
    await world.write("", channel="push", attachments=(PICTURE,), album="g1", message_id="m3")  # repeated
    await world.idle()
    await fetched(world)
    theirs = [m for m in await world.messages(channel="push") if m.author is Author.CUSTOMER]
    assert len(theirs) == 1
    assert [bool(media_id(a)) for a in theirs[0].attachments] == [True] * 4
    assert len(world.engine.requests) == 1


async def test_a_remote_name_is_shown_to_nobody(world: World) -> None:
    world.platform.files["one"] = FetchFailed()
    await world.ask("person please", channel="push", attachments=(PICTURE,))
    ana = await world.agent()
    conversation = await world.conversation(channel="push")
    shown = await world.desk.messages(ana, conversation.id, after=0, limit=50)
    assert REMOTE not in str(shown)
    assert shown[0]["attachments"][0]["state"] == "fetching"


# --- signs of life


async def test_typing_is_shown_while_the_engine_works(world: World) -> None:
    world.engine.hold = True
    await world.write("hello", channel="push", message_id="m7")
    await until(lambda: world.platform.typed == [("kim", "m7")])
    world.engine.gates[0].set_result(None)
    await world.idle()


async def test_on_a_busy_node_signs_give_way_to_answers(world: World) -> None:
    world.engine.hold = True
    for number in range(AT_ONCE + 8):
        await world.write("hello", channel="push", sender=f"c{number}")
    await until(lambda: len(world.engine.gates) == AT_ONCE + 8)
    assert len(world.typing._tasks) == AT_ONCE
    world.engine.hold = False
    for gate in world.engine.gates:
        gate.set_result(None)
    await world.idle()
    await until(lambda: not world.typing._tasks)


async def test_an_agent_who_types_and_reads_is_shown(world: World) -> None:
    await world.ask("person please", channel="push", message_id="m7")
    ana = await world.agent()
    conversation = await world.conversation(channel="push")
    await world.desk.claim(ana, conversation.id)
    for _ in range(3):
        await world.desk.typing(ana, conversation.id)
    await world.desk.typing(ana, conversation.id, note=True)
    await until(lambda: world.platform.typed == [("kim", "m7")])
    await world.feedback.agent_read(ana, conversation.id, 1)
    await until(lambda: world.platform.read == [("kim", "m7")])

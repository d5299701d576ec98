"""Customers whom the company's site signs in: for one message, at one address, as one person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import OtherCustomer
from bot.domain.message import IdentityClaim, Kind
from tests.support.world import World, until

ADA = IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test", email="ada@example.com")
BEN = IdentityClaim(trust="verified", directory_ref="C2", name="Ben Test")


@pytest.fixture
async def world() -> World:
    return await World().start()


def context(world: World) -> tuple[str, str, str]:
    """Return for whom the newest turn was."""
    found = world.engine.requests[-1].context
    return found.trust.value, found.directory_ref, found.name


async def customers(world: World) -> list[Any]:
    found = await world.store.read(lambda tx: tx.conversations(limit=50))
    ids = {conversation.customer_id for conversation in found}
    return [await world.store.read(lambda tx, one=one: tx.customer(one)) for one in ids]


STRANGER = ("anonymous", "", "")
SIGNED_IN = ("verified", "C1", "Ada Test")


async def test_a_sign_in_holds_for_its_message_alone(world: World) -> None:
    await world.ask("hello", identity=ADA)
    assert context(world) == SIGNED_IN
    await world.ask("and now?")
    assert context(world) == STRANGER
    assert (await world.ask("cancel 2"))[0] == "cancel 2: not_allowed"
    assert (await world.ask("cancel 2", identity=ADA))[0] == "cancel 2: ok"
    assert context(world) == SIGNED_IN


async def test_another_address_of_the_same_customer_is_not_signed_in_with_it(world: World) -> None:
    await world.ask("hi", sender="phone", identity=ADA)
    await world.ask("hi", sender="laptop", identity=ADA)
    first, second = await world.conversation("phone"), await world.conversation("laptop")
    assert first.customer_id == second.customer_id
    assert first.id != second.id
    await world.ask("hi", sender="laptop")
    assert context(world) == STRANGER


async def test_nobody_else_gets_into_a_conversation_that_was_signed_in(world: World) -> None:
    await world.ask("hi", message_id="m", identity=ADA)
    before = await world.messages()
    for message_id in ("n", "m"):  # also not to see the answer to a repeated message
        with pytest.raises(OtherCustomer):
            await world.write("what did they say?", message_id=message_id, identity=BEN)
    assert await world.messages() == before
    assert len(world.engine.requests) == 1
    # Nothing of the refused message is kept: its id is free for the one whose conversation it is.
    assert await world.ask("mine", message_id="n", identity=ADA) == ["echo 2: mine"]
    await world.pass_time(90)  # the conversation has ended; its words are still there to be read
    with pytest.raises(OtherCustomer):
        await world.write("still not", identity=BEN)


async def test_who_signs_in_later_takes_the_conversation_along(world: World) -> None:
    await world.ask("hi", sender="phone", identity=ADA)
    await world.ask("hi", sender="laptop")
    stranger = (await world.conversation("laptop")).customer_id
    await world.ask("prove 7", sender="laptop")
    assert context(world) == STRANGER
    assert await world.ask("me again", sender="laptop", identity=ADA) == ["echo 3: me again"]
    assert context(world) == SIGNED_IN
    moved = await world.conversation("laptop")
    assert moved.customer_id == (await world.conversation("phone")).customer_id != stranger
    assert await world.store.read(lambda tx: tx.customer(stranger)) is None
    assert (await world.store.read(lambda tx: tx.identity("rest", "default", "laptop"))).customer_id == (
        moved.customer_id
    )
    assert await world.store.read(lambda tx: tx.order_grants(moved.id)) == ("7",)
    entries = await world.messages("laptop")
    assert len(entries) == 7
    # Agents see where in the transcript it was: before the words that came with it.
    assert (entries[4].kind, entries[4].text, entries[4].custom) == (
        Kind.EVENT,
        "signed_in",
        {"customer": "Ada Test"},
    )
    exported = await world.store.read(lambda tx: tx.export_customer(moved.customer_id))
    assert len(exported["conversations"]) == 2


async def test_the_first_sign_in_names_the_stranger(world: World) -> None:
    await world.ask("hi")
    await world.ask("hi", identity=ADA)
    (customer,) = await customers(world)
    assert (customer.directory_ref, customer.name, customer.email) == ("C1", "Ada Test", "ada@example.com")
    await world.ask("hi", identity=replace(ADA, name="Ada Married", email=""))
    (customer,) = await customers(world)
    assert (customer.name, customer.email) == ("Ada Married", "ada@example.com")


async def test_a_reminder_is_for_whom_it_was_set_but_not_as_signed_in(world: World) -> None:
    await world.ask("remind 2", identity=ADA)
    await world.ask("thanks")
    assert context(world) == STRANGER
    await world.pass_time(3)
    await world.idle()
    assert world.engine.requests[-1].reminded
    assert context(world) == ("channel", "C1", "Ada Test")
    await world.ask("remind 2")
    await world.pass_time(3)
    await world.idle()
    assert context(world) == STRANGER


async def test_a_nudge_and_a_reminder_that_is_put_off_are_like_that_too(world: World) -> None:
    await world.ask("form", identity=ADA)
    await world.pass_time(6)
    await world.idle()
    assert world.engine.requests[-1].reminded
    assert context(world) == ("channel", "C1", "Ada Test")
    await world.ask("remind 1", identity=ADA)
    world.engine.down = True
    await world.pass_time(2)
    await world.idle()
    world.engine.down = False
    await world.pass_time(6)
    await world.idle()
    assert context(world) == ("channel", "C1", "Ada Test")


async def test_a_message_that_waits_keeps_its_own_trust(world: World) -> None:
    world.engine.hold = True
    first = await world.write("one", identity=ADA)
    second = await world.write("two")
    await world.crash()
    assert await world.replies.wait(first, 0.0) is None
    world.dispatcher.wake(first.conversation_id)
    await world.replies.wait(second, 5.0)
    told = {request.text: request.context.trust.value for request in world.engine.requests}
    assert told == {"one": "verified", "two": "anonymous"}


async def test_fragments_are_read_together_only_if_they_are_of_one_kind(world: World) -> None:
    for text, identity in (("my fragment", ADA), ("is a fragment", None)):
        await world.write(text, channel="push", identity=identity)
    await until(lambda: bool(world.engine.requests))
    world.clock.move(5.0)
    await world.idle()
    told = [(request.text, request.context.trust.value) for request in world.engine.requests]
    assert told == [("my fragment", "verified"), ("is a fragment", "anonymous")]


async def test_the_packet_says_what_the_newest_message_was_vouched_for(world: World) -> None:
    ana = await world.agent()
    await world.ask("hello", identity=ADA)
    await world.ask("person", identity=ADA)
    conversation = await world.conversation()
    shown = await world.desk.conversation(ana, conversation.id)
    assert shown["packet"]["trust"] == "verified"
    await world.ask("are you there?")
    shown = await world.desk.conversation(ana, conversation.id)
    assert shown["packet"]["trust"] == "anonymous, earlier verified"

"""Whose a visit is: every rule of a greeting, in the store's own transactions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.errors import NotFound, OtherCustomer
from bot.domain.message import IdentityClaim, Kind
from bot.domain.visit import Fresh, Look, MadeFor, Ticket, Visit
from tests.support.world import World

ADA = IdentityClaim(trust="verified", directory_ref="C1", name="Ada Test", email="ada@example.com")
BEN = IdentityClaim(trust="verified", directory_ref="C2", name="Ben Test")


@pytest.fixture
async def world() -> World:
    return await World().start()


def ticket(address: str, made_for: MadeFor = MadeFor.NOBODY) -> Ticket:
    return Ticket(address=address, made_for=made_for)


async def say(world: World, text: str, address: str, claim: IdentityClaim | None = None) -> list[str]:
    return await world.ask(text, sender=address, channel="webchat", identity=claim, signed_in_only=True)


async def first(world: World, claim: IdentityClaim | None = None, text: str = "hi") -> str:
    """Come for the first time, say something, and return the address."""
    visit = await world.visits.arrive(None, claim)
    await say(world, text, visit.address, claim)
    return visit.address


def texts(look: Look) -> list[str]:
    return [message.text for message in look.messages]


async def ref_at(world: World, address: str) -> str:
    return (await world.visits.look(address, after=0)).customer_ref


# --- strangers


async def test_a_stranger_gets_an_address_that_cannot_be_guessed(world: World) -> None:
    one, two = await world.visits.arrive(None, None), await world.visits.arrive(None, None)
    assert one.address != two.address
    assert len(one.address) == 32
    assert one == Visit(address=one.address)


async def test_a_stranger_comes_back_to_what_was_said(world: World) -> None:
    address = await first(world)
    visit = await world.visits.arrive(ticket(address), None)
    assert (visit.address, visit.fresh) == (address, None)
    assert visit.conversation_id == (await world.conversation(address, "webchat")).id
    assert texts(await world.visits.look(address, after=0)) == ["hi", "echo 1: hi"]


async def test_a_stranger_keeps_an_address_that_was_never_used(world: World) -> None:
    assert await world.visits.arrive(ticket("never-used"), None) == Visit(address="never-used")


@pytest.mark.parametrize("made_for", [MadeFor.ANOTHER, MadeFor.THEM])
async def test_an_address_made_for_somebody_is_no_strangers(world: World, made_for: MadeFor) -> None:
    visit = await world.visits.arrive(ticket("a", made_for), None)
    assert visit.address != "a"
    assert visit.fresh is Fresh.SIGNED_OUT


async def test_who_signed_out_sees_nothing_of_before(world: World) -> None:
    address = await first(world, ADA, "my secret")
    for made_for in MadeFor:
        visit = await world.visits.arrive(ticket(address, made_for), None)
        assert (visit.address != address, visit.fresh) == (True, Fresh.SIGNED_OUT)
        assert (visit.name, visit.conversation_id) == ("", "")
        assert texts(await world.visits.look(visit.address, after=0)) == []


# --- customers


async def test_a_customer_comes_back_to_their_address(world: World) -> None:
    address = await first(world, ADA)
    visit = await world.visits.arrive(ticket(address, MadeFor.THEM), ADA)
    assert (visit.address, visit.fresh, visit.name) == (address, None, "Ada Test")


async def test_a_customer_finds_their_newest_conversation_on_another_device(world: World) -> None:
    await first(world, ADA, "old")
    world.clock.move(60)
    newer = await first_elsewhere(world, ADA, "new")
    await world.ask("not here", sender="phone", identity=ADA)  # another channel
    visit = await world.visits.arrive(None, ADA)
    assert (visit.address, visit.fresh) == (newer, None)
    assert texts(await world.visits.look(visit.address, after=0))[0] == "new"


async def first_elsewhere(world: World, claim: IdentityClaim, text: str) -> str:
    address = world.visits.elsewhere(Fresh.NEW, claim).address
    await say(world, text, address, claim)
    return address


async def test_a_new_customer_gets_a_new_address(world: World) -> None:
    visit = await world.visits.arrive(None, ADA)
    assert (visit.fresh, visit.name, visit.conversation_id) == (None, "Ada Test", "")


async def test_a_customer_keeps_an_unused_address_that_was_made_for_them(world: World) -> None:
    await first(world, ADA)
    visit = await world.visits.arrive(ticket("unused", MadeFor.THEM), ADA)
    assert (visit.address, visit.fresh) == ("unused", None)


@pytest.mark.parametrize(
    ("made_for", "fresh"),
    [(MadeFor.NOBODY, Fresh.SIGNED_IN), (MadeFor.ANOTHER, Fresh.OTHER_CUSTOMER)],
)
async def test_a_customer_takes_no_other_unused_address(
    world: World, made_for: MadeFor, fresh: Fresh
) -> None:
    mine = await first(world, ADA)
    visit = await world.visits.arrive(ticket("unused", made_for), ADA)
    assert (visit.address, visit.fresh) == (mine, fresh)


async def test_another_customer_in_the_same_browser_sees_nothing_of_the_first(world: World) -> None:
    adas = await first(world, ADA, "adas secret")
    visit = await world.visits.arrive(ticket(adas, MadeFor.ANOTHER), BEN)
    assert (visit.address != adas, visit.fresh, visit.name) == (True, Fresh.OTHER_CUSTOMER, "Ben Test")
    assert texts(await world.visits.look(visit.address, after=0)) == []
    await say(world, "bens own", visit.address, BEN)
    again = await world.visits.arrive(ticket(adas, MadeFor.THEM), BEN)  # whatever is claimed of it
    assert again.address == visit.address


async def test_who_signs_in_in_the_middle_takes_the_conversation_along(world: World) -> None:
    address = await first(world)
    stranger = (await world.conversation(address, "webchat")).customer_id
    visit = await world.visits.arrive(ticket(address), ADA)
    assert (visit.address, visit.fresh, visit.name) == (address, None, "Ada Test")
    assert await ref_at(world, address) == "C1"
    entries = await world.messages(address, "webchat")
    assert (entries[-1].kind, entries[-1].text) == (Kind.EVENT, "signed_in")
    assert (await world.conversation(address, "webchat")).seq == len(entries) == 3
    # It happens once.
    assert (await world.visits.arrive(ticket(address), ADA)).address == address
    assert len(await world.messages(address, "webchat")) == 3
    assert await world.store.read(lambda tx: tx.customer(stranger)) is not None  # nobody else was known
    assert (await world.visits.arrive(ticket(address), None)).fresh is Fresh.SIGNED_OUT


async def test_who_is_known_already_gets_the_strangers_conversation_too(world: World) -> None:
    known = await first(world, ADA)
    address = await first(world)
    stranger = (await world.conversation(address, "webchat")).customer_id
    assert (await world.visits.arrive(ticket(address), ADA)).address == address
    one, two = await world.conversation(known, "webchat"), await world.conversation(address, "webchat")
    assert one.customer_id == two.customer_id != stranger
    assert await world.store.read(lambda tx: tx.customer(stranger)) is None
    assert await say(world, "me", address, ADA) == ["echo 2: me"]
    assert world.engine.requests[-1].context.directory_ref == "C1"


async def test_a_conversation_that_has_ended_stays_the_strangers(world: World) -> None:
    address = await first(world, text="as a stranger")
    await world.pass_time(90)
    assert (await world.conversation(address, "webchat")).owner is Owner.NOBODY
    visit = await world.visits.arrive(ticket(address), ADA)
    assert (visit.address != address, visit.fresh) == (True, Fresh.SIGNED_IN)
    assert await ref_at(world, address) == ""
    assert (await world.visits.arrive(ticket(address), None)).address == address


async def test_two_who_sign_in_at_the_same_moment_do_not_share(world: World) -> None:
    address = await first(world, text="whose am I")
    found = await asyncio.gather(
        *(world.visits.arrive(ticket(address), claim) for claim in (ADA, BEN, ADA))
    )
    owner = await ref_at(world, address)
    for visit, ref in zip(found, ("C1", "C2", "C1"), strict=True):
        assert (visit.address == address) == (ref == owner)


async def test_one_who_is_faster_leaves_the_other_outside(world: World) -> None:
    """Between the look and the joining another customer signs in to the same conversation."""
    address = await first(world)
    write = world.store.write

    async def slower(work: Any) -> Any:
        world.store.write = write  # type: ignore[method-assign]
        await world.visits.arrive(ticket(address), ADA)
        return await write(work)

    world.store.write = slower  # type: ignore[method-assign]
    visit = await world.visits.arrive(ticket(address), BEN)
    assert (visit.address != address, visit.fresh) == (True, Fresh.OTHER_CUSTOMER)
    assert await ref_at(world, address) == "C1"


# --- what may be done at an address


async def test_words_of_a_stranger_do_not_get_into_a_customers_conversation(world: World) -> None:
    address = await first(world, ADA)
    with pytest.raises(OtherCustomer):
        await say(world, "as nobody", address)
    with pytest.raises(OtherCustomer):
        await say(world, "as ben", address, BEN)
    assert len(await world.messages(address, "webchat")) == 2


@pytest.mark.parametrize("ref", ["", "C2"])
async def test_nobody_else_reads_rates_or_erases(world: World, ref: str) -> None:
    address = await first(world, ADA)
    visits = world.visits
    for work in (
        visits.history(address, ref, before=99, limit=9),
        visits.rate(address, ref, score=5, comment=""),
        visits.erase(address, ref),
        visits.transcript(address, ref),
        visits.check(ticket(address), ref),
    ):
        with pytest.raises(OtherCustomer):
            await work
    assert len(await visits.transcript(address, "C1")) == 2
    await visits.check(ticket(address, MadeFor.THEM), "C1")
    await visits.check(ticket("unused"), ref)
    with pytest.raises(OtherCustomer):
        await visits.check(ticket("unused", MadeFor.ANOTHER), ref)


async def test_erasing_leaves_nothing(world: World) -> None:
    address = await first(world, ADA)
    other = await first_elsewhere(world, ADA, "on the phone")
    assert await world.visits.erase(address, "C1") == 2
    for one in (address, other):
        assert await world.visits.look(one, after=0) == Look()
    assert (await world.visits.look(address, after=2)).reset
    entries = await world.store.read(lambda tx: tx.audit())
    assert [(e.actor, e.action, e.detail) for e in entries] == [("customer", "customer.erased", None)]
    assert await world.visits.erase(address, "C1") == 0
    assert (await world.visits.arrive(ticket(address, MadeFor.THEM), ADA)).address == address


# --- what is seen


async def test_who_was_away_gets_what_was_missed(world: World) -> None:
    address = await first(world)
    look = await world.visits.look(address, after=1)
    assert (texts(look), look.last, look.reset) == (["echo 1: hi"], 2, False)
    look = await world.visits.look(address, after=2)
    assert (texts(look), look.last, look.reset) == ([], 2, False)


async def test_who_has_nothing_or_too_little_begins_with_the_newest(world: World) -> None:
    address = await first(world)
    for number in range(70):
        await say(world, f"n{number}", address)
    for after in (0, 5, 41, 9_999):
        look = await world.visits.look(address, after=after)
        assert (look.reset, look.more, len(look.messages), look.last) == (True, True, 30, 142)
    assert texts(look)[-1] == "echo 71: n69"
    look = await world.visits.look(address, after=42)
    assert (look.reset, len(look.messages)) == (False, 100)


async def test_history_goes_back_to_the_beginning_and_leaves_out_what_is_not_the_customers(
    world: World,
) -> None:
    address = await first(world)
    await world.visits.arrive(ticket(address), ADA)  # an event
    for number in range(20):
        await say(world, f"n{number}", address, ADA)
    seen: list[str] = []
    before, more = 1_000, True
    while more:
        found, more = await world.visits.history(address, "C1", before=before, limit=7)
        seen = [m.text for m in found] + seen
        before = found[0].seq
        assert len(found) == 7 or not more
    everything = [m.text for m in await world.messages(address, "webchat") if m.visible_to_customer]
    assert seen == everything
    assert await world.visits.history(address, "C1", before=1, limit=7) == ([], False)
    assert await world.visits.history("nowhere", "", before=9, limit=7) == ([], False)


async def test_how_things_stand_from_the_bot_to_an_agent_and_to_the_rating(world: World) -> None:
    address = await first(world)
    ana = await world.agent()

    async def standing() -> Any:
        return (await world.visits.look(address, after=0)).standing

    assert ((await standing()).owner, (await standing()).rate) == (Owner.BOT, None)
    await say(world, "person please", address)
    conversation = await world.conversation(address, "webchat")
    assert (await standing()).owner is Owner.QUEUE
    assert await world.visits.places() == {conversation.id: 1}
    assert (await world.visits.desk()).online == 1
    await world.desk.claim(ana, conversation.id)
    now = await standing()
    assert (now.owner, now.agent, now.assignee, now.rate) == (Owner.AGENT, "Ana", "ana", None)
    with pytest.raises(NotFound):
        await world.visits.rate(address, "", score=5, comment="")
    await world.feedback.agent_read(ana, conversation.id, 3)
    await world.visits.read(address, seq=2)
    assert ((await standing()).seen, (await standing()).read) == (3, 2)
    await world.desk.resolve(ana, conversation.id, note="")
    assert ((await standing()).owner, (await standing()).rate) == (Owner.NOBODY, world.clock.now())
    await world.visits.rate(address, "", score=5, comment="kind")
    assert not (await standing()).rate


async def test_numbers_are_looked_up_for_many_addresses_at_once(world: World) -> None:
    address = await first(world)
    conversation = await world.conversation(address, "webchat")
    assert await world.visits.sequences([address, "nowhere"]) == {address: (conversation.id, 2, 1)}

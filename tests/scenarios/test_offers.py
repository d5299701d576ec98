"""A person that is offered first: taken, declined, passed over; and what goes at once all the same."""

from __future__ import annotations

import pytest

from bot.domain.conversation import Conversation, Owner
from bot.domain.handoff import Handoff, HandoffSignal, Reason
from bot.domain.message import Author
from tests.support.world import World

ASKED = "utter_system_offer_not_understood"
OFFERED_REASONS = ["not_understood", "frustrated", "business_rule", "vip"]


@pytest.fixture
async def world() -> World:
    return await World().start()


async def press(world: World, title: str) -> list[str]:
    """Press the newest choice of this title."""
    for message in reversed(await world.messages()):
        for place, choice in enumerate(message.choices):
            if choice.title == title:
                return await world.ask("", choice=f"~{message.seq:x}.{place}")
    raise AssertionError(title)


async def handoffs(world: World) -> list[Handoff]:
    conversation = await world.conversation()
    return await world.store.read(lambda tx: tx.handoffs(conversation.id))


async def owner(world: World) -> Owner:
    conversation: Conversation = await world.conversation()
    return conversation.owner


@pytest.mark.parametrize("reason", OFFERED_REASONS)
async def test_the_customer_is_asked_and_says_yes(world: World, reason: str) -> None:
    await world.agent()
    said = await world.ask(f"offer {reason}")
    assert said == [f"echo 1: offer {reason}", f"utter_system_offer_{reason}"]
    assert await owner(world) is Owner.BOT
    said = await press(world, "Yes, a colleague")
    assert said[0] == f"utter_system_handoff_{reason}"
    assert await owner(world) is Owner.QUEUE
    made = (await handoffs(world))[0]
    assert (made.reason, made.evidence) == (Reason(reason), {"text": f"offer {reason}"})
    assert made.slots == {"order_number": reason}, "as they were when it was offered"
    assert len(world.engine.requests) == 1, "the answer is no matter of the engine's"
    assert world.metrics.counts[f"handoffs,reason={reason}"] == 1


@pytest.mark.parametrize("words", ["yes please", "  yes, a COLLEAGUE"])
async def test_a_yes_may_be_typed(world: World, words: str) -> None:
    await world.ask("offer vip")
    assert (await world.ask(words))[0] == "utter_system_handoff_vip"


@pytest.mark.parametrize("words", ["no thanks", "No, go on"])
async def test_a_no_goes_on_with_the_bot_and_is_not_asked_again_at_once(world: World, words: str) -> None:
    await world.ask("offer not_understood")
    assert await world.ask(words) == ["utter_system_offer_declined"]
    assert await world.ask("hello") == ["echo 2: hello"]
    assert await world.ask("offer not_understood") == ["echo 3: offer not_understood"]
    await world.pass_time(11)
    assert ASKED in await world.ask("offer not_understood")
    assert await handoffs(world) == []


async def test_who_speaks_of_something_else_is_not_asked_again_at_once(world: World) -> None:
    await world.ask("offer not_understood")
    assert await world.ask("where is my order") == ["echo 2: where is my order"]
    assert await world.ask("offer frustrated") == ["echo 3: offer frustrated"]
    assert await world.ask("yes please") == ["echo 4: yes please"], "that offer is over"
    assert await press(world, "Yes, a colleague") == ["utter_system_choice_expired"]


async def test_who_still_is_not_understood_gets_a_person(world: World) -> None:
    await world.ask("offer not_understood")
    said = await world.ask("offer frustrated")
    assert said[:2] == ["echo 2: offer frustrated", "utter_system_handoff_frustrated"]
    assert await owner(world) is Owner.QUEUE


async def test_silence_keeps_the_talk_with_the_bot(world: World) -> None:
    await world.ask("offer frustrated")
    await world.pass_time(59)
    assert await owner(world) is Owner.BOT
    await world.pass_time(5)
    assert await owner(world) is Owner.NOBODY
    assert await handoffs(world) == []


async def test_who_asks_for_a_person_then_goes_for_the_reason_of_the_offer(world: World) -> None:
    await world.ask("offer business_rule")
    assert (await world.ask("person"))[0] == "utter_system_handoff_business_rule"
    assert (await handoffs(world))[0].evidence == {"text": "offer business_rule"}


async def test_who_asks_for_a_person_is_never_asked_back(world: World) -> None:
    assert (await world.ask("person"))[0] == "utter_system_handoff_asked_for_human"
    await world.ask("Back to the assistant")
    await world.ask("offer vip")
    await world.ask("no thanks")
    assert (await world.ask("person"))[0] == "utter_system_handoff_asked_for_human", "and after a no"


async def test_a_failed_engine_asks_nothing(world: World) -> None:
    assert (await world.ask("boom"))[0] == "utter_system_handoff_engine_down"


async def test_an_offer_survives_a_restart(world: World) -> None:
    await world.ask("offer vip")
    await world.crash()
    assert (await press(world, "Yes, a colleague"))[0] == "utter_system_handoff_vip"


async def test_an_agent_who_is_faster_ends_the_question(world: World) -> None:
    ana = await world.agent()
    await world.ask("offer vip")
    await world.desk.claim(ana, (await world.conversation()).id)
    assert await press(world, "Yes, a colleague") == []
    assert await owner(world) is Owner.AGENT


async def test_after_the_return_no_old_offer_is_open(world: World) -> None:
    ana = await world.agent()
    await world.ask("offer vip")
    conversation = await world.conversation()
    await world.desk.claim(ana, conversation.id)
    await world.desk.release(ana, conversation.id)
    assert await world.ask("yes please") == ["echo 2: yes please"]


async def test_the_event_tells_agents_what_was_offered(world: World) -> None:
    await world.ask("offer frustrated")
    await world.ask("no thanks")
    events = [
        m.text for m in await world.messages() if m.author is Author.SYSTEM and not m.visible_to_customer
    ]
    assert events == ["handoff_offered", "offer_declined"]


def test_what_the_customer_asks_for_is_not_offered() -> None:
    assert not HandoffSignal(reason=Reason.ASKED_FOR_HUMAN).offer

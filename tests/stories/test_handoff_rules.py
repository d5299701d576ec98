"""When a person is offered and when one comes at once: the shipped assistant behind the real services."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from bot.domain.conversation import Owner
from bot.domain.handoff import Handoff, Reason
from bot.domain.message import IdentityClaim, Nlu
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.directory import RemoteDirectory
from bot.ports import DirectoryCall
from bot.sentences import written_catalogue
from connectors.customers.demo import DemoDirectory
from tests.stories.dialogue import ROOT, responses, wordings
from tests.support.world import GatedEngine, World

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]

LOST, LOST_AGAIN = "blargh fnord quux", "zzzz yyyy xxxx"


class RealEngine(GatedEngine):
    """The trained assistant in this process, for the services of `World`."""

    def __init__(self, turns: Any) -> None:
        super().__init__()
        self.turns = turns

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        self.requests.append(request)
        result: TurnResult = await self.turns.turn(
            request, RemoteDirectory(partial(directory, request.context))
        )
        return result

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        self.turns.settle(result.turn_id, committed)

    async def understand(self, text: str) -> Nlu:
        found: Nlu = await self.turns.understand(text)
        return found


class Talk:
    """One customer's conversation; what is said is named by the responses."""

    def __init__(self, world: World, ref: str) -> None:
        self.world = world
        self.claim = IdentityClaim(trust="verified", directory_ref=ref) if ref else None

    async def say(self, text: str = "", **more: Any) -> list[str]:
        """Write, and return the names of the responses that came back."""
        texts = await self.world.ask(text, identity=self.claim, **more)
        self.world.clock.move(1)
        return [self.named(text) for text in texts]

    async def press(self, title: str) -> list[str]:
        for message in reversed(await self.world.messages()):
            for place, choice in enumerate(message.choices):
                if choice.title == title:
                    return await self.say("", choice=f"~{message.seq:x}.{place}")
        raise AssertionError(title)

    @staticmethod
    def named(text: str) -> str:
        """Return the response that a text comes from: the one with most words of its own."""
        found = [
            (len(pattern.replace(".*", "")), str(name))
            for name in responses()
            for pattern in wordings(name)
            if re.fullmatch(pattern, text, re.DOTALL)
        ]
        return max(found)[1]

    async def owner(self) -> Owner:
        return (await self.world.conversation()).owner

    async def handoffs(self) -> list[Handoff]:
        conversation = await self.world.conversation()
        return await self.world.store.read(lambda tx: tx.handoffs(conversation.id))


Begin = Callable[..., Awaitable[Talk]]


@pytest.fixture
def begin(turns: Any, shop: DemoDirectory) -> Begin:
    """Begin a conversation with a stranger, or with a customer of the demo shop."""

    async def start(ref: str = "") -> Talk:
        world = World(
            shop=shop,  # type: ignore[arg-type]
            engine_of=lambda: RealEngine(turns),
            sentences=written_catalogue(ROOT),  # type: ignore[arg-type]
        )
        await world.start()
        await world.agent()
        return Talk(world, ref)

    return start


async def test_not_understood_twice_is_an_offer_that_is_taken(begin: Begin) -> None:
    talk = await begin()
    assert await talk.say(LOST) == ["utter_rephrase_open"]
    assert (await talk.say(LOST_AGAIN))[-1] == "utter_system_offer_not_understood"
    assert (await talk.press("Yes, a colleague"))[0] == "utter_system_handoff_not_understood"
    assert (await talk.handoffs())[0].evidence["texts"] == [LOST, LOST_AGAIN]


@pytest.mark.parametrize("words", ["yes please", "sure, do that", "ok"])
async def test_yes_in_the_customers_own_words(begin: Begin, words: str) -> None:
    talk = await begin()
    await talk.say(LOST)
    await talk.say(LOST_AGAIN)
    assert (await talk.say(words))[0] == "utter_system_handoff_not_understood"


@pytest.mark.parametrize("words", ["no thanks", "nope", "no, I'd rather not"])
async def test_no_goes_on_with_what_was_asked(begin: Begin, words: str) -> None:
    talk = await begin()
    assert await talk.say("cancel my order") == ["utter_which_order_cancel_order"]
    await talk.say(LOST)
    said = await talk.say(LOST_AGAIN)
    assert said[-1] == "utter_system_offer_not_understood"
    assert await talk.say(words) == ["utter_system_offer_declined"]
    assert await talk.say("4522") == ["utter_ask_order_proof"], "the form has waited underneath"
    assert "utter_system_offer_not_understood" not in await talk.say(LOST)


async def test_the_third_time_there_is_no_more_question(begin: Begin) -> None:
    talk = await begin()
    for text in (LOST, LOST_AGAIN, "wibble wobble wubble"):
        said = await talk.say(text)
    assert "utter_system_handoff_not_understood" in said
    assert await talk.owner() is Owner.QUEUE


async def test_anger_twice_is_an_offer_and_a_third_time_a_person(begin: Begin) -> None:
    talk = await begin()
    assert await talk.say("this is ridiculous, what are your delivery options") == [
        "utter_sorry", "utter_delivery_options",
    ]  # fmt: skip
    assert await talk.say("you are useless, what can I pay with") == [
        "utter_check_payment_methods", "utter_system_offer_frustrated",
    ]  # fmt: skip
    said = await talk.say("what a bloody useless bot you are, when are you open")
    assert "utter_system_handoff_frustrated" in said
    made = (await talk.handoffs())[0]
    assert made.reason is Reason.FRUSTRATED
    assert made.evidence["sentiment"] == "abusive"
    assert made.evidence["signs"].startswith("said “bloody useless bot")


async def test_great_anger_and_insults_are_an_offer_at_once(begin: Begin) -> None:
    for text in (
        "nobody answers, I am fed up, THIS IS RIDICULOUS!! what are your delivery options",
        "what are your delivery options, you idiots",
    ):
        talk = await begin()
        assert (await talk.say(text))[-1] == "utter_system_offer_frustrated", text


async def test_who_asks_the_same_a_third_time_is_met_as_frustrated(begin: Begin) -> None:
    talk = await begin()
    assert await talk.say("what are your delivery options") == ["utter_delivery_options"]
    assert await talk.say("which delivery options do you have") == ["utter_delivery_options"]
    assert (await talk.say("delivery options please, which are there"))[0] == "utter_sorry"
    moods = [m.nlu.mood for m in await talk.world.messages() if m.nlu is not None]
    assert [mood.level if mood else None for mood in moods] == [None, "calm", "frustrated"]
    assert {sign.kind for mood in moods if mood for sign in mood.evidence} == {"repetition"}


async def test_anger_after_a_no_is_left_at_that(begin: Begin) -> None:
    talk = await begin()
    await talk.say("this is ridiculous, what are your delivery options")
    await talk.say("you are useless, what can I pay with")
    await talk.say("no thanks")
    assert await talk.say("this is ridiculous, when are you open") == ["utter_opening_hours"]
    assert await talk.owner() is Owner.BOT


async def test_who_asks_gets_a_person_without_a_question_each_time(begin: Begin) -> None:
    talk = await begin()
    ana = await talk.world.agent()
    for _ in range(3):
        assert (await talk.say("let me talk to a human"))[0] == "utter_system_handoff_asked_for_human"
        conversation = await talk.world.conversation()
        await talk.world.desk.claim(ana, conversation.id)
        await talk.world.desk.release(ana, conversation.id)
        assert await talk.say("what can I pay with") == ["utter_check_payment_methods"]
    assert len(await talk.handoffs()) == 3


async def test_no_old_failure_or_anger_hands_over_again(begin: Begin) -> None:
    talk = await begin()
    ana = await talk.world.agent()
    await talk.say("this is ridiculous, what are your delivery options")
    await talk.say("you are useless, what can I pay with")
    await talk.say(LOST)
    assert await talk.owner() is Owner.QUEUE
    conversation = await talk.world.conversation()
    await talk.world.desk.claim(ana, conversation.id)
    await talk.world.desk.release(ana, conversation.id)
    assert await talk.say(LOST_AGAIN) == ["utter_rephrase_open"], "counted from new"
    assert await talk.say("this is ridiculous, when are you open") == ["utter_sorry", "utter_opening_hours"]
    assert await talk.owner() is Owner.BOT


async def test_leaving_the_queue_begins_anew_too(begin: Begin) -> None:
    talk = await begin()
    for text in (LOST, LOST_AGAIN, LOST):
        await talk.say(text)
    assert await talk.press("Back to the assistant") == ["utter_system_left_queue"]
    assert await talk.say(LOST_AGAIN) == ["utter_rephrase_open"]
    assert await talk.owner() is Owner.BOT


async def test_a_high_tier_waits_less(begin: Begin) -> None:
    talk = await begin("C1007")
    assert (await talk.say("let me talk to a human"))[0] == "utter_system_handoff_vip"
    made = (await talk.handoffs())[0]
    assert (made.reason, made.priority, made.evidence["tier"]) == (Reason.VIP, 30, "platinum")


async def test_a_high_tier_is_offered_a_person_at_the_first_failure(begin: Begin) -> None:
    talk = await begin("C1007")
    assert (await talk.say(LOST))[-1] == "utter_system_offer_vip"
    assert (await talk.say("yes please"))[0] == "utter_system_handoff_vip"


async def test_the_others_wait_as_everybody(begin: Begin) -> None:
    talk = await begin("C1001")
    assert await talk.say(LOST) == ["utter_rephrase_open"]
    assert (await talk.say("let me talk to a human"))[0] == "utter_system_handoff_asked_for_human"


async def test_a_large_refund_is_a_persons_to_decide(begin: Begin) -> None:
    talk = await begin("C1025")
    await talk.say("I want to return order 4544")
    assert await talk.press("All of it") == ["utter_ask_return_reason"]
    assert await talk.say("I changed my mind") == ["utter_confirm_get_refund"]
    said = await talk.say("yes please")
    assert said == ["utter_return_over_limit", "utter_system_offer_business_rule"]
    assert (await talk.say("yes please"))[0] == "utter_system_handoff_business_rule"
    evidence = (await talk.handoffs())[0].evidence
    assert (evidence["rule"], evidence["order_number"]) == ("refund_limit", "4544")

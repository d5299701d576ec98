"""What happens to messages between channel and customer: order, repetition, fragments, choices, sending."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.customer import Status, TurnContext
from bot.domain.errors import DeliveryFailed, InvalidInput, TooLarge
from bot.domain.message import Author, Delivery, IdentityClaim
from tests.support.world import World, until


@pytest.fixture
async def world() -> World:
    return await World().start()


async def deliver(world: World) -> None:
    """Run delivery until the outbox is empty or waits for later."""
    task = asyncio.get_running_loop().create_task(world.deliveries.run())
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_repeated_message_is_one_message(world: World) -> None:
    first = await world.ask("hello", message_id="a")
    assert await world.ask("hello", message_id="a") == first
    assert await world.ask("other words", message_id="a") == first
    assert len(world.engine.requests) == 1
    assert await world.ask("hello", message_id="a", sender="lou") == [
        "echo 1: hello"
    ]  # another sender's id


async def test_a_repetition_while_the_turn_runs_gets_the_same_answer(world: World) -> None:
    world.engine.hold = True
    first, second = await world.write("hi", message_id="a"), await world.write("hi", message_id="a")
    waits = [asyncio.create_task(world.replies.wait(a, 5.0)) for a in (first, second)]
    await until(lambda: bool(world.engine.gates))
    world.engine.gates[0].set_result(None)
    texts = [[m.text for m in await w or ()] for w in waits]
    assert texts == [["echo 1: hi"], ["echo 1: hi"]]


async def test_messages_of_one_customer_are_answered_in_order_and_others_do_not_wait(world: World) -> None:
    world.engine.hold = True
    one, two = await world.write("one"), await world.write("two")
    other = await world.write("x", sender="lou")
    await until(lambda: len(world.engine.gates) == 2)  # one of each conversation
    world.engine.gates[1].set_result(None)
    assert [m.text for m in await world.replies.wait(other, 2.0) or ()] == ["echo 1: x"]
    world.engine.gates[0].set_result(None)
    await until(lambda: len(world.engine.gates) == 3)
    world.engine.gates[2].set_result(None)
    assert [m.text for m in await world.replies.wait(one, 2.0) or ()] == ["echo 1: one"]
    assert [m.text for m in await world.replies.wait(two, 2.0) or ()] == ["echo 2: two"]


async def test_fragments_are_read_together_on_chat_channels_only(world: World) -> None:
    for text in ("a fragment", "b fragment"):
        await world.write(text, channel="push")
        await asyncio.sleep(0.01)
    assert world.engine.requests == []
    await world.write("4521 is late", channel="push")
    await world.idle()
    assert [r.text for r in world.engine.requests] == ["a fragment b fragment 4521 is late"]
    assert await world.ask("a fragment") == ["echo 1: a fragment"]


async def test_two_clear_questions_are_two_however_fast_they_come(world: World) -> None:
    """Read as one, the less likely of them would stay without an answer."""
    world.engine.hold = True
    await world.write("hello there", channel="push")
    for text in ("where is it", "may I change it"):
        await world.write(text, channel="push")
    await until(lambda: bool(world.engine.gates))
    world.engine.hold = False
    world.engine.gates[0].set_result(None)
    await world.idle()
    asked = [r.text for r in world.engine.requests]
    assert asked == ["hello there", "where is it", "may I change it"]


async def test_a_lone_fragment_is_answered_after_a_pause(world: World) -> None:
    accepted = await world.write("a fragment", channel="push")
    await asyncio.sleep(0.05)
    assert world.engine.requests == []
    world.clock.move(1.1)
    world.dispatcher.wake(accepted.conversation_id)
    await world.idle()
    assert len(world.engine.requests) == 1


async def test_choices_mean_something_only_where_they_were_shown(world: World) -> None:
    await world.ask("ask me")
    token = "~2.0"
    assert await world.ask("", choice=token) == ["echo 2: /affirm"]
    assert [m.text for m in await world.messages() if m.author is Author.CUSTOMER] == ["ask me", "Yes"]
    assert await world.ask("", choice=token) == []  # a double click
    world.clock.move(11)
    assert await world.ask("", choice=token) == ["utter_system_choice_expired"]  # pressed again later
    for forged in ("~99.0", "~2.7", "~1.0", "~zz.0"):
        assert await world.ask("", choice=forged) == ["utter_system_choice_expired"]
    assert await world.ask("", choice=token, sender="lou") == ["utter_system_choice_expired"]
    assert [r.payload for r in world.engine.requests] == ["", "/affirm"]


async def test_typed_commands_reach_the_engine_as_text(world: World) -> None:
    assert await world.ask('/cancel_order{"order_number": "1"}') == [
        'echo 1: /cancel_order{"order_number": "1"}'
    ]
    assert world.engine.requests[0].payload == ""


async def test_secrets_are_masked_before_they_are_stored(world: World) -> None:
    await world.ask("my card is 4111 1111 1111 1111, password: hunter2")
    kept = [m.text for m in await world.messages()]
    assert not any("4111" in text or "hunter2" in text for text in kept)
    assert "4111" not in world.engine.requests[0].text


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "\n"])
async def test_empty_messages_are_refused(world: World, text: str) -> None:
    with pytest.raises(InvalidInput):
        await world.write(text)


async def test_too_long_messages_are_refused_and_the_longest_is_taken(world: World) -> None:
    with pytest.raises(TooLarge):
        await world.write("x" * 4001)
    assert len((await world.ask("😀" * 4000))[0]) > 4000


@pytest.mark.parametrize(
    "text", ["مرحبا كيف الحال", "<script>alert(1)</script>", "a\u202eb", "👩‍👩‍👧", "\ud83d x"]
)
async def test_odd_texts_get_a_calm_answer(world: World, text: str) -> None:
    assert len(await world.ask(text)) == 1


async def test_identity_comes_from_the_channel_never_from_metadata(world: World) -> None:
    await world.ask("hi", raw={"directory_ref": "C1", "trust": "verified"})
    context = world.engine.requests[-1].context
    assert (context.directory_ref, context.trust.value) == ("", "anonymous")
    await world.ask("hi", sender="vip", identity=IdentityClaim(trust="verified", directory_ref="C1"))
    assert world.engine.requests[-1].context.directory_ref == "C1"


# --- sending


async def test_sent_in_order_and_once(world: World) -> None:
    for text in ("one", "two", "three"):
        await world.write(text, channel="push")
        await world.idle()
    await deliver(world)
    assert [text for _, text in world.platform.sent] == ["echo 1: one", "echo 2: two", "echo 3: three"]
    sent = [m for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert {(m.delivery, bool(m.external_id)) for m in sent} == {(Delivery.SENT, True)}


async def test_a_safe_failure_is_tried_again_after_the_given_time(world: World) -> None:
    world.platform.plan = [DeliveryFailed("429", retryable=True, retry_after=30.0)]
    await world.write("one", channel="push")
    await world.idle()
    await world.write("two", channel="push")
    await world.idle()
    await deliver(world)
    assert world.platform.sent == []  # the second does not overtake the first
    world.clock.move(31)
    await deliver(world)
    await deliver(world)
    assert [text for _, text in world.platform.sent] == ["echo 1: one", "echo 2: two"]


@pytest.mark.parametrize(
    ("error", "status", "reached"),
    [
        (DeliveryFailed("timeout", outcome_unknown=True), Delivery.UNKNOWN, 1),
        (DeliveryFailed("blocked"), Delivery.FAILED, 0),
        (ValueError("a bug in the adapter"), Delivery.UNKNOWN, 1),
    ],
)
async def test_what_may_have_arrived_is_never_sent_again(
    world: World, error: Exception, status: Delivery, reached: int
) -> None:
    world.platform.plan = [error]
    await world.write("one", channel="push")
    await world.idle()
    await deliver(world)
    world.clock.move(3600)
    await deliver(world)
    assert len(world.platform.sent) == reached
    assert [m.delivery for m in await world.messages(channel="push") if m.author is Author.BOT] == [status]


async def test_a_crash_while_sending_leaves_unknown_and_the_rest_goes_on(world: World) -> None:
    await world.write("one", channel="push")
    await world.idle()
    rows = await world.store.write(lambda tx: tx.take_outbox(world.clock.now(), "n1"))
    row = rows[0]
    await world.store.write(
        lambda tx: tx.set_delivery(row.conversation_id, row.message_seq, Delivery.SENDING)
    )
    await world.crash()
    assert await world.deliveries.recover() == 1
    await world.write("two", channel="push")
    await world.idle()
    await deliver(world)
    assert [text for _, text in world.platform.sent] == ["echo 2: two"]
    bot = [m.delivery for m in await world.messages(channel="push") if m.author is Author.BOT]
    assert bot == [Delivery.UNKNOWN, Delivery.SENT]


# --- the company's data


def context(world: World, **more: object) -> TurnContext:
    base = {
        "conversation_id": "c",
        "customer_id": "p",
        "inbox_id": "i",
        "channel": "rest",
        "now": world.clock.now(),
    }
    return TurnContext(**{**base, **more})  # type: ignore[arg-type]


async def test_orders_open_with_proof_and_not_without(world: World) -> None:
    call, who = world.gateway.call, context(world)
    for method in ("order", "cancel_order", "refund_status"):
        assert (await call(who, "a", 0, method, {"number": "7"})).status is Status.NOT_ALLOWED
    assert (await call(who, "a", 0, "profile", {})).status is Status.NOT_ALLOWED
    assert (await call(who, "a", 0, "drop_tables", {})).status is Status.NOT_ALLOWED
    wrong = await call(who, "a", 0, "prove_order", {"number": "7", "proof": "x"})
    assert wrong.status is Status.NOT_FOUND
    assert (await call(who, "a", 0, "prove_order", {"number": " #7", "proof": "ada@example.com"})).ok
    assert (await call(who, "a", 0, "order", {"number": "7"})).ok
    assert (await call(who, "a", 0, "order", {"number": "8"})).status is Status.NOT_ALLOWED
    assert world.shop.cancelled == []


async def test_guessing_proofs_is_throttled(world: World) -> None:
    statuses = [
        (
            await world.gateway.call(
                context(world), "a", n, "prove_order", {"number": "7", "proof": str(n)}
            )
        ).status
        for n in range(8)
    ]
    assert statuses == [Status.NOT_FOUND] * 5 + [Status.THROTTLED] * 3


async def test_a_broken_system_is_try_later_and_the_effect_stays_open(world: World) -> None:
    await world.gateway.call(
        context(world), "a", 0, "prove_order", {"number": "7", "proof": "ada@example.com"}
    )
    world.shop.broken = True
    later = context(world, inbox_id="j")
    assert (await world.gateway.call(later, "a", 0, "order", {"number": "7"})).status is Status.TRY_LATER
    assert (
        await world.gateway.call(later, "a", 0, "cancel_order", {"number": "7"})
    ).status is Status.TRY_LATER


async def test_one_turn_asks_for_an_order_once(world: World) -> None:
    who, asked = context(world), world.shop.asked
    await world.gateway.call(who, "a", 0, "prove_order", {"number": "7", "proof": "ada@example.com"})
    before = asked["order"]
    for _ in range(3):
        assert (await world.gateway.call(who, "a", 0, "order", {"number": "7"})).ok
    assert asked["order"] == before
    await world.gateway.call(who, "a", 0, "cancel_order", {"number": "7"})
    answer = await world.gateway.call(who, "a", 0, "order", {"number": "7"})
    assert answer.value.status == "cancelled"  # what a change made old is asked for anew


async def test_the_same_key_cancels_once(world: World) -> None:
    who = context(world)
    await world.gateway.call(who, "a", 0, "prove_order", {"number": "7", "proof": "ada@example.com"})
    answers = [await world.gateway.call(who, "a", 0, "cancel_order", {"number": "7"}) for _ in range(3)]
    assert [a.status for a in answers] == [Status.OK] * 3
    assert world.shop.cancelled == ["7"]

"""What agents do for customers: on the demo shop, with failures, repeats, crashes and limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.agents import Agent, Role
from bot.domain.customer import Effect, Trust, TurnContext
from bot.domain.errors import (
    Conflict,
    InvalidInput,
    InvalidTransition,
    NotFound,
    NotPermitted,
    TooManyRequests,
)
from bot.domain.message import IdentityClaim, Message
from bot.ports import Tx
from bot.services.desk_orders import LOOK_UPS
from connectors.customers.demo import EVERYBODY, DemoDirectory, Failure
from tests.support.clock import FakeClock
from tests.support.world import World

SEED = Path(__file__).parents[2] / "data" / "demo" / "shop.json"
JANE = IdentityClaim(trust=Trust.VERIFIED.value, directory_ref="C1001", name="Jane Miller")
ADDRESS = "9 Orchard Row, Salford, M3 5EN"
GIFT = {"amount": "10.00", "reason": "It came late.", "number": "4523"}


class Desk:
    """A world on the demo shop, with a conversation that Ana has."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.failures = FakeClock(), dict[str, Failure]()
        self.shop = DemoDirectory(folder / "shop.db", self.clock, seed=SEED, failures=self.failures)

    async def start(self) -> Desk:
        await self.shop.start()
        self.world = await World(clock=self.clock, shop=self.shop).start()  # type: ignore[arg-type]
        self.ana = await self.world.agent("Ana")
        self.bob = await self.world.agent("Bob")
        self.sue = await self.world.agent("Sue", Role.SUPERVISOR)
        return self

    async def talk(self, sender: str = "jane", claim: IdentityClaim | None = JANE) -> str:
        """Have a customer ask for a person, and Ana claim; return the conversation's id."""
        await self.world.ask("person", sender=sender, identity=claim)
        conversation = await self.world.conversation(sender)
        await self.world.desk.claim(self.ana, conversation.id)
        return str(conversation.id)

    async def act(
        self, conversation: str, action: str, *, by: Agent | None = None, id: str = "k1", **arguments: Any
    ) -> dict[str, Any]:
        return await self.world.actions.act(
            by or self.ana, conversation, action=action, arguments=arguments, client_id=id
        )

    async def changes(self) -> list[tuple[str, str]]:
        return [(change.order_number, change.what) for change in await self.shop.changes()]

    async def effects(self, conversation: str) -> list[Effect]:
        return await self.world.store.read(lambda tx: tx.effects(conversation))

    async def events(self, conversation: str) -> list[dict[str, Any]]:
        found: list[Message] = await self.world.store.read(lambda tx: tx.messages(conversation, limit=500))
        return [m.custom or {} for m in found if m.text == "customer_action"]

    async def audit(self, conversation: str) -> list[tuple[str, str]]:
        entries = await self.world.store.read(lambda tx: tx.audit(conversation_id=conversation))
        return [(e.action, e.actor) for e in reversed(entries) if not e.action.startswith("conversation.")]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = await Desk(tmp_path).start()
    yield desk
    await desk.world.store.stop()
    await desk.shop.stop()


# --- doing


async def test_cancels_and_everybody_sees_it(desk: Desk) -> None:
    one = await desk.talk()
    done = await desk.act(one, "cancel_order", number="4522")
    assert (done["status"], done["detail"]) == ("ok", "")
    assert done["message"] == "Order 4522 is cancelled. 189.00 GBP goes back."
    assert done["result"]["refund"] == "189.00"
    assert await desk.changes() == [("4522", "cancelled")]
    assert await desk.events(one) == [
        {
            "agent": "Ana",
            "action": "cancel_order",
            "status": "ok",
            "number": "4522",
            "amount": "189.00",
            "currency": "GBP",
        }
    ]
    assert await desk.audit(one) == [("customer.cancel_order", "ana")]
    packet = (await desk.world.desk.conversation(desk.ana, one))["packet"]
    assert [(d["what"], d["by"], d["status"]) for d in packet["done"]] == [("cancel_order", "Ana", "ok")]


async def test_what_the_assistant_was_doing_is_open_until_it_is_done(desk: Desk) -> None:
    one = await desk.talk()

    async def interrupted(tx: Tx) -> None:
        (handoff,) = await tx.handoffs(one)
        await tx.put_handoff(
            replace(handoff, evidence={"form": "cancel_order_form", "asking": "confirmed"})
        )

    await desk.world.store.write(interrupted)
    packet = (await desk.world.desk.conversation(desk.ana, one))["packet"]
    assert packet["still_open"] == [
        "The assistant was in the middle of “cancel order”: it had asked for a yes or no."
    ]
    await desk.act(one, "cancel_order", number="4522")
    assert (await desk.world.desk.conversation(desk.ana, one))["packet"]["still_open"] == []


async def test_every_action_works_and_is_told(desk: Desk) -> None:
    one = await desk.talk()
    for index, (action, arguments, words) in enumerate(
        (
            (
                "change_address",
                {"number": "4522", "address": ADDRESS},
                f"Order 4522 goes to {ADDRESS} now.",
            ),
            ("change_address", {"address": ADDRESS}, f"The account's post goes to {ADDRESS} now."),
            (
                "start_return",
                {"number": "4523", "reason": "broken", "item": "Cast-iron teapot, 0.8 l"},
                "A return is open for order 4523. 54.00 GBP goes back. They have to send it in.",
            ),
            ("goodwill", GIFT, "10.00 GBP was given: SORRY-9001. It is good until 2027-03-02."),
        )
    ):
        done = await desk.act(one, action, id=f"k{index}", **arguments)
        assert (done["status"], done["message"]) == ("ok", words)
    assert len(await desk.changes()) == 4
    assert len(await desk.events(one)) == 4


@pytest.mark.parametrize(
    ("action", "arguments", "detail", "part"),
    [
        ("cancel_order", {"number": "4521"}, "shipped", "has left already"),
        ("change_address", {"number": "4521", "address": ADDRESS}, "left", "has left already"),
        ("change_address", {"number": "4522", "address": "Leeds"}, "incomplete", "postcode"),
        ("start_return", {"number": "4522", "reason": "x"}, "not_delivered", "not been delivered"),
        ("cancel_order", {"number": "9999"}, "not_found", "no such order"),
        ("goodwill", {"amount": "5", "reason": "x", "currency": "USD"}, "currency", "not in USD"),
    ],
)
async def test_a_refusal_is_told_in_words(
    desk: Desk, action: str, arguments: dict[str, Any], detail: str, part: str
) -> None:
    one = await desk.talk()
    done = await desk.act(one, action, **arguments)
    assert (done["status"], done["detail"], done["result"]) == ("refused", detail, None)
    assert part in done["message"]
    assert await desk.changes() == []


# --- once


async def test_the_same_click_again_changes_nothing_and_says_the_same(desk: Desk) -> None:
    one = await desk.talk()
    first = await desk.act(one, "goodwill", **GIFT)
    assert await desk.act(one, "goodwill", **GIFT) == first
    await desk.world.desk.release(desk.ana, one)
    assert await desk.act(one, "goodwill", **GIFT) == first, "also when it is not theirs any more"
    assert await desk.changes() == [("4523", "goodwill_granted")]
    assert len(await desk.events(one)) == len(await desk.audit(one)) == 1


async def test_two_clicks_at_once_are_one_effect(desk: Desk) -> None:
    one = await desk.talk()
    answers = await asyncio.gather(*(desk.act(one, "goodwill", **GIFT) for _ in range(5)))
    assert len({answer["result"]["code"] for answer in answers}) == 1
    assert await desk.changes() == [("4523", "goodwill_granted")]
    assert len(await desk.events(one)) == len(await desk.audit(one)) == 1


async def test_an_id_is_for_one_thing_and_one_agent(desk: Desk) -> None:
    one, other = await desk.talk(), await desk.talk("tom")
    await desk.act(one, "goodwill", **GIFT)
    with pytest.raises(Conflict):
        await desk.act(one, "goodwill", **{**GIFT, "amount": "11.00"})
    with pytest.raises(Conflict):
        await desk.act(one, "cancel_order", number="4522")
    for by, where in ((desk.sue, one), (desk.ana, other)):
        assert (await desk.act(where, "goodwill", by=by, **GIFT))["status"] == "ok"
    assert len(await desk.changes()) == 3


async def test_a_crash_between_the_effect_and_its_note(desk: Desk) -> None:
    one = await desk.talk()
    held = asyncio.Event()
    write, count = desk.world.store.write, 0

    async def dies(work: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:  # the first one notes that it begins
            held.set()
            await asyncio.Event().wait()
        return await write(work)

    desk.world.actions._store.write = dies  # type: ignore[method-assign]
    click = asyncio.create_task(desk.act(one, "goodwill", **GIFT))
    await held.wait()
    click.cancel()
    await asyncio.gather(click, return_exceptions=True)
    desk.world.store.write = write  # type: ignore[method-assign]
    await desk.world.crash()
    assert await desk.changes() == [("4523", "goodwill_granted")]
    assert await desk.events(one) == []
    [unknown] = (await desk.world.orders.orders(desk.ana, one))["unknown"]
    assert (unknown["action"], unknown["number"], unknown["by"]) == ("goodwill", "4523", "Ana")
    assert (await desk.act(one, "goodwill", **GIFT))["status"] == "ok"
    assert await desk.changes() == [("4523", "goodwill_granted")]
    assert len(await desk.events(one)) == 1


# --- when nobody knows


async def test_what_cannot_be_asked_was_not_done(desk: Desk) -> None:
    one = await desk.talk()
    desk.failures[EVERYBODY] = Failure.DOWN
    done = await desk.act(one, "cancel_order", number="4522")
    assert done["status"] == "try_later"
    assert "Nothing was done" in done["message"]
    assert await desk.effects(one) == []
    assert (await desk.world.orders.orders(desk.ana, one))["status"] == "try_later"
    desk.failures.clear()
    assert (await desk.act(one, "cancel_order", number="4522"))["status"] == "ok"


class Forgetful:
    """Loses the answers to changes, but answers questions."""

    def __init__(self, shop: DemoDirectory) -> None:
        self.shop, self.lost = shop, True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.shop, name)
        if name not in ("grant_goodwill", "cancel_order") or not self.lost:
            return found

        async def lose(*arguments: Any, **more: Any) -> Any:
            await found(*arguments, **more)
            raise OSError("lost")

        return lose


@pytest.fixture
async def forgetful(desk: Desk) -> Forgetful:
    shop = Forgetful(desk.shop)
    desk.world.actions._directory = shop  # type: ignore[assignment]
    return shop


async def test_an_unknown_outcome_is_said_and_asked_about_under_its_key(
    desk: Desk, forgetful: Forgetful
) -> None:
    one = await desk.talk()
    done = await desk.act(one, "goodwill", **GIFT)
    assert (done["status"], done["result"]) == ("unknown", None)
    assert "ask again" in done["message"]
    assert [e["status"] for e in await desk.events(one)] == ["unknown"]
    again = await desk.act(one, "goodwill", id="k2", **GIFT)
    assert again["status"] == "unknown"
    other = await desk.act(one, "goodwill", id="k3", **{**GIFT, "amount": "11.00"})
    assert (other["status"], other["detail"]) == ("unknown", "unfinished")
    forgetful.lost = False
    found = await desk.act(one, "goodwill", id="k2", **GIFT)
    assert found["status"] == "ok"
    assert await desk.act(one, "goodwill", id="k2", **GIFT) == found
    assert await desk.act(one, "goodwill", **GIFT) == found
    assert await desk.changes() == [("4523", "goodwill_granted")]
    assert [e["status"] for e in await desk.events(one)] == ["unknown", "ok"]
    packet = (await desk.world.desk.conversation(desk.ana, one))["packet"]
    assert [d["status"] for d in packet["done"]] == ["ok"]


async def test_what_the_bot_began_is_asked_about_and_not_begun_again(
    desk: Desk, forgetful: Forgetful
) -> None:
    one = await desk.talk()
    desk.world.gateway._directory = forgetful  # type: ignore[assignment]
    context = TurnContext(
        conversation_id=one,
        customer_id="x",
        inbox_id="i1",
        channel="rest",
        now=desk.clock.now(),
        trust=Trust.VERIFIED,
        directory_ref="C1001",
    )
    await desk.world.gateway.call(context, "action_cancel", 1, "cancel_order", {"number": "4522"})
    forgetful.lost = False
    done = await desk.act(one, "cancel_order", number="4522")
    assert done["status"] == "ok", "not refused as cancelled before"
    assert await desk.changes() == [("4522", "cancelled")]


# --- who may


async def test_only_the_owner_or_a_supervisor_while_it_is_open(desk: Desk) -> None:
    one = await desk.talk()
    tess = await desk.world.agent("Tess", Role.TRAINER)
    with pytest.raises(InvalidTransition):
        await desk.act(one, "cancel_order", by=desk.bob, number="4522")
    with pytest.raises(NotPermitted):
        await desk.act(one, "cancel_order", by=tess, number="4522")
    assert (await desk.world.orders.orders(desk.bob, one))["acting"] is False
    assert (await desk.act(one, "cancel_order", by=desk.sue, number="4522"))["status"] == "ok"
    await desk.world.desk.resolve(desk.ana, one, note="")
    for agent in (desk.ana, desk.sue):
        with pytest.raises(InvalidTransition):
            await desk.act(one, "goodwill", by=agent, id="k2", **GIFT)
    assert await desk.changes() == [("4522", "cancelled")]


@pytest.mark.parametrize(
    ("action", "arguments", "field"),
    [
        ("close_account", {}, "action"),
        ("cancel_order", {}, "arguments.number"),
        ("cancel_order", {"number": "4522", "force": True}, "arguments"),
        ("start_return", {"number": "4523", "reason": "x", "resolution": "gold"}, "arguments.resolution"),
        ("goodwill", {**GIFT, "amount": 10}, "arguments.amount"),
        ("goodwill", {**GIFT, "amount": 0.1}, "arguments.amount"),
        ("goodwill", {**GIFT, "amount": "0.00"}, "arguments.amount"),
        ("goodwill", {**GIFT, "amount": "-1"}, "arguments.amount"),
        ("goodwill", {**GIFT, "amount": "1.001"}, "arguments.amount"),
        ("goodwill", {**GIFT, "amount": "1e1"}, "arguments.amount"),
        ("goodwill", {**GIFT, "reason": "  "}, "arguments.reason"),
        ("goodwill", {"amount": "5", "reason": "x"}, "arguments.currency"),
    ],
)
async def test_what_cannot_be_is_refused(
    desk: Desk, action: str, arguments: dict[str, Any], field: str
) -> None:
    one = await desk.talk()
    with pytest.raises(InvalidInput) as refused:
        await desk.act(one, action, **arguments)
    assert refused.value.fields["field"] == field
    with pytest.raises(InvalidInput):
        await desk.act(one, "cancel_order", id="", number="4522")
    assert await desk.effects(one) == []


# --- whose orders


async def test_a_stranger_has_no_orders_until_one_is_looked_up_with_a_reason(desk: Desk) -> None:
    one = await desk.talk("kim", None)
    seen = await desk.world.orders.orders(desk.ana, one)
    assert (seen["status"], seen["orders"], seen["customer"]) == ("stranger", [], None)
    refused = await desk.act(one, "cancel_order", number="4522")
    assert (refused["status"], refused["detail"]) == ("not_allowed", "not_theirs")
    with pytest.raises(InvalidInput):
        await desk.world.orders.look_up(desk.ana, one, number="4522", reason=" ")
    with pytest.raises(InvalidTransition):
        await desk.world.orders.look_up(desk.bob, one, number="4522", reason="curious")
    order = await desk.world.orders.look_up(desk.ana, one, number="#4522", reason="Named its postcode.")
    assert (order["number"], order["access"]) == ("4522", "looked_up")
    assert order["may"] == ["cancel_order", "goodwill"]
    assert await desk.audit(one) == [("order.looked_up", "ana")]
    moved = await desk.act(one, "change_address", id="k2", number="4522", address=ADDRESS)
    assert (moved["status"], moved["detail"]) == ("not_allowed", "needs_supervisor")
    assert "supervisor" in moved["message"]
    assert (await desk.act(one, "cancel_order", id="k3", number="4522"))["status"] == "ok"
    seen = await desk.world.orders.orders(desk.ana, one)
    assert [(o["number"], o["may"]) for o in seen["orders"]] == [("4522", ["goodwill"])]
    assert seen["customer"]["name"] == "Jane Miller"
    packet = (await desk.world.desk.conversation(desk.ana, one))["packet"]
    assert [d["what"] for d in packet["done"]] == ["cancel_order"]


async def test_a_look_opens_nothing_to_the_customer(desk: Desk) -> None:
    one = await desk.talk("kim", None)
    await desk.world.orders.look_up(desk.ana, one, number="4522", reason="Named its postcode.")
    assert await desk.world.store.read(lambda tx: tx.order_grants(one)) == ()


async def test_looks_are_counted_and_misses_too(desk: Desk) -> None:
    one = await desk.talk("kim", None)
    for _ in range(LOOK_UPS):
        with pytest.raises(NotFound):
            await desk.world.orders.look_up(desk.ana, one, number="9999", reason="Guessing.")
    with pytest.raises(TooManyRequests):
        await desk.world.orders.look_up(desk.ana, one, number="4522", reason="Guessing.")
    assert len(await desk.audit(one)) == LOOK_UPS


async def test_a_proved_order_can_be_worked_on_but_not_sent_elsewhere(desk: Desk) -> None:
    one = await desk.talk("kim", None)
    now = desk.clock.now()
    await desk.world.store.write(lambda tx: tx.grant_order(one, "4522", now))
    seen = await desk.world.orders.orders(desk.ana, one)
    assert [(o["access"], o["may"]) for o in seen["orders"]] == [("proved", ["cancel_order", "goodwill"])]
    as_sue = await desk.world.orders.orders(desk.sue, one)
    assert as_sue["orders"][0]["may"] == ["cancel_order", "change_address", "goodwill"]
    moved = await desk.act(one, "change_address", by=desk.sue, number="4522", address=ADDRESS)
    assert moved["status"] == "ok"


async def test_another_customers_order_is_not_theirs(desk: Desk) -> None:
    one = await desk.talk()
    done = await desk.act(one, "cancel_order", number="4525")
    assert (done["status"], done["detail"]) == ("not_allowed", "not_theirs")


async def test_what_may_be_done_follows_from_the_orders_state(desk: Desk) -> None:
    one = await desk.talk()
    seen = await desk.world.orders.orders(desk.ana, one)
    may = {order["number"]: order["may"] for order in seen["orders"]}
    assert may["4522"] == ["cancel_order", "change_address", "goodwill"]
    assert may["4523"] == ["start_return", "goodwill"]
    assert may["4521"] == ["goodwill"]
    assert (seen["status"], seen["acting"], seen["source"]) == ("ok", True, "demo shop")
    assert seen["goodwill"] == {"limit": "20", "given": "0", "left": "20", "days": 30}


# --- how much


async def test_goodwill_is_bounded_by_role_and_by_customer(desk: Desk) -> None:
    one = await desk.talk()
    over = await desk.act(one, "goodwill", **{**GIFT, "amount": "20.01"})
    assert (over["status"], over["detail"]) == ("not_allowed", "over_limit")
    assert over["message"] == "You may give up to 20 at once. A supervisor may give up to 100."
    assert (await desk.act(one, "goodwill", id="k2", **{**GIFT, "amount": "20"}))["status"] == "ok"
    sue: dict[str, Any] = {"by": desk.sue, **GIFT}
    assert (await desk.act(one, "goodwill", id="k3", **{**sue, "amount": "75.50"}))["status"] == "ok"
    last = await desk.act(one, "goodwill", id="k4", **{**sue, "amount": "4.51"})
    assert (last["status"], last["detail"]) == ("not_allowed", "over_customer_limit")
    assert "95.50" in last["message"]
    assert "4.50 is left" in last["message"]
    assert (await desk.world.orders.orders(desk.ana, one))["goodwill"]["left"] == "4.50"
    elsewhere = await desk.talk("jane2")
    assert (await desk.act(elsewhere, "goodwill", **GIFT))["detail"] == "over_customer_limit"
    desk.clock.move(31 * 86_400)
    await desk.world.agent("Ana")
    assert (await desk.act(elsewhere, "goodwill", id="k5", **GIFT))["status"] == "ok"


async def test_many_at_once_stay_within_the_customers_limit(desk: Desk) -> None:
    places = [await desk.talk(f"jane{n}") for n in range(8)]
    gift = {**GIFT, "amount": "20"}
    answers = await asyncio.gather(*(desk.act(place, "goodwill", **gift) for place in places))
    assert sorted(a["status"] for a in answers) == ["not_allowed"] * 3 + ["ok"] * 5
    effects = [e for place in places for e in await desk.effects(place)]
    assert sum(Decimal(e.arguments["amount"]) for e in effects) == 100


async def test_nothing_may_be_given_where_the_limit_is_nothing(desk: Desk) -> None:
    one = await desk.talk()
    limits = desk.world.actions._limits
    desk.world.actions._limits = replace(limits, agent=Decimal(0), supervisor=Decimal(0))
    done = await desk.act(one, "goodwill", **GIFT)
    assert done["message"] == "You may give up to 0 at once. Nobody here may give more."

"""Running one action by itself: a strict directory, a tracker as Rasa would send it, the domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.domain.customer import Answer, Order, OrderItem, Refund, Status, TurnContext
from bot.domain.mood import Mood, as_data
from bot.ports import TurnServices, turn_services

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@cache
def domain() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8")))


def order(number: str = "4522", status: str = "processing", **changes: Any) -> Order:
    values: dict[str, Any] = {
        "number": number,
        "customer_ref": "C1",
        "status": status,
        "placed_on": date(2026, 2, 27),
        "total": Decimal("189.00"),
        "currency": "GBP",
        "items": (OrderItem(name="Wool rug", quantity=1, price=Decimal("189.00")),),
        "cancellable": status in ("processing", "packed"),
        "returnable": status == "delivered",
    }
    return Order(**{**values, **changes})


def refund(state: str = "approved") -> Refund:
    return Refund(
        number="R1",
        order_number="4522",
        amount=Decimal("189.00"),
        currency="GBP",
        state=state,
        requested_on=date(2026, 3, 1),
        expected_on=date(2026, 3, 6),
    )


@dataclass
class StrictDirectory:
    """Answers what the test put in, notes every call, and fails on any call that was not foreseen."""

    answers: dict[tuple[str, ...], Answer[Any]] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def _answer(self, *call: str) -> Answer[Any]:
        self.calls.append(call)
        assert call in self.answers, f"unforeseen call {call}"
        return self.answers[call]

    async def profile(self) -> Answer[Any]:
        return self._answer("profile")

    async def orders(self) -> Answer[Any]:
        """Strangers have none, unless a test says otherwise."""
        return self.answers.get(("orders",), no(Status.NOT_ALLOWED))

    async def order(self, number: str) -> Answer[Any]:
        return self._answer("order", number)

    async def prove_order(self, number: str, proof: str) -> Answer[Any]:
        return self._answer("prove_order", number, proof)

    async def cancel_order(self, number: str) -> Answer[Any]:
        return self._answer("cancel_order", number)

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund"
    ) -> Answer[Any]:
        """An item and a replacement are named only where a test foresees them."""
        more = [value for value in (item, resolution) if value not in ("", "refund")]
        return self._answer("start_return", number, reason, *more)

    async def refund_status(self, number: str) -> Answer[Any]:
        return self._answer("refund_status", number)

    async def invoice(self, number: str) -> Answer[Any]:
        return self._answer("invoice", number)

    async def change_address(self, address: str, *, number: str = "") -> Answer[Any]:
        return self._answer("change_address", address, number)

    async def set_preferences(self, changes: Mapping[str, bool]) -> Answer[Any]:
        return self._answer("set_preferences", *(f"{n}={v}" for n, v in changes.items()))

    async def update_account_holder(self, changes: Mapping[str, str]) -> Answer[Any]:
        return self._answer("update_account_holder", *(f"{n}={v}" for n, v in changes.items()))

    async def close_account(self) -> Answer[Any]:
        return self._answer("close_account")

    async def open_case(self, kind: str, text: str, *, number: str = "") -> Answer[Any]:
        return self._answer("open_case", kind, text, number)

    async def case(self, number: str) -> Answer[Any]:
        return self._answer("case", number)

    async def find_products(self, text: str) -> Answer[Any]:
        return self._answer("find_products", text)


def ok(value: Any) -> Answer[Any]:
    return Answer(status=Status.OK, value=value)


def no(status: Status, detail: str = "") -> Answer[Any]:
    return Answer(status=status, detail=detail)


@contextmanager
def turn(directory: StrictDirectory | None = None, **context: Any) -> Iterator[None]:
    """Set the services of a turn, as the engine does."""
    values: dict[str, Any] = {
        "conversation_id": "c",
        "customer_id": "k",
        "inbox_id": "i",
        "channel": "rest",
        "now": NOW,
    }
    token = turn_services.set(
        TurnServices(TurnContext(**{**values, **context}), directory or StrictDirectory())
    )
    try:
        yield
    finally:
        turn_services.reset(token)


def tracker(
    text: str = "",
    *,
    slots: dict[str, Any] | None = None,
    candidates: dict[str, Any] | None = None,
    entities: dict[str, str] | None = None,
    loop: str = "",
    events: list[dict[str, Any]] | None = None,
    ranking: list[tuple[str, float]] | None = None,
    confidence: float = 1.0,
    mood: Mood | None = None,
) -> Tracker:
    """Return a tracker; `candidates` are slots that the message just filled."""
    known = dict.fromkeys(domain()["slots"]) | {"requested_slot": None} | (slots or {}) | (candidates or {})
    set_now = [{"event": "slot", "name": n, "value": v} for n, v in (candidates or {}).items()]
    found = [{"entity": name, "value": value} for name, value in (entities or {}).items()]
    ranked = [{"name": name, "confidence": score} for name, score in ranking or [("", confidence)]]
    return Tracker(
        sender_id="c",
        slots=known,
        latest_message={
            "text": text,
            "intent": {"name": "", "confidence": confidence},
            "entities": found,
            "intent_ranking": ranked,
            **({} if mood is None else {"mood": as_data(mood)}),
        },
        events=[*(events or []), {"event": "action", "name": loop or "action_listen"}, *set_now],
        paused=False,
        followup_action=None,
        active_loop={"name": loop} if loop else {},
        latest_action_name="action_listen",
    )


@dataclass
class Outcome:
    """What an action said and which slots it set."""

    said: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def responses(self) -> list[str]:
        return [message["response"] for message in self.said]

    @property
    def slots(self) -> dict[str, Any]:
        return {e["name"]: e["value"] for e in self.events if e["event"] == "slot"}

    @property
    def left(self) -> bool:
        return {"event": "active_loop", "name": None, "timestamp": None} in self.events


async def run(action: Action, said: Tracker) -> Outcome:
    dispatcher = CollectingDispatcher()
    events = await action.run(dispatcher, said, domain())
    return Outcome(dispatcher.messages, events)

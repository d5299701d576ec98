"""What the simulated customers say. Each dialogue is one customer's messages, in order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.shop import ShopOrder, shop_orders

Dialogue = tuple[str, ...]

PLAIN: Dialogue = (
    "thank you very much",
    "what can you do",
    "are you a bot",
    "no",
    "thanks",
    "yes",
    "how does this work",
    "am I talking to a real person",
)
"""Turns that need no custom action in any product: rules and plain responses only."""

CHAT: Dialogue = (
    "thanks",
    "when are you open",
    "where is my order {number}",
    "what can you do",
    "wher is my parcel {number}??",
    "ok thanks",
)
"""What a customer goes on with after proving an order; repeated."""

NONSENSE = ("qwe rty zxc", "purple monkey dishwasher")


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """How to make the dialogues of one kind; `rounds` is how often CHAT is repeated."""

    kind: str
    rounds: int = 8
    orders: tuple[ShopOrder, ...] = ()
    seed: int = 1

    def dialogues(self) -> Iterator[Dialogue]:
        """Yield dialogues without end."""
        if self.kind == "plain":
            yield from itertools.repeat(PLAIN)
        chosen = random.Random(self.seed)
        orders = list(self.orders or shop_orders())
        while True:
            chosen.shuffle(orders)
            for order in orders:
                yield full(order, self.rounds)


def full(order: ShopOrder, rounds: int) -> Dialogue:
    """Return the whole job: greet, ask for an order, prove it, go on asking, once not understood."""
    said = ["hi", f"where is my order {order.number}", order.email]
    for _ in range(rounds):
        said += [text.format(number=order.number) for text in CHAT]
    return (*said, NONSENSE[0], "thanks", "bye")

"""What the simulated customers say. Each dialogue is one customer's messages, in order."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.bench.shop import PROJECT, ShopOrder, shop_orders

Dialogue = tuple[str, ...]

PLAIN: Dialogue = (
    "thank you very much",
    "what can you do",
    "are you a bot",
    "which payment methods do you accept",
    "how do I create an account",
    "what is your refund policy",
    "what delivery options do you have",
    "am I talking to a real person",
)
"""Turns that need no custom action in any product: rules and plain responses only."""

PLAIN_INTENTS = (
    "bot_challenge",
    "check_payment_methods",
    "check_refund_policy",
    "create_account",
    "delivery_options",
    "help",
    "switch_account",
    "thank",
)
"""What PLAIN's turns and VARIED's are about: each has a rule with one plain response."""

OPENINGS = ("", "hello, ", "hey, ", "hi there, ", "sorry, ", "ok, ", "well, ", "so, ", "um, ", "question: ")
ENDINGS = ("", "?", "??", ".", "!", " please", " pls", "...", " :)")

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
        chosen = random.Random(self.seed)
        if self.kind == "plain":
            yield from itertools.repeat(PLAIN)
        if self.kind == "varied":
            examples = plain_examples()
            while True:
                yield tuple(varied(chosen, examples) for _ in PLAIN)
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


def varied(chosen: random.Random, examples: Sequence[str]) -> str:
    """Return a text that hardly comes twice, so that no product has its meaning in a cache."""
    return chosen.choice(OPENINGS) + chosen.choice(examples) + chosen.choice(ENDINGS)


@cache
def plain_examples() -> tuple[str, ...]:
    """Return the training examples of what needs no custom action, those with entities left out."""
    found: list[str] = []
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        intent = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            head = re.match(r"\s*- (?:intent|lookup|regex|synonym): *(\S+)", line)
            intent = head[1] if head else intent
            example = re.match(r"    - ([^\[\]]+)$", line)
            if example and intent in PLAIN_INTENTS:
                found.append(example[1].strip())
    return tuple(found)

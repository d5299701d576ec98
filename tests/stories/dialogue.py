"""A whole conversation with the trained assistant and the demo shop, without server and processes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from bot.bus.memory import MemoryBus
from bot.domain.customer import TurnContext
from bot.domain.message import Draft
from bot.domain.turn import TurnRequest, TurnResult
from bot.engine.directory import RemoteDirectory
from bot.ports import Clock, CustomerDirectory
from bot.services.directory import DirectoryGateway
from bot.store.sqlite import SqliteStore
from connectors.customers.demo import DemoDirectory
from tests.support.world import NoMetrics

ROOT = Path(__file__).parents[2]
EMAIL = "jane.miller@example.com"


class Server:
    """The part of the server that a turn reaches: the product's own gateway, so one truth about trust."""

    def __init__(self, shop: CustomerDirectory, clock: Clock) -> None:
        self.store = SqliteStore(":memory:", clock, inline=True)
        shared: dict[str, Any] = {"store": self.store, "bus": MemoryBus(clock), "clock": clock}
        self.gateway = DirectoryGateway(**shared, directory=shop, metrics=NoMetrics())

    async def proved(self, conversation_id: str) -> tuple[str, ...]:
        return await self.store.read(lambda tx: tx.order_grants(conversation_id))


@dataclass
class Conversation:
    """Say things, press choices, look at what came back. Every turn starts from the kept state alone."""

    turns: Any
    shop: CustomerDirectory
    clock: Clock
    context: TurnContext
    state: bytes | None = None
    last: TurnResult | None = None
    server: Server | None = None
    count: int = 0

    async def say(self, text: str) -> str:
        """Type something; return what the assistant says, line by line."""
        return await self._turn(text=text)

    async def press(self, title: str) -> str:
        """Press a choice of the last messages by its title, or by the beginning of it."""
        found = [c for m in self.messages for c in m.choices if c.title.startswith(title)]
        assert found, f"no choice {title!r} among {[c.title for m in self.messages for c in m.choices]}"
        return await self._turn(text=found[0].title, payload=found[0].payload)

    async def press_topic(self, topic: str, **entities: str) -> str:
        """Press a choice that starts a topic, as any response may offer it."""
        return await self._turn(text=topic, payload=f"/{topic}{json.dumps(entities) if entities else ''}")

    @property
    def messages(self) -> tuple[Draft, ...]:
        return self.last.messages if self.last else ()

    @property
    def choices(self) -> list[str]:
        return [choice.title for message in self.messages for choice in message.choices]

    async def _turn(self, text: str, payload: str = "") -> str:
        self.count += 1
        if self.server is None:
            self.server = Server(self.shop, self.clock)
            await self.server.store.start()
        inbox = f"{self.context.conversation_id}-{self.count}"
        grants = await self.server.proved(self.context.conversation_id)
        context = replace(self.context, inbox_id=inbox, order_grants=grants)
        request = TurnRequest(
            turn_id=inbox,
            conversation_id=context.conversation_id,
            context=context,
            text=text,
            payload=payload,
            state=self.state,
        )
        directory = RemoteDirectory(partial(self.server.gateway.call, context))
        self.last = await self.turns.turn(request, directory)
        self.turns.settle(inbox, self.count % 2 == 0)  # every other turn is rebuilt from the state
        self.state = self.last.state
        return "\n".join(message.text for message in self.last.messages)


Start = Callable[..., Conversation]


@cache
def responses() -> dict[str, Any]:
    """Return the responses of the domain; reading it takes a second, so once for all tests."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    return found


def wordings(name: str) -> list[str]:
    """Return patterns for every wording of a response, placeholders matching anything."""
    return [re.sub(r"\\\{\w+\\\}", ".*", re.escape(w["text"])) for w in responses()[name]]


def said(conversation: Conversation, *names: str) -> None:
    """Check that the last turn said exactly these responses, in this order."""
    texts = [message.text for message in conversation.messages]
    assert len(texts) == len(names), texts
    for text, name in zip(texts, names, strict=True):
        assert any(re.fullmatch(pattern, text, re.DOTALL) for pattern in wordings(name)), (name, text)
        assert not re.search(r"[{}]|None", text), text


async def changes(shop: DemoDirectory) -> list[tuple[str, str]]:
    """Return the orders that were changed, and how."""
    return [(change.order_number, change.what) for change in await shop.changes()]

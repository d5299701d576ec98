"""Baton's services put together on an in-memory store, with time, engine and platform in the test's hand."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.bus.memory import MemoryBus
from bot.domain.agents import Agent, Role
from bot.domain.customer import Answer, Cancellation, Order, Profile, Refund, Status
from bot.domain.errors import DeliveryFailed, EngineUnavailable, TurnFailed, UnknownFile
from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.hours import OpeningHours
from bot.domain.media import remote_ref
from bot.domain.message import Attachment, Choice, Draft, InboundMessage, IntentScore, Message, Nlu
from bot.domain.reminders import SILENCE as SILENCE_INTENT
from bot.domain.reminders import Reminder, Withdrawal
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import Capabilities, Channel, DirectoryCall, EngineStatus, IntentInfo, Sending, Sent
from bot.services.arrivals import Arrivals
from bot.services.attention import Attention, Patience
from bot.services.corrections import Corrections
from bot.services.delivery import Deliveries
from bot.services.desk import DeskService
from bot.services.desk_actions import DeskActions
from bot.services.desk_orders import DeskOrders, GoodwillLimits
from bot.services.directory import DirectoryGateway
from bot.services.dispatcher import Dispatcher
from bot.services.feedback import Feedback
from bot.services.fetching import Fetching
from bot.services.gathering import Gathering
from bot.services.handoffs import Handoffs
from bot.services.intake import Accepted, Intake
from bot.services.links import Links
from bot.services.media import MediaStore
from bot.services.offers import Offers
from bot.services.other_hands import OtherHands
from bot.services.packet import Packets
from bot.services.recognition import Recognition
from bot.services.record import Record
from bot.services.reminders import Reminders
from bot.services.replies import Replies, Transcript, Watch
from bot.services.tasks import Tasks
from bot.services.timers import Timers
from bot.services.turns import Turns
from bot.services.typing import Typing
from bot.services.visits import Visits
from bot.services.waiting import Waiting
from bot.store.sqlite import SqliteStore
from tests.support.clock import FakeClock

EXPIRY = timedelta(hours=1)
FOLLOW_UP = "EXTERNAL_follow_up"
PATIENCE = Patience(agent=timedelta(minutes=10), gone=timedelta(minutes=2), customer=timedelta(minutes=20))
QUEUE_LIMIT = 5
"""Waiting conversations for each agent online."""
QUEUE_BOUND = timedelta(minutes=30)
SILENCE = timedelta(minutes=5)
TARGET = timedelta(hours=4)
"""Open time within which a left message is to be answered."""
WAITING_CHOICES = (
    Choice(title="Back to the assistant", payload="/system_leave_queue"),
    Choice(title="Leave a message", payload="/system_leave_message"),
    Choice(title="I'll wait", payload="/system_keep_waiting"),
)
OFFER_CHOICES = (
    Choice(title="Yes, a colleague", payload="/system_get_person"),
    Choice(title="No, go on", payload="/system_no_person"),
)
ASKED_CHOICES = (
    Choice(title="What I wrote is enough", payload="/system_message_as_it_is"),
    *WAITING_CHOICES[::2],
)


ADAS_PHONE = "+4930123"


class PlainSentences:
    """Says the name of the response and what is filled in; `missing` are not there."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def render(self, name: str, /, *, language: str = "en", **values: Any) -> Draft:
        if name in self.missing or "*" in self.missing:
            raise KeyError(name)
        choices: tuple[Choice, ...] = ()
        if name.startswith(("utter_system_queue_", "utter_system_nobody", "utter_system_out_of")):
            choices = WAITING_CHOICES
        elif name.startswith("utter_system_offer_") and not name.endswith("declined"):
            choices = OFFER_CHOICES
        elif name == "utter_system_ask_message":
            choices = ASKED_CHOICES
        filled = " ".join(f"{key}={value}" for key, value in sorted(values.items()))
        return Draft(text=f"{name} {filled}".strip(), choices=choices)


class NoMetrics:
    """Counts into a dictionary."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        key = name + "".join(f",{k}={v}" for k, v in sorted(labels.items()))
        self.counts[key] = self.counts.get(key, 0.0) + amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self.count(name, seconds, **labels)


INTENTS = (
    IntentInfo(name="cancel_order", title="Cancel an order", count=2, examples=("cancel my order",)),
    IntentInfo(name="track_order", title="Track an order", count=1, examples=("where is it",)),
)


class Shop:
    """A strict customer directory: one customer, orders that can be cancelled once each."""

    name = "test shop"

    def __init__(self) -> None:
        self.answers: dict[str, Answer[Any]] = {}
        self.cancelled: list[str] = []
        self.returned: list[str] = []
        self.broken = False
        self.asked: Counter[str] = Counter()

    def _order(self, number: str) -> Order:
        return Order(
            number=number,
            customer_ref="C1",
            status="cancelled" if number in self.cancelled else "processing",
            placed_on=date(2026, 3, 1),
            total=Decimal("20.00"),
            currency="EUR",
        )

    async def find(self, *, email: str = "", phone: str = "") -> Answer[Profile]:
        self.asked["find"] += 1
        if self.broken:
            raise RuntimeError("the company's system is down")
        return await self.profile("C1" if phone == ADAS_PHONE else "")

    async def profile(self, ref: str) -> Answer[Profile]:
        if ref != "C1":
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=Profile(ref="C1", name="Ada Test", since=date(2020, 1, 1)))

    async def orders(self, ref: str) -> Answer[tuple[Order, ...]]:
        return Answer(status=Status.OK, value=(self._order("1"),))

    async def order(self, number: str) -> Answer[Order]:
        self.asked["order"] += 1
        if self.broken:
            raise RuntimeError("the company's system is down")
        if not number.isdigit():
            return Answer(status=Status.NOT_FOUND)
        return Answer(status=Status.OK, value=self._order(number))

    async def prove_order(self, number: str, proof: str) -> Answer[Order]:
        if proof != "ada@example.com":
            return Answer(status=Status.NOT_FOUND)
        return await self.order(number)

    async def cancel_order(self, number: str, *, key: str) -> Answer[Cancellation]:
        if key in self.answers:
            return self.answers[key]
        if number in self.cancelled:
            answer: Answer[Cancellation] = Answer(status=Status.REFUSED, detail="cancelled")
        else:
            self.cancelled.append(number)
            answer = Answer(
                status=Status.OK,
                value=Cancellation(number=number, refund=Decimal("20.00"), currency="EUR"),
            )
        self.answers[key] = answer
        return answer

    async def start_return(
        self, number: str, reason: str, *, item: str = "", resolution: str = "refund", key: str
    ) -> Answer[Refund]:
        return Answer(status=Status.REFUSED, detail="not_delivered")

    async def refund_status(self, number: str) -> Answer[Refund]:
        return Answer(status=Status.NOT_FOUND)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class GatedEngine:
    """Answers "echo N: text"; with `hold` each turn waits until the test lets it finish.

    "person" asks for one, "twice" says two things, "boom" fails, "cancel 7" cancels order 7 before it waits, "fragment" is
    unclear, "offer vip" asks first, "yes" and "no" are understood, and so are
    questions with "where" and "may". "remind 20" wants to speak of case C-1 in 20 minutes, "remind20" (one word) unless the
    customer writes before, "unremind" not at all; "form" ends with a question. `down` engines do nothing.
    """

    def __init__(self) -> None:
        self.down = False
        self.hold = False
        self.gates: list[asyncio.Future[None]] = []
        self.settled: list[tuple[str, bool]] = []
        self.requests: list[TurnRequest] = []

    async def turn(self, request: TurnRequest, directory: DirectoryCall) -> TurnResult:
        self.requests.append(request)
        turns = int(request.state or b"0") + 1
        text = request.payload or request.text
        word, _, rest = text.partition(" ")
        said = f"echo {turns}: {text}"
        if word == "prove":
            answer = await directory(
                request.context,
                "action_prove",
                0,
                "prove_order",
                {"number": rest, "proof": "ada@example.com"},
            )
            said = f"prove {rest}: {answer.status.value}"
        if word == "cancel":
            answer = await directory(request.context, "action_cancel", 0, "cancel_order", {"number": rest})
            said = f"cancel {rest}: {answer.status.value}"
        if self.hold:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.gates.append(gate)
            await gate
        if self.down:
            raise EngineUnavailable("down")
        if word == "boom":
            raise TurnFailed("boom", action="action_boom")
        if word == "bug":
            raise ZeroDivisionError
        signal = HandoffSignal(reason=Reason.ASKED_FOR_HUMAN) if word == "person" else None
        if word == "offer":
            signal = HandoffSignal(reason=Reason(rest), evidence={"text": text}, offer=True)
        choices = (Choice(title="Yes", payload="/affirm"),) if word == "ask" else ()
        if word == "twice":
            said = "First."
        return TurnResult(
            turn_id=request.turn_id,
            state=str(turns).encode(),
            messages=()
            if word == "person"
            else (Draft(text=said, choices=choices), *([Draft(text="Second.")] if word == "twice" else [])),
            nlu=Nlu(intents=(IntentScore(name=word or "none", confidence=0.9),)),
            handoff=signal,
            slots={"order_number": rest} if rest else {},
            model="gated",
            awaiting="order_number" if word in ("form", f"/{SILENCE_INTENT}") else "",
            withdrawn=(Withdrawal(),) if word == "unremind" else (),
            reminders=self._reminders(request, word, rest),
        )

    @staticmethod
    def _reminders(request: TurnRequest, word: str, rest: str) -> tuple[Reminder, ...]:
        if not word.startswith("remind"):
            return ()
        minutes, kill = rest or word.removeprefix("remind"), not rest
        due_at = request.context.now + timedelta(minutes=float(minutes))
        about = {"case_number": "C-1"}
        name = "kill" if kill else "keep"
        return (Reminder(name=name, intent=FOLLOW_UP, due_at=due_at, entities=about, until_written=kill),)

    def settle(self, result: TurnResult, *, committed: bool) -> None:
        self.settled.append((result.turn_id, committed))

    async def understand(self, text: str) -> Nlu:
        clear = "fragment" not in text.split()[-1]
        name = {"yes": "affirm", "no": "deny", "where": "track", "may": "change"}.get(text.split()[0], "x")
        return Nlu(intents=(IntentScore(name=name, confidence=0.9 if clear else 0.1),), fallback=not clear)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def status(self) -> EngineStatus:
        return EngineStatus(ready=True, processes=1, model="gated")


class Platform:
    """A push channel that does what the test says: `plan` holds an error or None for each send.

    With `hold` each send waits, after it has reached the customer, until the test lets it return.
    """

    name = "push"
    capabilities = Capabilities(pushes=True, gathers_fragments=True, numbers_choices=True)

    def __init__(self) -> None:
        self.plan: list[Exception | None] = []
        self.sent: list[tuple[str, str]] = []
        self.reached: list[tuple[str, int]] = []
        self.hold = False
        self.gates: list[asyncio.Future[None]] = []
        self.typed: list[tuple[str, str]] = []
        self.read: list[tuple[str, str]] = []
        self.files: dict[str, Any] = {}
        self.joining = False
        self.parts_of: Callable[[Message], int] = lambda message: 1

    def joins(self, account: str) -> bool:
        return self.joining

    async def ready(self, *, account: str, address: str) -> None: ...

    async def send(self, sending: Sending) -> Sent:
        """Send whole messages, or one of `parts_of` a message."""
        message, address = sending.message, sending.address
        error = self.plan.pop(0) if self.plan else None
        certain = not isinstance(error, DeliveryFailed) or error.outcome_unknown
        if error is None or certain:
            self.sent.append((address, message.text))
            self.reached.append((address, message.seq))
        if self.hold:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.gates.append(gate)
            await gate
        if error is not None:
            raise error
        more = sending.part + 1 < self.parts_of(message)
        return Sent(external_id=f"p{len(self.sent)}", more=more)

    async def typing(self, *, account: str, address: str, message_id: str = "") -> None:
        self.typed.append((address, message_id))

    async def seen(self, *, account: str, address: str, message_id: str) -> None:
        self.read.append((address, message_id))

    async def fetch(self, attachment: Attachment, *, account: str) -> AsyncIterator[bytes]:
        found = self.files.get(remote_ref(attachment), UnknownFile())
        if isinstance(found, list):  # one answer after the other
            found = found.pop(0)
        if isinstance(found, Exception):
            raise found
        yield found

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass
class World:
    """One node. `crash` throws away everything but the store, the shop and the platform."""

    clock: FakeClock = field(default_factory=FakeClock)
    shop: Shop = field(default_factory=Shop)
    platform: Platform = field(default_factory=Platform)
    hours: str = "Mon-Sun 00:00-24:00 UTC"
    engine_of: Callable[[], Any] = GatedEngine
    bus_of: Callable[[FakeClock], Any] = MemoryBus
    name: str = "n1"
    channels_of: Callable[[World], dict[str, Channel]] = lambda world: {}
    """Further push channels; made anew at each start, over the same store."""
    target: timedelta = TARGET
    ids: Any = field(default_factory=lambda: itertools.count(1))
    sentences: PlainSentences = field(default_factory=PlainSentences)

    async def start(self) -> World:
        self.store = SqliteStore(":memory:", self.clock, inline=True)
        await self.store.start()
        self.boot()
        return self

    def boot(self) -> None:
        """Build the services anew, as a process does when it starts."""
        self.engine = self.engine_of()
        self.bus = self.bus_of(self.clock)
        self.metrics = NoMetrics()
        self.channels: dict[str, Channel] = {"push": self.platform, **self.channels_of(self)}
        capabilities = {
            "rest": Capabilities(pushes=False),
            "webchat": Capabilities(pushes=False),
            **{name: channel.capabilities for name, channel in self.channels.items()},
        }
        shared: dict[str, Any] = {"store": self.store, "bus": self.bus, "clock": self.clock}
        self.record = Record(sentences=self.sentences, channels=capabilities)
        self.handoffs = Handoffs(
            record=self.record,
            bus=self.bus,
            clock=self.clock,
            hours=self.open_hours,
            queue_limit=QUEUE_LIMIT,
        )
        self.attention = Attention(record=self.record, handoffs=self.handoffs, patience=PATIENCE)
        self.reminders = Reminders(
            record=self.record, handoffs=self.handoffs, expiry=EXPIRY, silence=SILENCE
        )
        self.tasks = Tasks(record=self.record, handoffs=self.handoffs, target=self.target)
        self.waiting = Waiting(record=self.record, handoffs=self.handoffs, tasks=self.tasks, expiry=EXPIRY)
        self.replies = Replies(store=self.store)
        self.watch = Watch(bus=self.bus)
        self.transcript = Transcript(store=self.store, watch=self.watch)
        self.deliveries = Deliveries(**shared, channels=self.channels, metrics=self.metrics, node=self.name)
        self.typing = Typing(store=self.store, clock=self.clock, channels=self.channels)
        self.gateway = DirectoryGateway(**shared, directory=self.shop, metrics=self.metrics, time_limit=1.0)
        self.turns = Turns(
            **shared,
            engine=self.engine,
            directory=self.gateway.call,
            record=self.record,
            handoffs=self.handoffs,
            reminders=self.reminders,
            offers=Offers(record=self.record, handoffs=self.handoffs, engine=self.engine),
            replies=self.replies,
            metrics=self.metrics,
            channels=capabilities,
            gathering=Gathering(engine=self.engine, clock=self.clock, pause=timedelta(seconds=1)),
            facts=lambda _: {"opening_hours": self.hours, "vip_tiers": "platinum"},
            sent=self.deliveries.wake,
            typing=self.typing,
            recognition=Recognition(
                store=self.store,
                clock=self.clock,
                directory=self.shop,
                record=self.record,
                time_limit=1.0,
            ),
            joins=lambda channel, account: (
                channel in self.channels and self.channels[channel].joins(account)
            ),
        )
        self.dispatcher = Dispatcher(store=self.store, clock=self.clock, run_next=self.turns.run_next)
        parts: dict[str, Any] = {**shared, "record": self.record, "handoffs": self.handoffs}
        self.intake = Intake(
            **parts,
            waiting=self.waiting,
            metrics=self.metrics,
            wake=self.dispatcher.wake,
            sent=self.deliveries.wake,
            expiry=EXPIRY,
            attention=self.attention,
            channels=capabilities,
        )
        self.arrivals = Arrivals(
            **shared,
            record=self.record,
            intake=self.intake,
            other_hands=OtherHands(
                record=self.record, handoffs=self.handoffs, attention=self.attention, expiry=EXPIRY
            ),
            metrics=self.metrics,
        )
        self.desk = DeskService(
            **parts,
            tasks=self.tasks,
            packets=Packets(store=self.store, clock=self.clock, directory=self.shop),
            metrics=self.metrics,
            wake=self.dispatcher.wake,
            sent=self.deliveries.wake,
            expiry=EXPIRY,
            attention=self.attention,
            typed=self.typing.by_agent,
        )
        company: dict[str, Any] = {**shared, "directory": self.shop, "limits": GoodwillLimits()}
        self.orders = DeskOrders(**company)
        self.actions = DeskActions(**company, record=self.record, metrics=self.metrics, time_limit=1.0)
        self.corrections = Corrections(**shared, intents=lambda: INTENTS)
        self.media = MediaStore(
            store=self.store, clock=self.clock, metrics=self.metrics, secret="s" * 32, max_bytes=2_000_000
        )
        self.links = Links(store=self.store, clock=self.clock)
        self.feedback = Feedback(**shared, record=self.record, metrics=self.metrics, seen=self.typing.seen)
        self.fetching = Fetching(**shared, channels=self.channels, media=self.media, metrics=self.metrics)
        self.visits = Visits(
            **shared,
            record=self.record,
            handoffs=self.handoffs,
            feedback=self.feedback,
            channel="webchat",
        )
        self.timers = Timers(
            **parts,
            expiry=EXPIRY,
            retention=timedelta(days=30),
            queue_bound=QUEUE_BOUND,
            sent=self.deliveries.wake,
            reminders=self.reminders,
            tasks=self.tasks,
            waiting=self.waiting,
            attention=self.attention,
            wake=self.dispatcher.wake,
            fetching=self.fetching,
            clean_media=self.media.clean,
        )

    def open_hours(self) -> OpeningHours:
        """Return when people answer."""
        return OpeningHours.parse(self.hours)

    async def crash(self) -> None:
        """End as if killed: what was under way is gone, what was committed is there."""
        self.dispatcher._stopping = True  # who is dead begins nothing anew
        tasks = [
            *self.dispatcher._tasks.values(),
            *self.deliveries._tasks,
            *self.fetching._tasks,
            *self.typing._tasks,
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.boot()

    # --- doing

    async def agent(self, name: str = "Ana", role: Role = Role.AGENT) -> Agent:
        """Put an agent into the store and online."""
        agent = Agent(
            id=name.lower(),
            email=f"{name.lower()}@example.com",
            name=name,
            role=role,
            created_at=self.clock.now(),
        )
        await self.store.write(lambda tx: tx.put_agent(agent))
        await self.bus.set_presence(agent.id, "online", 1e6)
        return agent

    async def write(
        self,
        text: str = "",
        *,
        sender: str = "kim",
        channel: str = "rest",
        message_id: str = "",
        **more: Any,
    ) -> Accepted:
        """Take a customer's message in."""
        return await self.intake.accept(
            InboundMessage(
                channel=channel,
                address=sender,
                external_id=message_id or f"m{next(self.ids)}",
                received_at=self.clock.now(),
                text=text,
                **more,
            )
        )

    async def ask(self, text: str, *, sender: str = "kim", **more: Any) -> list[str]:
        """Write and return the texts that come back."""
        accepted = await self.write(text, sender=sender, **more)
        said = await self.replies.wait(accepted, 5.0)
        assert said is not None, "no answer in time"
        return [m.text for m in said]

    async def pass_time(self, minutes: float) -> None:
        """Let time pass and do what became due, a minute at a time."""
        for _ in range(int(minutes)):
            self.clock.move(60.0)
            while await self.timers.run_due():
                pass

    async def idle(self) -> None:
        """Wait until no conversation has a task."""
        await until(lambda: not self.dispatcher.active)

    async def messages(self, sender: str = "kim", channel: str = "rest") -> list[Message]:
        """Return the whole conversation of a sender."""
        conversation = await self.conversation(sender, channel)
        return await self.store.read(lambda tx: tx.messages(conversation.id, limit=10_000))

    async def conversation(self, sender: str = "kim", channel: str = "rest") -> Any:
        """Return the conversation of a sender."""
        identity = await self.store.read(lambda tx: tx.identity(channel, "default", sender))
        assert identity is not None
        return await self.store.read(lambda tx: tx.conversation(identity.conversation_id))


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Let the loop run until `condition` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, "the condition never came true"
        await asyncio.sleep(0.002)

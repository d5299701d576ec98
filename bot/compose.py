"""Builds a node from its settings: the only place that knows which concrete parts make up Baton."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import __version__
from bot.accounts import read_accounts
from bot.bus import open_bus
from bot.clock import SystemClock
from bot.compose_channels import Ground, push_channels, receptions
from bot.desk import DeskApi
from bot.desk.admin_services import Administration
from bot.domain.conversation import Owner
from bot.domain.customer import Trust
from bot.domain.hours import OpeningHours
from bot.domain.ids import new_secret
from bot.domain.message import Attachment, IdentityClaim
from bot.engine.endpoints import action_server
from bot.engine.pool import EnginePool
from bot.engine.signing import derived_key
from bot.ports import (
    Bus,
    Capabilities,
    Channel,
    Clock,
    CustomerDirectory,
    DialogueEngine,
    MetricsPort,
    Store,
)
from bot.sentences import LiveSentences, catalogue, written_catalogue
from bot.services.arrivals import Arrivals
from bot.services.attention import Attention, Patience
from bot.services.audit_search import AuditLog
from bot.services.canned import CannedReplies
from bot.services.corrections import Corrections
from bot.services.delivery import Deliveries
from bot.services.desk import DeskService
from bot.services.desk_actions import DeskActions
from bot.services.desk_files import DeskFiles
from bot.services.desk_orders import DeskOrders, GoodwillLimits
from bot.services.directory import DirectoryGateway
from bot.services.dispatcher import Dispatcher
from bot.services.feedback import Feedback
from bot.services.fetching import Fetching
from bot.services.gathering import Gathering
from bot.services.handoffs import Handoffs
from bot.services.intake import Intake
from bot.services.media import MediaStore
from bot.services.offers import Offers
from bot.services.office_hours import OfficeHours
from bot.services.other_hands import OtherHands
from bot.services.packet import Packets
from bot.services.people import People
from bot.services.recognition import Recognition
from bot.services.record import Record
from bot.services.reminders import Reminders
from bot.services.replies import Replies, Transcript, Watch
from bot.services.search import Search
from bot.services.search_index import SearchIndex
from bot.services.second_factor import SecondFactors
from bot.services.sign_in_list import SignInList
from bot.services.signin import SignIns
from bot.services.tasks import Tasks
from bot.services.teams import Teams
from bot.services.timers import Timers
from bot.services.turns import Turns
from bot.services.typing import Typing
from bot.services.visits import Visits
from bot.services.waiting import Waiting
from bot.settings import Settings, identity_secret, secret_key
from bot.store import open_store
from bot.training.intents import ProjectIntents
from bot.training.registry import Model, live_model
from bot.web.application import create_app
from bot.web.demo import DemoShop, DemoVisitor
from bot.web.deps import WebDeps
from bot.web.media import MediaPages
from bot.web.metrics import Metrics
from bot.web.server import WebServer
from connectors.channels.core import identity
from connectors.channels.rest import RestChannel, RestLimits
from connectors.channels.webchat import ChatLimits, WebChat
from connectors.customers.demo import DemoDirectory, Failure, read_visitors
from connectors.customers.none import UnconnectedDirectory

if TYPE_CHECKING:
    from connectors.customers.http import HttpDirectory

NO_MODEL = Path("no-model-trained-yet")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What everything else is built on."""

    settings: Settings
    clock: Clock
    model: Model | None
    store: Store
    bus: Bus
    directory: CustomerDirectory
    engine: DialogueEngine
    sentences: LiveSentences
    metrics: Metrics
    channels: Mapping[str, Channel]
    ground: Ground

    @property
    def shared(self) -> dict[str, Any]:
        """Return what most services take."""
        return {"store": self.store, "bus": self.bus, "clock": self.clock}

    @property
    def expiry(self) -> timedelta:
        """Return how long a silent conversation with the bot stays open."""
        return timedelta(minutes=self.settings.conversation_expiry_minutes)

    @property
    def capabilities(self) -> dict[str, Capabilities]:
        """Return what each channel can do, the built-in ones included."""
        found = {name: channel.capabilities for name, channel in self.channels.items()}
        built_in = {channel.name: channel.capabilities for channel in (RestChannel, WebChat)}
        return {**built_in, **found}

    def joins(self, channel: str, account: str) -> bool:
        """Say whether the texts of one answer are sent as one message."""
        found = self.channels.get(channel)
        return found is not None and found.joins(account)


@dataclass(frozen=True, kw_only=True)
class Core:
    """The services of a node."""

    watch: Watch
    replies: Replies
    deliveries: Deliveries
    dispatcher: Dispatcher
    intake: Intake
    arrivals: Arrivals
    fetching: Fetching
    desk: DeskService
    orders: DeskOrders
    actions: DeskActions
    corrections: Corrections
    timers: Timers
    hours: OfficeHours
    attention: Attention
    handoffs: Handoffs
    media: MediaStore
    feedback: Feedback
    visits: Visits
    search_index: SearchIndex


def parts(
    settings: Settings,
    *,
    engine: DialogueEngine | None = None,
    channels: Mapping[str, Channel] | None = None,
    clock: Clock | None = None,
) -> Parts:
    """Choose the adapters; `engine`, further `channels` and `clock` replace the usual ones in tests."""
    clock, metrics = clock or SystemClock(), Metrics()
    model = live_model(settings.models_dir)
    sentences = LiveSentences(catalogue(model) if model else written_catalogue(settings.project_dir))
    ground = Ground(
        settings=settings,
        accounts=read_accounts(settings),
        clock=clock,
        store=open_store(settings.database_url, clock),
        bus=open_bus(settings.redis_url, clock),
        metrics=metrics,
        sentences=sentences,
    )
    return Parts(
        settings=settings,
        clock=clock,
        model=model,
        store=ground.store,
        bus=ground.bus,
        directory=_directory(settings, clock, metrics),
        engine=engine or _engine(settings, model),
        sentences=sentences,
        metrics=metrics,
        channels=push_channels(ground) if channels is None else channels,
        ground=ground,
    )


def core(given: Parts) -> Core:
    """Put the services together."""
    record = Record(sentences=given.sentences, channels=given.capabilities)
    hours = OfficeHours(**given.shared, setting=given.settings.hours)
    handoffs = Handoffs(
        record=record,
        bus=given.bus,
        clock=given.clock,
        hours=hours,
        queue_limit=given.settings.queue_limit,
    )
    attention = Attention(record=record, handoffs=handoffs, patience=_patience(given.settings))
    reminders = Reminders(
        record=record,
        handoffs=handoffs,
        expiry=given.expiry,
        silence=timedelta(seconds=given.settings.nudge_seconds),
    )
    tasks = Tasks(record=record, handoffs=handoffs, target=timedelta(hours=given.settings.message_hours))
    waiting = Waiting(record=record, handoffs=handoffs, tasks=tasks, expiry=given.expiry)
    replies = Replies(store=given.store)
    deliveries = Deliveries(
        **given.shared,
        channels=given.channels,
        metrics=given.metrics,
        node=node_name(shared=given.settings.uses_postgresql),
    )
    typing = Typing(store=given.store, clock=given.clock, channels=given.channels)
    dispatcher = Dispatcher(
        store=given.store,
        clock=given.clock,
        run_next=_turns(given, record, handoffs, reminders, replies, deliveries, typing),
        max_at_once=given.settings.turns_at_once,
    )
    common: dict[str, Any] = {
        **given.shared,
        "record": record,
        "handoffs": handoffs,
        "expiry": given.expiry,
    }
    media = MediaStore(
        store=given.store,
        clock=given.clock,
        metrics=given.metrics,
        secret=secret_key(given.settings).reveal(),
        max_bytes=given.settings.media_max_mb * 1_000_000,
        spool=given.settings.data_dir,
    )
    feedback = Feedback(**given.shared, record=record, metrics=given.metrics, seen=typing.seen)
    fetching = Fetching(**given.shared, channels=given.channels, media=media, metrics=given.metrics)
    intake = Intake(
        **common,
        waiting=waiting,
        metrics=given.metrics,
        wake=dispatcher.wake,
        sent=deliveries.wake,
        attention=attention,
        channels=given.capabilities,
    )
    return Core(
        watch=Watch(bus=given.bus),
        replies=replies,
        deliveries=deliveries,
        dispatcher=dispatcher,
        intake=intake,
        arrivals=Arrivals(
            **given.shared,
            record=record,
            intake=intake,
            other_hands=OtherHands(
                record=record, handoffs=handoffs, attention=attention, expiry=given.expiry
            ),
            metrics=given.metrics,
        ),
        fetching=fetching,
        desk=DeskService(
            **common,
            tasks=tasks,
            attention=attention,
            packets=Packets(store=given.store, clock=given.clock, directory=given.directory),
            metrics=given.metrics,
            wake=dispatcher.wake,
            sent=deliveries.wake,
            typed=typing.by_agent,
        ),
        **_for_customers(given, record),
        corrections=Corrections(
            **given.shared, intents=ProjectIntents(given.settings.project_dir, given.sentences)
        ),
        timers=Timers(
            **common,
            retention=timedelta(days=given.settings.retention_days),
            queue_bound=timedelta(minutes=given.settings.queue_minutes),
            sent=deliveries.wake,
            reminders=reminders,
            tasks=tasks,
            waiting=waiting,
            attention=attention,
            wake=dispatcher.wake,
            fetching=fetching,
            clean_media=media.clean,
        ),
        hours=hours,
        attention=attention,
        handoffs=handoffs,
        media=media,
        feedback=feedback,
        search_index=SearchIndex(**given.shared),
        visits=Visits(
            **given.shared, record=record, handoffs=handoffs, feedback=feedback, channel=WebChat.name
        ),
    )


def _patience(settings: Settings) -> Patience:
    """Return how long agents and customers are waited for.

    Several nodes know of each other's agents through Redis only; without it nobody is called gone.
    """
    blind = settings.uses_postgresql and not settings.redis_url
    return Patience(
        agent=timedelta(minutes=settings.agent_silent_minutes),
        gone=timedelta(seconds=0 if blind else settings.agent_gone_seconds),
        customer=timedelta(minutes=settings.customer_silent_minutes),
    )


def _for_customers(given: Parts, record: Record) -> dict[str, Any]:
    """Return what agents see and do in the company's system."""
    settings = given.settings
    limits = GoodwillLimits(
        agent=settings.goodwill_limit,
        supervisor=settings.goodwill_limit_supervisor,
        customer=settings.goodwill_limit_customer,
    )
    shared: dict[str, Any] = {**given.shared, "directory": given.directory, "limits": limits}
    actions = DeskActions(
        **shared, record=record, metrics=given.metrics, time_limit=_directory_limit(settings)
    )
    return {"orders": DeskOrders(**shared), "actions": actions}


def node_name(*, shared: bool) -> str:
    """Return the name under which this process begins to send.

    A store of its own has one process at a time, so the next one may at once take up what the last one
    left. On a shared store every process has a name of its own, also two on one host or a container
    that was started anew; what it leaves is taken up once it is stale.
    """
    return f"{platform.node()}/{os.getpid()}/{new_secret(4)}" if shared else "the only one"


def web(given: Parts, services: Core) -> WebServer:
    """Put the HTTP side together."""
    settings = given.settings
    rest = RestChannel(
        intake=services.intake,
        replies=services.replies,
        transcript=Transcript(store=given.store, watch=services.watch),
        bus=given.bus,
        clock=given.clock,
        token=settings.rest_token.reveal(),
        demo=settings.demo,
        identity_secret=identity_secret(settings).reveal(),
        public_url=settings.public_url,
        limits=RestLimits(messages=settings.rate_limit.count, window=settings.rate_limit.seconds),
        file_url=_file_url(services.media, settings.base_url),
    )
    chat = WebChat(
        intake=services.intake,
        visits=services.visits,
        media=services.media.of(WebChat.name),
        bus=given.bus,
        clock=given.clock,
        secret=secret_key(settings).reveal(),
        identity_secret=identity_secret(settings).reveal(),
        origins=settings.chat_origins,
        public_url=settings.public_url,
        limits=ChatLimits(
            messages=settings.rate_limit.count,
            window=settings.rate_limit.seconds,
            sockets=settings.chat_sockets_per_address,
        ),
    )
    platforms = receptions(given.ground, given.channels, services.arrivals)
    factors = SecondFactors(store=given.store, clock=given.clock, key=secret_key(settings).reveal())
    sign_in = SignIns(
        **given.shared,
        lasts=timedelta(hours=settings.session_hours),
        key=secret_key(settings).reveal(),
        factors=factors,
    )
    desk = DeskApi(
        desk=services.desk,
        orders=services.orders,
        actions=services.actions,
        corrections=services.corrections,
        files=DeskFiles(store=given.store, media=services.media, feedback=services.feedback),
        search=Search(store=given.store),
        sign_in=sign_in,
        admin=administration(given, services, factors),
        bus=given.bus,
        clock=given.clock,
        public_url=settings.public_url,
    )
    deps = WebDeps(
        store=given.store,
        engine=given.engine,
        metrics=given.metrics,
        public_url=settings.base_url,
        version=__version__,
        parts=(rest, chat, desk, MediaPages(services.media), *platforms),
        metrics_token=settings.metrics_token.reveal(),
        demo=settings.demo,
        shop=demo_shop(given) if settings.demo else None,
        proxies=settings.proxies,
        access_log=settings.log_level in ("debug", "info"),
        gauges=_gauges(given),
    )
    return WebServer(create_app(deps), host=settings.host, port=settings.port, parts=deps.parts)


def administration(given: Parts, services: Core, factors: SecondFactors) -> Administration:
    """Put the services behind the desk's administration together."""
    return Administration(
        teams=Teams(**given.shared),
        canned=CannedReplies(**given.shared),
        people=People(
            **given.shared,
            handoffs=services.handoffs,
            attention=services.attention,
            sent=services.deliveries.wake,
        ),
        factors=factors,
        sign_ins=SignInList(**given.shared),
        hours=services.hours,
        log=AuditLog(store=given.store, clock=given.clock),
    )


def _file_url(media: MediaStore, base: str) -> Callable[[Attachment], str]:
    """Return what gives files whole addresses, for clients that were told no other one of ours."""

    def file_url(attachment: Attachment) -> str:
        url = media.url(attachment)
        return base + url if url.startswith("/") else url

    return file_url


def gateway(given: Parts) -> DirectoryGateway:
    """Return what answers the actions' questions about customers; the action server has one too."""
    return DirectoryGateway(
        **given.shared,
        directory=given.directory,
        metrics=given.metrics,
        time_limit=_directory_limit(given.settings),
    )


def signing_key(settings: Settings) -> bytes:
    """Return the key that vouches for calls of the action server."""
    return derived_key(secret_key(settings).reveal())


def _turns(
    given: Parts,
    record: Record,
    handoffs: Handoffs,
    reminders: Reminders,
    replies: Replies,
    deliveries: Deliveries,
    typing: Typing,
) -> Callable[[str], Awaitable[float | None]]:
    pause = timedelta(seconds=given.settings.gather_seconds)
    return Turns(
        **given.shared,
        engine=given.engine,
        directory=gateway(given).call,
        record=record,
        handoffs=handoffs,
        reminders=reminders,
        offers=Offers(record=record, handoffs=handoffs, engine=given.engine),
        replies=replies,
        metrics=given.metrics,
        channels=given.capabilities,
        gathering=Gathering(engine=given.engine, clock=given.clock, pause=pause),
        facts=_facts(lambda: handoffs.hours, given.settings.vip_tiers),
        sent=deliveries.wake,
        typing=typing,
        recognition=Recognition(
            store=given.store,
            clock=given.clock,
            directory=given.directory,
            record=record,
            time_limit=given.settings.customers_timeout_seconds,
        ),
        joins=given.joins,
    ).run_next


def _facts(hours: Callable[[], OpeningHours], vip_tiers: str) -> Callable[[datetime], dict[str, str]]:
    """Return what responses may say about the company at a time; asked for once a turn."""

    def facts(now: datetime) -> dict[str, str]:
        present = hours()
        # Never closed is what holds while nobody has set hours: no promise that people answer at night.
        known = {} if present.always else {"opening_hours": present.describe()}
        open_now = "yes" if present.is_open(now) else "no"
        return {**known, "open_now": open_now, "vip_tiers": vip_tiers}

    return facts


def company_system(settings: Settings, clock: Clock, metrics: MetricsPort) -> HttpDirectory:
    """Return the way to the company's own system at `customers_url`."""
    # Here, because the HTTP client takes a while to import and most start without it.
    from connectors.customers import http

    access = http.Access(
        url=settings.customers_url,
        token=settings.customers_token.reveal(),
        connect_limit=settings.customers_connect_seconds,
        # Within the gateway's own limit, so that a system that is too slow is seen and left alone.
        limit=min(settings.customers_timeout_seconds, _directory_limit(settings) * 0.95),
        ca_file=settings.customers_ca_file,
    )
    return http.HttpDirectory(access, clock=clock, metrics=metrics)


def _directory_limit(settings: Settings) -> float:
    """Return the seconds for a question about customers.

    A slow system is told to the customer by the action, before the turn's own budget ends it.
    """
    return settings.engine_budget_seconds * 0.6


def _directory(settings: Settings, clock: Clock, metrics: MetricsPort) -> CustomerDirectory:
    """The settings see to it that a demo has no `customers_url`."""
    if settings.customers_url:
        return company_system(settings, clock, metrics)
    if not settings.demo:
        return UnconnectedDirectory()
    return DemoDirectory(
        settings.data_dir / "demo.sqlite",
        clock,
        seed=_seed(settings),
        delays=settings.demo_delays,
        failures={ref: Failure(word) for ref, word in settings.demo_failures.items()},
    )


def _seed(settings: Settings) -> Path:
    return settings.project_dir / "data" / "demo" / "shop.json"


def demo_shop(given: Parts) -> DemoShop:
    """Return what the demo page shows; it signs who its reader is as a company's own site would."""
    visitors = {visitor.ref: visitor for visitor in read_visitors(_seed(given.settings))}
    secret = identity_secret(given.settings).reveal()

    def mint(ref: str) -> str:
        person = visitors[ref]
        claim = IdentityClaim(
            trust=Trust.VERIFIED.value, directory_ref=ref, name=person.name, email=person.email
        )
        return identity.sign(claim, secret=secret, now=given.clock.now())

    return DemoShop(
        visitors=tuple(
            DemoVisitor(
                ref=visitor.ref,
                name=visitor.name,
                tier=visitor.tier,
                language=visitor.language,
                about=visitor.about,
                tries=visitor.tries,
            )
            for visitor in visitors.values()
        ),
        directory=given.directory,
        mint=mint,
    )


def _engine(settings: Settings, model: Model | None) -> EnginePool:
    return EnginePool(
        model.path if model is not None else settings.models_dir / NO_MODEL,
        processes=settings.engine_processes,
        project=settings.project_dir,
        turn_budget=settings.engine_budget_seconds,
        signing_key=lambda: signing_key(settings) if action_server(settings.project_dir) else b"",
    )


def _gauges(given: Parts) -> Callable[[], Awaitable[list[tuple[str, float, dict[str, str]]]]]:
    async def gauges() -> list[tuple[str, float, dict[str, str]]]:
        counts = await given.store.read(lambda tx: tx.count_by_owner())
        waiting = float(counts.get(Owner.QUEUE, 0))
        by_owner = [("conversations", float(n), {"owner": owner.value}) for owner, n in counts.items()]
        return [("queue_length", waiting, {}), *by_owner]

    return gauges

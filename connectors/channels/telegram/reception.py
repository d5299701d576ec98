"""Where Telegram's updates come in: by webhook or by polling, stored, then acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import structlog
from sanic import HTTPResponse, Request

from bot.domain.arrival import Arrival
from bot.domain.errors import InvalidInput, NotFound, NotPermitted, TooManyRequests
from bot.domain.message import InboundMessage
from bot.http.bodies import answer, read_json
from bot.http.routes import Route
from bot.ports import Bus, Clock, MetricsPort
from connectors.channels.core import Arrivals, Links, Words, identity
from connectors.channels.telegram.account import Account
from connectors.channels.telegram.channel import TelegramChannel
from connectors.channels.telegram.parse import ALLOWED, NAME, Parsed, parse
from connectors.channels.telegram.verify import HEADER, check_secret

log = structlog.get_logger(__name__)
PATH = "/webhooks/telegram"
NO_GROUPS = "utter_system_no_groups"
GROUP_EVERY = 3600.0
LINK_LASTS = 900
LINKS_AT_MOST = 20
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
_TAG = "telegram channel"


class LinkWish(msgspec.Struct, forbid_unknown_fields=True):
    """Who the link is for: the token that the company's site signs."""

    identity: str


class Link(msgspec.Struct):
    """An address that opens the bot for one customer; good for `expires_in` seconds."""

    url: str
    expires_in: int


class TelegramReception:
    """Serves the webhook of each bot, and polls for those that have none."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        channel: TelegramChannel,
        arrivals: Arrivals,
        links: Links,
        words: Words,
        bus: Bus,
        clock: Clock,
        metrics: MetricsPort,
        public_url: str,
        identity_secret: str,
    ) -> None:
        """`public_url` is where Telegram reaches us; without https no webhook is set."""
        self._accounts, self._channel, self._arrivals = accounts, channel, arrivals
        self._links, self._words, self._bus, self._clock = links, words, bus, clock
        self._metrics, self._public_url = metrics, public_url.rstrip("/")
        self._identity_secret = identity_secret
        self._pollers: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._names: dict[str, str] = {}

    @property
    def routes(self) -> Sequence[Route]:
        """Return what is to be served."""
        return [route for path in (PATH, PATH + "/{account}") for route in self._at(path)]

    def _at(self, path: str) -> list[Route]:
        return [
            Route(
                method="POST", path=path, handler=self.webhook, tag=_TAG,
                summary="Take in an update of Telegram's, which shows the webhook's secret",
                errors=(400, 401, 404, 413, 503),
            ),
            Route(
                method="POST", path=path + "/link", handler=self.link,
                tag=_TAG, body=LinkWish, answer=Link,
                summary="Make a link that joins a customer's Telegram chat to who your site says they are",
                errors=(400, 401, 403, 404, 429, 503),
            ),
        ]  # fmt: skip

    async def start(self) -> None:
        """Set the webhooks and begin to poll, in the background: Telegram may be down."""
        from connectors.channels.telegram.polling import Poller

        for name, account in self._accounts.items():
            client = self._channel.clients[name]
            if account.polls:
                poller = Poller(name, client, lambda raw, one=account: self._take(one, raw))  # type: ignore[misc]
                self._pollers.append(poller)
                self._begin(poller.run())
            elif self._public_url.startswith("https://"):
                self._begin(self._set_webhook(name))
            else:
                advice = "Set BATON_PUBLIC_URL to your https address, or the bot's mode to polling."
                log.warning("telegram_webhook_not_set", account=name, advice=advice)

    async def stop(self) -> None:
        """End what runs in the background; Telegram keeps what was not confirmed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def gauges(self) -> Mapping[str, float]:
        """Return how many bots need an operator."""
        conflicts = sum(poller.conflicts for poller in self._pollers)
        return {"telegram_alarms": float(len(self._channel.alarms) + conflicts)}

    async def webhook(self, request: Request, account: str = "") -> HTTPResponse:
        """Answer when the update is stored; Telegram repeats what is answered otherwise."""
        known = self._account(account)
        # Nothing of a body is read before it is known to be Telegram's.
        check_secret(known, request.headers.getone(HEADER, ""))
        await self._take(known, request.body)
        return HTTPResponse(status=200)

    async def link(self, request: Request, account: str = "") -> HTTPResponse:
        """Make a link for a customer who is signed in on the company's site."""
        known = self._account(account)
        wish = read_json(request, LinkWish)
        claim = identity.verify(wish.identity, secret=self._identity_secret, now=self._clock.now())
        limit = f"telegram:link:{claim.directory_ref}"
        wait = await self._bus.allow(limit, limit=LINKS_AT_MOST, window=LINK_LASTS)
        if wait > 0:
            raise TooManyRequests(retry_after=wait)
        url = f"https://t.me/{await self._bot_name(known.name)}?start={await self._links.make(claim)}"
        return answer(Link(url=url, expires_in=LINK_LASTS))

    def _account(self, name: str) -> Account:
        account = self._accounts.get(name or "default")
        if account is None:
            raise NotFound("There is no Telegram account of this name.")
        return account

    async def _bot_name(self, account: str) -> str:
        if account not in self._names:
            me = await self._channel.clients[account].me()
            self._names[account] = str(me.get("username", ""))
        if not self._names[account]:
            raise NotPermitted("The bot has no name.")
        return self._names[account]

    # --- one update

    async def _take(self, account: Account, raw: bytes) -> None:
        """Store what an update holds. Raises PayloadRejected, StoreError."""
        parsed = parse(raw, account=account.name, now=self._clock.now())
        if parsed.press is not None:
            # At once: the customer's app spins until then.
            self._begin(self._channel.clients[account.name].answer(parsed.press.id))
        for arrival in parsed.arrivals:
            await self._store(await self._known(arrival, parsed, account.name))
        if parsed.press is not None and parsed.press.chat_id and parsed.press.message_id:
            client, press = self._channel.clients[account.name], parsed.press
            self._begin(client.drop_keyboard(parsed.press.chat_id, press.message_id or 0))
        if parsed.group is not None:
            await self._decline(account.name, parsed.group)

    async def _known(self, arrival: Arrival, parsed: Parsed, account: str) -> Arrival:
        """Return a message with who a link says its writer is."""
        if not parsed.link or not isinstance(arrival, InboundMessage):
            return arrival
        place = {"channel": NAME, "account": account, "address": arrival.address}
        claim = await self._links.claim(parsed.link, **place)
        # The token has done its work; nobody needs to read it.
        return replace(arrival, identity=claim, text=arrival.text.partition(" ")[0])

    async def _store(self, arrival: Arrival) -> None:
        try:
            await self._arrivals.take(arrival)
        except InvalidInput as error:
            # Telling it again would not make it better, and would hold up the rest of the chat.
            self._metrics.count("ignored", channel=NAME, reason=error.code)
            log.warning("telegram_not_usable", kind=type(arrival).__name__, code=error.code)

    async def _decline(self, account: str, group: int) -> None:
        """Say once in a while that groups are not served, and leave."""
        if await self._bus.allow(f"telegram:group:{account}:{group}", limit=1, window=GROUP_EVERY) > 0:
            return
        self._begin(self._channel.clients[account].leave(group, self._words(NO_GROUPS)))

    # --- in the background

    async def _set_webhook(self, name: str) -> None:
        """Tell Telegram where we are, until it has heard it; telling the same again changes nothing."""
        path = PATH if name == "default" else f"{PATH}/{name}"
        pause = FIRST_PAUSE
        while True:
            try:
                await self._channel.clients[name].set_webhook(self._public_url + path, json.dumps(ALLOWED))
            except Exception as error:
                why = str(error) if type(error).__name__ == "Refused" else type(error).__name__
                log.warning("telegram_webhook_refused", account=name, why=why)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                log.info("telegram_webhook_set", account=name)
                return

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Run what nothing depends on: a button that goes on spinning loses no message."""
    with suppress(Exception):
        await work

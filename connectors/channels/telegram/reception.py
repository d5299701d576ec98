"""Where Telegram's updates come in: by webhook or by polling, stored, then acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog
from sanic import HTTPResponse, Request

from bot.domain.errors import ChannelError, NotFound, TooManyRequests
from bot.http.bodies import answer, read_json
from bot.http.routes import Route
from bot.ports import Bus, Clock, MetricsPort
from connectors.channels.core import Arrivals, Links, Words, identity
from connectors.channels.telegram.account import API_URL, DEFAULT, LINK, PATH, Account
from connectors.channels.telegram.background import Background
from connectors.channels.telegram.channel import TelegramChannel
from connectors.channels.telegram.taking import Taking
from connectors.channels.telegram.verify import HEADER, check_secret

if TYPE_CHECKING:
    from connectors.channels.telegram.polling import Poller
    from connectors.channels.telegram.webhooks import Webhook

log = structlog.get_logger(__name__)
LINK_LASTS = 900
LINKS_AT_MOST = 20
_TAG = "telegram channel"


class TelegramAway(ChannelError):
    """Telegram cannot be asked now."""

    code = "telegram_away"
    http_status = 503
    public_message = "Telegram does not answer; try again later."


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
        self._accounts, self._channel, self._links = accounts, channel, links
        self._bus, self._clock, self._public_url = bus, clock, public_url.rstrip("/")
        self._identity_secret = identity_secret
        self._background = Background()
        self._taking = Taking(
            channel=channel,
            arrivals=arrivals,
            links=links,
            words=words,
            bus=bus,
            clock=clock,
            metrics=metrics,
            background=self._background,
        )
        self._sources: list[Poller | Webhook] = []
        self._names: dict[str, str] = {}
        self._deaf: set[str] = set()
        """Bots that can neither be called nor poll."""

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
                method="POST", path=f"{path}/{LINK}", handler=self.link,
                tag=_TAG, body=LinkWish, answer=Link,
                summary="Make a link that joins a customer's Telegram chat to who your site says they are",
                errors=(400, 401, 403, 404, 429, 503),
            ),
        ]  # fmt: skip

    async def start(self) -> None:
        """Set the webhooks and begin to poll, in the background: Telegram may be down."""
        # Here, because the library takes more than a second to import.
        from connectors.channels.telegram.polling import Poller
        from connectors.channels.telegram.webhooks import Webhook

        for name, account in self._accounts.items():
            client = self._channel.clients[name]
            if account.polls:
                take = partial(self._taking.take, account)
                self._sources.append(Poller(name, client, take, self._clock))
            elif can_be_called(account, self._public_url):
                url = self._public_url + account.path
                self._sources.append(Webhook(account, client, url, self._clock))
            else:
                advice = "Set BATON_PUBLIC_URL to your https address, or the bot's mode to polling."
                log.warning("telegram_webhook_not_set", account=name, advice=advice)
                self._deaf.add(name)
        for source in self._sources:
            self._background.begin(source.run())

    async def stop(self) -> None:
        """End what runs in the background; Telegram keeps what was not confirmed."""
        await self._background.stop()

    def gauges(self) -> Mapping[str, float]:
        """Return how many bots need an operator."""
        troubled = {source.name for source in self._sources if source.trouble}
        return {"telegram_alarms": float(len(self._channel.alarms | self._deaf | troubled))}

    async def webhook(self, request: Request, account: str = "") -> HTTPResponse:
        """Answer when the update is stored; Telegram repeats what is answered otherwise."""
        known = self._account(account)
        # Nothing of a body is read before it is known to be Telegram's.
        check_secret(known, request.headers.getone(HEADER, ""))
        await self._taking.take(known, request.body)
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
        account = self._accounts.get(name or DEFAULT)
        if account is None:
            raise NotFound("There is no Telegram account of this name.")
        return account

    async def _bot_name(self, account: str) -> str:
        if account not in self._names:
            from connectors.channels.telegram.refusals import TROUBLES

            try:
                me = await self._channel.clients[account].me()
            except TROUBLES:
                raise TelegramAway from None
            self._names[account] = str(me["username"])
        return self._names[account]


def can_be_called(account: Account, public_url: str) -> bool:
    """Say whether a webhook may be set: Telegram wants https, a Bot API server of one's own does not."""
    return public_url.startswith("https://" if account.api_url == API_URL else ("https://", "http://"))

"""Where Meta's webhooks come in: checked by their signature, stored as a whole, then acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from sanic import HTTPResponse, Request

from bot.domain.arrival import Arrival, Ignored
from bot.domain.errors import InvalidInput, NotFound, StoreError
from bot.http.routes import Route
from bot.http.uploads import file_body
from bot.ports import Clock, MetricsPort
from connectors.channels.core import Arrivals
from connectors.channels.whatsapp.account import Account, by_number
from connectors.channels.whatsapp.errors import rule
from connectors.channels.whatsapp.parse import Arrived, parse
from connectors.channels.whatsapp.reading import NAME
from connectors.channels.whatsapp.troubles import Troubles
from connectors.channels.whatsapp.verify import challenge, signed_for

log = structlog.get_logger(__name__)
MAX_BODY = 4 << 20
"""Bytes; Meta sends up to 3 MB."""
AT_ONCE = 32
"""Customers whose news are stored at the same time."""
PATH = "/webhooks/whatsapp"
_TAG = "whatsapp channel"


class WhatsAppReception:
    """Serves the webhook of all numbers, and one of each."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        arrivals: Arrivals,
        troubles: Troubles,
        clock: Clock,
        metrics: MetricsPort,
    ) -> None:
        """Raises ValueError when two accounts have the same number."""
        by_number(accounts)
        self._accounts, self._arrivals, self._troubles = accounts, arrivals, troubles
        self._clock, self._metrics = clock, metrics
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def routes(self) -> Sequence[Route]:
        """Return what is to be served."""
        return [route for path in (PATH, PATH + "/{account}") for route in self._at(path)]

    def _at(self, path: str) -> list[Route]:
        return [
            Route(
                method="GET", path=path, handler=self.handshake, tag=_TAG, media="text/plain",
                summary="Answer Meta's challenge when the webhook is set up", errors=(403, 404),
            ),
            Route(
                method="POST", path=path, handler=self.webhook, tag=_TAG, stream=True,
                summary="Take in what WhatsApp reports; the body is signed by Meta",
                errors=(400, 401, 404, 408, 413, 503),
            ),
        ]  # fmt: skip

    async def start(self) -> None:
        """Nothing runs beside the requests."""

    async def stop(self) -> None:
        """Nothing has to end."""

    def gauges(self) -> Mapping[str, float]:
        """Return how many things an operator must see to."""
        return {"whatsapp_alarms": float(self._troubles.standing)}

    async def handshake(self, request: Request, account: str = "") -> HTTPResponse:
        """Return the challenge as it came."""
        given = dict(request.get_query_args(keep_blank_values=True))
        text = challenge(
            self._for(account),
            mode=given.get("hub.mode", ""),
            token=given.get("hub.verify_token", ""),
            text=given.get("hub.challenge", ""),
        )
        # As text and never as a page: whoever knows the token chooses the words.
        return HTTPResponse(text, content_type="text/plain; charset=utf-8")

    async def webhook(self, request: Request, account: str = "") -> HTTPResponse:
        """Answer when everything of the body is stored; Meta repeats what is answered otherwise."""
        accounts = self._for(account)
        raw = b"".join([piece async for piece in file_body(request, limit=MAX_BODY)])
        # Nothing of a body is read before it is known to be Meta's.
        signature = request.headers.getone("x-hub-signature-256", "")
        mine = signed_for(accounts, raw=raw, signature=signature)
        arrived = parse(
            raw, accounts={one.phone_number_id: one.name for one in mine}, now=self._clock.now()
        )
        self._tell_operators(arrived)
        if not await self._store(arrived.arrivals):
            raise StoreError("Not everything could be stored.")
        return HTTPResponse(status=200)

    def _for(self, name: str) -> list[Account]:
        if not name:
            return list(self._accounts.values())
        if name not in self._accounts:
            raise NotFound("There is no WhatsApp account of this name.")
        return [self._accounts[name]]

    async def _store(self, arrivals: Sequence[Arrival]) -> bool:
        """Store everything, each customer's news in order; say whether nothing is left to be told again."""
        lanes: dict[str, list[Arrival]] = {}
        for arrival in arrivals:
            address = "" if isinstance(arrival, Ignored) else f"{arrival.account}\n{arrival.address}"
            lanes.setdefault(address, []).append(arrival)
        return all(await asyncio.gather(*(self._lane(lane) for lane in lanes.values())))

    async def _lane(self, arrivals: Sequence[Arrival]) -> bool:
        async with self._places:
            for arrival in arrivals:
                if not await self._taken(arrival):
                    return False  # what follows waits for it, or the order would be lost
        return True

    async def _taken(self, arrival: Arrival) -> bool:
        kind = type(arrival).__name__
        try:
            await self._arrivals.take(arrival)
        except InvalidInput as error:
            # Telling it again would not make it better.
            self._metrics.count("ignored", channel=NAME, reason=error.code)
            log.warning("whatsapp_not_usable", kind=kind, code=error.code)
        except StoreError as error:
            log.warning("whatsapp_not_stored", kind=kind, error=type(error).__name__)
            return False
        except Exception as error:  # a fault of ours must not lose what others wrote
            log.exception("whatsapp_not_taken", kind=kind, error=type(error).__name__)
            return False
        return True

    def _tell_operators(self, arrived: Arrived) -> None:
        for trouble in arrived.troubles:
            self._troubles.note(trouble.account, rule(trouble.code), trouble.code)
        for notice in arrived.notices:
            advice = "Look at WhatsApp Manager."
            log.warning("whatsapp_notice", about=notice.about, event_is=notice.event, advice=advice)

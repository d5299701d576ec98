"""How much one visitor, one address of the network and all together may ask for."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass

from bot.domain.errors import TooManyRequests
from bot.ports import Bus


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatLimits:
    """Bounds. `messages` per `window` seconds and session, `per_address` times as many per IP address.

    `sockets` are those at once from one IP address on one node, `total` those of a node, `tabs` those of
    one conversation. `connects`, `polls` and `uploads` are per minute and IP address, `identities` are
    refused identity tokens.
    """

    messages: int = 1200
    window: float = 60.0
    per_address: int = 5
    sockets: int = 50
    total: int = 10_000
    tabs: int = 20
    connects: int = 300
    polls: int = 1200
    uploads: int = 60
    identities: int = 30
    changes: int = 30


class Doorkeeper:
    """Counts who is here and how much they ask for."""

    def __init__(self, bus: Bus, limits: ChatLimits) -> None:
        """Rates are counted on the bus, for all nodes; who is here, on this node."""
        self._bus, self._limits = bus, limits
        self._here: Counter[str] = Counter()
        self._total = 0

    @property
    def limits(self) -> ChatLimits:
        """Return the bounds."""
        return self._limits

    def enter(self, ip: str) -> bool:
        """Count one more connection from `ip`; false if that would be too many."""
        if self._here[ip] >= self._limits.sockets or self._total >= self._limits.total:
            return False
        self._here[ip] += 1
        self._total += 1
        return True

    def leave(self, ip: str) -> None:
        """Count one connection less."""
        self._total -= 1
        self._here[ip] -= 1
        if self._here[ip] <= 0:
            del self._here[ip]

    async def wait_for(self, what: str, ip: str, limit: int, window: float = 60.0) -> float:
        """Count one `what`; return 0 if it is within the limit, else the seconds to wait."""
        return await self._bus.allow(f"chat:{what}:{ip}", limit=limit, window=window)

    async def check(self, what: str, ip: str, limit: int) -> None:
        """Count one `what` a minute. Raises TooManyRequests."""
        wait = await self.wait_for(what, ip, limit)
        if wait > 0:
            raise TooManyRequests(retry_after=round(wait, 1))

    async def message(self, address: str, ip: str) -> float:
        """Count a message; return 0 or the seconds to wait."""
        limits = self._limits
        wait = await self.wait_for("message", address, limits.messages, limits.window)
        if wait > 0:
            return wait
        every = limits.messages * limits.per_address
        return await self.wait_for("messages", ip, every, limits.window)


def network(ip: str) -> str:
    """Return what counts as one address: an IPv6 customer has a whole /64 of them."""
    try:
        address = ipaddress.ip_address(ip.strip("[]"))
    except ValueError:
        return ip
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)

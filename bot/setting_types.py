"""The kinds of values that settings have: each turns text into a typed value or says what is wrong.

A parser raises ValueError with a message that ends the sentence "NAME ...". It never repeats a secret.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

Parser = Callable[[str], object]
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?", re.ASCII
)
_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*(second|minute|hour|day)s?")


class Secret:
    """A value that no log, repr or error may show; empty when unset."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def matches(self, given: str) -> bool:
        """Compare in constant time; an unset secret matches nothing."""
        return bool(self._value) and hmac.compare_digest(self._value.encode(), given.encode())

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(unset)"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """At most `count` events in any `seconds`."""

    count: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds:g} s"


def text(value: str) -> str:
    """Take any text."""
    return value


def boolean(value: str) -> bool:
    """Take 1/0, true/false, yes/no, on/off."""
    if value.lower() not in _YES | _NO:
        raise ValueError(f"is '{value}', but must be yes or no")
    return is_yes(value)


def is_yes(value: str) -> bool:
    """Say whether a text means yes; anything that means nothing does not."""
    return value.lower() in _YES


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value) or not low <= int(value) <= high:
            raise ValueError(f"is '{value}', but must be a whole number from {low} to {high}")
        return int(value)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of numbers in a range."""

    def parse(value: str) -> float:
        try:
            result = float(value)
        except ValueError:
            result = math.nan
        if not low <= result <= high:
            raise ValueError(f"is '{value}', but must be a number from {low:g} to {high:g}")
        return result

    return parse


def money(value: str) -> Decimal:
    """Take an amount of money in whatever currency: "20" or "19.90"."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", value, re.ASCII):
        raise ValueError(f"is '{value}', but must be an amount such as 20 or 19.90")
    return Decimal(value)


def choice(*options: str) -> Callable[[str], str]:
    """Return a parser of one of a few words."""

    def parse(value: str) -> str:
        if value.lower() not in options:
            raise ValueError(f"is '{value}', but must be one of {', '.join(options)}")
        return value.lower()

    return parse


def path(value: str) -> Path:
    """Take a path; `~` is the home folder. Relative ones are resolved by the settings."""
    return Path(value).expanduser()


def url(*schemes: str) -> Callable[[str], str]:
    """Return a parser of addresses with one of these schemes."""

    def parse(value: str) -> str:
        # The value may hold a password, so the complaint shows only what it must be.
        try:
            parts = urlsplit(value)
            port_is_valid = parts.port != 0
        except ValueError:
            port_is_valid = False
        if not port_is_valid or parts.scheme not in schemes:
            raise ValueError(f"must be an address beginning with {' or '.join(f'{s}://' for s in schemes)}")
        if parts.scheme != "sqlite" and not (parts.hostname or parts.scheme in {"unix", "postgresql"}):
            raise ValueError("must be an address with a host name")
        return value

    return parse


def origins(value: str) -> tuple[str, ...]:
    """Take origins as browsers write them, with commas between; `*` is all of them."""
    return tuple(part if part == "*" else _origin(part) for part in map(str.strip, value.split(",")))


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text.lower())
    port = int(found["port"] or 0) if found else 0
    if found is None or port > 65_535:
        raise ValueError("must be like https://shop.example.com, https://www.example.com:8443")
    usual = {"http": 80, "https": 443}[found["scheme"]]
    return f"{found['scheme']}://{found['host']}" + (f":{port}" if port not in (0, usual) else "")


def service_url(value: str) -> str:
    """Take the address of a service that we call: its token has a setting of its own."""
    parts = urlsplit(str(url("http", "https")(value)))
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and no password")
    if parts.query or parts.fragment or not value.isascii():
        raise ValueError("must be plain characters without a query")
    return value.rstrip("/")


def is_open_http(value: str) -> bool:
    """Say whether an address is http:// on another machine, where it can be read on the way."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        return parts.scheme == "http" and host != "localhost" and not ip_address(host).is_loopback
    except ValueError:
        return value.startswith("http://")


def secret(shortest: int) -> Callable[[str], Secret]:
    """Return a parser of secrets with at least `shortest` characters."""

    def parse(value: str) -> Secret:
        if len(value) < shortest:
            raise ValueError(f"is too short: at least {shortest} characters (try: openssl rand -hex 32)")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("must be plain characters without spaces")
        return Secret(value)

    return parse


def rate(value: str) -> RateLimit:
    """Take `30/minute` or `100/10 seconds`."""
    found = _RATE.fullmatch(value.strip().lower())
    if not found or int(found[1]) < 1 or found[2] in {"0", "00"}:
        raise ValueError(f"is '{value}', but must be like 30/minute or 100/10 seconds")
    return RateLimit(count=int(found[1]), seconds=float(int(found[2] or 1) * _UNITS[found[3]]))


def seconds_by_name(value: str) -> dict[str, float]:
    """Read `name=seconds, name=seconds`."""
    found: dict[str, float] = {}
    for part in value.split(","):
        name, _, seconds = part.partition("=")
        try:
            found[name.strip()] = float(seconds)
        except ValueError:
            raise ValueError("must be like C1001=2, C1002=0.5") from None
    return found


def choice_by_name(*allowed: str) -> Callable[[str], dict[str, str]]:
    """Return a parser of `name=word, name=word` with words from a list."""

    def parse(value: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in value.split(","):
            name, _, word = (piece.strip() for piece in part.partition("="))
            if not name or word not in allowed:
                raise ValueError(f"must be like C1001={allowed[0]}, with one of {', '.join(allowed)}")
            found[name] = word
        return found

    return parse


def masked_url(value: str) -> str:
    """Return an address for people: without its password and query."""
    parts = urlsplit(value)
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}:***@{host}" if at and ":" in user else parts.netloc
    return f"{parts.scheme}://{shown}{parts.path}"

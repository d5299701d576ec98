"""Who is on the other end: this machine, a proxy, our own pages, or somebody else's page."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from sanic import Request

_FORWARDING = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_local(request: Request) -> bool:
    """Say whether a program on this machine calls us directly.

    A forwarding header means that a proxy speaks for somebody else; a foreign Host means that a
    browser was led here by a name that its owner pointed at this machine (DNS rebinding).
    """
    try:
        loopback = ipaddress.ip_address(request.ip.strip("[]")).is_loopback
    except ValueError:
        return False
    headers = request.headers
    if not loopback or any(name in headers for name in _FORWARDING):
        return False
    return (urlsplit("//" + headers.getone("host", "")).hostname or "") in _LOCAL_NAMES


def is_foreign_page(request: Request, public_origin: str) -> bool:
    """Say whether a browser sends this from a page that is not ours.

    Programs send neither header and pass: for them the credentials decide.
    """
    headers = request.headers
    if headers.getone("sec-fetch-site", "none").lower() not in ("same-origin", "none"):
        return True
    origin = headers.getone("origin", None)
    if origin is None or (public_origin and origin == public_origin):
        return False
    scheme, _, authority = origin.partition("://")
    return scheme not in ("http", "https") or authority.lower() != headers.getone("host", "").lower()


def origin_of(url: str) -> str:
    """Return the origin of a URL as a browser writes it, or nothing for no URL."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port and parts.port != usual else ""
    return f"{parts.scheme}://{host}{port}"


def bearer(request: Request) -> str:
    """Return the bearer token of a request, or nothing."""
    scheme, _, token = request.headers.getone("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same_secret(given: str, expected: str) -> bool:
    """Compare in constant time; an empty expectation matches nothing."""
    return bool(expected) and hmac.compare_digest(
        given.encode(errors="surrogateescape"), expected.encode(errors="surrogateescape")
    )

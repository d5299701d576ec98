"""Identity tokens: what the company's site may say, and every way in which one is not believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from bot.domain.errors import IdentityRefused, InvalidInput, NotPermitted
from bot.domain.message import IdentityClaim
from connectors.channels.core.identity import MAX_SUBJECT, MAX_TOKEN, sign, verify
from tests.support.clock import START

KEY = "k" * 32
OTHER_KEY = "o" * 32
NOW = int(START.timestamp())
JANE = IdentityClaim(
    trust="verified", directory_ref="C1001", name="Jane Miller", email="jane.miller@example.com"
)


def claims(**changes: Any) -> dict[str, Any]:
    """Return claims that hold, with changes; None takes one away."""
    found = {"sub": "C1001", "aud": "baton", "exp": NOW + 300, **changes}
    return {name: value for name, value in found.items() if value is not None}


def token(*, key: str = KEY, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm="HS256", headers=headers)


def by_hand(header: Any, body: Any, key: str = KEY) -> str:
    """Return a token with a right signature over whatever there is in it."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in (header, body)]
    parts = ".".join(_b64(text.encode()) for text in texts)
    return f"{parts}.{_b64(hmac.digest(key.encode(), parts.encode(), hashlib.sha256))}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(given: str) -> str:
    """Return why a token is not believed; the key is not told, nor what was in the token."""
    with pytest.raises(IdentityRefused) as caught:
        verify(given, secret=KEY, now=START)
    assert caught.value.http_status == 401
    assert KEY not in caught.value.message
    assert caught.value.fields["field"] == "identity"
    return str(caught.value.fields["reason"])


def test_what_was_signed_is_read() -> None:
    assert verify(sign(JANE, secret=KEY, now=START), secret=KEY, now=START) == JANE
    plain = verify(token(), secret=KEY, now=START)
    assert plain == IdentityClaim(trust="verified", directory_ref="C1001")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["baton", "shop"]},
        {"exp": NOW + 86_400},
        {"exp": NOW + 300.5},
        {"exp": NOW - 20},
        {"iat": NOW + 20, "nbf": NOW + 20},
        {"name": "Nguyễn Thu Hà", "email": ""},
        {"sub": "x" * MAX_SUBJECT},
        {"role": "whatever else a site puts in"},
        {"trust": "anonymous"},
    ],
)
def test_tokens_that_hold(changes: dict[str, Any]) -> None:
    assert verify(token(**changes), secret=KEY, now=START).trust == "verified"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": None}, "claims"),
        ({"sub": None}, "claims"),
        ({"aud": None}, "claims"),
        ({"aud": "shop"}, "audience"),
        ({"aud": ["shop"]}, "audience"),
        ({"exp": NOW - 31}, "expired"),
        ({"exp": -(10**30)}, "claims"),
        ({"exp": NOW + 86_400 + 60}, "too_long"),
        ({"exp": 10**400}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": str(NOW + 300)}, "claims"),
        ({"exp": float("nan")}, "claims"),
        ({"exp": float("inf")}, "claims"),
        ({"iat": NOW + 60}, "not_yet"),
        ({"nbf": NOW + 60}, "not_yet"),
        ({"iat": "now"}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": "  "}, "claims"),
        ({"sub": " C1001"}, "claims"),
        ({"sub": "C1\u0000"}, "claims"),
        ({"sub": "C1\n2"}, "claims"),
        ({"sub": "x" * (MAX_SUBJECT + 1)}, "claims"),
        ({"name": "x" * 201}, "claims"),
        ({"name": ["Jane"]}, "claims"),
        ({"email": "a@b.c\u202e"}, "claims"),
    ],
)
def test_claims_that_do_not_hold(changes: dict[str, Any], reason: str) -> None:
    assert refused(token(**changes)) == reason


def test_a_subject_is_a_text() -> None:
    for sub in (1001, ["C1001"], {"ref": "C1001"}, True):
        assert refused(by_hand({"alg": "HS256"}, claims(sub=sub))) in ("claims", "malformed")


def test_only_our_key_and_algorithm_are_believed() -> None:
    assert refused(token(key=OTHER_KEY)) == "signature"
    head, _, signature = token().split(".")
    assert refused(f"{head}.{_b64(json.dumps(claims(sub='C1002')).encode())}.{signature}") == "signature"
    assert refused(jwt.encode(claims(), KEY * 2, algorithm="HS512")) == "header"
    unsigned = jwt.encode(claims(), None, algorithm="none")
    assert refused(unsigned) == "malformed"
    for algorithm in ("none", "None", "NONE", "hs256", "HS384", "RS256", "", None, 1):
        assert refused(by_hand({"alg": algorithm}, claims())) == "header"
    assert refused(by_hand({"typ": "JWT"}, claims())) == "header"


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5u": "https://evil.example/cert"},
        {"zip": "DEF"},
        {"typ": "at+jwt"},
        {"typ": 1},
    ],
)
def test_headers_that_try_something_are_refused(headers: dict[str, Any]) -> None:
    assert refused(by_hand({"alg": "HS256", "typ": "JWT", **headers}, claims())) in ("header", "malformed")


def test_a_plain_header_may_name_its_key() -> None:
    assert verify(token(headers={"kid": "2026"}), secret=KEY, now=START).directory_ref == "C1001"


@pytest.mark.parametrize(
    "given",
    [
        "", "x", "a.b", "a.b.c", "....", "a.b.c.d", "ä.b.c", " ", "\n", "Bearer x.y.z",
        by_hand("[" * 1_000, claims()), by_hand([], claims()), by_hand({"alg": "HS256"}, "[1]"),
        by_hand({"alg": "HS256"}, "[" * 1_500), by_hand({"alg": "HS256"}, "{not json"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(given: str) -> None:
    assert refused(given) in ("malformed", "header")


def test_a_long_token_is_not_even_looked_at() -> None:
    with pytest.raises(InvalidInput) as caught:
        verify("a" * (MAX_TOKEN + 1), secret=KEY, now=START)
    assert caught.value.fields == {"field": "identity", "limit": MAX_TOKEN}


def test_without_a_secret_no_token_is_believed() -> None:
    for given in (token(), token(key="e" * 32), "x", ""):
        with pytest.raises(NotPermitted, match="BATON_CHAT_IDENTITY_SECRET"):
            verify(given, secret="", now=START)


def test_a_token_ends_by_our_clock() -> None:
    signed = sign(JANE, secret=KEY, now=START, lasts=timedelta(minutes=5))
    verify(signed, secret=KEY, now=START + timedelta(minutes=5, seconds=29))
    with pytest.raises(IdentityRefused, match="expired"):
        verify(signed, secret=KEY, now=START + timedelta(minutes=5, seconds=31))

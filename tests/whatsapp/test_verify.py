"""Only what Meta has signed is looked at; the handshake answers those who know the token."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from bot.domain.errors import NotPermitted, NotSignedIn
from bot.setting_types import Secret
from connectors.channels.whatsapp.verify import challenge, signed_for
from tests.fake_whatsapp import NUMBER
from tests.whatsapp.kit import account

OTHER = replace(account(), name="other", app_secret=Secret("another"), verify_token=Secret("their token"))
RAW = rb'{"text":"Gr\u00fc\u00dfe \/ \ud83d\ude00"}'


def sign(raw: bytes = RAW, secret: str = NUMBER.app_secret, how: str = "sha256") -> str:
    return f"{how}=" + hmac.new(secret.encode(), raw, how).hexdigest()


def test_the_signature_is_over_the_bytes_of_the_network() -> None:
    assert signed_for([account()], raw=RAW, signature=sign()) == [account()]
    again = json.dumps(json.loads(RAW)).encode()
    assert json.loads(again) == json.loads(RAW)
    with pytest.raises(NotSignedIn):
        signed_for([account()], raw=again, signature=sign())


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", sign()[:-1], sign() + "0", sign().upper(), sign(secret="wrong"), sign(how="sha1"),
     sign().removeprefix("sha256="), "sha256=" + "0" * 64, "sha256=é" + "0" * 63, sign(RAW + b" ")],
)  # fmt: skip
def test_anything_else_is_refused(signature: str) -> None:
    with pytest.raises(NotSignedIn):
        signed_for([account(), OTHER], raw=RAW, signature=signature)


def test_a_body_counts_for_the_accounts_whose_secret_signed_it() -> None:
    twin = replace(account(), name="twin", phone_number_id="2")
    accounts = [account(), OTHER, twin]
    assert signed_for(accounts, raw=RAW, signature=sign()) == [account(), twin]
    assert signed_for(accounts, raw=RAW, signature=sign(secret="another")) == [OTHER]


def test_an_account_without_a_secret_takes_nothing() -> None:
    """`read` refuses one; a slip elsewhere must not open the door."""
    open_door = replace(account(), app_secret=Secret(""))
    empty = "sha256=" + hmac.new(b"", RAW, hashlib.sha256).hexdigest()
    with pytest.raises(NotSignedIn):
        signed_for([open_door], raw=RAW, signature=empty)


def test_the_handshake_gives_the_challenge_back() -> None:
    accounts = [account(), OTHER]
    for token in (NUMBER.verify_token, "their token"):
        assert challenge(accounts, mode="subscribe", token=token, text="1158201444") == "1158201444"


@pytest.mark.parametrize(
    ("mode", "token", "text"),
    [
        ("subscribe", "wrong", "1"),
        ("subscribe", "", "1"),
        ("unsubscribe", NUMBER.verify_token, "1"),
        ("", NUMBER.verify_token, "1"),
        ("subscribe", NUMBER.verify_token, ""),
        ("subscribe", NUMBER.verify_token, "x" * 2_000),
        ("subscribe", NUMBER.verify_token, "a\r\nb"),
    ],
)
def test_the_handshake_refuses(mode: str, token: str, text: str) -> None:
    with pytest.raises(NotPermitted):
        challenge([account()], mode=mode, token=token, text=text)

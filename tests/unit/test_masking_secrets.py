"""Secrets are hidden however somebody says them; ordinary words about them are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.masking import mask


@pytest.mark.parametrize(
    ("typed", "secrets"),
    [
        ("i forgot my pasword lol, its BlueTiger22 i think", ["BlueTiger22"]),
        ("my pw is BlueTiger22 and my passwort: hunter2000", ["BlueTiger22", "hunter2000"]),
        ("my pasword doesnt work, it is Fluffy2009", ["Fluffy2009"]),
        ("hunter2 is my password", ["hunter2"]),
        ("fluffy is my password", ["fluffy"]),
        ("i used Fluffy2009 as my pass word and got an error", ["Fluffy2009"]),
        ("I forgot my password, it's fluffy I think", ["fluffy"]),
        ("my password is fluffy or muffy", ["fluffy", "muffy"]),
        ("the password I use is fluffy", ["fluffy"]),
        ('my password is "blue tiger 22"', ["blue", "tiger", "22"]),
        ("my passwrod is probably fluffy", ["fluffy"]),
        ("my pin is 1234", ["1234"]),
        ("forgot the pin, it was 1234", ["1234"]),
        ("my passcode 998877 does not work", ["998877"]),
        ("password 123456 does not work", ["123456"]),
        ("tried BlueTiger22 and BlueTiger23, still wrong password", ["BlueTiger22", "BlueTiger23"]),
        ("my passwrd: fluffy", ["fluffy"]),
        ("pswd=fluffy", ["fluffy"]),
        ("my pass is fluffy", ["fluffy"]),
        ("P@ssw0rd1 is the password", ["P@ssw0rd1"]),
        ("my pwd is p$ss!", ["p$ss!"]),
        ("my login is jane@example.com and my password hunter2000", ["hunter2000"]),
    ],
)
def test_secrets_are_hidden(typed: str, secrets: list[str]) -> None:
    masked = mask(typed)
    assert "[hidden]" in masked
    assert not [secret for secret in secrets if secret in masked], masked


@pytest.mark.parametrize(
    "typed",
    [
        "my password is wrong",
        "my pasword is not working",
        "the password reset link does not come",
        "the password reset link is broken since 2 days",
        "I can't reset my password, it's ridiculous!",
        "I forgot my password, it's urgent",
        "forgot password, it is annoying",
        "what is my password",
        "this is my password problem",
        "the problem is my password",
        "how do I change my password for jane@example.com?",
        "my password does not work, my order is 4521 and the postcode M1 4BT",
        "my password does not work for order AB4521",
        "password reset please, case K7003",
        "I tried my password 3 times",
        "my pin is not accepted",
        "put a pin in it",
        "the password was changed on 12th",
        "my password is still wrong",
        "my password works on the iPhone14",
        "I need a new password. It is for jane@example.com",
    ],
)
def test_ordinary_words_stay(typed: str) -> None:
    assert mask(typed) == typed


KEYS = st.sampled_from(
    ["password", "pasword", "passwort", "passwrd", "pw", "pwd", "pswd", "passcode", "passwrod", "PASSWORD"]
)
SAYINGS = st.sampled_from(
    [
        "my {key} is {secret}",
        "my {key} was {secret}, does not work",
        "{key}: {secret}",
        "i forgot my {key}, its {secret} i think",
        "my {key} doesnt work, it is {secret}",
        "{secret} is my {key}",
        "my {key} {secret} is not working",
        "i typed {secret} as {key}",
        "can you reset {key} {secret} for me",
    ]
)
SECRETS = st.from_regex(r"[A-Z]?[a-z]{4,10}[0-9]{2,4}", fullmatch=True)


@given(st.lists(st.tuples(SAYINGS, KEYS, SECRETS), min_size=1, max_size=3))
def test_a_password_never_stays(said: list[tuple[str, str, str]]) -> None:
    text = " and ".join(saying.format(key=key, secret=secret) for saying, key, secret in said)
    masked = mask(text)
    assert not [secret for _, _, secret in said if secret in masked]
    assert mask(masked) == masked

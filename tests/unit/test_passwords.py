"""Passwords: hashed with argon2id, never equal twice, the policy said in words."""

from __future__ import annotations

import pytest

from bot.domain.errors import InvalidInput
from bot.services.passwords import check_password, hash_password, verify_password

GOOD = "correct horse battery"


def test_round_trip() -> None:
    known = hash_password(GOOD)
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(known, GOOD)
    assert not verify_password(known, GOOD + " ")
    assert not verify_password(known, "")
    assert hash_password(GOOD) != known


def test_letters_are_compared_not_bytes() -> None:
    assert verify_password(
        hash_password("caf\u00e9 caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301 cafe\u0301"
    )


@pytest.mark.parametrize("known", ["", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$x", "!"])
def test_unusable_hash_fits_nothing(known: str) -> None:
    assert not verify_password(known, GOOD)


def test_endless_password_is_not_hashed() -> None:
    assert not verify_password(hash_password(GOOD), "a" * 10_000_000)


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("short", "at least 12"),
        ("a" * 12, "too simple"),
        ("abcd" * 100, "at most 256"),
        ("", "at least 12"),
    ],
)
def test_policy(password: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        check_password(password)
    with pytest.raises(InvalidInput):
        hash_password(password)

"""Card numbers and passwords go, everything else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.masking import mask


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("my card is 4111 1111 1111 1111 thanks", "my card is [card ending 1111] thanks"),
        ("4111-1111-1111-1111", "[card ending 1111]"),
        ("4111111111111111.", "[card ending 1111]."),
        ("378282246310005", "[card ending 0005]"),
        ("my password is hunter2!", "my password is [hidden]"),
        ("Password: s3cret and user bob", "Password: [hidden] and user bob"),
        ("the PIN code is 1234", "the PIN code is [hidden]"),
        ("cvv 123? no, CVV: 123", "cvv [hidden]? no, CVV: [hidden]"),
    ],
)
def test_secrets_are_masked(typed: str, kept: str) -> None:
    assert mask(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "order 4521 please",
        "my password is wrong",
        "my password is not working",
        "4111 1111 1111 1112",  # no valid check digit
        "call me at +44 20 7946 0958",
        "tracking 12345678901234567890123",  # too long for a card
        "I forgot my password",
        "",
    ],
)
def test_the_rest_stays(typed: str) -> None:
    assert mask(typed) == typed


@given(st.text(max_size=300))
def test_never_fails_and_is_stable(text: str) -> None:
    once = mask(text)
    assert mask(once) == once

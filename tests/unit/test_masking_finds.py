"""What masking must find, and what it must leave alone."""

from __future__ import annotations

import time

import pytest

from bot.services.masking import mask


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "my card 4111 1111 1111 1111 12/27 123",
        "4111-1111-1111-1111 exp 12 27",
        "4111 1111 1111 1111 1227",
        "no.4111111111111111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111  1111  1111  1111",
        "4111 - 1111 - 1111 - 1111",
        "4111.1111.1111.1111",
        "4111\u200b1111\u200b1111\u200b1111",
        "order 1001 card 4111111111111111",
        "1001 4111111111111111",
        "3782 822463 10005",
        "5555555555554444, 4111111111111111",
        "٤١١١١١١١١١١١١١١١",
    ],
)
def test_cards_are_found(text: str) -> None:
    masked = mask(text)
    assert "[card ending" in masked
    assert "1111 1111" not in masked
    assert "111111" not in masked
    assert "822463" not in masked


@pytest.mark.parametrize(
    "text",
    [
        "order 1001 is late",
        "tracking 00340434161094042557",
        "call +49 30 901820 or 0170 1234567",
        "4111111111111112",
        "1Z999AA10123456784",
        "from 2026-03-01 to 2026-03-05",
        "I have 3 orders: 1001 1002 1003",
        "²²²²²²²²²²²²²²²",
        "1" * 4000,
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2",
        "my password is hunter2",
        "My Password is: hunter2",
        "the password was =hunter2",
        "my password's hunter2 ok",
        "password for my account is hunter2",
        "password is now hunter2",
        "pwd=hunter2",
    ],
)
def test_passwords_are_found(text: str) -> None:
    masked = mask(text)
    assert "hunter2" not in masked
    assert "[hidden]" in masked


@pytest.mark.parametrize("text", ["cvv 123", "CVC: 123", "my pin is 1234", "pin 1234", "security code 123"])
def test_codes_are_found(text: str) -> None:
    assert mask(text).endswith("[hidden]")


@pytest.mark.parametrize(
    "text",
    [
        "my password is not working",
        "my password is wrong.",
        "I forgot my password, what now?",
        "is my password expired?",
        "the password reset link does not work",
        "put a pin in 3 places",
        "my password is: wrong",
    ],
)
def test_plain_words_about_passwords_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 4000, "1 " * 2000, "4 1" * 1333, "password for " * 300, "pin is" * 600]
)
def test_masking_is_quick_whatever_is_typed(text: str) -> None:
    began = time.perf_counter()
    mask(text)
    assert time.perf_counter() - began < 0.5

"""What the Cloud API answers, as far as we read it. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from connectors.channels.whatsapp.errors import RULES, Action, Rule, rule

T = TypeVar("T")
TOO_MANY, GATEWAY_TIMEOUT, SERVER = 429, 504, 500


class MessageId(msgspec.Struct):
    """The platform's id of a message."""

    id: str = ""


class Sent(msgspec.Struct):
    """A message was accepted, which does not mean that it arrives."""

    messages: list[MessageId] = []


class Uploaded(msgspec.Struct):
    """A file was taken."""

    id: str


class Media(msgspec.Struct):
    """Where a file is; `sha256` in base64 or hexadecimal."""

    url: str
    sha256: str = ""
    file_size: int | None = None


class Number(msgspec.Struct):
    """What the platform says of our number."""

    verified_name: str = ""
    display_phone_number: str = ""
    quality_rating: str = ""
    code_verification_status: str = ""


class Anything(msgspec.Struct):
    """An answer that says nothing new."""


class _Error(msgspec.Struct):
    code: int
    error_subcode: int | None = None


class _Failure(msgspec.Struct):
    error: _Error


class Refused(Exception):
    """The platform does not take it. `code` is Meta's, None when it gave none.

    Its words are left out on purpose: they may repeat what was sent.
    """

    def __init__(self, status: int, code: int | None = None, subcode: int | None = None) -> None:
        super().__init__(f"{status}/{code}")
        self.status, self.code, self.subcode = status, code, subcode

    @property
    def rule(self) -> Rule:
        """Return what to do about it."""
        return rule(self.code, self.subcode)

    @property
    def retryable(self) -> bool:
        """Say whether the platform certainly has nothing of it and may take it later."""
        if self.code in RULES:
            return self.rule.action is Action.RETRY
        return self.status == TOO_MANY or (self.status >= SERVER and not self.unknown)

    @property
    def unknown(self) -> bool:
        """Say whether it may have been taken all the same: a gateway that lost patience knows nothing."""
        return self.status == GATEWAY_TIMEOUT and self.code is None


def read(content: bytes, kind: type[T]) -> T | None:
    """Return an answer, or None if it cannot be read."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def refusal(status: int, content: bytes) -> Refused:
    """Return why the platform refuses, with nothing of what was sent."""
    found = read(content, _Failure)
    return Refused(status, found.error.code, found.error.error_subcode) if found else Refused(status)

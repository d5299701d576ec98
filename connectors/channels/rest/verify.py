"""Decides who may use the REST channel. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import NotFound, NotPermitted, NotSignedIn
from bot.http.peers import same_secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """What is known of a request: its token, and whether a program on this machine sends it."""

    token: str
    local: bool
    foreign_page: bool


def admit(caller: Caller, *, token: str, demo: bool) -> None:
    """Let the caller pass.

    With a token set, it decides alone. Without one the channel is off, except in demonstration mode
    for programs and pages of this machine.

    Raises:
        NotSignedIn: the token is missing or wrong.
        NotFound: the channel is off.
        NotPermitted: demonstration mode, and the caller is somewhere else.
    """
    if token:
        if not same_secret(caller.token, token):
            raise NotSignedIn("Send BATON_REST_TOKEN as a bearer token.")
        return
    if not demo:
        raise NotFound("The REST channel is off. Set BATON_REST_TOKEN to use it.")
    if not caller.local or caller.foreign_page:
        raise NotPermitted(
            "In demonstration mode the REST channel answers programs on this machine only. "
            "Set BATON_REST_TOKEN to use it from elsewhere."
        )

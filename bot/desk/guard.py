"""Who is calling, and whether a change really comes from them (sessions, bearer tokens, CSRF)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from sanic import HTTPResponse, Request

from bot.desk.services import SignIn
from bot.domain.agents import Agent, Session
from bot.domain.errors import NotPermitted, NotSignedIn, TooManyRequests, UnknownConversation
from bot.http.peers import bearer, is_foreign_page, origin_of, same_secret
from bot.ports import Bus

COOKIE = "baton_session"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def known_id(conversation_id: str) -> str:
    """Return the id if it can be one of ours. Raises UnknownConversation."""
    if not _ID.fullmatch(conversation_id):
        raise UnknownConversation
    return conversation_id


class CrossSite(NotPermitted):
    """A browser sends this from a page that is not ours."""

    code: ClassVar[str] = "cross_site"
    public_message: ClassVar[str] = "This request comes from a page of another site."


class CsrfMissing(NotPermitted):
    """A change by cookie came without the session's csrf value."""

    code: ClassVar[str] = "csrf"
    public_message: ClassVar[str] = "Send the `csrf` value of the sign-in as X-CSRF-Token."


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The agent behind a request."""

    agent: Agent
    session: Session
    token: str
    by_cookie: bool


class Guard:
    """Checks every request of the desk."""

    def __init__(
        self, *, sign_in: SignIn, bus: Bus, public_url: str, requests: int = 600, window: float = 10.0
    ) -> None:
        """Allow an agent `requests` per `window` seconds."""
        self._sign_in = sign_in
        self._bus = bus
        self._origin = origin_of(public_url)
        self._secure = public_url.startswith("https://")
        self._requests, self._window = requests, window

    async def caller(self, request: Request, *, changing: bool) -> Caller:
        """Return who calls.

        Raises:
            NotSignedIn: there is no valid session or token.
            CrossSite, CsrfMissing: a change by cookie that may not be the agent's own wish.
            TooManyRequests: more than a desk needs.
        """
        token = bearer(request)
        by_cookie = not token
        if by_cookie:
            token = request.cookies.get(COOKIE) or ""
        found = await self._sign_in.who(token) if _TOKEN.fullmatch(token) else None
        if found is None:
            raise NotSignedIn
        agent, session = found
        if by_cookie and changing:
            self.same_site(request)
            if not same_secret(request.headers.getone("x-csrf-token", ""), session.csrf):
                raise CsrfMissing
        wait = await self._bus.allow(f"desk:{agent.id}", limit=self._requests, window=self._window)
        if wait > 0:
            raise TooManyRequests(retry_after=round(wait, 1))
        return Caller(agent=agent, session=session, token=token, by_cookie=by_cookie)

    def same_site(self, request: Request) -> None:
        """Refuse what a page of another site sends. Raises CrossSite."""
        if is_foreign_page(request, self._origin):
            raise CrossSite

    def keep(self, response: HTTPResponse, token: str, seconds: int) -> None:
        """Put the session into the browser's cookie; no page can read it."""
        response.add_cookie(
            COOKIE, token, path="/", httponly=True, samesite="Strict", secure=self._secure, max_age=seconds
        )

    def forget(self, response: HTTPResponse) -> None:
        """Remove the cookie."""
        self.keep(response, "", 0)

"""Signing in and out, the caller's own name and presence, tokens for programs."""

from __future__ import annotations

from typing import Any

from sanic import HTTPResponse, Request

from bot.desk import admin_shapes, shapes
from bot.desk.admin_services import People
from bot.desk.guard import Caller, Guard
from bot.desk.live import Live
from bot.desk.services import DeskService, SignIn
from bot.domain.agents import Agent, Availability
from bot.domain.errors import NotPermitted
from bot.http.bodies import answer, read_json
from bot.ports import Bus, Clock


class Sessions:
    """Handlers about people rather than conversations."""

    def __init__(
        self,
        *,
        desk: DeskService,
        sign_in: SignIn,
        people: People,
        guard: Guard,
        live: Live,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """Close `live` connections when their session ends."""
        self._desk, self._sign_in, self._people, self._guard = desk, sign_in, people, guard
        self._live, self._bus, self._clock = live, bus, clock

    async def open(self, request: Request) -> HTTPResponse:
        """Sign in."""
        self._guard.same_site(request)
        body = read_json(request, shapes.SignInBody)
        signed = await self._sign_in.sign_in(
            body.email, body.password, address=request.client_ip, client=_client(request), code=body.code
        )
        view = _session(signed.agent, signed.csrf, signed.expires_at.isoformat())
        response = answer(view)
        lasts = (signed.expires_at - self._clock.now()).total_seconds()
        self._guard.keep(response, signed.token, max(int(lasts), 0))
        return response

    async def close(self, caller: Caller, request: Request) -> HTTPResponse:
        """Sign out, here and on the session's live connections."""
        await self._sign_in.sign_out(caller.token)
        await self._live.end_session(caller.session.digest)
        response = HTTPResponse(status=204)
        self._guard.forget(response)
        return response

    async def me(self, caller: Caller, request: Request) -> HTTPResponse:
        """Return who is signed in, with the csrf value for a page that was loaded again."""
        return answer(await self._me(caller, caller.agent))

    async def rename(self, caller: Caller, request: Request) -> HTTPResponse:
        """Give the caller another name."""
        body = read_json(request, admin_shapes.NameBody)
        return answer(await self._me(caller, await self._people.rename(caller.agent, body.name)))

    async def _me(self, caller: Caller, agent: Agent) -> dict[str, Any]:
        state = (await self._bus.presence()).get(agent.id, Availability.OFFLINE.value)
        session = caller.session
        view = _session(agent, session.csrf, session.expires_at.isoformat())
        return {**view, "state": state, **await self._people.own(agent)}

    async def set_availability(self, caller: Caller, request: Request) -> HTTPResponse:
        """State the caller's presence."""
        body = read_json(request, shapes.AvailabilityBody)
        return answer(await self._desk.set_availability(caller.agent, Availability(body.state)))

    async def create_token(self, caller: Caller, request: Request) -> HTTPResponse:
        """Make a bearer token that acts as the caller; a token cannot make another."""
        if not caller.by_cookie:
            raise NotPermitted("Tokens are made by a person who is signed in.")
        body = read_json(request, shapes.TokenBody)
        token = await self._sign_in.create_token(caller.agent, label=body.label, days=body.days)
        return answer(shapes.TokenView(token=token, label=body.label, days=body.days), status=201)


def last_id(entries: list[dict[str, Any]], limit: int) -> str:
    """Return where the next page begins, or nothing when this one was not full."""
    return str(entries[-1]["id"]) if len(entries) >= limit else ""


def _session(agent: Agent, csrf: str, expires_at: str) -> dict[str, Any]:
    person = {
        "id": agent.id,
        "email": agent.email,
        "name": agent.name,
        "role": agent.role.value,
        "team": agent.team,
    }
    return {"csrf": csrf, "expires_at": expires_at, "agent": person}


def _client(request: Request) -> str:
    """Return what a browser calls itself, as far as it can be shown."""
    written = request.headers.getone("user-agent", "")
    return "".join(letter for letter in written if letter.isprintable())

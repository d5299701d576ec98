"""Administration of the desk: people, their passwords, one-time passwords and sign-ins."""

from __future__ import annotations

from typing import Any

import msgspec
from sanic import HTTPResponse, Request

from bot.desk import admin_shapes as shapes
from bot.desk.admin import READ, WRITE, MakeRoute, known_name
from bot.desk.admin_services import Administration
from bot.desk.guard import Caller
from bot.desk.services import DeskService, SignIn
from bot.desk.shapes import AgentList
from bot.domain.agents import Role
from bot.domain.errors import NotPermitted
from bot.http.bodies import answer, read_json, read_query
from bot.http.routes import Route
from bot.services.people import Changes


class AdminPeople:
    """Handlers about people."""

    def __init__(self, services: Administration, *, desk: DeskService, sign_in: SignIn) -> None:
        """Let `services` do the work; `sign_in` checks the password of who changes their own."""
        self._people, self._factors = services.people, services.factors
        self._sign_ins, self._desk, self._sign_in = services.sign_ins, desk, sign_in

    def routes(self, base: str, route: MakeRoute) -> list[Route]:
        """Return what is to be served under `base`."""
        return [*self._own(base, route), *self._others(base, route)]

    def _own(self, base: str, route: MakeRoute) -> list[Route]:
        tag, me = "people", f"{base}/me"
        return [
            route(
                "PUT", f"{me}/password", self.password, tag, "Change your password, end other sign-ins",
                body=shapes.PasswordBody, status=204, errors=WRITE,
            ),
            route(
                "POST", f"{me}/totp", self.begin, tag, "Make a secret for one-time passwords",
                answer=shapes.TotpView, status=201, errors=(*READ, 409),
            ),
            route(
                "POST", f"{me}/totp/confirm", self.confirm, tag, "Turn one-time passwords on",
                body=shapes.CodeBody, answer=shapes.RecoveryView, errors=(*WRITE, 409),
            ),
            route(
                "POST", f"{me}/totp/off", self.off, tag, "Turn one-time passwords off",
                body=shapes.ProofBody, status=204, errors=WRITE,
            ),
            route(
                "GET", f"{base}/sessions", self.sessions, tag, "List sign-ins and tokens",
                query=shapes.SessionsQuery, answer=shapes.SignInsView, errors=READ,
            ),
            route(
                "DELETE", f"{base}/sessions/{{session_id}}", self.revoke, tag, "End a sign-in or a token",
                status=204, errors=(*READ, 404),
            ),
        ]  # fmt: skip

    def _others(self, base: str, route: MakeRoute) -> list[Route]:
        tag, agents = "people", f"{base}/agents"
        return [
            route(
                "GET", agents, self.agents, tag, "List the people at the desk",
                query=shapes.AgentsQuery, answer=AgentList, errors=READ,
            ),
            route(
                "POST", agents, self.add, tag, "Let somebody sign in at the desk",
                body=shapes.NewAgentBody, answer=shapes.NewAgentView, status=201, errors=(*WRITE, 409),
            ),
            route(
                "PATCH", f"{agents}/{{agent_id}}", self.change, tag, "Change somebody at the desk",
                body=shapes.ChangesBody, answer=shapes.FullPerson, errors=(*WRITE, 404, 409),
            ),
        ]  # fmt: skip

    async def password(self, caller: Caller, request: Request) -> HTTPResponse:
        """Change the caller's password."""
        _in_person(caller)
        body = read_json(request, shapes.PasswordBody)
        await self._sign_in.prove(caller.agent, body.old, address=request.client_ip)
        await self._people.set_password(caller.agent, body.new, keep=caller.session.digest)
        return HTTPResponse(status=204)

    async def begin(self, caller: Caller, request: Request) -> HTTPResponse:
        """Make a secret for one-time passwords."""
        _in_person(caller)
        return answer(await self._factors.begin(caller.agent), status=201, headers=_SECRET)

    async def confirm(self, caller: Caller, request: Request) -> HTTPResponse:
        """Turn one-time passwords on."""
        _in_person(caller)
        body = read_json(request, shapes.CodeBody)
        codes = await self._factors.confirm(caller.agent, body.code)
        return answer({"recovery_codes": codes}, headers=_SECRET)

    async def off(self, caller: Caller, request: Request) -> HTTPResponse:
        """Turn one-time passwords off."""
        _in_person(caller)
        body = read_json(request, shapes.ProofBody)
        await self._sign_in.prove(caller.agent, body.password, address=request.client_ip)
        await self._factors.off(caller.agent)
        return HTTPResponse(status=204)

    async def sessions(self, caller: Caller, request: Request) -> HTTPResponse:
        """List sign-ins and tokens."""
        query = read_query(request, shapes.SessionsQuery)
        found = await self._sign_ins.all(caller.agent, of=query.agent_id, current=caller.session.digest)
        return answer({"sessions": found})

    async def revoke(self, caller: Caller, request: Request, session_id: str) -> HTTPResponse:
        """End a sign-in or a token."""
        await self._sign_ins.revoke(caller.agent, known_name(session_id))
        return HTTPResponse(status=204)

    async def agents(self, caller: Caller, request: Request) -> HTTPResponse:
        """List the people at the desk."""
        query = read_query(request, shapes.AgentsQuery)
        everybody = self._people.all if query.all else self._desk.agents
        return answer({"agents": await everybody(caller.agent)})

    async def add(self, caller: Caller, request: Request) -> HTTPResponse:
        """Let somebody sign in."""
        body = read_json(request, shapes.NewAgentBody)
        values: dict[str, Any] = msgspec.structs.asdict(body)
        made = await self._people.add(caller.agent, **{**values, "role": Role(body.role)})
        return answer(made, status=201, headers=_SECRET)

    async def change(self, caller: Caller, request: Request, agent_id: str) -> HTTPResponse:
        """Change somebody."""
        body = read_json(request, shapes.ChangesBody)
        values: dict[str, Any] = msgspec.structs.asdict(body)
        changes = Changes(**{**values, "role": Role(body.role) if body.role else None})
        return answer(await self._people.change(caller.agent, known_name(agent_id), changes))


_SECRET = {"cache-control": "no-store"}


def _in_person(caller: Caller) -> None:
    """Refuse a program's token: who holds one must not be able to lock its owner out."""
    if not caller.by_cookie:
        raise NotPermitted("This is for a person who is signed in, not for a token.")

"""Administration of the desk: its routes, and the handlers about teams and canned replies."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from sanic import HTTPResponse, Request

from bot.desk import admin_shapes as shapes
from bot.desk.admin_services import Administration
from bot.desk.guard import Caller
from bot.domain.errors import NotFound
from bot.http.bodies import answer, read_json
from bot.http.routes import Route
from bot.services.canned import CannedText

READ = (400, 401, 403, 429, 503)
WRITE = (400, 401, 403, 413, 415, 429, 503)
_LONGEST = 300

MakeRoute = Callable[..., Route]
"""`(method, path, handler, tag, summary, **values)`: a route behind the guard."""


class Admin:
    """Handlers about what the desk is furnished with."""

    def __init__(self, services: Administration) -> None:
        """Let `services` do the work and refuse what the role does not allow."""
        self._teams, self._canned = services.teams, services.canned

    def routes(self, base: str, route: MakeRoute) -> list[Route]:
        """Return what is to be served under `base`."""
        tag, change = "administration", (*WRITE, 404, 409)
        team, canned = f"{base}/teams", f"{base}/canned"
        return [
            route("GET", team, self.teams, tag, "List the teams", answer=shapes.TeamList, errors=READ),
            route(
                "POST", team, self.add_team, tag, "Make a team",
                body=shapes.TeamBody, answer=shapes.TeamView, status=201, errors=(*WRITE, 409),
            ),
            route(
                "DELETE", f"{team}/{{name}}", self.remove_team, tag, "Remove a team that nobody is in",
                status=204, errors=(*READ, 404, 409),
            ),
            route(
                "GET", canned, self.canned, tag, "List the canned replies",
                answer=shapes.CannedList, errors=READ,
            ),
            route(
                "POST", canned, self.add_canned, tag, "Make a canned reply",
                body=shapes.CannedBody, answer=shapes.CannedView, status=201, errors=(*WRITE, 409),
            ),
            route(
                "PUT", f"{canned}/{{reply_id}}", self.change_canned, tag, "Change a canned reply",
                body=shapes.CannedBody, answer=shapes.CannedView, errors=change,
            ),
            route(
                "DELETE", f"{canned}/{{reply_id}}", self.remove_canned, tag, "Remove a canned reply",
                status=204, errors=(*READ, 404),
            ),
        ]  # fmt: skip

    async def teams(self, caller: Caller, request: Request) -> HTTPResponse:
        """List the teams."""
        return answer({"teams": await self._teams.all(caller.agent)})

    async def add_team(self, caller: Caller, request: Request) -> HTTPResponse:
        """Make a team."""
        body = read_json(request, shapes.TeamBody)
        return answer(await self._teams.add(caller.agent, body.name), status=201)

    async def remove_team(self, caller: Caller, request: Request, name: str) -> HTTPResponse:
        """Remove a team."""
        await self._teams.remove(caller.agent, known_name(name))
        return HTTPResponse(status=204)

    async def canned(self, caller: Caller, request: Request) -> HTTPResponse:
        """List the canned replies."""
        return answer({"replies": await self._canned.all(caller.agent)})

    async def add_canned(self, caller: Caller, request: Request) -> HTTPResponse:
        """Make a canned reply."""
        return answer(await self._canned.add(caller.agent, _text(request)), status=201)

    async def change_canned(self, caller: Caller, request: Request, reply_id: str) -> HTTPResponse:
        """Change a canned reply."""
        return answer(await self._canned.change(caller.agent, known_name(reply_id), _text(request)))

    async def remove_canned(self, caller: Caller, request: Request, reply_id: str) -> HTTPResponse:
        """Remove a canned reply."""
        await self._canned.remove(caller.agent, known_name(reply_id))
        return HTTPResponse(status=204)


def known_name(written: str) -> str:
    """Return a name or id out of a path, decoded. Raises NotFound for what cannot be one."""
    name = unquote(written)
    if not name or len(name) > _LONGEST or "\0" in name:
        raise NotFound
    return name


def _text(request: Request) -> CannedText:
    body = read_json(request, shapes.CannedBody)
    return CannedText(
        shortcut=body.shortcut, title=body.title, text=body.text, team=body.team, language=body.language
    )

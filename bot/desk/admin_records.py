"""Administration of the desk: opening hours and the audit log."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.desk import admin_shapes as shapes
from bot.desk.admin import READ, WRITE, MakeRoute
from bot.desk.admin_services import Administration
from bot.desk.guard import Caller
from bot.desk.sessions import last_id
from bot.desk.shapes import AuditList
from bot.domain.agents import AuditFilter
from bot.http.bodies import answer, read_json, read_query
from bot.http.routes import Route

CSV = "text/csv; charset=utf-8"


class AdminRecords:
    """Handlers about hours and what was done."""

    def __init__(self, services: Administration) -> None:
        """Let `services` do the work."""
        self._hours, self._log = services.hours, services.log

    def routes(self, base: str, route: MakeRoute) -> list[Route]:
        """Return what is to be served under `base`."""
        tag = "administration"
        return [
            route(
                "GET", f"{base}/hours", self.hours, tag, "Say when people answer",
                answer=shapes.HoursView, errors=READ,
            ),
            route(
                "PUT", f"{base}/hours", self.set_hours, tag, "Set when people answer",
                body=shapes.HoursBody, answer=shapes.HoursView, errors=WRITE,
            ),
            route(
                "GET", f"{base}/audit", self.audit, tag, "Search the audit log, newest first",
                query=shapes.AuditQuery, answer=AuditList, errors=READ,
            ),
            route(
                "GET", f"{base}/audit.csv", self.export, tag, "Export the audit log, newest first",
                query=shapes.AuditExportQuery, answer=str, media="text/csv", errors=READ,
            ),
        ]  # fmt: skip

    async def hours(self, caller: Caller, request: Request) -> HTTPResponse:
        """Say when people answer."""
        return answer(await self._hours.view(caller.agent))

    async def set_hours(self, caller: Caller, request: Request) -> HTTPResponse:
        """Set when people answer."""
        body = read_json(request, shapes.HoursBody)
        return answer(await self._hours.set(caller.agent, body.text))

    async def audit(self, caller: Caller, request: Request) -> HTTPResponse:
        """Return a page of the audit log."""
        query = read_query(request, shapes.AuditQuery)
        entries = await self._log.page(caller.agent, _filter(query), after=query.after, limit=query.limit)
        return answer({"entries": entries, "after": last_id(entries, query.limit)})

    async def export(self, caller: Caller, request: Request) -> None:
        """Send the audit log as a file, while it is being read."""
        query = read_query(request, shapes.AuditExportQuery)
        lines = await self._log.export(caller.agent, _filter(query))
        headers = {"content-disposition": 'attachment; filename="audit.csv"', "cache-control": "no-store"}
        response = await request.respond(content_type=CSV, headers=headers)
        if response is None:
            return
        async for part in lines:
            await response.send(part)
        await response.eof()


def _filter(query: shapes.AuditExportQuery) -> AuditFilter:
    return AuditFilter(
        actor=query.actor,
        conversation_id=query.conversation_id,
        action=query.action,
        since=query.since,
        until=query.until,
        q=query.q.strip(),
    )

"""The page that says what runs here and how to try it: `/`, or `/developers` beside a demo's shop."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path
from string import Template

from sanic import HTTPResponse, Request

from bot.http.files import ServedFile
from bot.http.routes import Route
from bot.web.deps import WebDeps

_PAGE = Path(__file__).parent / "static" / "developers.html"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_SENT_TOO = ' \\\n  -H "Authorization: Bearer $BATON_REST_TOKEN"'


class Landing:
    """Renders the page once."""

    def __init__(self, deps: WebDeps) -> None:
        """Tell the page where it is served and how."""
        self._path = "/" if deps.shop is None else "/developers"
        template = _PAGE.read_text(encoding="utf-8")
        page = Template(template).substitute(
            version=escape(deps.version),
            mode="Demonstration mode: the shop is made up." if deps.demo else "",
            back='<p><a href="/">Back to the shop</a></p>' if deps.shop is not None else "",
            rest=_rest_note(demo=deps.demo),
            url=escape(deps.public_url.rstrip("/")),
            token="" if deps.demo else escape(_SENT_TOO, quote=False),
        )
        self._page = ServedFile(
            page.encode(),
            content_type="text/html; charset=utf-8",
            headers={"content-security-policy": _POLICY.format(digest=_digest(page))},
        )

    @property
    def routes(self) -> list[Route]:
        """Return the page's route."""
        return [
            Route(
                method="GET", path=self._path, handler=self.page, tag="pages", answer=str,
                media="text/html", summary="Say what runs here and how to try it",
            )
        ]  # fmt: skip

    async def page(self, request: Request) -> HTTPResponse:
        """Return the page."""
        return self._page.answer(request)


def _digest(page: str) -> str:
    """Return the hash by which the page's own style is allowed, and no other."""
    style = _STYLE.search(page)
    return base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest()).decode()


def _rest_note(*, demo: bool) -> str:
    if demo:
        return "From this machine, no token is needed in demonstration mode:"
    return "With the token that the operator set as <code>BATON_REST_TOKEN</code>:"

"""The agents' page at `/desk`: plain modules and styles from `static`, served from memory.

All files share one address that changes with their content, so that a browser may keep them for ever and
never mixes two versions. The page itself is asked for anew each time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sanic import HTTPResponse, Request

from bot.domain.errors import NotFound
from bot.http.files import ServedFile
from bot.http.routes import Route

_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_FOR_EVER = "public, max-age=31536000, immutable"
_FIRST = ("main.js",)
"""Modules that the page names itself; the others are told to the browser beforehand."""


class DeskPage:
    """Serves the page and its files; none of them holds anything secret."""

    def __init__(self) -> None:
        """Read the files."""
        found = sorted(path for path in _STATIC.iterdir() if path.suffix in _TYPES)
        files = {path.name: path.read_bytes() for path in found}
        digest = hashlib.sha256(b"".join(name.encode() + content for name, content in files.items()))
        self._version = digest.hexdigest()[:16]
        self._files = {
            path.name: ServedFile(files[path.name], content_type=_TYPES[path.suffix], cache=_FOR_EVER)
            for path in found
        }
        base = f"/desk/assets/{self._version}/"
        page = (_STATIC / "index.html").read_text(encoding="utf-8")
        page = page.replace("{base}", base).replace("{links}", _links(base, list(files)))
        self._page = ServedFile(
            page.encode(),
            content_type="text/html; charset=utf-8",
            headers={"content-security-policy": _POLICY},
        )

    @property
    def routes(self) -> list[Route]:
        """Return what is to be served."""
        return [
            Route(
                method="GET", path="/desk", handler=self.page, tag="pages", answer=str,
                media="text/html", summary="The agents' page",
            ),
            Route(
                method="GET", path="/desk/assets/{version}/{name}", handler=self.file, tag="pages",
                answer=str, media="text/javascript", errors=(404,), summary="A part of the agents' page",
            ),
        ]  # fmt: skip

    async def page(self, request: Request) -> HTTPResponse:
        """Return the page."""
        return self._page.answer(request)

    async def file(self, request: Request, version: str, name: str) -> HTTPResponse:
        """Return one file of the present version."""
        found = self._files.get(name) if version == self._version else None
        if found is None:
            raise NotFound("There is no such file; load the page anew.")
        return found.answer(request)


def _links(base: str, names: list[str]) -> str:
    """Return the lines that let a browser fetch all files at once instead of one after the other."""
    scripts = [name for name in names if name.endswith(".js") and name not in _FIRST]
    styles = [name for name in names if name.endswith(".css")]
    return "\n".join(
        [f'<link rel="stylesheet" href="{base}{name}">' for name in styles]
        + [f'<link rel="modulepreload" href="{base}{name}">' for name in scripts]
    )

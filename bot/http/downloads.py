"""Serves stored files so that nothing in them runs: told types, sandboxed, saved unless an image."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Protocol
from urllib.parse import quote

from sanic import HTTPResponse, Request

from bot.domain.media import Media
from bot.http.bodies import error_answer

_POLICY = "default-src 'none'; sandbox"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Files(Protocol):
    """Reads files."""

    def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `stop`."""
        ...


async def send_file(
    request: Request, media: Media, files: Files, *, seconds: int, cross_origin: bool = False
) -> HTTPResponse | None:
    """Answer with a file, or with the part of it that is asked for.

    A browser may keep it for `seconds`; with none it asks each time whether it may still have it.
    `cross_origin` lets pages of other sites show it.
    """
    headers = _headers(media, seconds=seconds, cross_origin=cross_origin)
    if headers["etag"] in request.headers.getone("if-none-match", ""):
        return HTTPResponse(status=304, headers={n: headers[n] for n in ("etag", "cache-control")})
    start, stop = _span(request, media.size, headers["etag"])
    if start >= stop:
        refused = error_answer(416, "bad_range", "The range lies beyond the file's end.")
        refused.headers["content-range"] = f"bytes */{media.size}"
        return refused
    whole = stop - start == media.size
    if not whole:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{media.size}"
    headers["content-length"] = str(stop - start)
    response: Any = HTTPResponse(
        status=200 if whole else 206, headers=headers, content_type=_content_type(media)
    )
    if request.method == "HEAD":
        return response  # type: ignore[no-any-return]
    response = await request.respond(response)
    async for part in files.read(media, start, stop):
        await response.send(part)
    return None


def _headers(media: Media, *, seconds: int, cross_origin: bool) -> dict[str, str]:
    headers = {
        "accept-ranges": "bytes",
        "cache-control": f"private, max-age={seconds}, immutable" if seconds else "private, no-cache",
        "content-disposition": _disposition(media),
        "content-security-policy": _POLICY,
        "etag": f'"{media.id}"',
    }
    if cross_origin:
        headers["cross-origin-resource-policy"] = "cross-origin"
    return headers


def _disposition(media: Media) -> str:
    """Show images, all of which are pixels and nothing else; have the rest saved."""
    how = "inline" if media.kind == "image" else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in media.name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(media.name, safe='')}"


def _content_type(media: Media) -> str:
    return f"{media.mime}; charset=utf-8" if media.mime.startswith("text/") else media.mime


def _span(request: Request, size: int, etag: str) -> tuple[int, int]:
    """Return from where to before where, which is nothing beyond the end.

    A range of a form that we do not serve is no range.
    """
    found = _RANGE.fullmatch(request.headers.getone("range", "").strip())
    if found is None or request.headers.getone("if-range", etag) != etag or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if first and last and int(last) < start:
        return 0, size
    return start, stop

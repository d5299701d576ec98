"""Files that are read once and served from memory: compressed if wished, and only when they changed."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

from sanic import HTTPResponse, Request

_WORTH_IT = 512
"""Bytes below which compressing saves nothing."""


class ServedFile:
    """One file's content with what a browser needs to keep it."""

    def __init__(
        self,
        content: bytes,
        *,
        content_type: str,
        cache: str = "no-cache",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep `content`; by default a browser asks each time whether it is still the same."""
        self._content, self._content_type = content, content_type
        packed = gzip.compress(content, 9, mtime=0) if len(content) > _WORTH_IT else content
        self._packed = packed if len(packed) < len(content) else None
        digest = hashlib.sha256(content).hexdigest()[:24]
        self._tag, self._packed_tag = f'"{digest}"', f'"{digest}-gz"'
        self._headers = {"cache-control": cache, "vary": "accept-encoding", **(headers or {})}

    def answer(self, request: Request) -> HTTPResponse:
        """Return the file, or 304 to who has it already."""
        packed = self._packed if accepts_gzip(request.headers.getone("accept-encoding", "")) else None
        headers = {**self._headers, "etag": self._packed_tag if packed is not None else self._tag}
        if self._is_known(request.headers.getone("if-none-match", "")):
            return HTTPResponse(status=304, headers=headers)
        if packed is not None:
            headers["content-encoding"] = "gzip"
        return HTTPResponse(packed or self._content, headers=headers, content_type=self._content_type)

    def _is_known(self, tags: str) -> bool:
        known = {self._tag, self._packed_tag, "*"}
        return any(tag.strip().removeprefix("W/") in known for tag in tags.split(","))


def accepts_gzip(header: str) -> bool:
    """Say whether an Accept-Encoding header allows gzip."""
    for item in header.lower().split(","):
        name, _, weight = item.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

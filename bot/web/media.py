"""Files for customers, at signed addresses: no cookie, no token, good for a day or two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from sanic import HTTPResponse, Request

from bot.domain.errors import NotFound
from bot.domain.media import Media
from bot.http.downloads import send_file
from bot.http.routes import Route


class MediaLinks(Protocol):
    """Knows which addresses we have given out."""

    def seconds_left(self, media_id: str, signature: str) -> int:
        """Return how long an address is still good; nought for one that is not."""
        ...


class MediaStore(Protocol):
    """The files."""

    @property
    def links(self) -> MediaLinks:
        """Return the addresses."""
        ...

    async def find(self, found_id: str) -> Media | None:
        """Return what is known of a file that is stored as a whole."""
        ...

    def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `stop`."""
        ...


class MediaPages:
    """Serves what `media` has."""

    def __init__(self, media: MediaStore) -> None:
        """Serve files whose address `media.links` has signed."""
        self._media = media

    @property
    def routes(self) -> Sequence[Route]:
        """Return what is to be served."""
        return [
            Route(
                method="GET", path="/media/{media_id}/{signature}/{name}", handler=self.show, tag="files",
                answer=str, media="application/octet-stream", errors=(404, 416),
                summary="Return a file that a customer may see, by its signed address",
            )
        ]  # fmt: skip

    async def start(self) -> None:
        """Nothing runs beside the requests."""

    async def stop(self) -> None:
        """Nobody waits here."""

    def gauges(self) -> Mapping[str, float]:
        """Return no numbers."""
        return {}

    async def show(self, request: Request, media_id: str, signature: str, name: str) -> HTTPResponse | None:
        """Return the file; the name in the address is for people, the stored one is sent."""
        seconds = self._media.links.seconds_left(media_id, signature)
        media = await self._media.find(media_id) if seconds else None
        if media is None:
            raise NotFound("There is no such file, or its address has expired.")
        return await send_file(request, media, self._media, seconds=seconds, cross_origin=True)

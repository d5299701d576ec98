"""The only network code: one call of the Cloud API at a time, never repeated here.

The token goes to Meta's own hosts in a header and nowhere else: into no address, no log and no error.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from bot.ports import MetricsPort
from connectors.channels.whatsapp import answers
from connectors.channels.whatsapp.account import Account

T = TypeVar("T")
CONNECT_LIMIT, LIMIT = 5.0, 20.0
TRANSFER_LIMIT = 120.0
"""Seconds for a call, and for one that carries a file."""
CONNECTIONS = 64
LONGEST_ANSWER = 1 << 20
FILE_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net", ".whatsapp.com", ".fbcdn.net")
"""Where Meta keeps files; no other host is shown the token."""
NUMBER_FIELDS = "verified_name,display_phone_number,quality_rating,code_verification_status"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NotSent(Exception):
    """The platform certainly has nothing of it: there was no connection."""


class Lost(Exception):
    """The connection broke or was silent too long: the platform may have it or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file to be given to the platform; `size` in bytes."""

    name: str
    mime: str
    size: int
    stream: AsyncIterator[bytes]


class Client:
    """Speaks to the Cloud API for all numbers; counts every call as `whatsapp_calls`."""

    def __init__(self, metrics: MetricsPort) -> None:
        self._metrics = metrics
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make the pool of connections; nothing is asked yet."""
        self._http = httpx.AsyncClient(
            verify=_trust(),
            headers={"Accept-Encoding": "identity", "User-Agent": "baton"},
            timeout=httpx.Timeout(LIMIT, connect=CONNECT_LIMIT),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS // 4),
            follow_redirects=False,
            # Neither proxies nor .netrc of the machine: the settings say everything.
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def post_message(self, account: Account, body: Mapping[str, Any]) -> str:
        """Send a message and return the platform's id of it, "" if it does not say.

        Raises Refused, NotSent or Lost.
        """
        answer = await self._json(
            "send", account, "POST", f"{account.phone_number_id}/messages", answers.Sent, body=body
        )
        return answer.messages[0].id if answer and answer.messages else ""

    async def post_mark(self, account: Account, body: Mapping[str, Any]) -> None:
        """Mark a message as read. Raises Refused, NotSent or Lost."""
        path = f"{account.phone_number_id}/messages"
        await self._json("mark", account, "POST", path, answers.Anything, body=body)

    async def media(self, account: Account, media_id: str) -> answers.Media:
        """Ask where a file is; the address is good for five minutes. Raises Refused, NotSent or Lost."""
        path = f"{media_id}?phone_number_id={account.phone_number_id}"
        found = await self._json("media", account, "GET", path, answers.Media)
        if found is None:
            raise Lost
        return found

    async def number(self, account: Account) -> answers.Number:
        """Ask what the platform says of our number. Raises Refused, NotSent or Lost."""
        path = f"{account.phone_number_id}?fields={NUMBER_FIELDS}"
        return await self._json("number", account, "GET", path, answers.Number) or answers.Number()

    async def upload(self, account: Account, file: Upload) -> str:
        """Give the platform a file and return its id. Raises Refused, NotSent or Lost."""
        boundary = secrets.token_hex(16)
        before, after = _form(file, boundary)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(before) + file.size + len(after)),
        }
        found = await self._json(
            "upload",
            account,
            "POST",
            f"{account.phone_number_id}/media",
            answers.Uploaded,
            content=_framed(before, file.stream, after),
            headers=headers,
            limit=TRANSFER_LIMIT,
        )
        if found is None:
            raise Lost
        return found.id

    async def download(self, account: Account, url: str) -> AsyncIterator[bytes]:
        """Yield a file's content. Raises NotSent or Lost; also for a host that is not Meta's."""
        if not _is_metas(url, account):
            raise NotSent
        # No limit for all of it: whoever reads it has one, and may be slow to take the pieces.
        async with self._stream("file", account, "GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise Lost
            async for piece in response.aiter_raw():
                yield piece

    async def _json(
        self,
        what: str,
        account: Account,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: Mapping[str, Any] | None = None,
        limit: float = LIMIT,
        **more: Any,
    ) -> T | None:
        """Return the answer, or None for a success that cannot be read."""
        if body is not None:
            more = {"content": msgspec.json.encode(body), "headers": {"Content-Type": "application/json"}}
        try:
            async with (
                asyncio.timeout(limit),
                self._stream(what, account, method, f"{account.base}/{path}", **more) as response,
            ):
                content = await _bounded(response)
        except TimeoutError:
            raise Lost from None
        if response.is_success:
            return answers.read(content, kind)
        raise answers.refusal(response.status_code, content)

    @asynccontextmanager
    async def _stream(
        self, what: str, account: Account, method: str, url: str, **more: Any
    ) -> AsyncIterator[httpx.Response]:
        if self._http is None:
            raise RuntimeError("the client is not started")
        headers = {"Authorization": f"Bearer {account.token.reveal()}", **more.pop("headers", {})}
        told = "given_up"
        try:
            async with self._http.stream(method, url, headers=headers, **more) as response:
                told = str(response.status_code)
                yield response
        except _NOT_SENT as error:
            told = type(error).__name__
            raise NotSent from None
        except httpx.TransportError as error:
            told = type(error).__name__
            raise Lost from None
        finally:
            self._metrics.count("whatsapp_calls", what=what, outcome=told)


@cache
def _trust() -> ssl.SSLContext:
    """Return the public authorities; to read them takes longer than all else at a start."""
    return httpx.create_ssl_context(trust_env=False)


def _is_metas(url: str, account: Account) -> bool:
    """Say whether an address is where the token may go: Meta's hosts, or the one that we call anyway."""
    try:
        parts, own = urlsplit(url), urlsplit(account.api_url)
        if (parts.scheme, parts.hostname, parts.port) == (own.scheme, own.hostname, own.port):
            return True
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme == "https" and f".{host}".endswith(FILE_HOSTS) and parts.port in (None, 443)


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > LONGEST_ANSWER:
            raise Lost
    return bytes(body)


def _form(file: Upload, boundary: str) -> tuple[bytes, bytes]:
    """Return what stands before and after the file's bytes: the whole is not kept in memory."""
    name = "".join("_" if c in '"\\' or not c.isprintable() else c for c in file.name) or "file"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in (("messaging_product", "whatsapp"), ("type", file.mime))
    )
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"{fields}--{boundary}\r\n{disposition}\r\nContent-Type: {file.mime}\r\n\r\n"
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


async def _framed(before: bytes, stream: AsyncIterator[bytes], after: bytes) -> AsyncIterator[bytes]:
    yield before
    async for piece in stream:
        yield piece
    yield after

"""The network half of the terminal chat: sends messages, follows the conversation, survives outages."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec

from bot.domain.errors import BotError
from bot.domain.ids import new_secret

POLL_SECONDS = 25.0
_RETRY_SECONDS = (0.3, 8.0)


class ChatFailed(BotError):
    """The server refuses the chat, or stayed away for too long."""

    code = "chat"


class Button(msgspec.Struct):
    """A choice."""

    title: str
    payload: str


class Attachment(msgspec.Struct):
    """A picture or a file."""

    kind: str
    url: str
    name: str = ""


class Entry(msgspec.Struct):
    """One message of the conversation."""

    seq: int
    author: str
    text: str = ""
    author_name: str = ""
    buttons: list[Button] | None = None
    attachments: list[Attachment] | None = None


class Page(msgspec.Struct):
    """What came after a number, and who answers now."""

    messages: list[Entry]
    last: int
    owner: str


class ChatClient:
    """One customer of one server. `patience` is how many seconds an outage may last, None for any.

    `identity` signs a token that says who the customer is.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        token: str = "",
        identity: Callable[[], str] | None = None,
        patience: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.sender = sender
        self.connected = True
        self.patience = patience
        self._identity = identity
        self.on_outage: Callable[[str], None] = lambda trouble: None
        """Told once an outage what is wrong, while the client goes on trying."""
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(60.0, connect=5.0),
            transport=transport,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def send(self, text: str) -> bool:
        """Send a message, again after an outage; say whether its answer has been given.

        The message has an id, so that it counts once however often it is sent. Raises ChatFailed.
        """
        body = {"sender": self.sender, "message": text, "message_id": new_secret(12)}

        def post() -> Any:
            signed = {"identity": self._identity()} if self._identity else {}  # anew: an outage may be long
            return self._http.post("/webhooks/rest/webhook", json=body | signed)

        answer = await self._ask(post)
        return bool(answer.headers.get("x-baton-pending") != "1")

    async def page(self, after: int, wait: float = 0.0) -> Page:
        """Return what came after a number, waiting for it for some seconds. Raises ChatFailed."""
        query: dict[str, Any] = {"sender": self.sender, "after": after, "wait": wait}
        answer = await self._ask(lambda: self._http.get("/webhooks/rest/messages", params=query))
        try:
            return msgspec.json.decode(answer.content, type=Page)
        except msgspec.MsgspecError as error:
            raise ChatFailed(
                f"{self._http.base_url} does not speak Baton's REST channel: {error}"
            ) from error

    async def follow(self, after: int) -> AsyncIterator[Page]:
        """Yield pages as they come, without end."""
        while True:
            page = await self.page(after, POLL_SECONDS)
            after = max(after, page.last)
            yield page

    async def _ask(self, request: Callable[[], Any]) -> httpx.Response:
        """Ask until there is an answer that is neither an outage nor a rate limit."""
        delay, longest = _RETRY_SECONDS
        began = asyncio.get_running_loop().time()
        while True:
            answer, trouble = await self._once(request)
            if answer is None and self.connected:
                self.on_outage(trouble)
            self.connected = answer is not None
            if answer is not None and answer.status_code not in {429, 502, 503, 504}:
                return _checked(answer)
            waited = asyncio.get_running_loop().time() - began
            if self.patience is not None and waited >= self.patience:
                raise ChatFailed(trouble or _message(answer))
            await asyncio.sleep(_retry_after(answer) or delay * random.uniform(0.5, 1.0))  # noqa: S311
            delay = min(longest, delay * 2)

    async def _once(self, request: Callable[[], Any]) -> tuple[httpx.Response | None, str]:
        try:
            return await request(), ""
        except httpx.TransportError as error:
            what = str(error) or type(error).__name__
            return None, f"No server answers at {self._http.base_url} ({what}). Start one with: make run"


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise ChatFailed(_message(answer), status=answer.status_code)


def _message(answer: httpx.Response | None) -> str:
    """Return what the server says is wrong, from its error shape if it has that."""
    if answer is None:
        return "No answer."
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answers with status {answer.status_code}."


def _retry_after(answer: httpx.Response | None) -> float:
    value = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(30.0, float(value)) if value.isdigit() else 0.0

"""What the tests of the fake Telegram share: a bot's plain calls."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import httpx

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 40, 30) + bytes(9)
"""The beginning of a picture of 40 by 30."""


def button(data: str = "x", text: str = "Yes") -> dict[str, str]:
    """Return an inline button."""
    return {"text": text, "callback_data": data}


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return inline buttons for a message."""
    return {"inline_keyboard": list(rows)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the platform said to one call."""

    status: int
    body: dict[str, Any]

    @property
    def result(self) -> Any:
        """Return the result of a call that must have been carried out."""
        assert self.body["ok"] is True, self.body
        assert self.status == 200
        return self.body["result"]

    @property
    def error(self) -> str:
        """Return the words of a refusal."""
        assert self.body["ok"] is False, self.body
        assert self.body["error_code"] == self.status
        return str(self.body["description"])

    @property
    def retry_after(self) -> int:
        """Return how long to wait."""
        seconds = self.body["parameters"]["retry_after"]
        assert self.error == f"Too Many Requests: retry after {seconds}"
        return int(seconds)


class Api:
    """A bot without a library: `await api("sendMessage", chat_id=1, text="hi")`."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client, self.token = client, token

    async def __call__(self, method: str, *, files: Any = None, **values: Any) -> Answer:
        """Make a call: with JSON, or as a form when there are files."""
        how: dict[str, Any] = {"data": values, "files": files} if files else {"json": values}
        return answer(await self.client.post(f"/bot{self.token}/{method}", **how))


def answer(response: httpx.Response) -> Answer:
    """Read an answer."""
    return Answer(status=response.status_code, body=response.json())

"""An agent at the desk, through the agents' API."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from tests.browser.serve import PASSWORD
from tests.browser.server import Server, until


class Desk:
    """What one agent does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._ids = itertools.count(1)

    @classmethod
    async def open(cls, server: Server, login: str = "ana") -> Desk:
        """Sign in and take work."""
        desk = cls(httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=20.0, trust_env=False))
        signed = await desk.call("POST", "/session", email=f"{login}@example.com", password=PASSWORD)
        desk.client.headers["x-csrf-token"] = signed["csrf"]
        await desk.online()
        return desk

    async def online(self) -> None:
        """Take work."""
        await self.call("PUT", "/me/availability", state="online")

    async def close(self) -> None:
        """Leave; the server may be gone already."""
        await self.client.aclose()

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """Ask the API; anything but a success fails the test with what it said."""
        response = await self.client.request(method, path, json=body if method != "GET" else None)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def find(self, text: str, owner: str = "queue") -> Case:
        """Wait for the conversation in which `text` was written, and return it."""

        async def look() -> str:
            for found in (await self.call("GET", f"/conversations?owner={owner}&limit=200"))[
                "conversations"
            ]:
                said = (await self.call("GET", f"/conversations/{found['id']}/messages"))["messages"]
                if any(text in message["text"] for message in said):
                    return str(found["id"])
            return ""

        return Case(self, await until(look, f"a conversation with {text!r} in {owner}"))


class Case:
    """One conversation as the agent has it."""

    def __init__(self, desk: Desk, conversation: str) -> None:
        self.desk = desk
        self.id = conversation
        self._ids = itertools.count(1)

    async def do(self, word: str, **body: Any) -> Any:
        """Claim, release, resolve and so on."""
        return await self.desk.call("POST", f"/conversations/{self.id}/{word}", **body)

    async def claim(self) -> Case:
        """Take it."""
        await self.do("claim")
        return self

    async def say(self, text: str, **more: Any) -> Any:
        """Write to the customer."""
        return await self.do("messages", text=text, client_id=f"d{next(self._ids)}", **more)

    async def send_file(self, name: str, content: bytes, text: str = "") -> Any:
        """Send a file, with or without words."""
        response = await self.desk.client.post(
            f"/conversations/{self.id}/files", params={"name": name}, content=content
        )
        assert response.is_success, response.text
        return await self.say(text, files=[response.json()["id"]])

    async def read(self) -> None:
        """Say that all of it was read."""
        last = (await self.messages())[-1]["seq"]
        await self.do("read", seq=last)

    async def messages(self) -> list[dict[str, Any]]:
        """Return all entries, notes and events included."""
        answer = await self.desk.call("GET", f"/conversations/{self.id}/messages")
        found: list[dict[str, Any]] = answer["messages"]
        return found

    async def texts(self, author: str = "customer") -> list[str]:
        """Return what was written by the customer, or by another."""
        return [message["text"] for message in await self.messages() if message["author"] == author]

    async def view(self) -> dict[str, Any]:
        """Return it with customer and packet."""
        found: dict[str, Any] = await self.desk.call("GET", f"/conversations/{self.id}")
        return found

"""Files and read marks as agents use them; what the role does not allow is refused here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from bot.domain.agents import Agent, Permission
from bot.domain.errors import NotFound
from bot.domain.media import Media
from bot.ports import Store
from bot.services.desk_views import get_conversation, require
from bot.services.feedback import Feedback
from bot.services.media import MediaStore
from bot.services.packet import file_json


class DeskFiles:
    """Every call names the agent who makes it."""

    def __init__(self, *, store: Store, media: MediaStore, feedback: Feedback) -> None:
        """Keep files in `media`, read marks by `feedback`."""
        self._store, self._media, self._feedback = store, media, feedback

    @property
    def max_bytes(self) -> int:
        """Return how large a file may be."""
        return self._media.max_bytes

    async def keep(
        self, agent: Agent, conversation_id: str, stream: AsyncIterator[bytes], *, name: str
    ) -> dict[str, Any]:
        """Take a file in, to be sent in this conversation within a day.

        Raises UnknownConversation, TooLarge, UnsupportedFile.
        """
        require(agent, Permission.ANSWER)
        await self._store.read(lambda tx: get_conversation(tx, conversation_id))
        kept = await self._media.keep_for_agent(
            stream, name=name, agent_id=agent.id, conversation_id=conversation_id
        )
        return file_json(kept)

    async def open(self, agent: Agent, media_id: str) -> Media:
        """Return a file that is in a conversation, or an upload of the agent's own. Raises NotFound."""
        require(agent, Permission.READ)
        media = await self._media.find(media_id)
        if media is None or (not media.message_seq and media.agent_id != agent.id):
            raise NotFound("There is no such file.")
        return media

    def read(self, media: Media, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `stop`."""
        return self._media.read(media, start, stop)

    async def mark_read(self, agent: Agent, conversation_id: str, seq: int) -> dict[str, int]:
        """Note how far the agent has read; only the owner's reading counts. Raises UnknownConversation."""
        require(agent, Permission.READ)
        marks = await self._feedback.agent_read(agent, conversation_id, seq)
        return {"customer_read": marks.customer, "agent_read": marks.agent}

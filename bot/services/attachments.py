"""How stored files come into messages: only those of the sender, and each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain.conversation import Conversation
from bot.domain.errors import UnknownFile
from bot.domain.media import SCHEME, Media, media_id
from bot.domain.message import Attachment
from bot.ports import Tx


async def bind(
    tx: Tx,
    attachments: Sequence[Attachment],
    conversation: Conversation,
    theirs: Callable[[Media], bool],
) -> tuple[Attachment, ...]:
    """Make stored files part of the conversation's next message; return them as they are stored.

    Raises:
        UnknownFile: one is not there, not `theirs`, or in a message already.
    """
    bound = []
    for attachment in attachments:
        found_id = media_id(attachment)
        if not found_id:
            bound.append(attachment)
            continue
        bound.append(claimed(await tx.media(found_id), theirs))
        if not await tx.bind_media(found_id, conversation.id, conversation.seq + 1):
            raise UnknownFile(field="files")
    return tuple(bound)


async def bind_uploads(
    tx: Tx, ids: Sequence[str], conversation: Conversation, agent_id: str
) -> tuple[Attachment, ...]:
    """Make what an agent has uploaded to this conversation part of its next message; see `bind`."""
    attachments = [Attachment(kind="file", url=SCHEME + one) for one in dict.fromkeys(ids)]
    here = (conversation.id, agent_id)
    return await bind(tx, attachments, conversation, lambda m: (m.conversation_id, m.agent_id) == here)


def claimed(media: Media | None, theirs: Callable[[Media], bool]) -> Attachment:
    """Return the attachment of a whole file that is `theirs`. Raises UnknownFile."""
    if media is None or not media.ready or not theirs(media):
        raise UnknownFile(field="files")
    return media.attachment

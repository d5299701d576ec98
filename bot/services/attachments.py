"""How stored files come into messages: only those of the sender, and each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from bot.domain.conversation import Conversation
from bot.domain.errors import UnknownFile
from bot.domain.media import SCHEME, Media, media_id
from bot.domain.message import Attachment, Author, Message
from bot.ports import Tx

FILES_NOTICE_EVERY = timedelta(seconds=60)
"""How soon a customer hears again what becomes of files without words."""


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


def told_of_files(last: list[Message], now: datetime, kinds: Collection[str]) -> bool:
    """Say whether the newest entries are files of these kinds alone, and just before them our words on
    such files. A spoken message after a picture is another matter than a second picture.
    """
    while last and _is_only_files(last[-1]) and _same(last[-1], kinds):
        last = last[:-1]
    if len(last) > 1 and not _same(last[-2], kinds):
        return False
    answered = len(last) > 1 and last[-1].author is Author.SYSTEM and last[-1].visible_to_customer
    return answered and _is_only_files(last[-2]) and now - last[-1].created_at < FILES_NOTICE_EVERY


def _same(message: Message, kinds: Collection[str]) -> bool:
    return any(attachment.kind in kinds for attachment in message.attachments)


def _is_only_files(message: Message) -> bool:
    return message.author is Author.CUSTOMER and bool(message.attachments) and not message.text

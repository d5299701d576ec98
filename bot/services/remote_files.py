"""Files that a platform still has: noted with the message, fetched afterwards, whatever crashes between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.media import remote_ref
from bot.domain.message import Attachment, Author, InboundMessage, Message
from bot.domain.work import Timer, TimerKind
from bot.ports import Tx

ALBUM = "album"
"""Where a customer message notes which album it is (in `Message.custom`)."""
MAX_IN_ALBUM = 10
"""Telegram puts at most so many files into an album."""
LOOKED_AT = 10


async def to_fetch(
    tx: Tx, message: Message, where: tuple[str, str, str], now: datetime, *, first: int = 0
) -> None:
    """See to it that the files of a message are fetched; those before `first` were seen to already.

    `where` is channel, account and address.
    """
    for place, attachment in enumerate(message.attachments):
        if place >= first and remote_ref(attachment):
            timer = Timer(
                conversation_id=message.conversation_id,
                kind=TimerKind.FETCH_FILE,
                due_at=now,
                name=f"{message.seq}.{place}",
                payload=dict(zip(("channel", "account", "address"), where, strict=True)),
            )
            await tx.set_timer(timer)


async def album_of(tx: Tx, conversation_id: str, inbound: InboundMessage) -> Message | None:
    """Return the message that an album has begun with; words of their own make another message."""
    if not inbound.album or inbound.text.strip():
        return None
    recent = await tx.last_messages(conversation_id, limit=LOOKED_AT)
    for message in reversed(recent):
        mine = message.author is Author.CUSTOMER and (message.custom or {}).get(ALBUM) == inbound.album
        if mine and len(message.attachments) < MAX_IN_ALBUM:
            return message
    return None


def place_of(timer: Timer) -> tuple[int, int]:
    """Return the message's number and the file's place in it."""
    seq, _, place = timer.name.partition(".")
    return int(seq), int(place)


def with_file(attachments: Sequence[Attachment], place: int, new: Attachment) -> tuple[Attachment, ...]:
    """Return the files of a message with one of them replaced."""
    return tuple(new if index == place else old for index, old in enumerate(attachments))

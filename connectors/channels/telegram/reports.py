"""Reads what customers do to messages and to the bot. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bot.domain.arrival import Edited, Reach, Reaction
from connectors.channels.telegram import wire
from connectors.channels.telegram.parsed import NAME, PRIVATE, Parsed, external_id, passed, time_of

NO_EMOJI = "✨"
"""Stands for a reaction with a picture that is no emoji."""


def read_edited(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Return what a message says now."""
    try:
        message = _MESSAGE.decode(raw)
    except msgspec.DecodeError:
        return passed(update_id, account, "malformed_edit")
    if message.chat.type != PRIVATE:
        return passed(update_id, account, "group")
    if message.location is not None:
        return passed(update_id, account, "live_location")  # it moves every few seconds
    text = message.text or message.caption
    if not text:
        return passed(update_id, account, "edit_without_words")
    report = Edited(
        channel=NAME,
        account=account,
        address=str(message.chat.id),
        key=f"edit:{update_id}:{message.message_id}",
        at=time_of(message.edit_date, now),
        external_id=external_id(message.chat.id, message.message_id),
        text=text,
    )
    return Parsed(update_id=update_id, arrivals=(report,))


def read_membership(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Return whether the bot was blocked, let in again, or taken into a group."""
    try:
        change = _MEMBERSHIP.decode(raw)
    except msgspec.DecodeError:
        return passed(update_id, account, "malformed_membership")
    status = change.new_chat_member.status
    if change.chat.type != PRIVATE:
        added = status in ("member", "administrator") and change.chat.type != "channel"
        return passed(update_id, account, "group", change.chat.id if added else None)
    if status not in ("kicked", "member"):
        return passed(update_id, account, "membership")
    report = Reach(
        channel=NAME,
        account=account,
        address=str(change.chat.id),
        key=f"reach:{update_id}",
        at=time_of(change.date, now),
        reachable=status == "member",
    )
    return Parsed(update_id=update_id, arrivals=(report,))


def read_reacted(update_id: int, raw: msgspec.Raw, account: str, now: datetime) -> Parsed:
    """Return what emoji stand on a message now."""
    try:
        reacted = _REACTED.decode(raw)
    except msgspec.DecodeError:
        return passed(update_id, account, "malformed_reaction")
    if reacted.chat.type != PRIVATE:
        return passed(update_id, account, "group")
    report = Reaction(
        channel=NAME,
        account=account,
        address=str(reacted.chat.id),
        key=f"reaction:{update_id}",
        at=time_of(reacted.date, now),
        external_id=external_id(reacted.chat.id, reacted.message_id),
        emoji="".join(one.emoji or NO_EMOJI for one in reacted.new_reaction)[:32],
    )
    return Parsed(update_id=update_id, arrivals=(report,))


_MESSAGE = msgspec.json.Decoder(wire.Message)
_MEMBERSHIP = msgspec.json.Decoder(wire.Membership)
_REACTED = msgspec.json.Decoder(wire.Reacted)

"""What the kinds of Telegram messages mean as a message of ours. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.media import REMOTE
from bot.domain.message import Attachment, IdentityClaim, Location
from connectors.channels.telegram import wire

_FILES = (
    ("document", "file", "document"),
    ("voice", "audio", "voice.ogg"),
    ("audio", "audio", "audio"),
    ("video", "video", "video.mp4"),
    ("video_note", "video", "video.mp4"),
)
"""Field, our kind, and the name of a file that has none. An animation comes as a document as well."""
BESIDE = frozenset(
    {
        "author_signature", "business_connection_id", "caption_entities", "chat", "date",
        "direct_messages_topic", "edit_date", "effect_id", "entities", "external_reply", "forward_date",
        "forward_from", "forward_from_chat", "forward_from_message_id", "forward_origin",
        "forward_sender_name", "forward_signature", "from", "guest_bot_caller_chat",
        "guest_bot_caller_user", "guest_query_id", "has_media_spoiler", "has_protected_content",
        "is_automatic_forward", "is_from_offline", "is_paid_post", "is_topic_message",
        "link_preview_options", "media_group_id", "message_id", "message_thread_id", "paid_star_count",
        "quote", "reply_markup", "reply_to_checklist_task_id", "reply_to_message",
        "reply_to_poll_option_id", "reply_to_story", "sender_boost_count", "sender_business_bot",
        "sender_chat", "sender_tag", "show_caption_above_media", "suggested_post_info", "via_bot",
    }
)  # fmt: skip
"""Fields that stand beside a message's content."""
SERVICE = frozenset(
    {
        "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed",
        "chat_owner_left", "chat_shared", "checklist_tasks_added", "checklist_tasks_done",
        "connected_website", "delete_chat_photo", "direct_message_price_changed", "forum_topic_closed",
        "forum_topic_created", "forum_topic_edited", "forum_topic_reopened",
        "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent",
        "giveaway_completed", "giveaway_created", "group_chat_created", "left_chat_member",
        "managed_bot_created", "message_auto_delete_timer_changed", "migrate_from_chat_id",
        "migrate_to_chat_id", "new_chat_members", "new_chat_photo", "new_chat_title",
        "paid_message_price_changed", "pinned_message", "poll_option_added", "poll_option_deleted",
        "proximity_alert_triggered", "refunded_payment", "successful_payment",
        "suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined",
        "suggested_post_paid", "suggested_post_refunded", "supergroup_chat_created", "unique_gift",
        "users_shared", "video_chat_ended", "video_chat_participants_invited", "video_chat_scheduled",
        "video_chat_started", "web_app_data", "write_access_allowed",
    }
)  # fmt: skip
"""What Telegram tells by itself; nobody has written it."""
_PASSED_ON = frozenset({"forward_date", "forward_origin", "via_bot"})
_LEAST_DIGITS, _MOST_DIGITS = 7, 15
"""How long telephone numbers are, with the country's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """The content of a message. Exactly one of `unsupported` and `ignored` is set when there is none."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    identity: IdentityClaim | None = None
    aside: bool = False
    """The text only names what came."""
    unsupported: str = ""
    ignored: str = ""


def meaning(message: wire.Message, fields: Collection[str]) -> Meaning:
    """Return what a message says; `fields` are the names of everything that it has."""
    if message.text:
        return Meaning(text=message.text)
    if files := _attachments(message):
        return Meaning(text=message.caption or "", attachments=files)
    if message.venue is not None or message.location is not None:
        return Meaning(location=_place(message))
    if message.contact is not None:
        return _contact(message.contact, message.sender, passed_on=not _PASSED_ON.isdisjoint(fields))
    if message.sticker is not None and message.sticker.emoji:
        return Meaning(text=message.sticker.emoji)
    if message.caption:
        return Meaning(text=message.caption)  # words under something that we do not know
    return _nothing(set(fields) - BESIDE - {"text", "caption"})


def _nothing(content: set[str]) -> Meaning:
    if service := sorted(content & SERVICE):
        return Meaning(ignored=service[0])
    known = sorted(name for name in content if name.isascii() and name.isidentifier())
    return Meaning(unsupported=known[0][:32]) if known else Meaning(ignored="empty_message")


def _attachments(message: wire.Message) -> tuple[Attachment, ...]:
    if message.photo:
        # The same picture in several sizes, the largest last.
        return (_file(message.photo[-1], "image", "photo.jpg", mime="image/jpeg"),)
    for name, kind, called in _FILES:
        file: wire.File | None = getattr(message, name)
        if file is not None:
            return (_file(file, kind, called),)
    return (_file(message.animation, "video", "animation.mp4"),) if message.animation else ()


def _file(file: wire.File, kind: str, called: str, *, mime: str = "") -> Attachment:
    mime = (file.mime_type or mime).partition(";")[0].strip().lower()
    if kind == "file" and mime.startswith("image/"):
        kind = "image"
    return Attachment(
        kind=kind,
        url=f"{REMOTE}{file.file_id}",
        name=file.file_name or called,
        mime=mime,
        size=file.file_size,
    )


def _place(message: wire.Message) -> Location | None:
    venue = message.venue
    at = venue.location if venue else message.location
    if at is None:
        return None
    return Location(
        latitude=at.latitude,
        longitude=at.longitude,
        name=(venue.title if venue else "") or "",
        address=(venue.address if venue else "") or "",
    )


def _contact(contact: wire.Contact, sender: wire.User | None, *, passed_on: bool) -> Meaning:
    """Take a card; only the sender's own says who they are: anybody can pass on anybody's."""
    phone = "".join(c for c in contact.phone_number or "" if c in "0123456789")
    phone = f"+{phone}" if phone else ""
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    text = "👤 " + " · ".join(part for part in (name, phone) if part)
    long_enough = _LEAST_DIGITS <= len(phone) - 1 <= _MOST_DIGITS
    own = sender is not None and contact.user_id == sender.id and long_enough and not passed_on
    claim = IdentityClaim(trust="channel", name=name, phone=phone) if own else None
    return Meaning(text=text, identity=claim, aside=True)

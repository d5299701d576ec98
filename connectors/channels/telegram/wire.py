"""What Telegram's updates look like, as far as we read them. Unknown fields are passed over.

Nearly everything may be missing, and each release of the Bot API adds kinds.
"""

from __future__ import annotations

import msgspec

Raw = msgspec.Raw
NOTHING = Raw(b"null")


class Chat(msgspec.Struct):
    """Where something was written."""

    id: int
    type: str = ""


class User(msgspec.Struct):
    """Who wrote it."""

    id: int
    is_bot: bool = False
    first_name: str | None = None
    last_name: str | None = None
    language_code: str | None = None

    @property
    def name(self) -> str:
        """Return the name that they have given themselves."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class File(msgspec.Struct):
    """A file that Telegram keeps; `file_id` is ours alone."""

    file_id: str
    file_size: int | None = None
    file_name: str | None = None
    mime_type: str | None = None


class Sticker(msgspec.Struct):
    """A sticker stands for an emoji."""

    emoji: str | None = None


class Location(msgspec.Struct):
    """A place, in degrees; a live one moves."""

    latitude: float
    longitude: float
    live_period: int | None = None


class Venue(msgspec.Struct):
    """A place with a name."""

    location: Location
    title: str | None = None
    address: str | None = None


class Contact(msgspec.Struct):
    """A card; whose it is says `user_id`."""

    phone_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    user_id: int | None = None


class Quoted(msgspec.Struct):
    """The message that this one answers."""

    message_id: int


class Message(msgspec.Struct, rename={"sender": "from"}):
    """A message of any kind."""

    message_id: int
    chat: Chat
    sender: User | None = None
    date: int = 0
    edit_date: int | None = None
    media_group_id: str | None = None
    text: str | None = None
    caption: str | None = None
    photo: list[File] | None = None
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: Sticker | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    reply_to_message: Quoted | None = None


class Placed(msgspec.Struct):
    """The message that a button hangs on; of an old one only this is left."""

    message_id: int
    chat: Chat
    date: int = 0


class Callback(msgspec.Struct, rename={"sender": "from"}):
    """A pressed button."""

    id: str
    sender: User
    message: Placed | None = None
    data: str | None = None


class Member(msgspec.Struct):
    """What the bot is in a chat."""

    status: str = ""


class Membership(msgspec.Struct, rename={"sender": "from"}):
    """The bot was blocked, unblocked, added or removed."""

    chat: Chat
    sender: User | None = None
    date: int = 0
    new_chat_member: Member = msgspec.field(default_factory=Member)


class Emoji(msgspec.Struct):
    """One emoji on a message."""

    type: str = ""
    emoji: str | None = None


class Reacted(msgspec.Struct):
    """What emoji somebody has put on a message now."""

    chat: Chat
    message_id: int
    date: int = 0
    user: User | None = None
    new_reaction: list[Emoji] = msgspec.field(default_factory=list)


class Update(msgspec.Struct):
    """One thing that happened; at most one of the fields is there."""

    update_id: int
    message: Raw = NOTHING
    edited_message: Raw = NOTHING
    callback_query: Raw = NOTHING
    my_chat_member: Raw = NOTHING
    message_reaction: Raw = NOTHING

"""A person with Telegram on a phone: what they write and press goes to the bot as updates."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_telegram import entities, files, payloads
from tests.fake_telegram.chats import Chat
from tests.fake_telegram.files import File
from tests.fake_telegram.payloads import User
from tests.fake_telegram.shown import Query, Said, Shown

if TYPE_CHECKING:
    from tests.fake_telegram.bot import Bot

_albums = itertools.count(13_800_000_000_000_001)


class Customer:
    """One person in one chat with one bot.

    Each act returns once the bot's webhook has been told, or could not be reached the first time; bots
    that poll are told when they ask.
    """

    def __init__(self, bot: Bot, user: User, chat: Chat) -> None:
        self.bot, self.user, self.chat = bot, user, chat

    # --- what this person sees -----------------------------------------------------------------

    @property
    def seen(self) -> list[Shown]:
        """Return every message of the bot, in the order in which it reached the chat."""
        return self.chat.shown

    @property
    def texts(self) -> list[str]:
        """Return the words of everything seen."""
        return [shown.text for shown in self.seen]

    @property
    def said(self) -> list[Said]:
        """Return what was done in this chat."""
        return self.chat.said

    @property
    def sees_typing(self) -> bool:
        """Say whether "typing" is shown now."""
        return self.chat.typing(self.now)

    @property
    def spinning(self) -> list[Query]:
        """Return the presses that the bot has not answered."""
        return [q for q in self.bot.queries.values() if q.user == self.user.id and not q.answered]

    @property
    def now(self) -> datetime:
        return self.bot.fake.clock.now()

    # --- messages ------------------------------------------------------------------------------

    async def write(self, text: str, *, quote: int = 0, **more: Any) -> Said:
        """Write a text; `quote` is the id of a message."""
        content: dict[str, Any] = {"text": text}
        if marks := entities.commands(text):
            content["entities"] = marks
        return await self.act("text", content | self._quoted(quote) | more)

    async def start(self, payload: str = "") -> Said:
        """Press Start, perhaps behind a link with a payload."""
        return await self.write(f"/start {payload}".strip())

    async def tap(self, key: str) -> Said:
        """Tap a key of the reply keyboard: it is a text like any other."""
        assert any(key in shown.keys for shown in self.seen), key
        return await self.write(key)

    async def photo(self, data: bytes, caption: str = "", **more: Any) -> Said:
        """Send a picture; the platform makes smaller ones of it."""
        return await self._file("photo", data, caption=caption, more=more)

    async def document(
        self, data: bytes, name: str = "invoice.pdf", caption: str = "", *, mime: str = "application/pdf",
        size: int = 0, **more: Any,
    ) -> Said:  # fmt: skip
        """Send a document; with `size` it says to be that big."""
        return await self._file(
            "document", data, name=name, mime=mime, caption=caption, size=size, more=more
        )

    async def voice(self, data: bytes, **more: Any) -> Said:
        """Say something."""
        return await self._file("voice", data, more=more)

    async def video(self, data: bytes, caption: str = "", **more: Any) -> Said:
        """Send a film."""
        return await self._file(
            "video", data, name="film.mp4", mime="video/mp4", caption=caption, more=more
        )

    async def audio(self, data: bytes, **more: Any) -> Said:
        """Send a piece of music."""
        return await self._file("audio", data, name="song.mp3", mime="audio/mpeg", more=more)

    async def sticker(self, emoji: str = "👍") -> Said:
        """Send a sticker."""
        about = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        file = self._kept("sticker", b"RIFF\x00\x00\x00\x00WEBP")
        return await self.act("sticker", {"sticker": file.told(**about, emoji=emoji, set_name="Tests")})

    async def album(
        self, pictures: Sequence[bytes], caption: str = "", *, kind: str = "photo"
    ) -> list[Said]:
        """Send pictures as one: they come one by one, with an album's id and no end; the first has the words."""
        assert 2 <= len(pictures) <= 10, "an album has 2 to 10 parts"
        group = {"media_group_id": str(next(_albums))}
        return [
            await self._file(kind, data, caption=caption if number == 0 else "", more=group)
            for number, data in enumerate(pictures)
        ]

    async def location(
        self, latitude: float, longitude: float, *, title: str = "", address: str = ""
    ) -> Said:
        """Send a place; one with a title is a venue."""
        place = {"latitude": latitude, "longitude": longitude}
        if not title:
            return await self.act("location", {"location": place})
        venue = {"location": place, "title": title, "address": address}
        return await self.act("venue", {"location": place, "venue": venue})

    async def contact(self, phone: str = "491511234567", *, own: bool = True, name: str = "") -> Said:
        """Share a contact: one's own has the sender's id, others' have another or none."""
        card: dict[str, Any] = {"phone_number": phone, "first_name": name or self.user.first_name}
        if own:
            card["user_id"] = self.user.id
        return await self.act("contact", {"contact": card})

    async def poll(self, question: str = "Pizza?") -> Said:
        """Send a poll, which a bot for support has no use for."""
        options = [
            {"text": t, "voter_count": 0, "persistent_id": str(n)} for n, t in enumerate(("Yes", "No"))
        ]
        no = ("is_closed", "allows_multiple_answers", "allows_revoting", "members_only")
        poll = {"id": "5458", "question": question, "options": options, "total_voter_count": 0}
        poll |= {"is_anonymous": True, "type": "regular"} | dict.fromkeys(no, False)
        return await self.act("poll", {"poll": poll})

    # --- what is done to messages --------------------------------------------------------------

    async def press(self, button: int | str = 1, *, of: Shown | None = None, old: bool = False) -> Said:
        """Press an inline button: by its place from 1, or its title. Of an old message nothing is told."""
        shown = of or next(s for s in reversed(self.seen) if s.buttons)
        message = self.chat.message(shown, self.bot.user)
        if old:
            message = {"message_id": shown.id, "chat": self.chat.told(), "date": 0}
        query = self.bot.new_query(self.user.id)
        content = payloads.callback(
            query.id, self.user, message, shown.data(button), str(hash(self.chat.id) % 10**18)
        )
        return await self._tell("callback_query", content, shown.id, query=query.id, queue=self.user.id)

    async def edit(self, said: Said, text: str) -> Said:
        """Change what was written: the same message comes again, with a later date."""
        content = {"edit_date": payloads.stamp(self.now), "text": text}
        message = payloads.message(said.id, self.chat.told(), self.user, said.at, content)
        return await self._tell("edited_message", message, said.id, text=text)

    async def react(self, emoji: str, *, to: Shown | Said | None = None) -> Said:
        """Put an emoji on a message, or take it off with ""; bots are told only when they asked for it."""
        about = to.id if to else self.seen[-1].id
        old = self.chat.reactions.get(about, "")
        self.chat.reactions[about] = emoji
        content = payloads.reaction(self.chat.told(), self.user, about, self.now, old, emoji)
        return await self._tell("message_reaction", content, about, text=emoji)

    # --- the person ----------------------------------------------------------------------------

    async def block(self) -> Said:
        """Stop the bot: it is told with my_chat_member and status kicked."""
        self.chat.blocked = True
        return await self._standing("member", "kicked")

    async def unblock(self) -> Said:
        """Let the bot write again."""
        self.chat.blocked = False
        return await self._standing("kicked", "member")

    def deactivate(self) -> None:
        """Delete the account: nobody is told."""
        self.chat.deactivated = True

    async def _standing(self, old: str, new: str) -> Said:
        content = payloads.member(self.chat.told(), self.user, self.bot.user, self.now, old, new)
        return await self._tell("my_chat_member", content, 0, text=new)

    # --- groups --------------------------------------------------------------------------------

    def into(self, group: Chat) -> Customer:
        """Return this person in a group."""
        return Customer(self.bot, self.user, group)

    async def invite_bot(self) -> Said:
        """Take the bot into this group."""
        update = self.bot.change_standing(self.chat, "member", by=self.user)
        if update:
            await update.tried.wait()
        return await self.act("new_chat_members", {"new_chat_members": [self.bot.user.told()]})

    async def kick_bot(self) -> None:
        """Throw the bot out of this group."""
        update = self.bot.change_standing(self.chat, "kicked", by=self.user)
        if update:
            await update.tried.wait()

    async def upgrade_group(self) -> Chat:
        """Make this group a supergroup: it has another id from now on, and the old one says which."""
        new = self.bot.fake.group(self.chat.title, bot=self.bot)
        new.standing = "member"
        self.chat.moved_to = new.id
        await self.act("migrate_to_chat_id", {"migrate_to_chat_id": new.id})
        return new

    # --- the wire ------------------------------------------------------------------------------

    async def act(self, kind: str, content: Mapping[str, Any]) -> Said:
        """Send a message of any kind."""
        self.chat.started = self.chat.started or self.chat.private
        message_id = self.bot.new_message_id(self.chat)
        message = payloads.message(message_id, self.chat.told(), self.user, self.now, content)
        text = str(content.get("text") or content.get("caption") or "")
        return await self._tell("message", message, message_id, kind=kind, text=text)

    async def _tell(
        self, update_kind: str, content: Mapping[str, Any], message_id: int, *, kind: str = "", text: str = "",
        query: str = "", queue: int = 0,
    ) -> Said:  # fmt: skip
        said = Said(id=message_id, kind=kind or update_kind, at=self.now, text=text, query=query)
        self.chat.said.append(said)
        if self._hidden(update_kind, content):
            return said
        said.update = self.bot.tell(update_kind, content, queue=queue or self.chat.id)
        if said.update and self.bot.courier.webhook.url:
            await said.update.tried.wait()
        return said

    def _hidden(self, update_kind: str, content: Mapping[str, Any]) -> bool:
        """Say whether privacy keeps it from the bot: in groups it sees commands and answers to it only."""
        if self.chat.private or update_kind not in {"message", "edited_message"}:
            return False
        if self.chat.standing != "member":
            return True
        text = content.get("text") or content.get("caption")
        quoted = content.get("reply_to_message", {}).get("from", {})
        return bool(text) and not str(text).startswith("/") and quoted.get("id") != self.bot.user.id

    def _quoted(self, message_id: int) -> dict[str, Any]:
        shown = self.chat.find(message_id)
        if shown:
            return {"reply_to_message": self.chat.message(shown, self.bot.user)}
        mine = next((s for s in self.said if s.id == message_id), None)
        if mine:
            quoted = payloads.message(mine.id, self.chat.told(), self.user, mine.at, {"text": mine.text})
            return {"reply_to_message": quoted}
        return {}

    def _kept(self, kind: str, data: bytes, **more: Any) -> File:
        return self.bot.fake.shelf.put(self.bot.user.id, kind, data, **more)

    async def _file(
        self, kind: str, data: bytes, *, name: str = "", mime: str = "", caption: str = "", size: int = 0,
        more: Mapping[str, Any],
    ) -> Said:  # fmt: skip
        file = self._kept(kind, data, name=name, mime=mime, claimed=size)
        words = {"caption": caption} if caption else {}
        return await self.act(kind, {**files.in_message(file), **words, **more})

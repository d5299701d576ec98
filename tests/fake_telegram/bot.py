"""One bot on the platform: its token, its chats, what it has still to be told."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fake_telegram import payloads
from tests.fake_telegram.chats import Chat
from tests.fake_telegram.courier import Courier
from tests.fake_telegram.errors import bad
from tests.fake_telegram.limits import Pace
from tests.fake_telegram.params import Params
from tests.fake_telegram.payloads import User
from tests.fake_telegram.shown import Query
from tests.fake_telegram.updates import QUERY_LASTS, Update, Updates

if TYPE_CHECKING:
    from tests.fake_telegram.server import FakeTelegram

_query_ids = itertools.count(4_382_000_000_000_000_001)


class Bot:
    """A bot and everything that the platform keeps for it."""

    def __init__(self, fake: FakeTelegram, token: str, username: str, name: str) -> None:
        self.fake, self.token = fake, token
        self.user = User(id=int(token.partition(":")[0]), first_name=name, username=username, is_bot=True)
        self.updates = Updates(seed=self.user.id)
        self.courier = Courier(self.updates, fake.clock, self._perform)
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.pace = Pace(limits=fake.limits)
        self._ids = itertools.count(100)

    async def _perform(self, method: str, values: dict[str, Any]) -> None:
        await self.fake.perform(self, method, Params(values=values))

    def number_from(self, first: int) -> None:
        """Number messages and updates from here on: a run by hand repeats no id of the run before."""
        self._ids = itertools.count(first)
        self.updates.number_from(first)

    # --- chats ---------------------------------------------------------------------------------

    def chat_of(self, params: Params) -> Chat:
        """Return the chat that a call names."""
        given = params.text("chat_id")
        if not given:
            raise bad("chat_id is empty")
        chat = self.chats.get(params.number("chat_id"))
        if chat is None:
            raise bad("chat not found", ours=False)
        return chat

    def new_message_id(self, chat: Chat) -> int:
        """Number a message: supergroups count for themselves, all other chats of a bot together."""
        return next(chat.numbers or self._ids)

    def count(self, chat: Chat) -> None:
        """Count a message of the bot, or refuse it because of the pace."""
        self.pace.count(chat.id, self.fake.clock.now(), group=not chat.private)

    def change_standing(self, chat: Chat, standing: str, *, by: User) -> Update | None:
        """Let the bot be something else in a chat, and tell it."""
        old, chat.standing = chat.standing, standing
        content = payloads.member(chat.told(), by, self.user, self.fake.clock.now(), old, standing)
        return self.tell("my_chat_member", content, queue=chat.id)

    # --- presses -------------------------------------------------------------------------------

    def new_query(self, user: int) -> Query:
        """Begin a press."""
        query = Query(id=str(next(_query_ids)), at=self.fake.clock.now(), user=user)
        self.queries[query.id] = query
        return query

    def too_late(self, query: Query) -> bool:
        """Say whether a press can be answered no more."""
        return (self.fake.clock.now() - query.at).total_seconds() > QUERY_LASTS

    # --- updates -------------------------------------------------------------------------------

    def tell(self, kind: str, content: Mapping[str, Any], *, queue: int) -> Update | None:
        """Enter an update, if the bot wants such ones, and get it on its way."""
        update = self.updates.push(kind, dict(content), queue=queue, at=self.fake.clock.now())
        if update:
            self.courier.wake(queue)
        return update

    def drop_pending(self, params: Params) -> None:
        """Forget what the bot has not been told, when a call says so."""
        if params.flag("drop_pending_updates"):
            self.updates.remove(self.updates.pending, dropped=True)

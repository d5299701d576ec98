"""Canned replies: what agents write often, kept by supervisors."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.domain.agents import Agent, Permission
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.ids import new_id
from bot.domain.message import MAX_TEXT
from bot.domain.office import CannedReply, check_placeholders, is_line, language_of, shortcut_of
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.audit_log import changed, note
from bot.services.desk_views import require
from bot.services.directory_effects import plain
from bot.services.teams import require_team

MOST = 1_000
LONGEST_TITLE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedText:
    """What a supervisor writes of a canned reply."""

    shortcut: str
    title: str
    text: str
    team: str = ""
    language: str = ""

    def checked(self) -> CannedText:
        """Return it as it is kept. Raises InvalidInput, saying what to change."""
        title, text = self.title.strip(), self.text.strip()
        if not is_line(title, LONGEST_TITLE):
            raise InvalidInput(f"A title has 1 to {LONGEST_TITLE} printable characters.", field="title")
        if not text or len(text) > MAX_TEXT:
            raise InvalidInput(f"A reply has 1 to {MAX_TEXT} characters.", field="text")
        check_placeholders(text)
        return CannedText(
            shortcut=shortcut_of(self.shortcut),
            title=title,
            text=text,
            team=self.team,
            language=language_of(self.language),
        )


class CannedReplies:
    """Everybody reads them, supervisors change them."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        """Keep them in `store`."""
        self._store, self._bus, self._clock = store, bus, clock

    async def all(self, agent: Agent) -> list[dict[str, Any]]:
        """Return all by shortcut."""
        require(agent, Permission.READ)
        return [_view(reply) for reply in await self._store.read(lambda tx: tx.canned_replies())]

    async def add(self, agent: Agent, given: CannedText) -> dict[str, Any]:
        """Make one. Raises InvalidInput, Conflict."""
        require(agent, Permission.SUPERVISE)
        now, text = self._clock.now(), given.checked()
        reply = CannedReply(id=new_id(now), updated_at=now, updated_by=agent.id, **asdict(text))

        async def work(tx: Tx) -> None:
            known = await tx.canned_replies()
            if len(known) >= MOST:
                raise Conflict(f"There are {MOST} canned replies already: remove one first.")
            await self._put(tx, reply, known)
            await note(tx, now, agent, "canned.added", reply=reply.id, **asdict(text))

        await self._store.write(work)
        await self._tell()
        return _view(reply)

    async def change(self, agent: Agent, reply_id: str, given: CannedText) -> dict[str, Any]:
        """Replace one. Raises NotFound, InvalidInput, Conflict."""
        require(agent, Permission.SUPERVISE)
        now, text = self._clock.now(), given.checked()

        async def work(tx: Tx) -> CannedReply:
            before = await tx.canned_reply(reply_id)
            if before is None:
                raise NotFound("There is no such canned reply.")
            after = replace(before, updated_at=now, updated_by=agent.id, **asdict(text))
            await self._put(tx, after, await tx.canned_replies())
            fields = changed({name: getattr(before, name) for name in asdict(text)}, asdict(text))
            await note(tx, now, agent, "canned.changed", reply=reply_id, **fields)
            return after

        reply = await self._store.write(work)
        await self._tell()
        return _view(reply)

    async def remove(self, agent: Agent, reply_id: str) -> None:
        """Remove one. Raises NotFound."""
        require(agent, Permission.SUPERVISE)
        now = self._clock.now()

        async def work(tx: Tx) -> None:
            before = await tx.canned_reply(reply_id)
            if before is None or not await tx.drop_canned_reply(reply_id):
                raise NotFound("There is no such canned reply.")
            await note(
                tx, now, agent, "canned.removed", reply=reply_id, shortcut=before.shortcut, text=before.text
            )

        await self._store.write(work)
        await self._tell()

    async def _put(self, tx: Tx, reply: CannedReply, known: list[CannedReply]) -> None:
        await require_team(tx, reply.team)
        if any(_place(other) == _place(reply) for other in known if other.id != reply.id):
            raise Conflict(f"/{reply.shortcut} is taken: choose another shortcut.", field="shortcut")
        await tx.put_canned_reply(reply)

    async def _tell(self) -> None:
        await self._bus.publish(Hint(conversation_id="", kind="desk", data={"what": "canned"}))


def _place(reply: CannedReply) -> tuple[str, str, str]:
    return reply.shortcut, reply.team, reply.language


def _view(reply: CannedReply) -> dict[str, Any]:
    view: dict[str, Any] = plain(asdict(reply))
    return view

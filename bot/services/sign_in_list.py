"""Sign-ins and tokens as their owners and administrators see them."""

from __future__ import annotations

from typing import Any

from bot.domain.agents import Agent, Permission, Session, may
from bot.domain.errors import NotFound
from bot.ports import Bus, Clock, Hint, Store, Tx
from bot.services.audit_log import note
from bot.services.desk_views import require
from bot.services.directory_effects import plain

EVERYBODY = "all"


class SignInList:
    """Lists and ends sign-ins: one's own, or as an administrator anybody's."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        """Look into `store`; `bus` carries the word to the nodes that hold live connections."""
        self._store, self._bus, self._clock = store, bus, clock

    async def all(self, agent: Agent, *, of: str = "", current: str = "") -> list[dict[str, Any]]:
        """Return the sign-ins of the caller, of the agent `of`, or of `EVERYBODY`, newest first.

        `current` is the caller's own.
        """
        if of and of != agent.id:
            require(agent, Permission.ADMINISTER)
        wanted = "" if of == EVERYBODY else of or agent.id

        async def work(tx: Tx) -> tuple[list[Session], dict[str, str]]:
            return await tx.sessions(wanted), {one.id: one.name for one in await tx.agents()}

        found, names = await self._store.read(work)
        return [_view(session, names, current) for session in found]

    async def revoke(self, agent: Agent, session_id: str) -> None:
        """End a sign-in with its live connections. Raises NotFound, also for what is not one's to see."""
        now = self._clock.now()

        async def work(tx: Tx) -> None:
            session = await tx.session(session_id)
            mine = session is not None and session.agent_id == agent.id
            if session is None or not (mine or may(agent.role, Permission.ADMINISTER)):
                raise NotFound("There is no such sign-in.")
            await tx.drop_session(session_id)
            await note(
                tx, now, agent, "session.revoked",
                agent=session.agent_id, kind=_kind(session), label=session.label,
            )  # fmt: skip

        await self._store.write(work)
        await tell_ended(self._bus, digest=session_id)


async def tell_ended(bus: Bus, *, digest: str = "", agent_id: str = "", but: str = "") -> None:
    """Let every node close the live connections of a sign-in, or of an agent except the one `but`."""
    data = {"digest": digest, "agent": agent_id, "but": but}
    await bus.publish(Hint(conversation_id="", kind="session", data=data))


def _kind(session: Session) -> str:
    return "browser" if session.csrf else "token"


def _view(session: Session, names: dict[str, str], current: str) -> dict[str, Any]:
    return {
        "id": session.digest,
        "agent_id": session.agent_id,
        "agent_name": names.get(session.agent_id, ""),
        "kind": _kind(session),
        "label": session.label,
        "created_at": plain(session.created_at),
        "expires_at": plain(session.expires_at),
        "seen_at": plain(session.seen_at or session.created_at),
        "address": session.address,
        "client": session.client,
        "current": session.digest == current,
    }

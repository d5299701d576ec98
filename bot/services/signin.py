"""Signs the people at the desk in and out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from bot.domain.agents import Agent, AuditEntry, Session
from bot.domain.errors import InvalidInput, NotPermitted, NotSignedIn, TooManyRequests
from bot.domain.ids import new_id, new_secret
from bot.ports import Bus, Clock, Store, Tx
from bot.services.passwords import hash_password, verify_password
from bot.services.second_factor import SecondFactors

TRIES_PER_ACCOUNT_AND_ADDRESS = 10
TRIES_PER_ADDRESS = 50
TRIES_PER_ACCOUNT = 200
"""Higher than the others, so that a stranger cannot easily keep an agent out of their own account."""
TRIES_WINDOW = 900.0
"""Seconds over which sign-ins are counted."""
CODES_PER_ACCOUNT = 30
"""One-time passwords that are tried; only who has the password gets to try one."""
TOKEN_DAYS = 365
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a sign-in was last used."""
LONGEST_CLIENT = 200


class TotpRequired(NotSignedIn):
    """The password is right, and a one-time password is needed as well."""

    code: ClassVar[str] = "totp_required"
    public_message: ClassVar[str] = "Send the code that your authenticator app shows as `code`."


class TotpWrong(NotSignedIn):
    """The one-time password is wrong, or was used before."""

    code: ClassVar[str] = "totp_wrong"
    public_message: ClassVar[str] = "The code is not right. Wait for the next one, or use a recovery code."


class WrongPassword(NotPermitted):
    """Somebody who is signed in did not give their own password."""

    code: ClassVar[str] = "wrong_password"
    public_message: ClassVar[str] = "The password is wrong."


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A new sign-in: `token` goes into the cookie, `csrf` to the page."""

    token: str
    csrf: str
    agent: Agent
    expires_at: datetime


class SignIns:
    """Checks passwords and tokens; wrong tries are slowed down per account and address."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        lasts: timedelta,
        key: str,
        factors: SecondFactors,
    ) -> None:
        """`lasts` is how long a sign-in is valid; under another `key` no earlier one is."""
        self._factors = factors
        self._key = key.encode()
        self._store = store
        self._bus = bus
        self._clock = clock
        self._lasts = lasts
        self._nobody = ""

    async def sign_in(
        self, email: str, password: str, *, address: str, client: str = "", code: str = ""
    ) -> SignedIn:
        """Open a session; `client` is what the browser calls itself.

        Raises:
            NotSignedIn: the account or the password is wrong; which of the two is not said.
            TotpRequired, TotpWrong: the password is right, the one-time password is not.
            TooManyRequests: too many tries.
        """
        agent = await self._known(email, password, address)
        await self._check_code(agent, code)
        token, csrf, now = new_secret(), new_secret(16), self._clock.now()
        session = Session(
            digest=self._digest(token),
            agent_id=agent.id,
            created_at=now,
            expires_at=now + self._lasts,
            csrf=csrf,
            address=address,
            client=client[:LONGEST_CLIENT],
            seen_at=now,
        )

        async def work(tx: Tx) -> None:
            await tx.put_session(session)
            await tx.add_audit(AuditEntry(id=new_id(now), at=now, actor=agent.id, action="session.opened"))

        await self._store.write(work)
        return SignedIn(token=token, csrf=csrf, agent=agent, expires_at=session.expires_at)

    async def prove(self, agent: Agent, password: str, *, address: str) -> None:
        """Make sure that it is the agent who asks. Raises WrongPassword, TooManyRequests."""
        await self._slow_down(agent.email.lower(), address)
        if not await asyncio.to_thread(verify_password, agent.password_hash, password):
            raise WrongPassword

    async def _known(self, email: str, password: str, address: str) -> Agent:
        await self._slow_down(email.strip().lower(), address)
        agent = await self._store.read(lambda tx: tx.agent_by_email(email.strip()))
        # An unknown account takes as long as a known one, so that accounts cannot be told by time.
        known = agent.password_hash if agent else await self._decoy()
        right = await asyncio.to_thread(verify_password, known, password)
        if agent is None or agent.disabled or not right:
            raise NotSignedIn("The e-mail address or the password is wrong.")
        return agent

    async def _check_code(self, agent: Agent, code: str) -> None:
        if not await self._factors.is_on(agent.id):
            return
        if not code.strip():
            raise TotpRequired
        await self._allow(f"signin:code:{agent.id}", CODES_PER_ACCOUNT)
        if not await self._factors.spend(agent, code):
            raise TotpWrong

    async def who(self, token: str) -> tuple[Agent, Session] | None:
        """Return whose token this is, if it is still valid."""
        if not token:
            return None

        async def work(tx: Tx) -> tuple[Agent, Session] | None:
            session = await tx.session(self._digest(token))
            agent = await tx.agent(session.agent_id) if session else None
            return (agent, session) if agent and session else None

        found = await self._store.read(work)
        now = self._clock.now()
        if found is None or found[0].disabled or found[1].expires_at <= now:
            return None
        session = found[1]
        if now - (session.seen_at or session.created_at) >= SEEN_EVERY:
            await self._store.write(lambda tx: tx.touch_session(session.digest, now))
        return found

    async def sign_out(self, token: str) -> None:
        """End a session."""
        await self._store.write(lambda tx: tx.drop_session(self._digest(token)))

    async def create_token(self, agent: Agent, *, label: str, days: int = TOKEN_DAYS) -> str:
        """Make a bearer token for a program that acts as this agent."""
        if not 1 <= days <= 10 * TOKEN_DAYS:
            raise InvalidInput("days must be between 1 and 3650.", field="days")
        token, now = new_secret(), self._clock.now()
        session = Session(
            digest=self._digest(token),
            agent_id=agent.id,
            created_at=now,
            expires_at=now + timedelta(days=days),
            label=label[:100],
        )

        async def work(tx: Tx) -> None:
            await tx.put_session(session)
            detail = {"label": session.label}
            await tx.add_audit(
                AuditEntry(id=new_id(now), at=now, actor=agent.id, action="token.made", detail=detail)
            )

        await self._store.write(work)
        return token

    async def _slow_down(self, email: str, address: str) -> None:
        account = hashlib.sha256(email.encode()).hexdigest()[:32]
        for name, limit in (
            (f"signin:{account}:{address}", TRIES_PER_ACCOUNT_AND_ADDRESS),
            (f"signin:address:{address}", TRIES_PER_ADDRESS),
            (f"signin:account:{account}", TRIES_PER_ACCOUNT),
        ):
            await self._allow(name, limit)

    async def _allow(self, name: str, limit: int) -> None:
        wait = await self._bus.allow(name, limit=limit, window=TRIES_WINDOW)
        if wait > 0:
            raise TooManyRequests(
                "Too many sign-in attempts; try again later.", retry_after=round(wait) + 1
            )

    async def _decoy(self) -> str:
        if not self._nobody:
            self._nobody = await asyncio.to_thread(hash_password, new_secret())
        return self._nobody

    def _digest(self, token: str) -> str:
        """Return what is stored of a token; the token itself never is."""
        return hmac.new(self._key, token.encode(), hashlib.sha256).hexdigest()

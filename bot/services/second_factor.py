"""One-time passwords: made for an agent's phone, sealed at rest, each good for one sign-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import secrets
from dataclasses import replace
from typing import Any

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.domain.agents import Agent, SecondFactor
from bot.domain.errors import Conflict, InvalidInput
from bot.ports import Clock, Store, Tx
from bot.services.audit_log import note

ISSUER = "Baton"
STEP = 30
"""Seconds that a code is shown."""
DRIFT = 1
"""Steps that a phone's clock may be ahead or behind."""
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_NONCE = 12


class SecondFactors:
    """Makes, confirms, checks and removes one-time passwords."""

    def __init__(self, *, store: Store, clock: Clock, key: str) -> None:
        """Under another `key` no earlier secret can be read."""
        self._store, self._clock = store, clock
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"baton one-time passwords")
        material = derived.derive(key.encode())
        self._seal, self._key = AESGCM(material[:32]), material[32:]

    async def begin(self, agent: Agent) -> dict[str, str]:
        """Make a secret for the agent's phone; it counts once `confirm` has seen a code of it.

        Raises:
            Conflict: one-time passwords are on already.
        """
        secret, now = pyotp.random_base32(), self._clock.now()
        factor = SecondFactor(agent_id=agent.id, sealed=self._sealed(agent.id, secret), made_at=now)

        async def work(tx: Tx) -> None:
            if await _is_on(tx, agent.id):
                raise Conflict("One-time passwords are on already: turn them off first.")
            await tx.put_second_factor(factor)

        await self._store.write(work)
        uri = pyotp.TOTP(secret).provisioning_uri(name=agent.email, issuer_name=ISSUER)
        return {"secret": secret, "uri": uri, "qr": _picture(uri)}

    async def confirm(self, agent: Agent, code: str) -> list[str]:
        """Turn one-time passwords on, and return the recovery codes, which are shown this once.

        Raises:
            Conflict: nothing is to be confirmed.
            InvalidInput: the code is not right.
        """
        codes, now = [_recovery_code() for _ in range(RECOVERY_CODES)], self._clock.now()

        async def work(tx: Tx) -> None:
            factor = await tx.second_factor(agent.id)
            if factor is None or factor.confirmed_at is not None:
                raise Conflict("There is nothing to confirm: begin again with POST /me/totp.")
            step = self._step(factor, code)
            if step is None:
                raise InvalidInput(
                    "The code is not right: take the newest one, and see that the phone's clock is right.",
                    field="code",
                )
            await tx.put_second_factor(replace(factor, confirmed_at=now, last_step=step))
            await tx.put_recovery_codes(agent.id, [self._digest(agent.id, one) for one in codes])
            await note(tx, now, agent, "totp.on")

        await self._store.write(work)
        return codes

    async def off(self, agent: Agent) -> None:
        """Turn the caller's one-time passwords off."""
        now = self._clock.now()

        async def work(tx: Tx) -> None:
            if await tx.drop_second_factor(agent.id):
                await note(tx, now, agent, "totp.off", agent=agent.id)

        await self._store.write(work)

    async def is_on(self, agent_id: str) -> bool:
        """Say whether this agent signs in with one-time passwords."""
        return await self._store.read(lambda tx: _is_on(tx, agent_id))

    async def spend(self, agent: Agent, code: str) -> bool:
        """Say whether the code, or recovery code, is right; it is used up by that."""
        code, now = code.strip(), self._clock.now()

        async def work(tx: Tx) -> bool:
            factor = await tx.second_factor(agent.id)
            if factor is None or factor.confirmed_at is None:
                return False
            step = self._step(factor, code)
            if step is not None:
                return await tx.use_step(agent.id, step)
            if not await tx.use_recovery_code(agent.id, self._digest(agent.id, code)):
                return False
            await note(tx, now, agent, "totp.recovery_code_used")
            return True

        return await self._store.write(work)

    def _step(self, factor: SecondFactor, code: str) -> int | None:
        """Return the time step whose code this is, if it was not used up."""
        digits = code.replace(" ", "")
        if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
            return None
        maker = pyotp.TOTP(self._opened(factor))
        present = int(self._clock.now().timestamp()) // STEP
        found = None
        for step in range(present - DRIFT, present + DRIFT + 1):
            # No early end: how long it takes does not tell which one is right.
            if hmac.compare_digest(maker.generate_otp(step), digits) and step > factor.last_step:
                found = step
        return found

    def _sealed(self, agent_id: str, secret: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._seal.encrypt(nonce, secret.encode(), agent_id.encode())
        return base64.b64encode(nonce + sealed).decode()

    def _opened(self, factor: SecondFactor) -> str:
        raw = base64.b64decode(factor.sealed)
        try:
            return self._seal.decrypt(raw[:_NONCE], raw[_NONCE:], factor.agent_id.encode()).decode()
        except InvalidTag:
            raise Conflict(
                "One-time passwords were made under another BATON_SECRET_KEY: an operator can turn"
                " them off with `baton agents totp-off`."
            ) from None

    def _digest(self, agent_id: str, code: str) -> str:
        """Return what is stored of a recovery code."""
        plain = code.lower().replace("-", "").replace(" ", "")
        return hmac.new(self._key, f"{agent_id}:{plain}".encode(), hashlib.sha256).hexdigest()


async def _is_on(tx: Tx, agent_id: str) -> bool:
    factor = await tx.second_factor(agent_id)
    return factor is not None and factor.confirmed_at is not None


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _picture(uri: str) -> str:
    """Return the QR code as SVG that takes the colour of its surroundings' paper."""
    out = io.BytesIO()
    code: Any = segno.make(uri, error="m")
    code.save(out, kind="svg", scale=4, border=4, light="white", xmldecl=False, svgns=True, nl=False)
    return out.getvalue().decode()

"""What turns and agents change in the company's systems: a key for each call, a note before and after."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.domain.customer import Answer, Effect, Status, TurnContext
from bot.ports import Clock, Store, Tx
from bot.services.masking import mask

DIGEST = 16
"""Hexadecimal digits of a key that stand for the call's arguments."""
LONGEST_ACTION = 60
"""Characters of an action's name that are shown in a key; the digest is of the whole."""
FREE_TEXT = frozenset({"reason", "text"})
"""Arguments in the customer's own words, which are masked once more before they are kept."""

_UNSEEN = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an action: whose turn it is, which action, and its how manieth change this is."""

    context: TurnContext
    action: str
    ordinal: int
    method: str


def effect_key(call: Call, sent: Mapping[str, Any]) -> str:
    """Return the idempotency key of a call: the same for a repeated turn, another for any other call.

    What is sent counts too: a repeated turn may have read more fragments and mean something else. The
    key goes into a header: short, and of visible ASCII characters only.
    """
    action = _UNSEEN.sub("_", call.action)[:LONGEST_ACTION]
    whole = [call.context.inbox_id, call.action, call.ordinal, call.method, sent]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:DIGEST]
    return f"{call.context.inbox_id}:{action}:{call.ordinal}:{call.method}:{digest}"


class Effects:
    """Notes changes in the store, where agents see them."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def begun(self, key: str) -> bool:
        """Say whether a call with this key was made before."""
        return await self._store.read(lambda tx: tx.effect(key)) is not None

    async def change(
        self, call: Call, key: str, sent: Mapping[str, Any], work: Callable[[], Awaitable[Answer[Any]]]
    ) -> Answer[Any]:
        """Do a changing call, with a note before and after.

        The note before makes an effect visible to agents even if this process ends before the answer
        is known. A repeated turn asks again with the same key; the directory does it once.
        """
        begun = Effect(
            key=key,
            conversation_id=call.context.conversation_id,
            inbox_id=call.context.inbox_id,
            action=call.action,
            method=call.method,
            arguments=kept(sent),
            started_at=self._clock.now(),
        )
        await self._store.write(lambda tx: _begin(tx, begun))
        answer = await work()
        if answer.status is Status.TRY_LATER:
            return answer  # the note stays open: nobody knows yet whether it was done
        done = ended(begun, answer, self._clock.now())
        await self._store.write(lambda tx: tx.put_effect(done))
        return answer

    async def opened_here(self, context: TurnContext, case: str) -> bool:
        """Say whether a case was opened in this conversation."""
        effects = await self._store.read(lambda tx: tx.effects(context.conversation_id))
        return any(
            effect.method == "open_case"
            and effect.status is Status.OK
            and (effect.result or {}).get("number") == case
            for effect in effects
        )


def kept(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent as it may be kept and shown."""
    return {k: mask(v) if k in FREE_TEXT else plain(v) for k, v in sent.items() if k != "ref"}


def ended(begun: Effect, answer: Answer[Any], now: datetime) -> Effect:
    """Return the note with the company's answer."""
    result = plain(asdict(answer.value)) if answer.value is not None else {"detail": answer.detail}
    return replace(begun, finished_at=now, status=answer.status, result=result)


async def _begin(tx: Tx, effect: Effect) -> None:
    if await tx.effect(effect.key) is None:
        await tx.put_effect(effect)


def plain(value: Any) -> Any:
    """Return `value` with dates and decimals as strings, for JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value

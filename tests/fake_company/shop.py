"""The company behind the interface: a directory whose answers are written as the document says."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bot.domain.customer import Answer, Status
from bot.ports import CustomerDirectory

UNFIT = {"incomplete", "invalid", "unknown_item", "taken", "currency", "too_much"}
"""Refusals because of what was asked; the others are because of how things stand."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that the document allows."""

    operation: str
    values: dict[str, str]
    body: dict[str, Any]
    key: str

    @property
    def arguments(self) -> str:
        return json.dumps([self.operation, self.values, self.body], sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the company answers."""

    status: int
    content: Any

    @property
    def media(self) -> str:
        return "application/json" if self.status == 200 else "application/problem+json"

    @property
    def body(self) -> bytes:
        return json.dumps(self.content).encode()


class Shop:
    """Answers calls, changes once for each key."""

    def __init__(self, directory: CustomerDirectory) -> None:
        self.directory = directory
        self.changed: list[Call] = []
        """Every change that was really carried out."""
        self._kept: dict[str, tuple[str, Result]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def answer(self, call: Call) -> Result:
        """Answer; a repeated key gets the first answer, and with anything else a refusal."""
        if not call.key:
            return result(call, await self._ask(call))
        async with self._locks[call.key]:
            known = self._kept.get(call.key)
            if known is not None:
                return known[1] if known[0] == call.arguments else problem(409, "key_reused")
            self.changed.append(call)
            found = result(call, await self._ask(call))
            self._kept[call.key] = (call.arguments, found)
            return found

    async def _ask(self, call: Call) -> Answer[Any]:
        operation, values, body = call.operation, call.values, call.body
        if operation == "open_case":
            names = {"customer_ref": "ref", "order_number": "number"}
            body = {names.get(name, name): value for name, value in body.items()}
            return await self.directory.open_case(**body, key=call.key)
        if operation == "grant_goodwill":
            given = {name: body[name] for name in ("currency", "reason")}
            given |= {"amount": Decimal(body["amount"]), "number": body.get("order_number", "")}
            return await self.directory.grant_goodwill(values["ref"], **given, key=call.key)
        if operation in {"set_preferences", "update_account_holder"}:
            return await getattr(self.directory, operation)(values["ref"], body, key=call.key)
        if operation.endswith("_address"):
            return await self.directory.change_address(**body, **values, key=call.key)
        key = {"key": call.key} if call.key else {}
        return await getattr(self.directory, operation)(**values, **body, **key)


def result(call: Call, answer: Answer[Any]) -> Result:
    """Write an answer."""
    if answer.status is Status.NOT_FOUND:
        return problem(404, "not_found")
    if answer.status is Status.REFUSED:
        return problem(422 if answer.detail in UNFIT else 409, answer.detail)
    assert answer.ok, answer
    content = plain(answer.value)
    lists = {"orders": "orders", "find_products": "products"}
    return Result(
        status=200, content={lists[call.operation]: content} if call.operation in lists else content
    )


def problem(status: int, code: str) -> Result:
    """Write a refusal or an error."""
    return Result(status=status, content={"code": code, "status": status, "detail": "for people"})


def plain(value: Any) -> Any:
    """Write a domain value: what is empty is left out."""
    if is_dataclass(value):
        pairs = ((f.name, plain(getattr(value, f.name))) for f in fields(value))
        return {name: item for name, item in pairs if item not in (None, "")}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value

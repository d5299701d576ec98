"""Requests and answers of the interface in openapi.yaml: pure, no network.

A request is None when no system could know what it names: an empty or impossible number goes nowhere
near an address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec

from bot.domain.customer import Answer
from bot.domain.customer import Status as Outcome
from connectors.customers.http import shapes

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LONGEST_TEXT = 4_000
REFUSALS = (409, 422)
WITH_BODY = (200, 404, *REFUSALS)
"""Statuses whose body is read; of all others the number says everything."""

_ID = re.compile(shapes.ID_PATTERN)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_WHERE = re.compile(r"- at (?:`key` in )?`\$\.?(?P<field>[^`]*)`")
_VALUE = re.compile(r"Invalid enum value .*")

Read = Callable[[bytes], T]


class AnswerInvalid(Exception):
    """An answer that is not in the document: `field` says where, `problem` what; neither quotes it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class NotAuthorised(Exception):
    """The system does not take our token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call; `operation` is its operationId. With a `key` it changes something."""

    operation: str
    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back, at least with a status that is not "later"."""

    status: int
    media: str = ""
    body: bytes = field(default=b"", repr=False)


class _Shape(Protocol[T_co]):
    def value(self) -> T_co: ...


# --- requests ----------------------------------------------------------------------------------


def status() -> Request:
    """Ask whether the interface works."""
    return Request(operation="status", method="GET", path="/status")


def find(*, email: str = "", phone: str = "") -> Request | None:
    """Search by e-mail, or else by phone."""
    contact = {"email": email.strip()} if email.strip() else {"phone": phone.strip()}
    return _post("find", "/customers/search", contact) if all(contact.values()) else None


def profile(ref: str) -> Request | None:
    """Ask for a customer."""
    return _get("profile", "customers", ref)


def orders(ref: str) -> Request | None:
    """Ask for a customer's orders."""
    return _get("orders", "customers", ref, "orders")


def order(number: str) -> Request | None:
    """Ask for an order."""
    return _get("order", "orders", number)


def prove_order(number: str, proof: str) -> Request | None:
    """Ask for an order with its proof."""
    return (
        _post("prove_order", _path("orders", number, "proof"), {"proof": proof}) if proof.strip() else None
    )


def cancel_order(number: str, *, key: str) -> Request | None:
    """Cancel."""
    return _change("cancel_order", "POST", _path("orders", number, "cancellation"), None, key)


def start_return(number: str, reason: str, *, item: str, resolution: str, key: str) -> Request | None:
    """Open a return."""
    body = {"reason": reason[:LONGEST_TEXT], "resolution": resolution} | ({"item": item} if item else {})
    return _change("start_return", "POST", _path("orders", number, "returns"), body, key)


def refund_status(number: str) -> Request | None:
    """Ask for an order's refund."""
    return _get("refund_status", "orders", number, "refund")


def invoice(number: str) -> Request | None:
    """Ask for an order's invoice."""
    return _get("invoice", "orders", number, "invoice")


def change_address(address: str, *, ref: str, number: str, key: str) -> Request | None:
    """Change an order's address, or an account's."""
    if number:
        path = _path("orders", number, "address")
        return _change("change_order_address", "PUT", path, {"address": address}, key)
    path = _path("customers", ref, "address")
    return _change("change_account_address", "PUT", path, {"address": address}, key)


def grant_goodwill(
    ref: str, number: str, amount: Decimal, currency: str, reason: str, *, key: str
) -> Request | None:
    """Give something; a number that cannot be one goes nowhere."""
    if number and not _ID.match(number):
        return None
    body = {"amount": format(amount, "f"), "currency": currency, "reason": reason[:LONGEST_TEXT]}
    body |= {"order_number": number} if number else {}
    return _change("grant_goodwill", "POST", _path("customers", ref, "goodwill"), body, key)


def set_preferences(ref: str, changes: Mapping[str, bool], *, key: str) -> Request | None:
    """Change preferences."""
    path = _path("customers", ref, "preferences")
    return _change("set_preferences", "PATCH", path, dict(changes), key)


def update_account_holder(ref: str, changes: Mapping[str, str], *, key: str) -> Request | None:
    """Change name, e-mail or phone."""
    return _change("update_account_holder", "PATCH", _path("customers", ref), dict(changes), key)


def close_account(ref: str, *, key: str) -> Request | None:
    """Close an account."""
    return _change("close_account", "POST", _path("customers", ref, "closure"), None, key)


def open_case(kind: str, text: str, *, ref: str, number: str, key: str) -> Request | None:
    """Open a case."""
    about = {name: value for name, value in (("customer_ref", ref), ("order_number", number)) if value}
    if not all(map(_ID.match, about.values())):
        return None
    body = {"kind": kind, "text": text[:LONGEST_TEXT], **about}
    return _change("open_case", "POST", "/cases", body, key)


def case(number: str) -> Request | None:
    """Ask for a case."""
    return _get("case", "cases", number)


def find_products(text: str) -> Request:
    """Search the catalogue."""
    body = msgspec.json.encode({"text": text[:LONGEST_TEXT]})
    return Request(operation="find_products", method="POST", path="/products/search", body=body)


# --- answers -----------------------------------------------------------------------------------


def read(shape: type[_Shape[T]], /, **same: str | Decimal) -> Read[T]:
    """Return a reader of 200 bodies; `same` are fields that must be what was asked about.

    An answer about something else, another customer's order above all, is an invalid one.
    """

    def decode(body: bytes) -> T:
        value = decoded(body, shape).value()
        for each in value if isinstance(value, tuple) else (value,):
            for name, asked in same.items():
                if getattr(each, name) != asked:
                    raise AnswerInvalid(name, "is not what was asked about")
        return value

    return decode


def answer(reply: Reply, read: Read[T]) -> Answer[T]:
    """Turn a reply into the port's answer. Raises AnswerInvalid or NotAuthorised."""
    if reply.status in (401, 403):
        raise NotAuthorised
    if reply.status == 200:
        _expect_media(reply, "application/json")
        return Answer(status=Outcome.OK, value=read(reply.body))
    if reply.status not in WITH_BODY:
        raise AnswerInvalid("status", f"{reply.status} is not expected here")
    _expect_media(reply, "application/problem+json")
    code = decoded(reply.body, shapes.Problem).code
    if reply.status in REFUSALS and code != "key_reused":
        return Answer(status=Outcome.REFUSED, detail=code)
    if reply.status == 404 and code == "not_found":
        return Answer(status=Outcome.NOT_FOUND)
    raise AnswerInvalid("code", f"{reply.status} {code} is not expected here")


def decoded(body: bytes, shape: type[T]) -> T:
    """Read a body strictly. Raises AnswerInvalid, which names the field and quotes no value."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        found = _WHERE.search(str(error))
        problem = _VALUE.sub("is none of the values that are allowed", str(error).partition(" - at ")[0])
        raise AnswerInvalid(found["field"] if found else "body", problem) from None
    except (ValueError, RecursionError):
        raise AnswerInvalid("body", "is not JSON") from None


def _expect_media(reply: Reply, media: str) -> None:
    if reply.media != media:
        raise AnswerInvalid("content-type", f"{reply.status} must be {media}")


def _get(operation: str, *segments: str) -> Request | None:
    path = _path(*segments)
    return Request(operation=operation, method="GET", path=path) if path else None


def _post(operation: str, path: str, body: object) -> Request | None:
    if not path:
        return None
    return Request(operation=operation, method="POST", path=path, body=msgspec.json.encode(body))


def _change(operation: str, method: str, path: str, body: object | None, key: str) -> Request | None:
    if not path:
        return None
    content = b"" if body is None else msgspec.json.encode(body)
    # A key is part of a header; one that could not be written there is sent by its digest.
    sent = key if _KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()
    return Request(operation=operation, method=method, path=path, body=content, key=sent)


def _path(*segments: str) -> str:
    """Join segments that are safe in an address as they are, or return nothing."""
    return "/" + "/".join(segments) if all(map(_ID.match, segments)) else ""

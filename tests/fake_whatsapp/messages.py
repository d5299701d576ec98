"""Takes a message of the business: checks it whole, and shows it to the customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_whatsapp import rules
from tests.fake_whatsapp.checks import field, invalid, only
from tests.fake_whatsapp.errors import Refused
from tests.fake_whatsapp.media import TYPES, File
from tests.fake_whatsapp.payloads import Identity, Number
from tests.fake_whatsapp.shown import Shown, new_id, options, words

if TYPE_CHECKING:
    from tests.fake_whatsapp.customer import Customer
    from tests.fake_whatsapp.server import FakeWhatsApp


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A template as it was approved, in one language."""

    body: str
    state: str = "APPROVED"

    @property
    def places(self) -> int:
        return len(set(re.findall(r"\{\{(\w+)\}\}", self.body)))

    def filled(self, values: list[str]) -> str:
        """Return the text with its places filled in."""
        text = self.body
        for number, value in enumerate(values, 1):
            text = text.replace(f"{{{{{number}}}}}", value)
        return text


class Messages:
    """The `/messages` endpoint of one number."""

    def __init__(self, fake: FakeWhatsApp, number: Number) -> None:
        self._fake, self._number = fake, number

    def take(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a message, or refuse it; what is found out later is told by a status."""
        kind = rules.check(body)
        address = rules.recipient(body)
        customer = self._who(address)
        self._check_references(body, kind, customer)
        text = self._template(body["template"]) if kind == "template" else words(kind, body[kind])
        file = self._attached(body[kind], kind) if kind in TYPES else None
        closed = self._closed(kind, customer)
        if closed and not self._fake.late_window:
            raise closed
        self._fake.paces[self._number.id].outbound(address, self._fake.clock.now())
        shown = Shown(
            id=new_id(address),
            type=kind,
            content=body[kind],
            at=self._fake.clock.now(),
            text=text,
            options=options(kind, body[kind]),
            file=file,
            ref=str(body.get("biz_opaque_callback_data", "")),
            quotes=body.get("context", {}).get("message_id", ""),
        )
        failure = closed or self._undeliverable(customer) or self._unfit(file, kind)
        self._show(customer, address, shown, failure)
        return self._receipt(body, address, shown, kind)

    def mark(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a read mark, with "typing" or without; it must name a message of a customer."""
        only(body, {"messaging_product", "status", "message_id", "typing_indicator"}, "root")
        if body.get("messaging_product") != "whatsapp":
            raise Refused(100, "The parameter messaging_product is required.")
        message_id = field(body, "message_id")
        customer = next((c for c in self._mine() if any(s.id == message_id for s in c.said)), None)
        if customer is None:
            raise invalid(f"Message ID {message_id!r} is not of a message that was received")
        if "typing_indicator" in body:
            if body["typing_indicator"] != {"type": "text"}:
                raise invalid("typing_indicator.type must be 'text'")
            customer.typing.append((self._fake.clock.now(), message_id))
        customer.read_marks.append(message_id)
        return {"success": True}

    def _mine(self) -> list[Customer]:
        return [c for c in self._fake.customers if c.number.id == self._number.id]

    def _who(self, address: str) -> Customer | None:
        return next((c for c in self._mine() if address in c.addresses), None)

    def _check_references(self, body: Mapping[str, Any], kind: str, customer: Customer | None) -> None:
        """A quoted message, and one that is reacted to, must be of this conversation."""
        said = {message.id for message in customer.said} if customer else set()
        seen = {message.id for message in customer.seen} if customer else set()
        if "context" in body and body["context"]["message_id"] not in said | seen:
            raise invalid("context.message_id is not of this conversation")
        if kind == "reaction" and body["reaction"]["message_id"] not in said:
            raise invalid("reaction.message_id is not of a message of the customer")

    def _template(self, part: Mapping[str, Any]) -> str:
        name, language = part["name"], part["language"]["code"]
        template = self._fake.templates.get((name, language))
        if template is None:
            raise Refused(132001, f"template name ({name}) does not exist in {language}")
        if template.state != "APPROVED":
            raise Refused(132015, f"Template {name} is {template.state.lower()}")
        bodies = [c for c in part.get("components", []) if rules.lower(c) == "body"]
        values = [p.get("text", "") for c in bodies for p in c.get("parameters", [])]
        if len(values) != template.places:
            details = f"body: number of localizable_params ({len(values)}) does not match the expected"
            raise Refused(132000, f"{details} number of params ({template.places})")
        return template.filled(values)

    def _attached(self, part: Mapping[str, Any], kind: str) -> File | None:
        if "id" not in part:
            return None
        try:
            return self._fake.shelf.find(str(part["id"]), self._number.id, self._fake.clock.now())
        except Refused:
            details = f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
            raise Refused(100, details) from None

    def _closed(self, kind: str, customer: Customer | None) -> Refused | None:
        """Outside of the 24 hours after the customer's last message, only templates may be sent."""
        until = customer.window_until if customer else None
        if kind == "template" or (until and self._fake.clock.now() < until):
            return None
        details = (
            "Message failed to send because more than 24 hours have passed since the customer last replied"
        )
        return Refused(131047, f"{details} to this number.")

    def _undeliverable(self, customer: Customer | None) -> Refused | None:
        """Nobody has this address, or the customer has blocked the business: told later, by a status."""
        if customer is None or customer.blocked:
            return Refused(131026, "Message Undeliverable.")
        return None

    def _unfit(self, file: File | None, kind: str) -> Refused | None:
        """A file of the wrong type is found out when it is prepared: told later, by a status."""
        problem = self._fake.shelf.fits(file, kind) if file else ""
        if not problem:
            return None
        self._fake.violations.append(problem)
        return Refused(131053, problem)

    def _show(self, customer: Customer | None, address: str, shown: Shown, failure: Refused | None) -> None:
        by_phone = address.isdigit()
        nobody = Identity(name="", phone=address if by_phone else "", bsuid="" if by_phone else address)
        who = customer.identity if customer else nobody
        if customer and not failure:
            if shown.type == "reaction":
                customer.reactions[shown.content["message_id"]] = shown.content["emoji"]
            else:
                customer.reached(shown)
        self._fake.follow(self._number, who, shown, failure)

    def _receipt(self, body: Mapping[str, Any], address: str, shown: Shown, kind: str) -> dict[str, Any]:
        """Write the answer; 200 means accepted and no more."""
        by_phone = bool(body.get("to"))
        contact = (
            {"input": body["to"], "wa_id": address} if by_phone else {"input": address, "user_id": address}
        )
        message: dict[str, Any] = {"id": shown.id}
        if kind == "template":
            message["message_status"] = "accepted"
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}

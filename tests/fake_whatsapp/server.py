"""The platform: takes what the business sends, refuses what the real one refuses, and tells what happens."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import re
from datetime import datetime
from types import TracebackType
from typing import Literal

from sanic.request.form import parse_multipart_form

from bot.clock import SystemClock
from bot.ports import Clock
from tests.fake_whatsapp import payloads
from tests.fake_whatsapp.calls import Call, content_of, describe, route
from tests.fake_whatsapp.courier import Courier
from tests.fake_whatsapp.customer import Customer
from tests.fake_whatsapp.errors import OURS, Refused, in_webhook
from tests.fake_whatsapp.faults import Broken, Drop, Faults, Held, Lose, Refuse, Slow
from tests.fake_whatsapp.limits import WINDOW, Limits, Pace
from tests.fake_whatsapp.media import MediaShelf
from tests.fake_whatsapp.messages import Messages, Template
from tests.fake_whatsapp.payloads import Change, Identity, Number
from tests.fake_whatsapp.shown import Said, Shown, new_id
from tests.support.http_server import HANG_UP, HttpServer, Request, Response, as_json

NUMBER = Number(
    id="106540352242922",
    display="15550783881",
    token="EAAJB-token-for-tests",
    app_secret="app-secret-of-the-tests-0123456789",
    verify_token="verify-token-of-the-tests",
)
Known = Literal["phone", "both", "bsuid"]
"""What webhooks show of a customer: the phone, the phone and the business-scoped id, or the id alone."""


class FakeWhatsApp(HttpServer):
    """The Cloud API and the customers behind it, while the `async with` lasts."""

    def __init__(
        self, *numbers: Number, clock: Clock | None = None, limits: Limits | None = None, port: int = 0
    ) -> None:
        super().__init__(port=port)
        self.clock: Clock = clock or SystemClock()
        self.numbers = {number.id: number for number in numbers or (NUMBER,)}
        self.number = next(iter(self.numbers.values()))
        self.customers: list[Customer] = []
        self.calls: list[Call] = []
        self.violations: list[str] = []
        """Requests that were wrong in themselves; a well-behaved client has none."""
        self.templates: dict[tuple[str, str], Template] = {}
        self.progress: tuple[str, ...] = ("sent", "delivered")
        """The statuses of each message that arrives, in the order in which they are told."""
        self.late_window = False
        """Whether a closed window is told later, as a failed status, and not in the answer."""
        self.addresses_in_webhooks = False
        """Whether webhooks with files bring a ready address, as some do since 2026."""
        limits = limits or Limits()
        self.paces = {number: Pace(limits=limits) for number in self.numbers}
        self.shelf, self.faults = MediaShelf(), Faults(usual="messages")
        self._people = itertools.count(1)

    async def __aenter__(self) -> FakeWhatsApp:
        await self.start()
        self.courier = Courier()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.courier.close()
        await self.stop()

    # --- the test's hand -----------------------------------------------------------------------

    def customer(
        self, name: str = "Ada", known: Known = "both", *, number: Number | None = None, phone: str = ""
    ) -> Customer:
        """Introduce a person."""
        phone = phone or f"4915{next(self._people):09d}"
        identity = Identity(
            name=name,
            phone=phone if known != "bsuid" else "",
            bsuid=self.new_bsuid() if known != "phone" else "",
            username=name.lower() if known == "bsuid" else "",
        )
        customer = Customer(self, number or self.number, identity, phone=phone)
        self.customers.append(customer)
        return customer

    def new_bsuid(self) -> str:
        """Return an id nobody has had."""
        return f"DE.{13_491_208_655_302_000_000 + next(self._people)}"

    def template(self, name: str, body: str, language: str = "en", *, state: str = "APPROVED") -> None:
        """Approve a template; its body has {{1}}, {{2}}..."""
        self.templates[name, language] = Template(body=body, state=state)

    async def register(self, url: str) -> bool:
        """Enter the business's webhook address."""
        return await self.courier.register(url, self.number.verify_token)

    async def settle(self) -> None:
        """Wait until every webhook has been delivered or given up."""
        await self.courier.settle()

    async def echo(self, customer: Customer, text: str) -> Said:
        """Write to a customer from the Business app; the business is told what its own people wrote."""
        at, message_id, content = self.clock.now(), new_id(customer.phone), {"body": text}
        item = payloads.echo(customer.number, customer.identity, message_id, at, "text", content)
        customer.reached(Shown(id=message_id, type="text", content=content, at=at, text=text, author="app"))
        webhook = self.courier.tell(
            Change(
                number=customer.number,
                identity=customer.identity,
                key="message_echoes",
                item=item,
                field="smb_message_echoes",
            )
        )
        if webhook:
            await webhook.tried.wait()
        return Said(id=message_id, type="text", content=content, at=at, webhook=webhook)

    def sent(self, *kinds: str) -> list[Call]:
        """Return the requests of these kinds."""
        return [call for call in self.calls if call.kind in (kinds or ("messages",))]

    # --- what customers and messages need ------------------------------------------------------

    def opened(self, customer: Customer, at: datetime) -> None:
        """A message of a customer opens the window, and counts for the number's pace."""
        customer.window_until = at + WINDOW
        self.paces[customer.number.id].inbound(at)

    async def report(self, customer: Customer, shown: Shown, status: str) -> None:
        """Tell how far a message has come."""
        self._tell_status(customer.number, customer.identity, shown, status)

    def follow(self, number: Number, who: Identity, shown: Shown, failure: Refused | None) -> None:
        """Tell what becomes of a message once it has been taken."""
        if failure:
            self._tell_status(number, who, shown, "failed", failure)
        else:
            for status in self.progress:
                self._tell_status(number, who, shown, status)

    def _tell_status(
        self, number: Number, who: Identity, shown: Shown, status: str, failure: Refused | None = None
    ) -> None:
        template = shown.type == "template"
        item = payloads.status(who, shown.id, self.clock.now(), status, ref=shown.ref, template=template)
        if failure:
            item["errors"] = [in_webhook(failure.code, failure.details)]
        self.courier.tell(Change(number=number, identity=who, key="statuses", item=item))

    # --- requests ------------------------------------------------------------------------------

    async def answer(self, request: Request) -> Response:
        kind, number_id, thing = route(request, self.numbers)
        call = Call(kind=kind, request=request, content=content_of(request), at=self.clock.now())
        if kind == "messages" and call.content.get("status") == "read":
            call.kind = "marks"
        self.calls.append(call)
        call.fault = fault = self.faults.next(call.kind)
        if isinstance(fault, Drop):
            return HANG_UP
        if isinstance(fault, Broken):
            response = Response(status=fault.status, body=b"<html>trouble</html>")
        elif isinstance(fault, Refuse):
            response = self._refuse(call, Refused(fault.code, fault.details))
        else:
            response = self._work(call, number_id, thing)
        if isinstance(fault, Lose):
            return HANG_UP
        if isinstance(fault, Held):
            await fault.until.wait()
        await asyncio.sleep(fault.seconds if isinstance(fault, Slow) else 0)
        call.status = response.status
        return response

    def _work(self, call: Call, number_id: str, thing: str) -> Response:
        try:
            if call.kind == "file":
                return self._file(call.request)
            self._authorise(call.request, number_id)
            return self._serve(call, number_id, thing)
        except Refused as refused:
            return self._refuse(call, refused)

    def _refuse(self, call: Call, refused: Refused) -> Response:
        call.code = refused.code
        if refused.code in OURS and not isinstance(call.fault, Refuse):
            self.violations.append(f"{call.request.method} {call.request.target}: {refused.details}")
        return refused.response()

    def _authorise(self, request: Request, number_id: str) -> None:
        # Every call carries the token as a bearer; a wrong or expired one is code 190.
        number = self.numbers.get(number_id)
        tokens = [number.token] if number else [n.token for n in self.numbers.values()]
        given = request.headers.get("authorization", "")
        if not any(hmac.compare_digest(given.encode(), f"Bearer {token}".encode()) for token in tokens):
            raise Refused(190, "The session has been invalidated or the token is wrong.")

    def _serve(self, call: Call, number_id: str, thing: str) -> Response:
        number = self.numbers.get(number_id)
        if call.kind in {"messages", "marks", "upload"} and number is None:
            raise Refused(100, f"Unsupported post request. Object with ID '{number_id}' does not exist", 33)
        if call.kind == "messages" and number:
            return as_json(Messages(self, number).take(call.content))
        if call.kind == "marks" and number:
            return as_json(Messages(self, number).mark(call.content))
        if call.kind == "upload" and number:
            return self._upload(number, call.request)
        if call.kind == "number" and number:
            return as_json(describe(number))
        if call.kind == "media":
            of = call.request.query.get("phone_number_id", "")
            file = self.shelf.find(thing, of, self.clock.now())
            return as_json(self.shelf.describe(file, self.url, self.clock.now()))
        raise Refused(100, f"Unsupported request: {call.request.method} {call.request.path}")

    def _upload(self, number: Number, request: Request) -> Response:
        """Take a file: a form with `messaging_product`, `type` and `file`."""
        kind = request.headers.get("content-type", "")
        found = re.search(r'boundary="?([^";]+)"?', kind)
        if not kind.startswith("multipart/form-data") or not found:
            raise Refused(100, "The upload must be multipart/form-data")
        fields, files = parse_multipart_form(  # type: ignore[no-untyped-call]
            request.body, found.group(1).encode()
        )
        if fields.get("messaging_product") != "whatsapp":
            raise Refused(100, "The parameter messaging_product is required.")
        file = files.get("file")
        if file is None:
            raise Refused(100, "The parameter file is required.")
        kept = self.shelf.upload(
            file.body, fields.get("type") or file.type, number.id, self.clock.now(), file.name
        )
        return as_json({"id": kept.id})

    def _file(self, request: Request) -> Response:
        """Give a file: its address is not enough, the token must come along; the address is soon over."""
        try:
            self._authorise(request, "")
        except Refused:
            return Response(status=401)
        file = self.shelf.download(request.query.get("hash", ""), self.clock.now())
        if file is None:
            return Response(status=404)
        return Response(body=file.data, headers={"content-type": file.mime})

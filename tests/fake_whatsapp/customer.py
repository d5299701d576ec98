"""A customer with WhatsApp on a phone: what they write and press goes to the business as webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_whatsapp import payloads
from tests.fake_whatsapp.errors import in_webhook
from tests.fake_whatsapp.media import RECEIVED_LASTS
from tests.fake_whatsapp.payloads import Change, Identity, Number
from tests.fake_whatsapp.shown import Option, Said, Shown, new_id

if TYPE_CHECKING:
    from tests.fake_whatsapp.server import FakeWhatsApp


class Customer:
    """One person and one number of the business.

    Each act returns once the business has been told (or could not be reached the first time).
    """

    def __init__(self, fake: FakeWhatsApp, number: Number, identity: Identity, *, phone: str) -> None:
        """`phone` is the real one, which the identity need not show."""
        self._fake, self.number, self.identity, self.phone = fake, number, identity, phone
        self.former: list[Identity] = []
        self.seen: list[Shown] = []
        """Every message of the business, in the order in which it reached the phone."""
        self.said: list[Said] = []
        self.reactions: dict[str, str] = {}
        """The business's reactions to our messages."""
        self.read_marks: list[str] = []
        self.typing: list[tuple[datetime, str]] = []
        """When "typing" was shown, and the message of ours that it named."""
        self.blocked = False
        self.receipts = True
        """Whether the business learns what was read; people can turn that off."""
        self.window_until: datetime | None = None
        self._unread: list[Shown] = []

    @property
    def texts(self) -> list[str]:
        """Return the words of everything seen."""
        return [shown.text for shown in self.seen]

    @property
    def chat(self) -> list[Shown | Said]:
        """Return what both sides wrote, in the order of this phone."""
        both: list[Shown | Said] = [*self.seen, *self.said]
        return sorted(both, key=lambda one: one.place)

    @property
    def addresses(self) -> set[str]:
        """Return what the business may write to: the phone and the business-scoped id, if there are any."""
        return {address for address in (self.phone, self.identity.bsuid) if address}

    # --- messages ------------------------------------------------------------------------------

    async def write(self, text: str, *, quote: str = "", forwarded: bool = False, **more: Any) -> Said:
        """Write a text; `quote` is the id of a message."""
        context: dict[str, Any] = {"forwarded": True} if forwarded else {}
        if quote:
            context = {"from": self.number.display, "id": quote}
        return await self.act("text", {"body": text}, context=context or None, **more)

    async def press(self, button: str | int | Option, *, of: Shown | None = None) -> Said:
        """Press a reply button: by its title, its place (from 1) or itself."""
        shown = of or self._latest("button")
        option = _pick(shown, button)
        reply = {"type": "button_reply", "button_reply": {"id": option.id, "title": option.title}}
        return await self.act("interactive", reply, context=self._of(shown))

    async def choose(self, row: str | int | Option, *, of: Shown | None = None) -> Said:
        """Choose a row of a list."""
        shown = of or self._latest("list")
        option = _pick(shown, row)
        chosen = {"id": option.id, "title": option.title}
        if option.description:
            chosen["description"] = option.description
        reply = {"type": "list_reply", "list_reply": chosen}
        return await self.act("interactive", reply, context=self._of(shown))

    async def template_button(self, text: str, payload: str, *, of: Shown | None = None) -> Said:
        """Press a quick reply of a template; without `of` the webhook does not say which template's."""
        context = self._of(of) if of else None
        return await self.act("button", {"payload": payload, "text": text}, context=context)

    async def form(self, response: str, *, of: Shown | None = None) -> Said:
        """Send in a form (a Flow), whose answers are JSON in a string."""
        reply = {"response_json": response, "body": "Sent", "name": "flow"}
        context = self._of(of) if of else None
        return await self.act("interactive", {"type": "nfm_reply", "nfm_reply": reply}, context=context)

    async def image(self, data: bytes, caption: str = "", *, mime: str = "image/jpeg") -> Said:
        """Send a picture."""
        return await self._file("image", data, mime, caption=caption)

    async def video(self, data: bytes, caption: str = "", *, mime: str = "video/mp4") -> Said:
        """Send a film."""
        return await self._file("video", data, mime, caption=caption)

    async def document(
        self, data: bytes, filename: str, caption: str = "", *, mime: str = "application/pdf"
    ) -> Said:
        """Send a document."""
        return await self._file("document", data, mime, caption=caption, filename=filename)

    async def voice(self, data: bytes, *, mime: str = "audio/ogg; codecs=opus") -> Said:
        """Say something."""
        return await self._file("audio", data, mime, voice=True)

    async def audio(self, data: bytes, *, mime: str = "audio/mpeg") -> Said:
        """Send a sound file."""
        return await self._file("audio", data, mime, voice=False)

    async def sticker(self, data: bytes, *, animated: bool = False) -> Said:
        """Send a sticker."""
        return await self._file("sticker", data, "image/webp", animated=animated)

    async def location(self, latitude: float, longitude: float, name: str = "", address: str = "") -> Said:
        """Send a place."""
        place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
        return await self.act("location", place | _filled(name=name, address=address))

    async def contacts(self, *people: tuple[str, str]) -> Said:
        """Send address book entries: names and phones."""
        cards = [
            {
                "name": {"formatted_name": name, "first_name": name},
                "phones": [{"phone": phone, "wa_id": phone.removeprefix("+"), "type": "CELL"}],
            }
            for name, phone in people
        ]
        return await self.act("contacts", cards)

    async def order(self, *items: tuple[str, int, float], note: str = "") -> Said:
        """Send a basket from the catalogue: ids, quantities and prices."""
        products = [
            {"product_retailer_id": id_, "quantity": many, "item_price": price, "currency": "EUR"}
            for id_, many, price in items
        ]
        return await self.act(
            "order", {"catalog_id": "194836987003835", "text": note, "product_items": products}
        )

    async def unsupported(self, kind: str = "poll") -> Said:
        """Send something that the interface cannot carry."""
        error = in_webhook(131051, "Message type is currently not supported.")
        return await self.act("unsupported", {"type": kind} if kind else None, errors=[error])

    async def react(self, message: Shown | Said | str, emoji: str = "👍") -> Said:
        """React to a message."""
        return await self.act("reaction", {"message_id": _id(message), "emoji": emoji})

    async def unreact(self, message: Shown | Said | str, *, empty: bool = False) -> Said:
        """Take a reaction back: the emoji is missing, or (seen too) empty."""
        gone = {"emoji": ""} if empty else {}
        return await self.act("reaction", {"message_id": _id(message), **gone})

    async def edit(self, message: Said | str, text: str) -> Said:
        """Change what was written."""
        new = {"type": "text", "text": {"body": text}}
        content = {"original_message_id": _id(message), "message": new}
        return await self.act("edit", content, opens=False)

    async def revoke(self, message: Said | str) -> Said:
        """Delete a message for everyone."""
        return await self.act("revoke", {"original_message_id": _id(message)}, opens=False)

    # --- the person ----------------------------------------------------------------------------

    def block(self, blocked: bool = True) -> None:
        """Block the business: it is not told, only that a message cannot be delivered."""
        self.blocked = blocked

    async def read(self) -> None:
        """Open the chat: everything in it is read."""
        unread, self._unread = self._unread, []
        for shown in unread if self.receipts else ():
            await self._fake.report(self, shown, "read")

    async def hide_phone(self, username: str = "") -> None:
        """Take a user name: the phone is in no webhook any more. The business is not told."""
        assert self.identity.bsuid, "without a business-scoped id there is nothing to be known by"
        self.former.append(self.identity)
        self.identity = replace(self.identity, phone="", username=username or self.identity.name.lower())

    async def change_number(self, phone: str) -> Said:
        """Change the phone number; the business-scoped id changes with it, and the business is told."""
        old = self.identity
        new = replace(
            old, phone=phone if old.phone else "", bsuid=self._fake.new_bsuid() if old.bsuid else ""
        )
        self.former.append(old)
        self.identity, self.phone = new, phone
        body = f"User {old.name} changed from {old.phone or old.bsuid} to {new.phone or new.bsuid}"
        kind = "user_changed_number" if old.phone else "user_changed_user_id"
        system = {"body": body, "type": kind} | _filled(wa_id=new.phone, user_id=new.bsuid)
        said = await self.act("system", system, who=old, opens=False)
        if old.bsuid:
            update = {
                **_filled(wa_id=new.phone),
                "detail": f"User id for {old.name} has been updated.",
                "user_id": {"previous": old.bsuid, "current": new.bsuid},
                "timestamp": payloads.stamp(self._fake.clock.now()),
            }
            await self._tell("user_id_update", update, field="user_id_update")
        return said

    async def stop_marketing(self, stop: bool = True) -> None:
        """Want no more advertising."""
        word = "stop" if stop else "resume"
        preference = {
            **_filled(wa_id=self.identity.phone, user_id=self.identity.bsuid),
            "detail": f"User requested to {word} marketing messages",
            "category": "marketing_messages",
            "value": word,
            "timestamp": int(self._fake.clock.now().timestamp()),
        }
        await self._tell("user_preferences", preference, field="user_preferences")

    # --- the wire ------------------------------------------------------------------------------

    async def act(
        self, kind: str, content: Any, *, who: Identity | None = None, opens: bool = True, **more: Any
    ) -> Said:
        """Send a message of any kind."""
        at, message_id = self._fake.clock.now(), new_id(self.phone)
        who = who or self.identity
        if opens:
            self._fake.opened(self, at)
        item = payloads.message(who, message_id, at, kind, content, **more)
        place = len(self.said)
        webhook = self._fake.courier.tell(
            Change(number=self.number, identity=who, key="messages", item=item)
        )
        said = Said(id=message_id, type=kind, content=content, at=at, webhook=webhook)
        self.said.insert(place, said)
        if webhook:
            await webhook.tried.wait()
        return said

    def reached(self, shown: Shown) -> None:
        """Show a message of the business."""
        self.seen.append(shown)
        self._unread.append(shown)

    async def _tell(self, key: str, item: Mapping[str, Any], *, field: str) -> None:
        webhook = self._fake.courier.tell(
            Change(number=self.number, identity=self.identity, key=key, item=dict(item), field=field)
        )
        if webhook:
            await webhook.tried.wait()

    async def _file(self, kind: str, data: bytes, mime: str, **more: Any) -> Said:
        fake = self._fake
        file = fake.shelf.put(data, mime, self.number.id, fake.clock.now() + RECEIVED_LASTS)
        content = file.in_webhook()
        if fake.addresses_in_webhooks:
            content["url"] = fake.shelf.describe(file, fake.url, fake.clock.now())["url"]
        given = {name: value for name, value in more.items() if value not in ("", None)}
        return await self.act(kind, content | given)

    def _latest(self, kind: str) -> Shown:
        return next(s for s in reversed(self.seen) if s.content.get("type") == kind and s.options)

    def _of(self, shown: Shown) -> dict[str, str]:
        return {"from": self.number.display, "id": shown.id}


def _pick(shown: Shown, wanted: str | int | Option) -> Option:
    if isinstance(wanted, Option):
        return wanted
    if isinstance(wanted, int):
        return shown.options[wanted - 1]
    found: Iterable[Option] = (option for option in shown.options if option.title == wanted)
    return next(iter(found))


def _id(message: Shown | Said | str) -> str:
    return message if isinstance(message, str) else message.id


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}

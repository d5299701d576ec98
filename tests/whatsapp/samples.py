"""One webhook body of everything that the fake knows."""

from __future__ import annotations

import json
from typing import Any

from tests.fake_whatsapp import FakeWhatsApp
from tests.fake_whatsapp.customer import Customer
from tests.fake_whatsapp.errors import Refused
from tests.fake_whatsapp.server import Known
from tests.fake_whatsapp.shown import Option, Shown
from tests.support.clock import FakeClock


async def samples() -> list[dict[str, Any]]:
    """Return one body of every kind that the fake knows, for every way to know a customer."""
    async with FakeWhatsApp(clock=FakeClock()) as fake:
        fake.courier.gaps = ()
        known: Known
        for known in ("phone", "both", "bsuid"):
            await everything(fake, fake.customer("Ada", known))
        with fake.courier.held("mixed"):
            for name in ("Ben", "Cleo"):
                await fake.customer(name).write("in one body")
        await fake.settle()
        return [json.loads(webhook.raw) for webhook in fake.courier.sent]


async def everything(fake: FakeWhatsApp, ada: Customer) -> None:
    """Do everything that there is to do."""
    said = await ada.write("hello")
    await ada.write("to that", quote=said.id)
    await ada.image(b"\xff\xd8\xff", "look")
    await ada.video(b"film")
    await ada.document(b"%PDF-", "a.pdf", "here")
    await ada.voice(b"OggS")
    await ada.sticker(b"RIFF")
    await ada.location(52.5, 13.4, "Shop", "Street 1")
    await ada.contacts(("Ben", "+491500000"), ("Cleo", "+491500001"))
    await ada.order(("BOOK", 2, 9.5), note="please")
    await ada.unsupported()
    await ada.template_button("Yes", "payload")
    await ada.form('{"a":1}')
    await ada.react(said)
    await ada.unreact(said)
    await ada.edit(said, "hello!")
    await ada.revoke(said)
    shown = Shown(id=said.id, type="interactive", content={}, at=fake.clock.now(), ref="c1:2")
    await ada.press(Option(id="~2.0", title="Yes"), of=shown)
    await ada.choose(Option(id="~2.1", title="No", description="Not at all"), of=shown)
    for status in ("sent", "delivered", "read"):
        await fake.report(ada, shown, status)
    fake.follow(fake.number, ada.identity, shown, Refused(131026, "Message Undeliverable."))
    await fake.echo(ada, "Ben here")
    await ada.stop_marketing()
    await ada.change_number("491511111111" + ada.phone[-3:])

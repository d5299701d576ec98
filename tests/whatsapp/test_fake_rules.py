"""The fake WhatsApp takes what the platform takes, and refuses what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fake_whatsapp import NUMBER, Customer, FakeWhatsApp, Limits
from tests.support.clock import FakeClock

URL = f"/v25.0/{NUMBER.id}/messages"
JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
async def fake() -> AsyncIterator[FakeWhatsApp]:
    async with FakeWhatsApp(clock=FakeClock(), limits=Limits(throughput=1000)) as running:
        running.template("reply_waiting", "Hello {{1}}, your answer to {{2}} is here.")
        running.template("bare", "Hello.")
        running.template("stopped", "Hello.", state="PAUSED")
        yield running


@pytest.fixture
async def api(fake: FakeWhatsApp) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {NUMBER.token}"}
    async with httpx.AsyncClient(base_url=fake.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
async def ada(fake: FakeWhatsApp) -> Customer:
    customer = fake.customer("Ada")
    await customer.write("hello")
    return customer


def message(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "type": kind, kind: content, **more}


def buttons(*titles: str, body: str = "Which?", **more: Any) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"b{n}", "title": t}} for n, t in enumerate(titles)]
    return {"type": "button", "body": {"text": body}, "action": {"buttons": replies}, **more}


def rows(count: int, *, title: str = "Row", about: str = "", label: str = "Menu") -> dict[str, Any]:
    described = {"description": about} if about else {}
    made = [{"id": f"r{n}", "title": f"{title} {n}", **described} for n in range(count)]
    sections = [{"title": "One", "rows": made}]
    return {"type": "list", "body": {"text": "?"}, "action": {"button": label, "sections": sections}}


def template(name: str, *values: str, language: str = "en") -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in values]
    components = [{"type": "body", "parameters": parameters}] if values else []
    return {"name": name, "language": {"code": language}, "components": components}


LINK = {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://shop.example.com"}}
TAKEN = {
    "text": ("text", {"body": "x" * 4096}),
    "emoji": ("text", {"body": "😀" * 4096, "preview_url": True}),
    "one button": ("interactive", buttons("Yes")),
    "three buttons": ("interactive", buttons("Yes", "No", "x" * 20, body="y" * 1024)),
    "header and footer": (
        "interactive",
        buttons("Yes", header={"type": "text", "text": "h" * 60}, footer={"text": "f" * 60}),
    ),
    "list": ("interactive", rows(10, about="d" * 72, label="l" * 20)),
    "link": ("interactive", {"type": "cta_url", "body": {"text": "Look"}, "action": LINK}),
    "picture by link": ("image", {"link": "https://shop.example.com/a.jpg", "caption": "c" * 1024}),
    "sound by link": ("audio", {"link": "https://shop.example.com/a.mp3"}),
    "document by link": ("document", {"link": "https://shop.example.com/a.pdf", "filename": "a.pdf"}),
    "sticker by link": ("sticker", {"link": "https://shop.example.com/a.webp"}),
    "place": ("location", {"latitude": 52.5, "longitude": "13.4", "name": "Shop"}),
    "template": ("template", template("reply_waiting", "Ada", "order 1")),
    "template without parameters": ("template", template("bare")),
}
REFUSED = {
    "empty text": ("text", {"body": ""}, 131008),
    "blank text": ("text", {"body": " \n"}, 131008),
    "long text": ("text", {"body": "x" * 4097}, 100),
    "unknown key": ("text", {"body": "x", "formatting": True}, 100),
    "no button": ("interactive", buttons(), 131009),
    "four buttons": ("interactive", buttons("1", "2", "3", "4"), 131009),
    "long button": ("interactive", buttons("x" * 21), 131009),
    "same buttons": ("interactive", buttons("Yes", "Yes"), 131009),
    "long words over buttons": ("interactive", buttons("Yes", body="x" * 1025), 131009),
    "long header": ("interactive", buttons("Yes", header={"type": "text", "text": "h" * 61}), 131009),
    "long footer": ("interactive", buttons("Yes", footer={"text": "f" * 61}), 131009),
    "no row": ("interactive", rows(0), 131009),
    "eleven rows": ("interactive", rows(11), 131009),
    "long row": ("interactive", rows(1, title="x" * 24), 131009),
    "long description": ("interactive", rows(1, about="x" * 73), 131009),
    "long label": ("interactive", rows(1, label="x" * 21), 131009),
    "link nowhere": (
        "interactive",
        {
            "type": "cta_url",
            "body": {"text": "L"},
            "action": LINK | {"parameters": {"display_text": "O", "url": "x"}},
        },
        131009,
    ),
    "long caption": ("image", {"link": "https://a.example/a.jpg", "caption": "c" * 1025}, 131009),
    "sound with caption": ("audio", {"link": "https://a.example/a.mp3", "caption": "c"}, 100),
    "sticker with caption": ("sticker", {"link": "https://a.example/a.webp", "caption": "c"}, 100),
    "id and link": ("image", {"link": "https://a.example/a.jpg", "id": "1"}, 100),
    "neither": ("image", {"caption": "c"}, 100),
    "unknown file": ("image", {"id": "1199"}, 100),
    "no place": ("location", {"latitude": 52.5}, 131008),
    "place nowhere": ("location", {"latitude": 152.5, "longitude": 0}, 131009),
    "unknown template": ("template", template("other"), 132001),
    "other language": ("template", template("bare", language="de"), 132001),
    "stopped template": ("template", template("stopped"), 132015),
    "one parameter": ("template", template("reply_waiting", "Ada"), 132000),
    "three parameters": ("template", template("reply_waiting", "a", "b", "c"), 132000),
    "new line": ("template", template("reply_waiting", "a\nb", "c"), 132018),
    "tab": ("template", template("reply_waiting", "a\tb", "c"), 132018),
    "five spaces": ("template", template("reply_waiting", "a     b", "c"), 132018),
    "unknown type": ("poll", {"question": "?"}, 100),
    "reaction to nothing": ("reaction", {"message_id": "wamid.x", "emoji": "👍"}, 131009),
}


@pytest.mark.parametrize(("kind", "content"), TAKEN.values(), ids=TAKEN)
async def test_what_is_right_reaches_the_customer(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer, kind: str, content: Any
) -> None:
    response = await api.post(URL, json=message(kind, content, to=ada.phone))
    assert response.status_code == 200, response.text
    assert [(s.type, s.id) for s in ada.seen] == [(kind, response.json()["messages"][0]["id"])]
    assert fake.violations == []


@pytest.mark.parametrize(("kind", "content", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_is_wrong_is_refused(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer, kind: str, content: Any, code: int
) -> None:
    response = await api.post(URL, json=message(kind, content, to=ada.phone))
    assert response.json()["error"]["code"] == code
    assert response.status_code >= 400
    assert ada.seen == []
    assert bool(fake.violations) == (code != 132015)  # a paused template is nobody's mistake


async def test_a_list_has_ten_rows_in_all_its_sections_and_titles_for_them(
    api: httpx.AsyncClient, ada: Customer
) -> None:
    two = rows(6)
    two["action"]["sections"].append(
        {"title": "Two", "rows": [{"id": f"s{n}", "title": "x"} for n in range(5)]}
    )
    response = await api.post(URL, json=message("interactive", two, to=ada.phone))
    assert response.json()["error"]["code"] == 131009
    two["action"]["sections"][1]["rows"].pop()
    assert (await api.post(URL, json=message("interactive", two, to=ada.phone))).status_code == 200
    del two["action"]["sections"][1]["title"]
    assert (await api.post(URL, json=message("interactive", two, to=ada.phone))).status_code == 400


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer other"}, {"authorization": NUMBER.token}]
)
async def test_without_the_token_nothing_is_taken(
    fake: FakeWhatsApp, ada: Customer, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=fake.url, headers=headers, trust_env=False) as thief:
        response = await thief.post(URL, json=message("text", {"body": "x"}, to=ada.phone))
        described = await thief.get(f"/v25.0/{NUMBER.id}")
    assert (response.status_code, response.json()["error"]["code"]) == (401, 190)
    assert described.status_code == 401
    assert ada.seen == []


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({}, 131008),
        ({"to": "DE.134912"}, 131009),
        ({"recipient": "491500000001"}, 131009),
        ({"recipient": "DE.1", "recipient_type": "group"}, 131009),
    ],
)
async def test_phones_are_in_to_and_scoped_ids_in_recipient(
    api: httpx.AsyncClient, to: dict[str, str], code: int
) -> None:
    response = await api.post(URL, json=message("text", {"body": "x"}, **to))
    assert response.json()["error"]["code"] == code


async def test_both_kinds_of_address_reach_the_person(api: httpx.AsyncClient, ada: Customer) -> None:
    bsuid = ada.identity.bsuid
    by_id = await api.post(URL, json=message("text", {"body": "one"}, recipient=bsuid))
    assert by_id.json()["contacts"] == [{"input": bsuid, "user_id": bsuid}]
    by_phone = await api.post(URL, json=message("text", {"body": "two"}, to="+" + ada.phone))
    assert by_phone.json()["contacts"] == [{"input": "+" + ada.phone, "wa_id": ada.phone}]
    both = message("text", {"body": "three"}, to=ada.phone, recipient="DE.1")
    assert (await api.post(URL, json=both)).status_code == 200  # the phone counts
    assert ada.texts == ["one", "two", "three"]


async def test_outside_of_24_hours_only_templates_are_taken(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer
) -> None:
    assert isinstance(fake.clock, FakeClock)
    text = message("text", {"body": "x"}, to=ada.phone)
    fake.clock.move(24 * 3600 - 1)
    assert (await api.post(URL, json=text)).status_code == 200
    fake.clock.move(1)
    assert (await api.post(URL, json=text)).json()["error"]["code"] == 131047
    greeting = message("template", template("bare"), to=ada.phone)
    assert (await api.post(URL, json=greeting)).json()["messages"][0]["message_status"] == "accepted"
    await ada.write("I am back")
    assert (await api.post(URL, json=text)).status_code == 200
    assert fake.violations == []


async def test_one_customer_gets_45_at_once_and_then_one_in_six_seconds(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer
) -> None:
    assert isinstance(fake.clock, FakeClock)
    ben = fake.customer("Ben")
    await ben.write("hi")
    text = message("text", {"body": "x"}, to=ada.phone)
    statuses = [(await api.post(URL, json=text)).status_code for _ in range(46)]
    assert statuses == [200] * 45 + [429]
    assert (await api.post(URL, json=text)).json()["error"]["code"] == 131056
    assert (await api.post(URL, json=text | {"to": ben.phone})).status_code == 200
    fake.clock.move(6)
    assert [(await api.post(URL, json=text)).status_code for _ in range(2)] == [200, 429]


async def test_a_number_has_so_many_messages_a_second_in_and_out() -> None:
    clock = FakeClock()
    async with (
        FakeWhatsApp(clock=clock, limits=Limits(throughput=3)) as fake,
        httpx.AsyncClient(
            base_url=fake.url, headers={"authorization": f"Bearer {NUMBER.token}"}, trust_env=False
        ) as api,
    ):
        ada = fake.customer()
        await ada.write("one")
        text = message("text", {"body": "x"}, to=ada.phone)
        codes = [(await api.post(URL, json=text)).json().get("error", {}).get("code") for _ in range(3)]
        assert codes == [None, None, 130429]
        clock.move(1)
        assert (await api.post(URL, json=text)).status_code == 200


async def test_marks_need_a_message_that_was_received(api: httpx.AsyncClient, ada: Customer) -> None:
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": ada.said[0].id}
    assert (await api.post(URL, json=mark)).json() == {"success": True}
    typing = mark | {"typing_indicator": {"type": "text"}}
    assert (await api.post(URL, json=typing)).status_code == 200
    assert (ada.read_marks, [message_id for _, message_id in ada.typing]) == (
        [ada.said[0].id] * 2,
        [ada.said[0].id],
    )
    sent = await api.post(URL, json=message("text", {"body": "x"}, to=ada.phone))
    for wrong in ("wamid.unknown", sent.json()["messages"][0]["id"]):
        assert (await api.post(URL, json=mark | {"message_id": wrong})).status_code == 400


async def test_quotes_and_reactions_are_of_this_conversation(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer
) -> None:
    ben = fake.customer("Ben")
    await ben.write("hi")
    reply = message("text", {"body": "x"}, to=ada.phone, context={"message_id": ada.said[0].id})
    assert (await api.post(URL, json=reply)).status_code == 200
    assert ada.seen[0].quotes == ada.said[0].id
    reply["context"] = {"message_id": ben.said[0].id}
    assert (await api.post(URL, json=reply)).json()["error"]["code"] == 131009
    reaction = message("reaction", {"message_id": ada.said[0].id, "emoji": "❤️"}, to=ada.phone)
    assert (await api.post(URL, json=reaction)).status_code == 200
    assert ada.reactions == {ada.said[0].id: "❤️"}


UPLOADS = {
    "jpeg": ("image/jpeg", JPEG, 200),
    "heavy jpeg": ("image/jpeg", bytes(5 * 1024 * 1024 + 1), 400),
    "empty": ("image/png", b"", 400),
    "gif": ("image/gif", b"GIF89a", 400),
    "zip": ("application/zip", b"PK", 400),
    "pdf": ("application/pdf", bytes(6 * 1024 * 1024), 200),
    "sticker": ("image/webp", bytes(500 * 1024), 200),
    "heavy sticker": ("image/webp", bytes(500 * 1024 + 1), 400),
    "voice": ("audio/ogg; codecs=opus", b"OggS", 200),
}


@pytest.mark.parametrize(("mime", "data", "status"), UPLOADS.values(), ids=UPLOADS)
async def test_uploads_are_of_known_types_and_sizes(
    api: httpx.AsyncClient, mime: str, data: bytes, status: int
) -> None:
    form = {"messaging_product": "whatsapp", "type": mime}
    response = await api.post(f"/v25.0/{NUMBER.id}/media", data=form, files={"file": ("name", data, mime)})
    assert response.status_code == status, response.text


async def test_a_file_goes_up_and_to_the_customer(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer
) -> None:
    form = {"messaging_product": "whatsapp", "type": "image/jpeg"}
    files = {"file": ("a.jpg", JPEG, "image/jpeg")}
    uploaded = await api.post(f"/{NUMBER.id}/media", data=form, files=files)  # no version is fine too
    media_id = uploaded.json()["id"]
    sent = message("image", {"id": media_id, "caption": "look"}, to=ada.phone)
    assert (await api.post(URL, json=sent)).status_code == 200
    (shown,) = ada.seen
    assert shown.file
    assert (shown.text, shown.file.data) == ("look", JPEG)
    assert fake.violations == []


async def test_a_customers_file_needs_the_token_twice_and_its_address_lasts_five_minutes(
    fake: FakeWhatsApp, api: httpx.AsyncClient, ada: Customer
) -> None:
    assert isinstance(fake.clock, FakeClock)
    said = await ada.image(JPEG, "broken")
    found = (await api.get(f"/v25.0/{said.content['id']}", params={"phone_number_id": NUMBER.id})).json()
    assert (found["mime_type"], found["file_size"]) == ("image/jpeg", len(JPEG))
    assert (await api.get(found["url"])).content == JPEG
    async with httpx.AsyncClient(trust_env=False) as thief:
        assert (await thief.get(found["url"])).status_code == 401
    fake.clock.move(300)
    assert (await api.get(found["url"])).status_code == 404
    assert (await api.get((await api.get(f"/v25.0/{said.content['id']}")).json()["url"])).content == JPEG
    fake.clock.move(7 * 24 * 3600)
    assert (await api.get(f"/v25.0/{said.content['id']}")).json()["error"]["error_subcode"] == 33
    assert (await api.get("/v25.0/1", params={"phone_number_id": "2"})).status_code == 400


async def test_a_number_says_who_it_is(api: httpx.AsyncClient) -> None:
    found = (await api.get(f"/v25.0/{NUMBER.id}")).json()
    assert (found["id"], found["verified_name"]) == (NUMBER.id, "Example Shop")
    assert (await api.get("/v25.0/999")).json()["error"]["code"] == 100
    assert (await api.delete(f"/v25.0/{NUMBER.id}")).status_code == 400

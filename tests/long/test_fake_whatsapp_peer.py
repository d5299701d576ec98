"""The fake WhatsApp against pywa, which knows the platform independently of us: it reads and it sends.

What agrees: signatures over the raw bytes with their escapes; the verify-token handshake; every kind of
message, its sender by phone and by business-scoped id, times, files, quotes, choices; edits, deletions,
reactions put on and taken off; changes of number; statuses with our own words and with errors; echoes
from the Business app; preferences. pywa's client sends texts, choices, files, templates and marks to the
fake and reads its refusals as the platform's.

What pywa lacks: it reads only the first message of a body, so a batch loses all the others (the fake
batches, and so does the platform); it wants a business-scoped id of everybody who writes, so that the
form from before 2026, with a phone alone, is lost to it; and it does not know `user_id_update`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_whatsapp import NUMBER, Customer, FakeWhatsApp, Limits, Webhook
from tests.fake_whatsapp.listener import Listener
from tests.long.peers import python_with

PEER = Path(__file__).with_name("pywa_peer.py")
VERSION = "4.5.0"

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def python() -> Path:
    """pywa in an environment of its own."""
    return python_with("pywa", VERSION)


class Peer:
    """pywa as a reader of webhooks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def read(self, webhook: Webhook, *, signature: str = "") -> dict[str, Any]:
        """Return {"refused", "found"}."""
        assert self.process.stdin
        assert self.process.stdout
        given = {
            "raw": webhook.raw.hex(),
            "signature": signature or webhook.headers["X-Hub-Signature-256"],
        }
        self.process.stdin.write(json.dumps(given).encode() + b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        answer: dict[str, Any] = json.loads(line)
        return answer


def about(fake: FakeWhatsApp, **more: str) -> str:
    given = {"phone_id": NUMBER.id, "token": NUMBER.token, "app_secret": NUMBER.app_secret}
    return json.dumps(given | {"verify_token": NUMBER.verify_token, "url": fake.url} | more)


@pytest.fixture
async def fake() -> AsyncIterator[FakeWhatsApp]:
    async with FakeWhatsApp(limits=Limits(pair_burst=1000)) as running:
        listener = Listener(NUMBER)
        await listener.start()
        assert await running.register(listener.url)
        yield running
        await listener.stop()


@pytest.fixture
async def peer(python: Path, fake: FakeWhatsApp) -> AsyncIterator[Peer]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        python, PEER, "read", about(fake), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    yield Peer(process)
    assert process.stdin
    process.stdin.close()
    await process.wait()


async def newest(fake: FakeWhatsApp, peer: Peer) -> dict[str, Any]:
    """Return what pywa made of the newest webhook."""
    answer = await peer.read(fake.courier.sent[-1])
    assert answer["refused"] is None
    (found,) = answer["found"]
    assert isinstance(found, dict)
    return found


EVERYTHING: dict[str, tuple[str, dict[str, Any]]] = {
    "write": ("Message", {"type": "text", "text": "größer / 😀"}),
    "image": ("Message", {"type": "image", "image.mime_type": "image/jpeg", "image.caption": "Look"}),
    "video": ("Message", {"type": "video", "video.mime_type": "video/mp4"}),
    "document": ("Message", {"type": "document", "document.filename": "a.pdf", "document.caption": "Here"}),
    "voice": (
        "Message",
        {"type": "audio", "audio.mime_type": "audio/ogg; codecs=opus", "audio.voice": True},
    ),
    "audio": ("Message", {"type": "audio", "audio.voice": False}),
    "sticker": ("Message", {"type": "sticker", "sticker.animated": True}),
    "location": ("Message", {"location.latitude": 1.5, "location.longitude": 2.5, "location.name": "Shop"}),
    "contacts": ("Message", {"type": "contacts"}),
    "order": ("Message", {"type": "order", "order.products.0.sku": "BOOK", "order.products.0.quantity": 2}),
    "unsupported": ("Message", {"type": "unsupported", "unsupported.type": "poll", "error.code": 131051}),
    "unsupported_unnamed": ("Message", {"type": "unsupported", "unsupported": None}),
    "forwarded": ("Message", {"text": "pass it on", "forwarded": True}),
    "quote": ("Message", {"text": "to that"}),
    "template_button": ("CallbackButton", {"data": "payload", "title": "Yes"}),
    "form": ("FlowCompletion", {"response": {"a": 1}}),
    "react": ("Message", {"type": "reaction", "reaction.emoji": "👍"}),
    "unreact": ("Message", {"type": "reaction", "reaction.emoji": None}),
    "unreact_empty": ("Message", {"type": "reaction", "reaction.emoji": None}),
    "edit": ("EditedMessage", {"message.text": "hello!"}),
    "revoke": ("DeletedMessage", {"type": "revoke"}),
    "stop_marketing": ("UserMarketingPreferences", {"value": "stop"}),
    "echo": ("OutgoingMessage", {"text": "Ana here"}),
}


async def do(fake: FakeWhatsApp, ada: Customer, what: str) -> None:
    """Do one thing of `EVERYTHING`."""
    said = ada.said[0]
    acts: dict[str, Any] = {
        "write": lambda: ada.write("größer / 😀"),
        "image": lambda: ada.image(b"\xff\xd8\xff", "Look"),
        "video": lambda: ada.video(b"film"),
        "document": lambda: ada.document(b"%PDF-", "a.pdf", "Here"),
        "voice": lambda: ada.voice(b"OggS"),
        "audio": lambda: ada.audio(b"ID3"),
        "sticker": lambda: ada.sticker(b"RIFF", animated=True),
        "location": lambda: ada.location(1.5, 2.5, "Shop"),
        "contacts": lambda: ada.contacts(("Ben", "+491500000")),
        "order": lambda: ada.order(("BOOK", 2, 9.5)),
        "unsupported": ada.unsupported,
        "unsupported_unnamed": lambda: ada.unsupported(""),
        "forwarded": lambda: ada.write("pass it on", forwarded=True),
        "quote": lambda: ada.write("to that", quote=said.id),
        "template_button": lambda: ada.template_button("Yes", "payload"),
        "form": lambda: ada.form('{"a":1}'),
        "react": lambda: ada.react(said),
        "unreact": lambda: ada.unreact(said),
        "unreact_empty": lambda: ada.unreact(said, empty=True),
        "edit": lambda: ada.edit(said, "hello!"),
        "revoke": lambda: ada.revoke(said),
        "stop_marketing": ada.stop_marketing,
        "echo": lambda: fake.echo(ada, "Ana here"),
    }
    await acts[what]()


def at(found: Any, path: str) -> Any:
    for name in path.split("."):
        found = found[int(name)] if name.isdecimal() else found[name]
    return found


@pytest.mark.parametrize("known", ["both", "bsuid"])
async def test_pywa_understands_everything_that_a_customer_does(
    fake: FakeWhatsApp, peer: Peer, known: Any
) -> None:
    ada = fake.customer(known=known)
    await ada.write("hello")
    for what, (kind, expected) in EVERYTHING.items():
        await do(fake, ada, what)
        found = await newest(fake, peer)
        assert found["class"] == kind, what
        assert {path: at(found, path) for path in expected} == expected, what
        assert found["metadata"]["phone_number_id"] == NUMBER.id
        who = found["from_user"]
        assert (who["wa_id"], who["bsuid"]) == (ada.identity.phone or None, ada.identity.bsuid or None), (
            what
        )


async def test_pywa_does_not_read_the_old_form_with_a_phone_alone(fake: FakeWhatsApp, peer: Peer) -> None:
    await fake.customer(known="phone").write("hello")
    answer = await peer.read(fake.courier.sent[-1])
    assert answer == {"refused": None, "found": []}


async def test_pywa_sees_what_is_quoted_pressed_and_chosen(
    fake: FakeWhatsApp, peer: Peer, python: Path
) -> None:
    ada = fake.customer()
    said = await ada.write("hello")
    fake.template("reply_waiting", "Hello {{1}}, your answer to {{2}} is here.")
    await sends(python, fake, ada, said.id)
    await ada.write("to that", quote=ada.seen[0].id)
    assert (await newest(fake, peer))["reply_to_message"]["id"] == ada.seen[0].id
    await ada.press("No")
    pressed = await newest(fake, peer)
    assert (pressed["class"], pressed["data"], pressed["title"]) == ("CallbackButton", "no", "No")
    await ada.choose(10)
    chosen = await newest(fake, peer)
    assert (chosen["class"], chosen["data"], chosen["title"]) == ("CallbackSelection", "r9", "Row 9")
    assert chosen["description"] == "About"


async def test_pywa_sees_how_far_messages_have_come(fake: FakeWhatsApp, peer: Peer, python: Path) -> None:
    ada = fake.customer()
    said = await ada.write("hello")
    fake.template("reply_waiting", "Hello {{1}}, your answer to {{2}} is here.")
    await sends(python, fake, ada, said.id)
    await ada.read()
    ada.block()
    await sends(python, fake, ada, said.id)
    told = [w for w in fake.courier.sent if w.changes[0].key == "statuses"]
    found = [f for w in told for f in (await peer.read(w))["found"]]
    assert len(found) == len(told) >= 20
    assert {f["status"] for f in found} == {"sent", "delivered", "read", "failed"}
    assert all(f["from_user"]["bsuid"] == ada.identity.bsuid for f in found)
    assert {f["tracker"] for f in found} == {None, "c1:1"}
    assert {f["error"]["code"] for f in found if f["status"] == "failed"} == {131026}
    assert {f["pricing"]["model"] for f in found if f["pricing"]} == {"PMP"}


async def test_pywa_sees_people_change_their_number(fake: FakeWhatsApp, peer: Peer) -> None:
    ada = fake.customer()
    old = ada.identity
    await ada.write("hello")
    await ada.change_number("491511111111")
    system, update = fake.courier.sent[-2:]
    (found,) = (await peer.read(system))["found"]
    assert found["class"] == "PhoneNumberChange"
    assert (found["old_wa_id"], found["new_wa_id"]) == (old.phone, "491511111111")
    assert found["new_user_id"] == ada.identity.bsuid
    assert (await peer.read(update))["found"] == []  # pywa does not know user_id_update


async def test_pywa_reads_only_the_first_message_of_a_body(fake: FakeWhatsApp, peer: Peer) -> None:
    ada = fake.customer()
    with fake.courier.held():
        await ada.write("one")
        await ada.write("two")
    assert (await newest(fake, peer))["text"] == "one"


async def test_pywa_checks_signatures_as_we_make_them(fake: FakeWhatsApp, peer: Peer) -> None:
    await fake.customer().write("größer / 😀")
    webhook = fake.courier.sent[-1]
    assert (await peer.read(webhook))["refused"] is None
    assert (await peer.read(webhook, signature="sha256=" + "0" * 64))["refused"] == ["Forbidden", 403]
    again = json.dumps(json.loads(webhook.raw)).encode()
    forged = Webhook(raw=again, secret=webhook.secret, changes=webhook.changes)
    signed = webhook.headers["X-Hub-Signature-256"]
    assert (await peer.read(forged, signature=signed))["refused"] == ["Forbidden", 403]


async def sends(python: Path, fake: FakeWhatsApp, ada: Customer, message: str) -> dict[str, Any]:
    """Let pywa's client send one of each kind; return its answers by name."""
    picture = await ada.image(b"\xff\xd8\xff picture")
    more = {
        "to": ada.phone,
        "bsuid": ada.identity.bsuid,
        "message": message,
        "media": picture.content["id"],
    }
    pipe = asyncio.subprocess.PIPE
    command = [str(python), str(PEER), "send", about(fake, **more)]
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
    await fake.settle()
    return {answer.pop("name"): answer for answer in map(json.loads, output.splitlines())}


async def test_pywas_client_sends_to_the_fake(fake: FakeWhatsApp, python: Path) -> None:
    ada = fake.customer()
    said = await ada.write("hello")
    fake.template("reply_waiting", "Hello {{1}}, your answer to {{2}} is here.")
    answers = await sends(python, fake, ada, said.id)
    wrong = {name: answer.get("code") for name, answer in answers.items() if "code" in answer}
    assert wrong == {"no template": 132001, "long button": 131009, "long text": 100}
    assert len(fake.violations) == 3
    shown = [s.type for s in ada.seen]
    assert shown == [
        *("text", "text", "interactive", "interactive", "interactive", "image", "document", "image"),
        *("location", "template", "text"),
    ]
    assert [answers[name]["id"] for name in ("text", "reply", "buttons")] == [s.id for s in ada.seen[:3]]
    assert ada.seen[1].quotes == said.id
    assert [o.title for o in ada.seen[2].options] == ["Yes", "No", "Later"]
    assert len(ada.seen[3].options) == 10
    files = [s.file.data for s in ada.seen if s.file]
    assert files == [b"\xff\xd8\xff\xe0 a picture", b"%PDF-", b"\xff\xd8\xff\xe0 a picture"]
    assert ada.texts[-2:] == ["Hello Ada, your answer to order 1 is here.", "By id"]
    assert ada.reactions == {said.id: "👍"}
    assert (len(ada.typing), ada.read_marks) == (1, [said.id, said.id])
    assert bytes.fromhex(answers["media"]["bytes"]) == b"\xff\xd8\xff picture"

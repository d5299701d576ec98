"""Frames, sessions, origins and limits as pure functions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bus.memory import MemoryBus
from bot.domain.conversation import Owner
from bot.domain.errors import ConfigError, DomainError, InvalidInput, TooLarge, TooManyRequests
from bot.domain.message import Attachment, Author, Choice, Kind
from bot.domain.visit import MadeFor, Standing
from bot.settings import load
from connectors.channels.webchat import parse, render, verify
from connectors.channels.webchat.limits import ChatLimits, Doorkeeper, network
from tests.support.clock import FakeClock
from tests.web.fakes import message

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSIONS = verify.Sessions("a secret of the tests")


# --- parse


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"type":"hello"}', parse.Hello),
        (b'{"type":"hello","v":1,"session":"s","identity":"i","after":3,"language":"en","page":"p"}', parse.Hello),
        (b'{"type":"message","id":"12345678","text":"x"}', parse.Say),
        (b'{"type":"typing"}', parse.Typing),
        (b'{"type":"read","seq":4}', parse.Read),
        (b'{"type":"history","before":4}', parse.History),
        (b'{"type":"rate","score":5}', parse.Rate),
        (b'{"type":"identify","identity":"x"}', parse.Identify),
        (b'{"type":"new"}', parse.New),
        (b'{"type":"erase"}', parse.Erase),
        (b'{"type":"ping"}', parse.Ping),
    ],
)  # fmt: skip
def test_frames_that_are_understood(raw: bytes, kind: type) -> None:
    assert isinstance(parse.read(raw), kind)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"read"}',
        b'{"type":"read","seq":-1}',
        b'{"type":"read","seq":1.5}',
        b'{"type":"read","seq":99999999999999999999}',
        b'{"type":"history","before":4,"limit":51}',
        b'{"type":"rate","score":0}',
        b'{"type":"rate","score":true}',
        b'{"type":"ping","type":"new","x":1}',
        b'{"type":["ping"]}',
        b'{"TYPE":"ping"}',
        b"{}",
        b"\xff",
    ],
)
def test_frames_that_are_not(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse.read(raw)


def test_a_frame_has_a_limit() -> None:
    with pytest.raises(TooLarge):
        parse.read(b" " * (parse.MAX_FRAME + 1))


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_noise_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(DomainError):
        parse.read(raw)
    assert parse.id_of(raw) == ""


def test_the_id_of_a_message_is_found_where_the_rest_is_broken() -> None:
    assert parse.id_of(b'{"type" : "message", "id": "abcd-1234", "text": "\\ud83d"}') == "abcd-1234"
    assert parse.id_of(b'{"type":"read","id":"abcd-1234"}') == ""
    assert parse.id_of(b'{"type":"message","id":"<script>"}') == ""


@pytest.mark.parametrize(
    "values", [{"language": "english!"}, {"language": "e"}, {"language": "en-" + "x" * 40}, {"page": "p" * 501}, {"v": 0}]
)  # fmt: skip
def test_greetings_that_cannot_be(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse.check_hello(parse.Hello(**values))


def test_an_inbound_message() -> None:
    found = parse.inbound(
        parse.Say(id="12345678", text="/restart"), address="a", now=NOW, language="de-AT", page="/cart"
    )
    assert (found.channel, found.external_id, found.text, found.choice) == (
        "webchat",
        "=12345678",
        "/restart",
        "",
    )
    assert (found.language, found.raw, found.signed_in_only) == ("de", {"page": "/cart"}, True)


@pytest.mark.parametrize("comment", ["x" * 1001, "a\0b"])
def test_comments_that_cannot_be(comment: str) -> None:
    with pytest.raises(InvalidInput):
        parse.check_rate(parse.Rate(score=1, comment=comment))


# --- verify


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_session_says_where_and_for_whom(address: str, ref: str) -> None:
    try:
        address.encode()
        ref.encode()
    except UnicodeEncodeError:
        return
    token = SESSIONS.sign(address, now=NOW, ref=ref)
    found = SESSIONS.read(token, now=NOW)
    if found is None:  # longer than any of ours
        assert len(token) > 512
        return
    assert found.address == address
    assert SESSIONS.ticket(found, ref).made_for is (MadeFor.THEM if ref else MadeFor.NOBODY)
    assert SESSIONS.ticket(found, "another-" + ref).made_for is (MadeFor.ANOTHER if ref else MadeFor.NOBODY)
    assert SESSIONS.ticket(found, "").made_for is (MadeFor.ANOTHER if ref else MadeFor.NOBODY)


@given(st.data())
def test_a_changed_session_is_none(data: st.DataObject) -> None:
    token = SESSIONS.sign("address", now=NOW, ref="C1")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=1, max_codepoint=0x2FF))
    changed = token[:place] + other + token[place + 1 :]
    assert SESSIONS.read(changed, now=NOW) is None or changed == token
    assert SESSIONS.read(token[:place], now=NOW) is None
    assert SESSIONS.read(token + other, now=NOW) is None
    assert verify.Sessions("another secret").read(token, now=NOW) is None


@given(st.text(max_size=200) | st.text(alphabet="w1.AQ_-=", max_size=80))
def test_noise_is_no_session(text: str) -> None:
    assert SESSIONS.read(text, now=NOW) is None


def test_sessions_end() -> None:
    token = SESSIONS.sign("a", now=NOW)
    assert SESSIONS.read(token, now=NOW + timedelta(days=30) - timedelta(seconds=1))
    assert SESSIONS.read(token, now=NOW + timedelta(days=30)) is None
    assert SESSIONS.read(token, now=NOW - timedelta(minutes=4))
    assert SESSIONS.read(token, now=NOW - timedelta(minutes=6)) is None


def test_a_signed_session_of_another_shape_is_none() -> None:
    for payload in (b"{}", b"null", b'{"a":"x","i":1e300}', b'{"a":"x","i":"1"}', b"\xff"):
        body = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
        seal = base64.urlsafe_b64encode(SESSIONS._seal(payload)).rstrip(b"=").decode()
        assert SESSIONS.read(f"w1.{body}.{seal}", now=NOW) is None


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        ("", True),
        ("https://shop.example.com", True),
        ("https://chat.example.com", True),
        ("http://10.0.0.1:8080", True),
        ("https://10.0.0.1:8080", True),
        ("https://shop.example.com.evil.example", False),
        ("https://xshop.example.com", False),
        ("http://shop.example.com", False),
        ("null", False),
        ("file://10.0.0.1:8080", False),
        ("http://10.0.0.1", False),
    ],
)
def test_origins(origin: str, passes: bool) -> None:
    origins = verify.Origins(["https://shop.example.com"], "https://chat.example.com")
    if passes:
        origins.check(origin, "10.0.0.1:8080")
    else:
        with pytest.raises(verify.ForeignOrigin):
            origins.check(origin, "10.0.0.1:8080")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://shop.example.com", ("https://shop.example.com",)),
        (
            "https://Shop.Example.com/, http://localhost:3000,https://a.example:443",
            ("https://shop.example.com", "http://localhost:3000", "https://a.example"),
        ),
        ("*", ("*",)),
        ("", ()),
        ("shop.example.com", None),
        ("https://shop.example.com/path", None),
        ("https://a b", None),
        ("https://user@shop.example.com", None),
        ("https://a.example,,https://b.example", None),
        ("ftp://a.example", None),
        ("https://a.example:99999", None),
    ],
)
def test_the_setting_of_origins(text: str, found: tuple[str, ...] | None, tmp_path: Any) -> None:
    environ = {"BATON_CHAT_ORIGINS": text, "BATON_DATA_DIR": str(tmp_path)}
    if found is None:
        with pytest.raises(ConfigError, match="BATON_CHAT_ORIGINS must be like"):
            load(environ, env_file=tmp_path / "none")
    else:
        assert load(environ, env_file=tmp_path / "none").chat_origins == found


# --- render


def test_only_what_customers_may_see_is_shown() -> None:
    messages = [
        message(seq=1, text="hi", author=Author.CUSTOMER, external_id="=abc"),
        message(seq=2, kind=Kind.NOTE, text="secret"),
        message(seq=3, kind=Kind.EVENT, text="secret"),
        message(seq=4, custom={"secret": 1}),
        message(seq=5, text="Hello", author=Author.AGENT, author_id="a1", author_name="Ana", reply_to="i1"),
        message(seq=6, text="?", choices=(Choice(title="Yes", payload="/secret"),), external_id="m"),
        message(
            seq=7,
            kind=Kind.MEDIA,
            attachments=(
                Attachment(kind="image", url="media:1", name="cat.png", size=3),
                Attachment(kind="image", url="javascript:alert(1)"),
                Attachment(kind="file", url="https://example.com/a.pdf"),
            ),
        ),
    ]  # fmt: skip

    def url(attachment: Attachment) -> str:
        return "/media/1/sig/cat.png" if attachment.url == "media:1" else attachment.url

    shown = msgspec.to_builtins(render.entries(messages, url))
    assert [entry["seq"] for entry in shown] == [1, 5, 6, 7]
    assert shown[0]["id"] == "abc"
    assert (shown[1]["name"], "id" in shown[1]) == ("Ana", False)
    assert shown[2]["choices"] == [{"title": "Yes", "token": "~6.0"}]
    assert [file["url"] for file in shown[3]["files"]] == [
        "/media/1/sig/cat.png",
        "https://example.com/a.pdf",
    ]
    assert "secret" not in str(shown)
    assert [entry.seq for entry in render.entries(messages, url, after=5)] == [6, 7]


def test_the_state() -> None:
    waiting = Standing(owner=Owner.QUEUE, seen=1, read=2)
    found = msgspec.json.decode(render.state(waiting, place=3, open_now=False, online=False, hours="9-5"))
    assert found == {
        "owner": "queue", "open": False, "online": False, "seen": 1, "read": 2, "place": 3, "hours": "9-5",
    }  # fmt: skip
    helped = Standing(owner=Owner.AGENT, agent="Ana", assignee="a1")
    frame = msgspec.json.decode(
        render.state_frame(render.state(helped, place=3, open_now=True, online=True, hours=""))
    )
    assert frame == {
        "type": "state", "owner": "agent", "open": True, "online": True, "seen": 0, "read": 0, "agent": "Ana",
    }  # fmt: skip


# --- limits


@pytest.mark.parametrize(
    ("ip", "found"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "::ffff:cb00:7109"),
        ("unknown", "unknown"),
    ],
)
def test_what_counts_as_one_address(ip: str, found: str) -> None:
    assert network(ip) == found


async def test_messages_are_counted_for_the_conversation_and_for_the_address() -> None:
    clock = FakeClock()
    door = Doorkeeper(MemoryBus(clock), ChatLimits(messages=2, per_address=2, window=10))
    assert [await door.message("a", "ip") > 0 for _ in range(3)] == [False, False, True]
    assert [await door.message(address, "ip") > 0 for address in ("b", "b", "c")] == [False, False, True]
    assert await door.message("c", "another") == 0
    for _ in range(2):
        await door.check("x", "ip", 2)
    with pytest.raises(TooManyRequests):
        await door.check("x", "ip", 2)


def test_who_leaves_makes_room() -> None:
    door = Doorkeeper(MemoryBus(FakeClock()), ChatLimits(sockets=2, total=3))
    assert [door.enter(ip) for ip in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    door.leave("a")
    assert door.enter("c")
    for ip in ("a", "b", "c"):
        door.leave(ip)
    assert not door._here

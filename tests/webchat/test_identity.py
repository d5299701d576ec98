"""Who is at a socket: sign-in, sign-out, renewal, expiry, another person, and forged papers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import jwt
import pytest

from bot.domain.message import IdentityClaim
from connectors.channels.webchat import ChatLimits
from connectors.channels.webchat.verify import Sessions
from tests.support.world import World
from tests.webchat.kit import ADA, BEN, SECRET, Chat, Page, new_id


async def test_a_customer_is_greeted_and_their_turns_are_theirs(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        assert page.ready["customer"] == {"name": "Ada Test"}
        assert page.ready["identity_until"] == 300
        await page.ask("hello")
    found = chat.world.engine.requests[-1].context
    assert (found.trust.value, found.directory_ref) == ("verified", "C1")


async def test_sign_in_in_the_middle_goes_on_with_the_conversation(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("as a stranger")
        session, address = page.session, page.address
        await page.send("identify", identity=chat.token(ADA))
        ready = await page.until("ready")
        assert (ready["customer"], "fresh" in ready, ready["messages"]) == (
            {"name": "Ada Test"},
            False,
            [],
        )
        assert page.address == address
        assert page.session != session  # it says now whose it is
        await page.ask("as Ada")
        assert page.texts == ["as a stranger", "echo 1: as a stranger", "as Ada", "echo 2: as Ada"]
        assert chat.world.engine.requests[-1].context.directory_ref == "C1"
    async with chat.page(session=session, after=2) as page:  # signed out, with the old session
        assert (page.ready["fresh"], page.texts) == ("signed_out", [])
        assert page.address != address


async def test_sign_in_on_the_next_page(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("as a stranger")
        address = page.address
    async with chat.page(session=page.session, after=2, identity=chat.token(ADA)) as page:
        assert (page.address, page.texts, "fresh" in page.ready) == (address, [], False)
        await page.ask("as Ada")
    async with chat.page(identity=chat.token(ADA)) as phone:  # another device
        assert (phone.address, phone.texts[-1]) == (address, "echo 2: as Ada")


async def test_sign_out_on_the_same_socket(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("secret")
        before = page.address
        page.frames.clear()
        await page.hello()
        assert "customer" not in page.ready
        assert (page.address != before, page.ready["messages"]) == (True, [])
        await chat.world.ask("more", sender=before, channel="webchat", identity=ADA, signed_in_only=True)
        await page.quiet()
        await page.ask("nobody here")
        assert "secret" not in json.dumps(page.frames)
        assert chat.world.engine.requests[-1].context.directory_ref == ""


async def test_another_person_in_the_same_browser_sees_nothing(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("adas secret")
        session = page.session
    async with chat.page(session=session, after=1, identity=chat.token(BEN)) as page:
        assert (page.ready["fresh"], page.ready["customer"]) == ("other_customer", {"name": "Ben Test"})
        assert (page.texts, page.ready["last"], page.ready["more"]) == ([], 0, False)
        assert page.session != session
        await page.send("history", before=99)
        assert (await page.until("history"))["messages"] == []
        await page.ask("bens own")
        assert "adas" not in json.dumps(page.frames)
    async with chat.page(session=session, identity=chat.token(ADA)) as page:
        assert page.texts[0] == "adas secret"


async def test_an_unused_session_of_a_customer_is_nobody_elses(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        session = page.session
    for identity, fresh in (("", "signed_out"), (chat.token(BEN), "other_customer")):
        async with chat.page(session=session, identity=identity) as page:
            assert page.ready["fresh"] == fresh
            assert page.session != session
    async with chat.page(session=session, identity=chat.token(ADA)) as page:
        assert page.session == session


# --- papers that are not in order


def forged(chat: Chat, kind: str) -> str:
    now = int(chat.world.clock.now().timestamp())
    claims = {"sub": "C1", "aud": "baton", "exp": now + 300}
    secret = "identity-secret-of-the-tests-0123456789"
    tokens = {
        "signature": lambda: chat.token(ADA, secret="x" * 40),
        "expired": lambda: chat.token(ADA, minutes=-1),
        "audience": lambda: jwt.encode({**claims, "aud": "another"}, secret, algorithm="HS256"),
        "too_long": lambda: jwt.encode({**claims, "exp": now + 10**6}, secret, algorithm="HS256"),
        "claims": lambda: jwt.encode({"aud": "baton", "exp": now + 9}, secret, algorithm="HS256"),
        "header": lambda: jwt.encode(claims, secret, algorithm="HS256", headers={"jku": "x"}),
        "malformed": lambda: "not a token",
    }
    return tokens[kind]()


KINDS = ("signature", "expired", "audience", "too_long", "claims", "header", "malformed")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_that_cannot_be_believed_makes_nobody_a_stranger(chat: Chat, kind: str) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("secret")
    async with chat.socket() as thief:
        refused = await thief.hello(session=page.session, identity=forged(chat, kind))
        assert (refused["type"], refused["code"], refused["reason"]) == (
            "refused",
            "identity_refused",
            kind,
        )
        assert refused["message"]
        await thief.send("history", before=99)
        assert (await thief.until("error"))["code"] == "no_hello"
        await thief.hello(session=page.session, identity=chat.token(ADA))  # the real one may still come
        assert thief.texts[0] == "secret"


async def test_only_so_many_wrong_tokens(chat: Chat) -> None:
    async with chat.socket() as thief:
        for _ in range(5):
            refused = await thief.hello(identity="x.y.z")
            assert refused["code"] == "identity_refused"
        assert await thief.closed() == 1008
    async with Chat(chat.world, limits=ChatLimits(identities=2)).serve() as strict:
        await asyncio.sleep(0)
        codes = []
        for _ in range(2):
            async with strict.socket() as thief:
                await thief.hello(identity="x.y.z")
                codes.append(await thief.closed())
        assert codes == [4429, 4429]


async def test_without_a_key_no_token_is_believed(world: World) -> None:
    async with Chat(world, identity_secret="").serve() as chat, chat.socket() as page:
        refused = await page.hello(identity=chat.token(ADA))
        assert (refused["code"], refused["reason"]) == ("identity_refused", "not_accepted")
        await page.hello()
        assert page.ready


@pytest.mark.parametrize("change", ["seal", "body", "version", "another installation", "old", "garbage"])
async def test_a_session_that_is_not_ours_opens_nothing(chat: Chat, change: str) -> None:
    async with chat.page() as page:
        await page.ask("secret")
        session, address = page.session, page.address
    version, body, seal = session.split(".")
    now = chat.world.clock.now()
    wrong = {
        "seal": f"{version}.{body}.{'A' + seal[1:] if seal[0] != 'A' else 'B' + seal[1:]}",
        "body": f"{version}.{body[:-4]}AAAA.{seal}",
        "version": f"w2.{body}.{seal}",
        "another installation": Sessions("another-secret").sign(address, now=now),
        "old": session,
        "garbage": "💥" * 50,
    }[change]
    if change == "old":
        chat.world.clock.move(30 * 86_400)
    async with chat.page(session=wrong, after=2) as page:
        assert (page.ready["fresh"], page.texts) == ("expired", [])
        assert page.address != address


async def test_a_session_is_renewed_after_a_day_and_not_before(chat: Chat) -> None:
    async with chat.page() as page:
        await page.ask("hello")
        first = page.session
    chat.world.clock.move(3_600)
    async with chat.page(session=first, after=2) as page:
        assert page.session == first
    chat.world.clock.move(86_400)
    async with chat.page(session=first, after=2) as page:
        assert (page.session != first, "fresh" in page.ready, page.texts) == (True, False, [])
    chat.world.clock.move(29.5 * 86_400)
    async with chat.page(session=page.session) as page:
        assert page.texts[0] == "hello"


# --- time


async def test_an_identity_is_renewed_on_the_socket(chat: Chat) -> None:
    clock = chat.world.clock
    async with chat.page(identity=chat.token(ADA, minutes=2)) as page:
        await page.ask("hello")
        await clock.advance(100)
        await page.send("identify", identity=chat.token(ADA, minutes=2))
        ready = await page.until("ready")
        assert (ready["identity_until"], ready["messages"], "fresh" in ready) == (120, [], False)
        await clock.advance(100)
        assert await page.ask("still here") == "echo 2: still here"


async def test_nobody_reads_or_writes_with_an_expired_token(chat: Chat) -> None:
    clock = chat.world.clock
    async with chat.page(identity=chat.token(ADA, minutes=2)) as page:
        await page.ask("hello")
        await page.wait(lambda: page.state["owner"] == "bot")
        await clock.advance(149)  # half a minute is for clocks that differ
        await page.quiet()
        await clock.advance(2)
        assert await page.until("identity_needed") == {"type": "identity_needed", "within": 60}
        await chat.world.ask(
            "from the phone", sender=page.address, channel="webchat", identity=ADA, signed_in_only=True
        )
        await page.quiet()
        mine = new_id()
        refused = await page.say("too late", id=mine)
        assert (refused["code"], refused["id"]) == ("identity_expired", mine)
        for kind, values in (("history", {"before": 9}), ("erase", {}), ("new", {}), ("read", {"seq": 1})):
            await page.send(kind, **values)
            assert (await page.until("refused"))["code"] == "identity_expired"
        await page.send("identify", identity=chat.token(ADA, minutes=2))
        ready = await page.until("ready")
        assert [m["text"] for m in ready["messages"]] == ["from the phone", "echo 2: from the phone"]
        assert (await page.say("too late", id=mine))["type"] == "ack"
        await clock.advance(151)
        await page.until("identity_needed")
        await clock.advance(61)
        assert await page.closed() == 4401


async def test_a_token_that_is_refused_does_not_renew(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA, minutes=2)) as page:
        await page.ask("hello")
        await page.send("identify", identity=forged(chat, "signature"))
        assert (await page.until("refused"))["code"] == "identity_refused"
        assert await page.ask("the old one holds") == "echo 2: the old one holds"
        await chat.world.clock.advance(151)
        await page.until("identity_needed")


async def test_another_person_identifies_on_the_same_socket(chat: Chat) -> None:
    async with chat.page(identity=chat.token(ADA)) as page:
        await page.ask("adas secret")
        await page.send("identify", identity=chat.token(BEN))
        ready = await page.until("ready")
        assert (ready["fresh"], ready["messages"]) == ("other_customer", [])
        await page.ask("bens own")
        assert page.texts == ["bens own", "echo 1: bens own"]


async def test_a_second_tab_that_is_still_a_stranger_sees_nothing_after_the_sign_in(chat: Chat) -> None:
    async with chat.page() as one, chat.page(session=one.session) as two:
        await one.ask("as a stranger")
        await two.wait(lambda: two.last == 2)
        await one.send("identify", identity=chat.token(ADA))
        await one.until("ready")
        await two.until("identity_needed")
        await one.ask("my secret")
        await two.quiet()
        mine = new_id()
        refused = await two.say("am I there?", id=mine)
        assert refused["code"] == "identity_expired"
        assert "secret" not in json.dumps(two.frames)
        await two.send("identify", identity=chat.token(ADA))
        ready = await two.until("ready")
        assert [m["text"] for m in ready["messages"]] == ["my secret", "echo 2: my secret"]
        assert (await two.say("am I there?", id=mine))["type"] == "ack"


async def test_a_message_that_races_with_a_sign_in_elsewhere_gets_into_no_wrong_conversation(
    chat: Chat,
) -> None:
    """The socket does not know yet that its conversation is a customer's: the store does."""
    async with chat.page() as page:
        await page.ask("hello")
        accept = chat.world.intake.accept

        async def after_a_sign_in(inbound: Any) -> Any:
            chat.world.intake.accept = accept  # type: ignore[method-assign]
            await chat.world.ask(
                "me", sender=page.address, channel="webchat", identity=ADA, signed_in_only=True
            )
            return await accept(inbound)

        chat.world.intake.accept = after_a_sign_in  # type: ignore[method-assign]
        refused = await page.say("as a stranger")
        assert refused["code"] == "identity_expired"
        written = [m.text for m in await chat.world.messages(page.address, "webchat")]
        assert "as a stranger" not in written


# --- new and erase


@pytest.mark.parametrize("claim", [None, ADA])
async def test_a_new_conversation(chat: Chat, claim: IdentityClaim | None) -> None:
    given = {"identity": chat.token(claim)} if claim else {}
    async with chat.page(**given) as page:
        await page.ask("old matter")
        first, session = page.address, page.session
        await page.send("new")
        await page.send("message", id=new_id(), text="new matter")
        ready = await page.until("ready")
        assert (ready["fresh"], ready["messages"]) == ("new", [])
        await page.wait(lambda: page.last == 2)
        assert page.texts == ["new matter", "echo 1: new matter"]
        assert page.address != first
        second = page.session
    one = await chat.world.conversation(first, "webchat")
    two = await chat.world.conversation(page.address, "webchat")
    assert (one.customer_id == two.customer_id) == (claim is not None)
    async with chat.page(session=second, **given) as page:
        assert page.texts[0] == "new matter"
    async with chat.page(session=session, **given) as page:
        assert page.texts[0] == "old matter"


async def test_erasing_ones_data(chat: Chat) -> None:
    async with (
        chat.page(identity=chat.token(ADA)) as page,
        chat.page(identity=chat.token(ADA)) as phone,
        chat.page() as stranger,
    ):
        await stranger.ask("not hers")
        await page.ask("secret")
        await phone.ask("on the phone")
        old = page.address
        await page.send("erase")
        ready = await page.until("ready")
        assert (ready["fresh"], ready["messages"], ready["customer"]) == (
            "erased",
            [],
            {"name": "Ada Test"},
        )
        assert (await phone.until("ready"))["fresh"] == "erased"
        assert page.address != old
        assert await page.ask("hello again") == "echo 1: hello again"
        assert await phone.ask("me too") == "echo 1: me too"
        assert (await stranger.ask("still")) == "echo 2: still"
    everything = await chat.world.store.read(lambda tx: tx.conversations(limit=50))
    assert old not in {conversation.address for conversation in everything}


async def test_new_and_erase_are_counted(world: World) -> None:
    async with Chat(world, limits=ChatLimits(changes=2)).serve() as chat, chat.page() as page:
        for _ in range(2):
            await page.send("new")
            await page.until("ready")
        await page.send("new")
        refused = await page.until("refused")
        assert (refused["code"], refused["retry_after"] > 0) == ("too_many_requests", True)


def test_sessions_say_whose_they_are_and_nothing_else(world: World) -> None:
    sessions, now = Sessions(SECRET), world.clock.now()
    token = sessions.sign("a1", now=now, ref="customer-17")
    found = sessions.read(token, now=now)
    assert found is not None
    assert (found.address, found.issued) == ("a1", now)
    assert "customer-17" not in Page(connection=None, ready={"session": token}).session  # type: ignore[arg-type]
    assert len(token) < 200

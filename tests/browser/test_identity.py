"""Who it is: signing in and out in the middle, others in the same browser, and tokens that are refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.desk import Desk
from tests.browser.server import Server, until
from tests.browser.site import Answer, Site
from tests.browser.visitor import Visitor

SIGN_IN = "Please sign in again"


def someone() -> str:
    """Return a customer's reference that no other test uses."""
    return f"C-{uuid.uuid4().hex[:12]}"


class Login:
    """The site's own sign-in: which token it answers with; None means that nobody is signed in."""

    def __init__(self, site: Site) -> None:
        self.mint: Callable[[], str | None] = lambda: None
        self.asked = 0
        self.url = site.put(self._answer, "identity").removeprefix(site.origin)

    def _answer(self) -> Answer:
        self.asked += 1
        token = self.mint()
        if token is None:
            return Answer(status=204)
        return Answer(body=json.dumps({"token": token}), kind="application/json")


@pytest.fixture
def login(site: Site) -> Login:
    return Login(site)


async def nothing_of(secret: str, chat: Chat) -> None:
    """Fail if `secret` is anywhere where the next person in this browser could find it."""
    dom = await chat.inside("root => root.innerHTML + document.documentElement.outerHTML")
    assert secret not in dom
    assert secret not in json.dumps(await chat.kept())
    assert secret not in await chat.page.evaluate("JSON.stringify({...sessionStorage}) + document.cookie")


async def test_who_signs_in_on_the_page_is_known_to_the_agent(
    visitor: Any, server: Server, desk: Desk, login: Login
) -> None:
    ref = someone()
    token = server.token(ref, name="Ada Byron")
    login.mint = lambda: token
    chat = await (await visitor()).chat(identity_url=login.url)
    await chat.ask(f"it is me ({ref})")
    case = await desk.find(f"it is me ({ref})", owner="bot")
    assert (await case.view())["customer_name"] == "Ada Byron"
    assert token not in json.dumps(await chat.kept())


async def test_signing_in_in_the_middle_keeps_the_conversation(
    visitor: Any, server: Server, desk: Desk
) -> None:
    ref = someone()
    chat = await (await visitor()).chat()
    await chat.ask(f"as a stranger {ref}")
    await chat.page.evaluate("token => Baton.identify(token)", server.token(ref, name="Ada Byron"))
    case = await desk.find(f"as a stranger {ref}", owner="bot")

    async def known() -> bool:
        return bool((await case.view())["customer_name"] == "Ada Byron")

    await until(known, "the conversation is Ada's")
    await chat.ask("as myself")
    assert await chat.texts() == [
        f"as a stranger {ref}", f"You said: as a stranger {ref}", "as myself", "You said: as myself",
    ]  # fmt: skip
    await chat.page.reload()
    await chat.page.evaluate("token => Baton.identify(token)", server.token(ref))
    await chat.sees("You said: as myself")


async def test_signing_out_shows_nothing_of_it(visitor: Any, server: Server) -> None:
    ref = someone()
    person = await visitor()
    chat = await person.chat(identity=server.token(ref, name="Ada Byron"))
    await chat.ask("my secret is Rosebud")
    await chat.page.evaluate("Baton.signOut()")
    await expect(chat.log).not_to_contain_text("Rosebud")
    await chat.connected()
    await nothing_of("Rosebud", chat)
    await chat.ask("who am I?")
    assert await chat.texts() == ["who am I?", "You said: who am I?"]
    await chat.page.goto(person.page_with_widget())
    await chat.sees("You said: who am I?")
    await nothing_of("Rosebud", chat)


async def test_a_page_without_sign_in_shows_nothing_of_who_was_signed_in(
    visitor: Any, server: Server, login: Login
) -> None:
    """The site has signed the customer out and told the widget nothing: the next page just has no token."""
    ref = someone()
    person = await visitor()
    login.mint = lambda: server.token(ref)
    chat = await person.chat(identity_url=login.url)
    await chat.ask("my secret is Rosebud")
    login.mint = lambda: None
    await chat.page.reload()
    await chat.connected()
    await expect(chat.log).not_to_contain_text("Rosebud")
    await chat.ask("a stranger")
    await nothing_of("Rosebud", chat)
    assert await chat.texts() == ["a stranger", "You said: a stranger"]
    await chat.page.evaluate("Baton.signOut()")
    await expect(chat.log).not_to_contain_text("a stranger")
    assert not any("customer" in key for key in await chat.kept())


async def test_a_second_person_in_the_same_browser_sees_nothing_of_the_first(
    visitor: Any, server: Server, login: Login
) -> None:
    first, second = someone(), someone()
    person = await visitor()
    login.mint = lambda: server.token(first, name="Ada Byron")
    chat = await person.chat(identity_url=login.url)
    await chat.ask("my secret is Rosebud")
    await person.context.set_offline(True)
    await chat.write("Rosebud, still unsent")
    await chat.page.close()
    await person.context.set_offline(False)
    login.mint = lambda: server.token(second, name="Kim Other")
    chat = await person.chat(identity_url=login.url)
    await chat.ask("hello from the second")
    assert await chat.texts() == ["hello from the second", "You said: hello from the second"]
    await nothing_of("Rosebud", chat)
    login.mint = lambda: server.token(first, name="Ada Byron")
    await chat.page.close()
    chat = await person.chat(identity_url=login.url)
    await chat.sees("You said: my secret is Rosebud")
    await nothing_of("from the second", chat)


async def test_another_person_without_a_reload_sees_nothing_of_the_first(
    visitor: Any, server: Server
) -> None:
    chat = await (await visitor()).chat(identity=server.token(someone()))
    await chat.ask("my secret is Rosebud")
    await chat.page.evaluate("token => Baton.identify(token)", server.token(someone()))
    await expect(chat.log).not_to_contain_text("Rosebud")
    await chat.ask("now me")
    assert await chat.texts() == ["now me", "You said: now me"]
    await nothing_of("Rosebud", chat)


async def test_the_same_customer_finds_the_conversation_on_another_device(
    visitor: Any, server: Server
) -> None:
    ref = someone()
    at_home = await (await visitor()).chat(identity=server.token(ref))
    await at_home.ask("from the desktop")
    on_the_way = await (await visitor("phone")).chat(identity=server.token(ref))
    await on_the_way.sees("You said: from the desktop")
    await on_the_way.ask("from the phone")
    await at_home.sees("You said: from the phone")


def bad_tokens(server: Server) -> dict[str, str]:
    """Return tokens that must be refused, by what is wrong with them."""
    good = server.token("C1001")
    head, body, signature = good.split(".")
    return {
        "forged": f"{head}.{body}.{signature[::-1]}",
        "signed with another key": server.token("C1001", secret="a-key-that-is-not-the-one-of-this-site"),
        "over": server.token("C1001", lasts=-3600),
        "unsigned": "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + body + ".",
        "nonsense": "not a token",
    }


@pytest.mark.parametrize("what", ["forged", "signed with another key", "over", "unsigned", "nonsense"])
async def test_a_bad_token_is_refused_where_one_can_see_it(
    visitor: Any, server: Server, desk: Desk, what: str
) -> None:
    chat = await (await visitor()).chat(identity=bad_tokens(server)[what])
    await expect(chat.strip).to_contain_text(SIGN_IN)
    await chat.write(f"let me in ({what})")
    await expect(chat.strip).to_contain_text(SIGN_IN)
    shown = (await desk.call("GET", "/conversations?owner=all&limit=200"))["conversations"]
    assert not any("let me in" in (each["last_message"] or {}).get("text", "") for each in shown)
    assert f"You said: let me in ({what})" not in await chat.texts()


async def test_after_a_bad_token_one_can_try_again(visitor: Any, server: Server, login: Login) -> None:
    ref = someone()
    login.mint = lambda: bad_tokens(server)["forged"]
    chat = await (await visitor()).chat(identity_url=login.url)
    await expect(chat.strip).to_contain_text(SIGN_IN)
    login.mint = lambda: server.token(ref)
    await chat.button("Try again").click()
    await expect(chat.strip).not_to_contain_text(SIGN_IN)
    await chat.ask("now I am in")


async def test_an_expired_token_is_renewed_without_a_word(
    visitor: Any, own_server: Server, login: Login
) -> None:
    ref = someone()
    login.mint = lambda: own_server.token(ref, lasts=60)
    chat = await (await visitor(at=own_server.url)).chat(identity_url=login.url)
    await chat.ask("before")
    asked = login.asked
    own_server.move(95)  # past its end and the leeway
    await chat.ask("after")
    assert login.asked > asked
    assert await chat.texts() == ["before", "You said: before", "after", "You said: after"]


async def test_who_does_not_sign_in_again_reads_no_more(
    visitor: Any, own_server: Server, login: Login
) -> None:
    ref = someone()
    token = own_server.token(ref, lasts=60)
    login.mint = lambda: token
    chat = await (await visitor(at=own_server.url)).chat(identity_url=login.url)
    await chat.ask("before")
    own_server.move(95)
    await expect(chat.strip).to_contain_text(SIGN_IN)
    await chat.write("after")
    await expect(chat.log).to_contain_text("Sending")
    token = own_server.token(ref, lasts=60)
    await chat.button("Try again").click()
    await chat.sees("You said: after")
    assert await chat.texts() == ["before", "You said: before", "after", "You said: after"]


async def test_identity_can_be_a_function_and_be_set_before_the_script_is_there(
    visitor: Visitor, server: Server
) -> None:
    token = server.token(someone())
    before = (
        "window.Baton = window.Baton || [];"
        f"Baton.push(['identify', async () => {token!r}]); Baton.push(['on', 'ready', e => window.__ready = e])"
    )
    chat = await (await visitor()).chat(before=before)  # type: ignore[operator]
    await chat.ask("signed in")
    assert await chat.page.evaluate("Boolean(window.__ready)")
    kept = json.dumps(await chat.kept())
    assert token not in kept

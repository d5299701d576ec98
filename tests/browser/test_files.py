"""Pictures and files, both ways, and what is not let through."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.desk import Case, Desk
from tests.browser.pictures import HTML, PDF, SVG, png
from tests.browser.server import until


async def drawn(picture: Locator) -> None:
    """Wait until the browser has drawn a picture."""

    async def has_size() -> bool:
        return bool(await picture.evaluate("img => img.complete && img.naturalWidth > 0"))

    await expect(picture).to_have_count(1)
    await until(has_size, "the picture is drawn")


async def send_file(chat: Chat, name: str, content: bytes, mime: str, text: str = "") -> None:
    """Choose a file and send it once it is on the server."""
    await chat.attach(name, content, mime)
    chip = chat.host.locator(".chip").filter(has_text=name)
    await expect(chip.locator("small")).to_have_text(re.compile(r"kB|byte|MB"))
    await chat.write(text)


async def with_ana(chat: Chat, desk: Desk, text: str) -> Case:
    """Bring the conversation to Ana."""
    await chat.ask(text)
    await chat.write("person")
    case = await (await desk.find(text)).claim()
    await expect(chat.panel).to_contain_text("You are talking to Ana")
    return case


async def test_a_picture_reaches_the_agent_and_stays(visitor: Any, desk: Desk, size: str) -> None:
    chat = await (await visitor(size)).chat()
    case = await with_ana(chat, desk, f"my lamp is broken ({size})")
    await send_file(chat, "lamp.png", png(), "image/png", "look")
    await drawn(chat.log.get_by_role("img", name="lamp.png"))

    async def arrived() -> dict[str, Any]:
        last = (await case.messages())[-1]
        return last["attachments"][0] if last["attachments"] else {}

    found = await until(arrived, "the picture at the desk")
    assert found["kind"] == "image"
    assert found["name"] == "lamp.png"
    url = found["url"].removeprefix("media:")
    path = url if url.startswith(("/", "http")) else f"/media/{url}"
    content = await desk.client.get(path.removeprefix("/api/v1"))
    assert content.content == png()
    await chat.page.reload()
    if size == "phone":
        await chat.open()
    await drawn(chat.log.get_by_role("img", name="lamp.png"))


async def test_a_file_alone_is_a_message(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    await send_file(chat, "lamp.png", png(), "image/png")
    await drawn(chat.log.get_by_role("img", name="lamp.png"))
    await expect(chat.log).not_to_contain_text("Sending")


async def test_what_the_agent_sends_can_be_seen_and_downloaded(visitor: Any, desk: Desk) -> None:
    person = await visitor()
    chat = await person.chat()
    case = await with_ana(chat, desk, "the invoice please")
    await case.send_file("photo.png", png(64, 64, 40), "the parcel")
    await drawn(chat.log.get_by_role("img", name="photo.png"))
    await case.send_file("invoice.pdf", PDF, "your invoice")
    link = chat.log.get_by_role("link", name=re.compile("invoice.pdf"))
    await expect(link).to_be_visible()
    url = await link.evaluate("a => a.href")
    answer = await person.context.request.get(url)
    assert await answer.body() == PDF
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    async with person.context.expect_event("download") as download:
        await link.click()
    assert (await download.value).suggested_filename == "invoice.pdf"


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("holiday.png", HTML, "image/png"),
        ("logo.png", SVG, "image/png"),
        ("logo.svg", SVG, "image/svg+xml"),
        ("page.html", HTML, "text/html"),
        ("tool.exe", b"MZ" + bytes(200), "application/octet-stream"),
        ("empty.png", b"", "image/png"),
    ],
    ids=["html as png", "svg as png", "svg", "html", "program", "empty"],
)
async def test_what_is_no_picture_is_refused_where_one_can_see_it(
    visitor: Any, name: str, content: bytes, mime: str
) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    await chat.attach(name, content, mime)
    await expect(chat.refusal(name)).to_have_text(re.compile(r"\w+ .*\."))
    await chat.button(f"Remove {name}").click()
    await chat.ask("after")
    assert await chat.texts() == ["before", "You said: before", "after", "You said: after"]


async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    sent: list[str] = []
    chat.page.on("request", lambda request: sent.append(request.url))
    await chat.files.evaluate("""input => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(11e6)], 'film.mp4', {type: 'video/mp4'}));
      input.files = data.files;
      input.dispatchEvent(new Event('change'));
    }""")
    await expect(chat.refusal("film.mp4")).to_contain_text("10 MB")
    assert not any("/chat/files" in url for url in sent)


async def test_a_picture_is_pasted(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.ask("before")
    await chat.input.evaluate(
        """(input, bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'pasted.png', {type: 'image/png'}));
          input.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        list(png()),
    )
    await expect(chat.button("Remove pasted.png")).to_be_visible()


async def test_a_file_can_be_the_first_thing_that_a_visitor_sends(visitor: Any) -> None:
    chat = await (await visitor()).chat()
    await chat.connected()
    await send_file(chat, "lamp.png", png(), "image/png", "first of all")
    await drawn(chat.log.get_by_role("img", name="lamp.png"))


async def test_another_visitor_cannot_have_the_file(visitor: Any, server: Any) -> None:
    one = await visitor()
    chat = await one.chat()
    await chat.ask("before")
    await send_file(chat, "lamp.png", png(), "image/png")
    picture = chat.log.get_by_role("img", name="lamp.png")
    await drawn(picture)
    url = await picture.evaluate("img => img.src")
    parts = url.split("/")
    assert len(parts[-2]) > 20  # the signature
    parts[-2] = parts[-2][::-1]
    answer = await one.context.request.get("/".join(parts))
    assert answer.status in (403, 404)

"""Languages, directions, motion, colours and small screens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.server import until

WORDS = {
    "es": ("Hable con nosotros", "Escriba un mensaje", "Asistente"),
    "de": ("Schreiben Sie uns", "Nachricht schreiben", "Assistent"),
    "en": ("Chat with us", "Write a message", "Assistant"),
    "fr": ("Chat with us", "Write a message", "Assistant"),
}


async def place(found: Locator) -> dict[str, float]:
    """Return where something is."""
    box = await found.bounding_box()
    assert box is not None
    return {**box, "right": box["x"] + box["width"], "bottom": box["y"] + box["height"]}


@pytest.mark.parametrize("language", sorted(WORDS))
async def test_it_speaks_the_pages_language(visitor: Any, language: str) -> None:
    chat = await (await visitor()).visit(lang=language)
    opens, write, bot = WORDS[language]
    await chat.button(opens).click()
    field = chat.host.get_by_role("textbox", name=write)
    await field.fill("hello")
    await field.press("Enter")
    await chat.sees("Hello! What can I do for you?")
    await expect(chat.log).to_contain_text(bot)
    said = language if language != "fr" else "en"
    assert await chat.inside(f"root => Boolean(root.querySelector('[lang={said}]'))")


async def test_the_language_can_be_set_and_changed(visitor: Any) -> None:
    chat = await (await visitor()).visit(lang="en", locale="de")
    await chat.button("Schreiben Sie uns").click()
    await chat.page.evaluate("Baton.setLocale('es')")
    await expect(chat.host.get_by_role("textbox", name="Escriba un mensaje")).to_be_visible()


async def test_right_to_left_is_a_mirror(visitor: Any, size: str) -> None:
    person = await visitor(size)
    chat = await person.chat(direction="rtl", lang="ar")
    width = chat.page.viewport_size["width"] if chat.page.viewport_size else 0
    await chat.ask("مرحبا")
    own, bot = await place(chat.message("مرحبا").first), await place(chat.message("You said").first)
    assert own["x"] < bot["x"] + 1 or own["right"] < bot["right"]
    assert own["x"] < width / 2
    send, attach = await place(chat.button("Send")), await place(chat.button("Attach a file"))
    assert send["x"] < attach["x"]
    if size == "desktop":
        assert (await place(chat.panel))["x"] < 60
    bidi = "e => getComputedStyle(e).direction + ' ' + getComputedStyle(e).unicodeBidi"
    found = str(await chat.message("You said").first.evaluate(bidi))
    assert found.startswith("ltr") or found.endswith("plaintext")  # each text has its own direction
    assert await chat.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_it_sits_where_the_site_wants_it(visitor: Any) -> None:
    person = await visitor()
    at_end = await person.visit()
    await expect(at_end.launcher).to_be_visible()
    at_start = await person.visit(position="start")
    await expect(at_start.launcher).to_be_visible()
    assert (await place(at_end.launcher))["x"] > 1000
    assert (await place(at_start.launcher))["x"] < 100


async def test_reduced_motion_is_respected(visitor: Any) -> None:
    chat = await (await visitor(reduced_motion="reduce")).chat()
    await chat.ask("hello", "Hello! What can I do for you?")
    moving = await chat.inside("root => root.getAnimations ? root.getAnimations().length : 0")
    assert moving == 0
    spans = await chat.inside(
        "root => [...root.querySelectorAll('*')].map(e => getComputedStyle(e))"
        ".filter(s => parseFloat(s.transitionDuration) > 0.01 || (s.animationName !== 'none')).length"
    )
    assert spans == 0


async def test_forced_colours_keep_edges(visitor: Any, tmp_path: Any) -> None:
    chat = await (await visitor(forced_colors="active", reduced_motion="reduce")).chat()
    await chat.ask("hello", "Hello! What can I do for you?")
    for part in (
        chat.launcher,
        chat.message("Hello! What can I do for you?"),
        chat.choice("Track my order"),
    ):
        border = await part.evaluate(
            "e => getComputedStyle(e).borderTopWidth + ' ' + getComputedStyle(e).borderTopStyle"
        )
        assert border.startswith(("1px solid", "2px solid")), border
    assert len(await chat.page.screenshot(path=tmp_path / "forced.png")) > 5_000


async def test_theme_follows_the_system_or_the_site(visitor: Any) -> None:
    async def background(chat: Chat) -> str:
        return str(await chat.panel.evaluate("e => getComputedStyle(e).backgroundColor"))

    dark_person, light_person = await visitor(color_scheme="dark"), await visitor(color_scheme="light")
    dark, light = await background(await dark_person.chat()), await background(await light_person.chat())
    assert dark != light
    assert await background(await dark_person.chat(theme="light")) == light
    chat = await light_person.chat(theme="dark")
    assert await background(chat) == dark
    await chat.page.evaluate("Baton.setTheme('light')")
    assert await background(chat) == light


async def test_a_site_can_hide_the_launcher_and_use_its_own(visitor: Any) -> None:
    person = await visitor()
    chat = await person.visit(launcher="false", body='<button onclick="Baton.open()">Help</button>')
    await chat.page.wait_for_function("Boolean(window.Baton?.open)")
    await expect(chat.launcher).to_be_hidden()
    await chat.page.get_by_role("button", name="Help").click()
    await expect(chat.input).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 568), (844, 390), (640, 400), (1280, 800)])
async def test_nothing_is_cut_off_on_small_screens(visitor: Any, width: int, height: int) -> None:
    person = await visitor(viewport={"width": width, "height": height}, reduced_motion="reduce")
    chat = await person.chat()
    await chat.ask("W" * 300)
    await chat.ask("hello", "Hello! What can I do for you?")
    for part in (
        chat.panel,
        chat.input,
        chat.button("Send"),
        chat.host.locator("summary"),
        chat.choice("Track my order"),
    ):
        box = await place(part)
        assert box["x"] >= -1
        assert box["y"] >= -1
        assert box["right"] <= width + 1
        assert box["bottom"] <= height + 1
    assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    assert await chat.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_targets_are_large_enough(visitor: Any) -> None:
    chat = await (await visitor("phone")).chat()
    await chat.ask("hello", "Hello! What can I do for you?")
    small = await chat.inside(
        """root => [...root.querySelectorAll('button')].filter(b => b.checkVisibility()).map(b => {
          const box = b.getBoundingClientRect();
          return [b.ariaLabel || b.textContent, box.width, box.height];
        }).filter(([, w, h]) => w < 36 || h < 36)"""
    )
    assert small == []


async def test_the_text_keeps_its_place_when_the_letters_are_spaced(visitor: Any) -> None:
    """WCAG 1.4.12: more space between lines, words and letters hides nothing."""
    chat = await (await visitor(reduced_motion="reduce")).chat()
    await chat.ask("hello", "Hello! What can I do for you?")
    await chat.inside(
        "root => root.querySelector('.box').style.cssText += ';line-height:1.5;letter-spacing:.12em;word-spacing:.16em'"
    )

    async def fits() -> bool:
        return bool(
            await chat.inside(
                "root => [...root.querySelectorAll('.text, .pill')].every(e => e.scrollWidth <= e.clientWidth + 1)"
            )
        )

    await until(fits, "all texts fit")

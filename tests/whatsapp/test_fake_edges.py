"""Every length and count of the platform: what just fits is taken by the fake, one more is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.fake_whatsapp import Limits, rules
from tests.fake_whatsapp.errors import Refused
from tests.fake_whatsapp.media import MediaShelf
from tests.support.clock import START


def message(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "491500000001", "type": kind, kind: content, **more}


def text(length: int = 1, **more: Any) -> dict[str, Any]:
    return message("text", {"body": "x" * length}, **more)


def button(
    title: str = "Yes", id_: str = "b", body: str = "?", count: int = 1, **more: Any
) -> dict[str, Any]:
    replies = [
        {"type": "reply", "reply": {"id": f"{id_}{n or ''}", "title": f"{title}{n or ''}"}}
        for n in range(count)
    ]
    content = {"type": "button", "body": {"text": body}, "action": {"buttons": replies}, **more}
    return message("interactive", content)


def listed(
    label: str = "Menu",
    sections: int = 1,
    rows: int = 1,
    title: str = "One",
    body: str = "?",
    row: dict[str, str] | None = None,
) -> dict[str, Any]:
    made = [
        {
            "title": title,
            "rows": [{"id": f"r{s}.{n}", "title": "Row", **(row or {})} for n in range(rows)],
        }
        for s in range(sections)
    ]
    action = {"button": label, "sections": made}
    return message("interactive", {"type": "list", "body": {"text": body}, "action": action})


def link(words: str = "Open", body: str = "?") -> dict[str, Any]:
    parameters = {"display_text": words, "url": "https://shop.example.com"}
    action = {"name": "cta_url", "parameters": parameters}
    return message("interactive", {"type": "cta_url", "body": {"text": body}, "action": action})


def file(kind: str, **more: str) -> dict[str, Any]:
    return message(kind, {"link": "https://shop.example.com/file", **more})


def template(name: str = "bare", parameter: str = "x") -> dict[str, Any]:
    component = {"type": "body", "parameters": [{"type": "text", "text": parameter}]}
    return message("template", {"name": name, "language": {"code": "en"}, "components": [component]})


EDGES: dict[str, tuple[int, Callable[[int], dict[str, Any]]]] = {
    "text": (4096, text),
    "our own words": (512, lambda n: text(biz_opaque_callback_data="x" * n)),
    "words over buttons": (1024, lambda n: button(body="x" * n)),
    "button title": (20, lambda n: button(title="x" * n)),
    "button id": (256, lambda n: button(id_="x" * n)),
    "buttons": (3, lambda n: button(count=n)),
    "header": (60, lambda n: button(header={"type": "text", "text": "x" * n})),
    "footer": (60, lambda n: button(footer={"text": "x" * n})),
    "words over a list": (4096, lambda n: listed(body="x" * n)),
    "label of a list": (20, lambda n: listed(label="x" * n)),
    "sections": (10, lambda n: listed(sections=n)),
    "rows": (10, lambda n: listed(rows=n)),
    "section title": (24, lambda n: listed(title="x" * n)),
    "row title": (24, lambda n: listed(row={"title": "x" * n})),
    "row description": (72, lambda n: listed(row={"description": "x" * n})),
    "row id": (200, lambda n: listed(row={"id": "x" * n})),
    "words over a link": (1024, lambda n: link(body="x" * n)),
    "words of a link": (20, lambda n: link(words="x" * n)),
    "caption of a picture": (1024, lambda n: file("image", caption="x" * n)),
    "caption of a film": (1024, lambda n: file("video", caption="x" * n)),
    "caption of a document": (1024, lambda n: file("document", caption="x" * n)),
    "name of a document": (240, lambda n: file("document", filename="x" * n)),
    "north": (90, lambda n: message("location", {"latitude": n, "longitude": 0})),
    "west": (180, lambda n: message("location", {"latitude": 0, "longitude": -n})),
    "template name": (512, lambda n: template(name="x" * n)),
    "template parameter": (1024, lambda n: template(parameter="x" * n)),
    "spaces in a parameter": (4, lambda n: template(parameter=f"a{' ' * n}b")),
}


@pytest.mark.parametrize(("limit", "make"), EDGES.values(), ids=EDGES)
def test_the_most_is_taken_and_one_more_is_refused(
    limit: int, make: Callable[[int], dict[str, Any]]
) -> None:
    rules.check(make(limit))
    with pytest.raises(Refused) as refused:
        rules.check(make(limit + 1))
    assert refused.value.status == 400


def test_there_is_at_least_one_of_everything() -> None:
    for name in ("buttons", "sections", "rows", "button title", "label of a list"):
        with pytest.raises(Refused):
            rules.check(EDGES[name][1](0))


@pytest.mark.parametrize(
    ("kind", "mime", "limit"),
    [
        ("image", "image/jpeg", 5 * 1024 * 1024),
        ("image", "image/png", 5 * 1024 * 1024),
        ("audio", "audio/mpeg", 16 * 1024 * 1024),
        ("audio", "audio/ogg; codecs=opus", 16 * 1024 * 1024),
        ("video", "video/mp4", 16 * 1024 * 1024),
        ("document", "application/pdf", 100 * 1024 * 1024),
        ("sticker", "image/webp", 500 * 1024),
    ],
)
def test_files_weigh_so_much_and_no_more(kind: str, mime: str, limit: int) -> None:
    shelf, until = MediaShelf(), START + timedelta(days=1)
    assert shelf.fits(shelf.put(bytes(limit), mime, "1", until), kind) == ""
    assert "exceeds" in shelf.fits(shelf.put(bytes(limit + 1), mime, "1", until), kind)
    shelf.upload(bytes(limit), mime, "1", START, "name")
    for wrong in (limit + 1, 0):
        with pytest.raises(Refused) as refused:
            shelf.upload(bytes(wrong), mime, "1", START, "name")
        assert refused.value.code == 131053


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("image", "image/webp"),
        ("image", "application/pdf"),
        ("audio", "audio/ogg"),
        ("document", "image/png"),
    ],
)
def test_files_are_of_the_types_of_their_kind(kind: str, mime: str) -> None:
    shelf = MediaShelf()
    assert shelf.fits(shelf.put(b"data", mime, "1", START), kind)


def test_an_upload_is_there_for_thirty_days() -> None:
    shelf = MediaShelf()
    file_id = shelf.upload(b"data", "image/png", "1", START, "name").id
    shelf.find(file_id, "1", START + timedelta(days=30, seconds=-1))
    with pytest.raises(Refused):
        shelf.find(file_id, "1", START + timedelta(days=30))
    with pytest.raises(Refused):
        shelf.find(file_id, "2", START)  # another number's


def test_the_rates_are_the_platforms() -> None:
    assert Limits() == Limits(pair_every=6.0, pair_burst=45, throughput=80)

"""What buttons, lists and links must look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.fake_whatsapp.checks import field, invalid, only, sized

# The text above the choices: 1024 characters with buttons and with a link, 4096 with a list.
IN_HEADER = frozenset({"image", "video", "document"})
BODIES = {"button": 1024, "cta_url": 1024, "list": 4096}


def check(part: Mapping[str, Any]) -> None:
    """Check an interactive message."""
    only(part, {"type", "header", "body", "footer", "action"}, "interactive")
    kind = field(part, "type", where="interactive.")
    if kind not in BODIES:
        raise invalid(f"interactive.type must be one of {', '.join(sorted(BODIES))}")
    body = field(part, "body", dict, "interactive.")
    sized(field(body, "text", where="interactive.body."), "Body text", BODIES[kind])
    if "header" in part:
        _header(kind, part["header"])
    if "footer" in part:
        sized(field(part["footer"], "text", where="interactive.footer."), "Footer text", 60)
    ACTIONS[kind](field(part, "action", dict, "interactive."))


def _header(kind: str, header: Mapping[str, Any]) -> None:
    """60 characters of text; buttons may have a file there, lists may not."""
    of = field(header, "type", where="interactive.header.")
    if of == "text":
        sized(field(header, "text", where="interactive.header."), "Header text", 60)
    elif kind == "list" or of not in IN_HEADER:
        raise invalid(f"interactive.header.type {of!r} is not allowed with {kind}")


def _buttons(action: Mapping[str, Any]) -> None:
    """1 to 3 reply buttons; titles of 1 to 20 characters, ids of 1 to 256, neither twice."""
    only(action, {"buttons"}, "interactive.action")
    buttons = field(action, "buttons", list, "interactive.action.")
    if not 1 <= len(buttons) <= 3:
        raise invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    for button in buttons:
        if button.get("type") != "reply":
            raise invalid("Button type must be 'reply'")
        reply = field(button, "reply", dict, "button.")
        only(reply, {"id", "title"}, "button.reply")
        sized(field(reply, "title", where="button.reply."), "Button title", 20)
        identifier(reply, "button.reply.", 256)
    _different([b["reply"]["title"] for b in buttons], "button title")
    _different([b["reply"]["id"] for b in buttons], "button id")


def _list(action: Mapping[str, Any]) -> None:
    """A list: a label of 20 characters, up to 10 sections, 10 rows in all of them together."""
    only(action, {"button", "sections"}, "interactive.action")
    sized(field(action, "button", where="interactive.action."), "Button label", 20)
    sections = field(action, "sections", list, "interactive.action.")
    if not 1 <= len(sections) <= 10:
        raise invalid("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10")
    for section in sections:
        # A title of 24 characters, which only a single section may lack.
        only(section, {"title", "rows"}, "section")
        if len(sections) > 1 or section.get("title"):
            sized(field(section, "title", where="section."), "Section title", 24)
        if not field(section, "rows", list, "section."):
            raise invalid("Section must have at least one row")
    rows = [row for section in sections for row in section["rows"]]
    if len(rows) > 10:
        raise invalid("Total row count exceed max allowed count: 10")
    for row in rows:
        _row(row)
    _different([row["id"] for row in rows], "row id")


def _row(row: Mapping[str, Any]) -> None:
    """A row: title of 24 characters, description of 72, id of 200."""
    only(row, {"id", "title", "description"}, "row")
    sized(field(row, "title", where="row."), "Row title", 24)
    identifier(row, "row.", 200)
    if "description" in row:
        sized(row["description"], "Row description", 72)


def _link(action: Mapping[str, Any]) -> None:
    """A link: its words of 20 characters and a web address."""
    if action.get("name") != "cta_url":
        raise invalid("interactive.action.name must be 'cta_url'")
    parameters = field(action, "parameters", dict, "interactive.action.")
    sized(field(parameters, "display_text", where="parameters."), "Display text", 20)
    if not str(field(parameters, "url", where="parameters.")).startswith(("http://", "https://")):
        raise invalid("parameters.url is not a web address")


def identifier(of: Mapping[str, Any], where: str, longest: int) -> None:
    """Check an id, which must not begin or end with blanks."""
    given = sized(field(of, "id", where=where), f"{where}id", longest)
    if given != given.strip():
        raise invalid(f"{where}id cannot have leading or trailing spaces")


def _different(values: list[str], name: str) -> None:
    if len(set(values)) < len(values):
        raise invalid(f"Duplicated {name}")


ACTIONS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
}

"""Texts as the platform reads them: UTF-16 lengths, and HTML that is parsed or refused."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fake_telegram.errors import Refused, bad

# The whole list of tags; there is no <br>, no <p>, no <ul>.
TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
}
# Of the named references only these are known; any number is.
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));?")
_ATTRIBUTE = re.compile(r"""\s*([a-zA-Z0-9-]+)\s*(?:=\s*("[^"]*"|'[^']*'|[a-zA-Z0-9.-]+))?""")


def length(text: str) -> int:
    """Count UTF-16 code units, which is how the platform counts; most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Rich:
    """A text without its marks, and what they meant."""

    text: str
    entities: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True)
class _Open:
    tag: str
    start: int
    more: dict[str, str] = field(default_factory=dict)


def parse_html(source: str) -> Rich:
    """Parse parse_mode=HTML; raise the platform's 400 "can't parse entities" for what it does not take."""
    reader = _Reader(source)
    while reader.at < len(source):
        reader.step()
    if reader.open:
        raise _unparsed(f'Can\'t find end tag corresponding to start tag "{reader.open[-1].tag}"')
    return trimmed(Rich(text="".join(reader.out), entities=tuple(reader.entities)))


def trimmed(rich: Rich) -> Rich:
    """Cut white space off both ends, as the platform does, and move the entities along."""
    text = rich.text.strip()
    before = length(rich.text[: len(rich.text) - len(rich.text.lstrip())])
    end, kept = length(text), []
    for entity in rich.entities:
        start = max(0, entity["offset"] - before)
        stop = min(end, entity["offset"] + entity["length"] - before)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return Rich(text=text, entities=tuple(kept))


def commands(text: str) -> list[dict[str, Any]]:
    """Return the entity of a command at the beginning of a text."""
    found = re.match(r"/\w{1,32}(?:@\w+)?", text)
    return [{"type": "bot_command", "offset": 0, "length": length(found.group())}] if found else []


class _Reader:
    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0
        self.out: list[str] = []
        self.written = 0
        self.open: list[_Open] = []
        self.entities: list[dict[str, Any]] = []

    @property
    def byte(self) -> int:
        return len(self.source[: self.at].encode())

    def step(self) -> None:
        """Read one piece."""
        character = self.source[self.at]
        if character == "&":
            self._reference()
        elif character == "<":
            self._tag()
        else:
            self._write(character)
            self.at += 1

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.written += length(text)

    def _reference(self) -> None:
        found = _REFERENCE.match(self.source, self.at)
        if not found:
            self._write("&")
            self.at += 1
            return
        name, decimal, hexadecimal = found.groups()
        number = int(decimal) if decimal else int(hexadecimal or "0", 16)
        self._write(html.unescape(f"&{name};") if name else chr(number) if 0 < number < 0x110000 else "")
        self.at = found.end()

    def _tag(self) -> None:
        begun = self.byte
        end = self.source.find(">", self.at)
        closing = self.source.startswith("</", self.at)
        if end < 0:
            raise _unparsed(f"Unclosed {'end' if closing else 'start'} tag at byte offset {begun}")
        inside = self.source[self.at + (2 if closing else 1) : end]
        self.at = end + 1
        if closing:
            self._close(inside.strip().lower(), begun)
        else:
            self._begin(inside, begun)

    def _begin(self, inside: str, begun: int) -> None:
        name = re.match(r"[^\s]*", inside)
        tag = name.group().lower() if name else ""
        if tag not in TAGS:
            raise _unparsed(f'Unsupported start tag "{tag}" at byte offset {begun}')
        attributes = _attributes(inside[len(tag) :], tag, begun)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {begun}')
        more = {"url": attributes.get("href", "")} if tag == "a" else {}
        self.open.append(_Open(tag, self.written, more))

    def _close(self, tag: str, begun: int) -> None:
        if not self.open:
            raise _unparsed(f"Unexpected end tag at byte offset {begun}")
        opened = self.open.pop()
        # "</>" closes whatever is open.
        if tag not in ("", opened.tag):
            raise _unparsed(
                f'Unmatched end tag at byte offset {begun}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        size = self.written - opened.start
        if size and (opened.tag != "a" or opened.more["url"]):
            kind = TAGS[opened.tag]
            self.entities.append({"type": kind, "offset": opened.start, "length": size, **opened.more})


def _attributes(rest: str, tag: str, begun: int) -> dict[str, str]:
    found, at = {}, 0
    rest = rest.rstrip()
    while at < len(rest):
        match = _ATTRIBUTE.match(rest, at)
        if not match:
            raise _unparsed(f'Empty attribute name in the tag "{tag}" at byte offset {begun}')
        found[match.group(1).lower()] = html.unescape((match.group(2) or "").strip("\"'"))
        at = match.end()
    return found


def _unparsed(what: str) -> Refused:
    return bad(f"can't parse entities: {what}")

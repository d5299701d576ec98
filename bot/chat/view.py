"""What the terminal chat shows: every message once, choices with numbers, who answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from bot.chat.client import Button, Entry, Page

# What could move the cursor or recolour the terminal is not shown, whoever wrote it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLES = {"bot": "green", "agent": "cyan", "system": "yellow", "customer": "bold"}


class View:
    """Prints to a console and remembers what a number means at the moment."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.last = 0
        self.owner = ""
        self.agent = ""
        self.choices: list[Button] = []

    def show(self, page: Page, *, own: bool = False) -> int:
        """Print what was not shown yet; return how many messages were for the customer.

        The customer's own words stand on the screen already: with `own` they are printed too.
        """
        shown = 0
        for entry in page.messages:
            if entry.seq <= self.last:
                continue
            self.last = entry.seq
            if entry.author == "agent":
                self.agent = clean(entry.author_name)
            if own or entry.author != "customer":
                self._print(entry)
            shown += entry.author != "customer"
        self._show_owner(page.owner)
        return shown

    def note(self, text: str) -> None:
        """Print a line about the chat itself."""
        self._console.print(Text(f"-- {text}", style="dim"))

    def resolve(self, typed: str) -> str:
        """Return what to send for a typed line: a choice's token for its number, else the line."""
        if typed.isascii() and typed.isdigit() and 1 <= int(typed[:6]) <= len(self.choices):
            chosen = self.choices[int(typed) - 1]
            self.note(f"you chose: {clean(chosen.title)}")
            return chosen.payload
        return typed

    def who(self) -> str:
        """Say who answers at the moment."""
        if self.owner == "queue":
            return "nobody yet, waiting for a person"
        return (self.agent or "a person") if self.owner == "agent" else "the assistant"

    def _show_owner(self, owner: str) -> None:
        before, self.owner = self.owner, owner
        if owner == before or (before in {"", "nobody"} and owner in {"bot", "nobody"}):
            return
        if owner == "nobody":
            self.note("the conversation is closed; write to begin anew")
        else:
            self.note(f"you are talking to: {self.who()}")

    def _print(self, entry: Entry) -> None:
        if entry.author != "customer":
            self.choices = list(entry.buttons or ())
        name = clean(entry.author_name) or {"bot": "assistant", "customer": "you"}.get(
            entry.author, entry.author
        )
        line = Text(f"{name}: ", style=_STYLES.get(entry.author, ""))
        line.append("\n".join(_lines(entry)), style="default")
        self._console.print(line, soft_wrap=True)


def clean(text: str) -> str:
    """Return a text without control characters."""
    return _CONTROL.sub("", text)


def _lines(entry: Entry) -> Iterator[str]:
    if entry.text:
        yield clean(entry.text)
    for file in entry.attachments or ():
        yield f"[{clean(file.kind)}] {clean(file.name)} {clean(file.url)}".replace("  ", " ")
    for number, button in enumerate(entry.buttons or (), start=1):
        yield f"  {number}) {clean(button.title)}"

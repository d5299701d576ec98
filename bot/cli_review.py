"""`baton review` on the screen: a table, one correction, and one after the other at a terminal."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.domain.errors import BotError

if TYPE_CHECKING:
    from bot.commands.review import Item
    from bot.settings import Settings

review = typer.Typer(
    help="Corrections: what agents say that misread messages meant. Alone: one after the other.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
KEYS = "[a]ccept  [e]dit  [d]rop  [s]kip  [q]uit"
NARROW = 72
"""Columns of a terminal that does not say how many it has."""

Number = Annotated[int, typer.Argument(min=1, help="The correction's number; see `baton review list`.")]
Intent = Annotated[str, typer.Option(help="Another intent than the agent's.")]
Text = Annotated[str, typer.Option(help="The example, instead of the proposed one; in Rasa's format.")]
Why = Annotated[str, typer.Option(help="Why, for the agent who made it.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@review.callback(invoke_without_command=True)
def begin(context: typer.Context, as_json: Json = False) -> None:
    """List the open corrections, or at a terminal go through them one after the other."""
    if context.invoked_subcommand is not None:
        return
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        show_list(as_json)
    else:
        walk()


@review.command("list")
def show_list(as_json: Json = False) -> None:
    """List the open corrections."""
    from bot.commands.review import listed

    items = listed(_settings())
    if as_json:
        typer.echo(json.dumps([item.as_json() for item in items], indent=1, ensure_ascii=False))
    elif not items:
        typer.echo("There are no open corrections.")
    else:
        typer.echo("\n".join(table(items)))


@review.command()
def show(number: Number, as_json: Json = False) -> None:
    """Show one correction with the example that would be added."""
    from bot.commands.review import find

    item = find(_settings(), number)
    text = json.dumps(item.as_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(card(item))
    typer.echo(text)


@review.command()
def accept(number: Number, intent: Intent = "", text: Text = "") -> None:
    """Add the example to data/nlu."""
    _accept(_settings(), number, intent=intent, text=text)


@review.command()
def edit(number: Number) -> None:
    """Change the example and the intent at the terminal, then add it."""
    from bot.commands.review import find

    settings = _settings()
    _edit(settings, find(settings, number))


@review.command()
def drop(number: Number, why: Why = "") -> None:
    """Leave a correction out of the training data."""
    from bot.commands.review import drop as drop_one

    drop_one(_settings(), number, why=why)
    typer.echo(f"Correction {number} is dropped.")


def walk() -> None:
    """Go through the open corrections."""
    from bot.commands.review import listed

    settings = _settings()
    items = listed(settings)
    if not items:
        typer.echo("There are no open corrections.")
    added = 0
    for place, item in enumerate(items, start=1):
        typer.echo(f"\n{place} of {len(items)}")
        typer.echo("\n".join(card(item)))
        outcome = _ask(settings, item)
        if outcome == "q":
            break
        added += outcome in ("a", "e")
    if added:
        typer.echo(f"\n{added} example{'s' if added > 1 else ''} added. Train with: baton train")


def _ask(settings: Settings, item: Item) -> str:
    """Ask what to do with an item until that is done; return the key."""
    while True:
        typer.echo(f"{KEYS}  ", nl=False)
        key = typer.getchar().lower()
        typer.echo(key if key.isprintable() else "")
        if key in ("q", "\x03", "\x04", "\x1b"):
            return "q"
        try:
            if key == "s" or (key in "aed" and _do(settings, item, key)):
                return key
        except BotError as error:
            typer.echo(f"  {error.message}")


def _do(settings: Settings, item: Item, key: str) -> bool:
    from bot.commands.review import drop as drop_one

    number = item.correction.number
    if key == "d":
        why = typer.prompt("  Why (may be empty)", default="", show_default=False)
        drop_one(settings, number, why=why)
    elif key == "e":
        _edit(settings, item)
    else:
        _accept(settings, number)
    return True


def _edit(settings: Settings, item: Item) -> None:
    """Ask for example and intent; an empty line keeps what is there."""
    typer.echo("  An empty line keeps what is there. Mark entities as [4521](order_number).")
    text = typer.prompt(f"  Example [{item.proposal.text}]", default="", show_default=False)
    intent = typer.prompt(f"  Intent [{item.correction.intent}]", default="", show_default=False)
    _accept(settings, item.correction.number, intent=intent.strip(), text=text)


def _accept(settings: Settings, number: int, *, intent: str = "", text: str = "") -> None:
    from bot.commands.review import accept as accept_one

    place, added = accept_one(settings, number, intent=intent, text=text)
    typer.echo(f"Added at {place}: {added}")


def table(items: list[Item]) -> list[str]:
    """Return the open corrections as lines of a table as wide as the terminal."""
    rows = [("No.", "message", "guessed -> meant", "agent", "when", "alike")]
    for item in items:
        one = item.correction
        guessed = f"{one.guessed} {one.confidence:.0%}" if one.guessed else "nothing"
        when = f"{one.at:%Y-%m-%d %H:%M}"
        rows.append(
            (
                str(one.number),
                _line(one.text),
                f"{guessed} -> {one.intent}",
                item.agent,
                when,
                str(item.alike),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    room = shutil.get_terminal_size((NARROW + 48, 24)).columns - sum(widths) + widths[1] - 2 * len(widths)
    widths[1] = max(20, min(widths[1], room))
    return ["  ".join(_fit(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def card(item: Item) -> list[str]:
    """Return one correction in full."""
    one, proposal = item.correction, item.proposal
    guessed = f"{one.guessed} ({one.confidence:.0%})" if one.guessed else "nothing: a person had it"
    lines = [
        f"Correction {one.number}, by {item.agent} on {one.at:%Y-%m-%d at %H:%M} UTC",
        f"  message   {_line(one.text)}",
        f"  guessed   {guessed}",
        f"  meant     {one.intent}",
    ]
    lines += [f"  note      {_line(one.note)}"] if one.note else []
    lines += [f"  alike     {item.alike - 1} more"] if item.alike > 1 else []
    lines += [f"  example   {proposal.text}"]
    lines += [f"  replaced  {', '.join(proposal.replaced)}"] if proposal.replaced else []
    return lines + [f"  look      {doubt}" for doubt in proposal.doubts]


def _line(text: str) -> str:
    """Return a customer's text in one line that cannot steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def _settings() -> Settings:
    from bot.settings import load

    return load()

"""The command line: declares the commands of `baton` and shows their outcome.

Everything heavy is imported inside the command that needs it, so that `baton --help` is quick. Errors
are one clear line on standard error, with a status that is not 0.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli_review import review
from bot.commands import models as model_commands
from bot.commands.check_data import data as data_commands
from bot.domain.errors import BotError

if TYPE_CHECKING:
    from bot.chat.identity import SignedIn
    from bot.settings import Settings

app = typer.Typer(
    help="Baton: a support chatbot that hands over to people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local variables
    rich_markup_mode=None,  # help in boxes costs half a second
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
agents = typer.Typer(help="The people at the desk.", no_args_is_help=True)
app.add_typer(agents, name="agents")
app.add_typer(review, name="review")
app.add_typer(data_commands, name="data")


class RoleName(StrEnum):
    """The roles as the command line takes them."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    TRAINER = "trainer"
    ADMIN = "admin"


Email = Annotated[str, typer.Argument(help="The agent's e-mail address.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
DataDir = Annotated[Path | None, typer.Option(help="Data folder, instead of BATON_DATA_DIR.")]
Who = Annotated[str, typer.Argument(help="A customer's id, or CHANNEL:ADDRESS such as rest:alice.")]


def main() -> None:
    """Run the command line; the entry point of `baton`."""
    try:
        app()
    except BotError as error:
        _fail(error.message)
    except OSError as error:
        _fail(" ".join(str(error).split()))


def _import_structlog() -> None:
    """Import structlog without rich.

    It takes rich for tracebacks with local variables, which we never show (message bodies are among
    them), and that is a third of a second at each start of a server.
    """
    hide = "rich" not in sys.modules
    if hide:
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to say "not there"
    try:
        import structlog  # noqa: F401
    finally:
        if hide:
            del sys.modules["rich"]


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port to listen on.")] = None,
    data_dir: DataDir = None,
    demo: Annotated[
        bool | None, typer.Option("--demo", help="With the demo shop, for this machine.")
    ] = None,
) -> None:
    """Start the server."""
    settings = _settings(host=host, port=port, data_dir=data_dir, demo=demo)
    gc.disable()  # until the node is up (see App.start): imports make much that stays and no garbage
    _import_structlog()
    from bot.app import run as run_node  # after the settings: a mistake in them is told at once

    run_node(settings)


@app.command()
def actions(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 5055,
    data_dir: DataDir = None,
    demo: Annotated[bool | None, typer.Option("--demo", help="With the demo shop.")] = None,
) -> None:
    """Run the custom actions in a process of their own, for the server that endpoints.yml sends to it."""
    from bot.commands import actions

    actions.serve(_settings(data_dir=data_dir, demo=demo), host=host, port=port)


@app.command()
def chat(
    url: Annotated[str, typer.Option(help="The server; without it, the one of these settings.")] = "",
    sender: Annotated[str, typer.Option(help="Name to write as; the same name goes on where it was.")] = "",
    token: Annotated[
        str, typer.Option(help="Token of the REST channel, if it is not in the settings.")
    ] = "",
    signed_in_as: Annotated[
        str,
        typer.Option("--as", help="Customer to be signed in as: a reference, in the demo also an e-mail."),
    ] = "",
) -> None:
    """Talk to a running server as a customer, in this terminal or from a pipe."""
    from bot import setting_types
    from bot.chat.client import ChatClient
    from bot.chat.terminal import chat as talk
    from bot.domain.ids import new_secret

    if not url:
        settings = _settings()
        # The token of the settings is for the server of the settings only.
        url, token = (
            f"http://{_local(settings.host)}:{settings.port}",
            token or settings.rest_token.reveal(),
        )
    signed_in = _signed_in(signed_in_as)
    sender = sender or f"terminal-{new_secret(4)}"
    patience = 3.0 if sys.stdin.isatty() else 30.0
    try:
        setting_types.url("http", "https")(url)
    except ValueError as error:
        raise typer.BadParameter(f"--url {error}") from error
    identity = signed_in.token if signed_in else None
    client = ChatClient(url, sender, token=token, identity=identity, patience=patience)
    asyncio.run(talk(client, who=signed_in.shown if signed_in else ""))


model_commands.add_to(app)


@agents.command("add")
def agents_add(
    email: Email,
    name: Annotated[str, typer.Option(help="Name that customers see.")],
    role: Annotated[RoleName, typer.Option(help="What they may do.")] = RoleName.AGENT,
    password_stdin: PasswordStdin = False,
) -> None:
    """Let a person sign in at the desk."""
    from bot.commands import people
    from bot.domain.agents import Role

    settings, password = _settings(), _password(password_stdin)
    added = asyncio.run(
        people.add(settings, email=email, name=name, role=Role(role.value), password=password)
    )
    typer.echo(f"{added.email} can sign in as {added.role.value}.")


@agents.command("list")
def agents_list() -> None:
    """List the people at the desk."""
    from bot.commands import people

    for agent, totp in asyncio.run(people.everybody(_settings())):
        notes = " ".join([*(["totp"] if totp else []), *(["disabled"] if agent.disabled else [])])
        typer.echo(f"{agent.email:32} {agent.role.value:11} {agent.name:24} {notes}".rstrip())


@agents.command("passwd")
def agents_passwd(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Set an agent's password and end their sign-ins."""
    from bot.commands import people

    settings, password = _settings(), _password(password_stdin)
    asyncio.run(people.set_password(settings, email=email, password=password))
    typer.echo(f"The password of {email} is set; they have to sign in again.")


@agents.command("disable")
def agents_disable(
    email: Email,
    undo: Annotated[bool, typer.Option("--undo", help="Let them sign in again.")] = False,
) -> None:
    """Keep an agent from signing in and end their sign-ins."""
    from bot.commands import people

    asyncio.run(people.set_disabled(_settings(), email=email, disabled=not undo))
    typer.echo(f"{email} is {'enabled' if undo else 'disabled'}.")


@agents.command("totp-off")
def agents_totp_off(email: Email) -> None:
    """Turn an agent's one-time passwords off, for whom phone and recovery codes are lost."""
    from bot.commands import people

    off = asyncio.run(people.totp_off(_settings(), email=email))
    typer.echo(f"{email} signs in with the password alone." if off else f"{email} has none to turn off.")


@app.command()
def backup(
    destination: Annotated[Path, typer.Argument(help="New folder to write to.")], data_dir: DataDir = None
) -> None:
    """Copy the databases and the key, while the server runs; to restore, use the copy as data folder."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from bot.commands import data

    settings = _settings(data_dir=data_dir)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done, total=total)

        files = data.backup(settings, destination, report)
    typer.echo(f"{destination}: {', '.join(file.name for file in files)}")


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check settings, folders, store, Redis, model and port, and say what to do."""
    from bot.commands.doctor import examine

    failed = False
    settings = _settings(data_dir=data_dir)
    typer.echo("ok    settings     all are valid")
    for finding in examine(settings):
        failed |= finding.level == "fail"
        advice = f" -> {finding.advice}" if finding.advice else ""
        typer.echo(f"{finding.level:5} {finding.what:12} {finding.detail}{advice}")
    raise typer.Exit(1 if failed else 0)


@app.command()
def export(
    customer: Who, output: Annotated[Path | None, typer.Option(help="File, instead of the screen.")] = None
) -> None:
    """Write everything that is stored of one customer, as JSON."""
    from bot.commands import data

    text = json.dumps(asyncio.run(data.export(_settings(), customer)), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    output.touch(mode=0o600, exist_ok=False)
    output.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"Written to {output}.")


@app.command()
def erase(customer: Who, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete everything that is stored of one customer. This cannot be undone."""
    from bot.commands import data

    if not yes:
        typer.confirm(f"Delete everything that is stored of {customer}?", abort=True)
    count = asyncio.run(data.erase(_settings(), customer))
    typer.echo(f"{customer} is erased, with {count} conversation{'' if count == 1 else 's'}.")


@app.command()
def migrate() -> None:
    """Bring the database to the present schema (SQLite does this by itself at start)."""
    from bot.settings import make_data_dir
    from bot.store import migrate as bring_up_to_date

    settings = _settings()
    make_data_dir(settings)
    done = bring_up_to_date(settings.database_url)
    typer.echo("The database is migrated." if done else "The database is up to date.")


def _settings(**given: Any) -> Settings:
    from bot.settings import load

    if given.get("data_dir") is not None:
        given["data_dir"] = given["data_dir"].expanduser().resolve()
    return load(**given)


def _signed_in(who: str) -> SignedIn | None:
    if not who:
        return None
    from bot.chat.identity import sign_in
    from bot.clock import SystemClock

    return sign_in(_settings(), who, SystemClock())


def _local(host: str) -> str:
    """Return where to reach a server on this machine that listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"[{host}]" if ":" in host else host


def _password(from_stdin: bool) -> str:
    """Read a new password: a line of standard input, or typed twice."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask for the password; use --password-stdin")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _fail(message: str) -> None:
    typer.echo(f"baton: {message}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()

"""The trainers' commands: `baton train`, `evaluate`, `compare`, `models`, `promote`, `rollback`.

Whatever needs numeric libraries or Rasa runs in a process of its own or is imported when it is used.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

TestFile = Annotated[Path, typer.Option("--test", help="CSV file with the columns text,intent.")]
Json = Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")]
ModelId = Annotated[str, typer.Argument(help="A model's id; see `baton models`.")]


def add_to(app: typer.Typer) -> None:
    """Declare the commands."""
    for command in (train, evaluate, compare, models, promote, rollback):
        app.command()(command)


def train(
    force: Annotated[bool, typer.Option("--force", help="Train even if nothing changed.")] = False,
) -> None:
    """Train a model if the data changed, and make it live."""
    settings = _settings()
    where = ["--project", str(settings.project_dir), "--models", str(settings.models_dir)]
    _run("bot.training.train", *where, *(["--force"] if force else []))


def evaluate(
    test: Annotated[
        Path | None,
        typer.Option("--test", help="CSV file with the columns text,intent: this and nothing else."),
    ] = None,
    nlu: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--nlu", metavar="TRAIN TEST", help="Two such files: train the intent classifier, measure it."
        ),
    ] = None,
    out_of_scope: Annotated[
        list[str] | None, typer.Option(help="With --nlu: a label, beside oos, for what is no intent.")
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="With --nlu: minilm, multilingual, none, or a folder of your own.")
    ] = "minilm",
    model: Annotated[str, typer.Option(help="Id of a model; the live one if not given.")] = "",
    cross_validation: Annotated[
        int, typer.Option(metavar="N", help="Also cut the project's examples into N parts; takes minutes.")
    ] = 0,
    stories: Annotated[
        bool | None, typer.Option("--stories/--no-stories", help="Run the project's test stories.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page of it all to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how well the assistant understands: held-out messages, test stories, cross-validation.

    Without options: tests/nlu/messages.csv and tests/stories of the project. Status 3 if a story fails.
    """
    if test is not None and nlu is not None:
        raise typer.BadParameter("name either --test FILE or --nlu TRAIN TEST")
    if cross_validation == 1 or cross_validation < 0:
        raise typer.BadParameter("--cross-validation needs 2 parts or more")
    flags = ["--json"] if as_json else []
    if nlu is not None:
        flags += [f"--out-of-scope={label}" for label in out_of_scope or ()]
        _run("bot.training.evaluate_nlu", *map(str, nlu), "--encoder", encoder, *flags)
    if test is not None and not (report or cross_validation or stories):
        _measure(test, as_json, "--model", model)
    settings = _settings()
    flags += [
        "--project",
        str(settings.project_dir),
        "--models",
        str(settings.models_dir),
        "--model",
        model,
    ]
    flags += [f"--cross-validation={cross_validation}"] if cross_validation else []
    flags += ["--test", str(test)] if test else []
    flags += ["--report", str(report)] if report else []
    flags += ["--no-stories"] if stories is False or (test and not stories) else []
    _run("bot.training.evaluate_project", *flags)


def compare(
    test: TestFile,
    before: Annotated[
        str, typer.Option(help="Id of the earlier model; the previous one if not given.")
    ] = "",
    after: Annotated[str, typer.Option(help="Id of the later model; the live one if not given.")] = "",
    as_json: Json = False,
) -> None:
    """Compare two models on labelled texts."""
    from bot.domain.errors import NotFound
    from bot.training.registry import list_models

    found = list_models(_settings().models_dir)
    before = before or next((model.id for model in found if model.previous), "")
    if not before:
        raise NotFound("There is no earlier model; name two with --before and --after.")
    _measure(test, as_json, "--against", before, "--model", after)


def models() -> None:
    """List the models; the live one is marked."""
    from bot.training.registry import list_models

    found = list_models(_settings().models_dir)
    for model in found:
        mark = "live" if model.live else "previous" if model.previous else ""
        mark = mark if model.usable else "files are gone"
        numbers = ", ".join(f"{name} {value}" for name, value in model.entry.metrics.items())
        typer.echo(f"{model.id}  {mark:9} {model.entry.created[:16]}  {numbers}")
    if not found:
        typer.echo("There is no model yet; run: baton train")


def promote(model: ModelId) -> None:
    """Make a model live; a running server takes it over between turns."""
    from bot.training import registry

    typer.echo(f"{registry.promote(_settings().models_dir, model).id} is live.")


def rollback() -> None:
    """Go back to the model that was live before."""
    from bot.training import registry

    typer.echo(f"{registry.rollback(_settings().models_dir).id} is live again.")


def _measure(test: Path, as_json: bool, *options: str) -> None:
    from bot.training.evaluate import main as measure

    arguments = ["--models", str(_settings().models_dir), "--test", str(test), *options]
    raise typer.Exit(measure([*arguments, *(["--json"] if as_json else [])]))


def _run(module: str, *arguments: str) -> None:
    """Run one of our modules in a process of its own and end with its status."""
    raise typer.Exit(subprocess.call([sys.executable, "-m", module, *arguments]))  # noqa: S603 (a list)


def _settings() -> Settings:
    from bot.settings import load

    return load()

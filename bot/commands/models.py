"""The trainers' commands: `baton train`, `evaluate`, `compare`, `models`, `promote`, `rollback`.

Whatever needs numeric libraries or Rasa runs in a process of its own or is imported when it is used.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.training.live import Outcome

Json = Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")]
ModelId = Annotated[str, typer.Argument(help="A model's id; see `baton models`.")]
Anyway = Annotated[
    bool, typer.Option("--force", help="Even if it is worse than the live model or fails a test story.")
]


def add_to(app: typer.Typer) -> None:
    """Declare the commands."""
    for command in (train, evaluate, compare, models, promote, rollback):
        app.command()(command)


def train(
    force: Annotated[
        bool, typer.Option("--force", help="Train all of it, even if nothing changed.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who trains, instead of BATON_TRAINER or the user's name.")] = "",
    note: Annotated[str, typer.Option(help="Why, for `baton models`.")] = "",
) -> None:
    """Train a model if the data changed, and make it live unless it is worse.

    Status 3: the model is trained and kept, and the live one goes on answering.
    """
    settings = _settings()
    where = ["--project", str(settings.project_dir), "--models", str(settings.models_dir)]
    who = [f"--by={by or settings.trainer}", f"--note={note}"]
    _run("bot.training.train", *where, *who, *(["--force"] if force else []))


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
    a: Annotated[str, typer.Argument(help="The earlier model; the previous one if not given.")] = "",
    b: Annotated[str, typer.Argument(help="The later model; the live one if not given.")] = "",
    test: Annotated[
        Path | None, typer.Option("--test", help="CSV file, instead of the project's held-out messages.")
    ] = None,
    before: Annotated[str, typer.Option(help="The same as A.")] = "",
    after: Annotated[str, typer.Option(help="The same as B.")] = "",
    report: Annotated[Path | None, typer.Option(help="Write an HTML page of it to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Show which messages two models see differently: for better, for worse, and wrong in another way."""
    _quiet()
    from bot.training import compare_models as side_by_side

    settings = _settings()
    first, second = side_by_side.pair(settings.models_dir, a or before, b or after)
    found = side_by_side.compare_models(first, second, settings.project_dir, _say, test=test)
    if report:
        from bot.training.comparison_page import comparison_page

        report.write_text(comparison_page(found, first.id, second.id), encoding="utf-8")
        _say(f"The report is in {report}.")
    lines = [f"{first.id} -> {second.id}", *found.lines()]
    typer.echo(side_by_side.as_json(found, first, second) if as_json else "\n".join(lines))


def models(as_json: Json = False) -> None:
    """List the models, newest first: when and by whom, from which data, and how good."""
    from bot.commands.model_table import as_plain, table
    from bot.training.registry import list_models

    found = list_models(_settings().models_dir)
    if as_json:
        typer.echo(json.dumps([as_plain(model) for model in found], indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(table(found)) if found else "There is no model yet; run: baton train")


def promote(model: ModelId, force: Anyway = False) -> None:
    """Make a model live unless it is worse; a running server takes it over between turns.

    Status 3: it is worse than the live model on the held-out messages, or fails a test story.
    """
    from bot.training import live

    settings = _settings()
    _quiet()
    outcome = live.promote(settings.models_dir, model, settings.project_dir, _say, force=force)
    _told(outcome, "is live.", f"baton promote {model} --force")


def rollback(force: Anyway = False) -> None:
    """Go back to the model that was live before, unless it is worse (status 3)."""
    from bot.training import live

    settings = _settings()
    _quiet()
    outcome = live.roll_back(settings.models_dir, settings.project_dir, _say, force=force)
    _told(outcome, "is live again.", "baton rollback --force")


def _told(outcome: Outcome, done: str, anyway: str) -> None:
    """Say how it went; end with status 3 if the model was refused."""
    from bot.training.live import NOT_LIVE

    if outcome.live:
        for line in outcome.judgement.lines():
            _say(line)
        typer.echo(f"{outcome.model.id} {done}")
        return
    for line in [*outcome.reasons(), f"To make it live all the same: {anyway}"]:
        _say(line)
    raise typer.Exit(NOT_LIVE)


def _quiet() -> None:
    from bot.training import rasa_graph

    rasa_graph.quiet()  # before numpy is imported: one thread


def _say(line: str) -> None:
    typer.echo(line, err=True)


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

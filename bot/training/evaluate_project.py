"""`baton evaluate` of a whole project: held-out messages, cross-validation, test stories, a page of it.

Also `python -m bot.training.evaluate_project`, which is how the command line runs it: numeric libraries
stay out of the caller's process and keep to one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bot.clock import SystemClock
from bot.domain.errors import BotError, ConfigError
from bot.training.evaluation import Evaluation, Part, part
from bot.training.held_out import FILE, held_out
from bot.training.registry import Model

Progress = Callable[[str], None]


def evaluate_project(
    project: Path,
    model: Model | None,
    progress: Progress,
    *,
    test: Path | None = None,
    parts: int = 0,
    stories: bool = True,
) -> Evaluation:
    """Measure a model on the held-out messages, or on `test`, and run the test stories.

    With `parts` the project's own examples are cross-validated too, which needs no model. Raises
    ConfigError.
    """
    from bot.training.story_tests import run_apart, story_files

    test = test or held_out(project)
    found = [_held_out(project, model, test, progress)] if model and test else []
    if parts:
        found.append(_cross(project, parts, progress))
    ran = None
    if model and stories and story_files(project):
        progress("Running the test stories …")
        ran = run_apart(model.path, project)
    if not found and ran is None:
        raise ConfigError(
            f"There is nothing to measure with: write messages into {FILE.as_posix()} (columns "
            "text,intent), name a file with --test, or use --cross-validation 5."
        )
    return Evaluation(
        model=model.id if model else "none",
        project=project.name,
        made=SystemClock().now(),
        parts=tuple(found),
        stories=ran,
    )


def _held_out(project: Path, model: Model, test: Path, progress: Progress) -> Part:
    from bot.training.evaluate import Understanding, figures
    from bot.training.hints import explainer
    from bot.training.rows import read_rows

    rows = read_rows(test, progress)
    progress(f"Reading {len(rows):,} messages of {test.name} …")
    understanding = Understanding.load(model.path)
    predictions = [understanding.predict(row.text) for row in rows]
    return part(
        "held_out",
        "Held-out messages",
        f"{len(rows):,} messages of {test.name}, which the model has not been trained from.",
        rows,
        predictions,
        figures=figures(rows, predictions),
        explainer=explainer(project),
    )


def _cross(project: Path, parts: int, progress: Progress) -> Part:
    from bot.nlu.progress import listening
    from bot.training.cross import cross_validate
    from bot.training.evaluate import figures
    from bot.training.hints import explainer

    with listening(lambda line: progress(f"  {line}")):
        rows, predictions = cross_validate(project, parts, progress)
    return part(
        "cross_validation",
        "Cross-validation",
        f"{len(rows):,} examples, each read by a classifier trained without its part, one of {parts}.",
        rows,
        predictions,
        figures=figures(rows, predictions),
        explainer=explainer(project),
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure as the command line asks; return the exit status: 3 if a test story fails."""
    parser = argparse.ArgumentParser(prog="baton evaluate", description="Measure a project's model.")
    parser.add_argument("--project", type=Path, default=Path(), help="folder with config.yml")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder that keeps the models")
    parser.add_argument("--model", default="", help="id of the model; the live one if not given")
    parser.add_argument("--test", type=Path, help="CSV file, instead of the project's held-out messages")
    parser.add_argument("--cross-validation", type=int, default=0, help="parts to cut the examples into")
    parser.add_argument("--no-stories", action="store_true", help="leave the test stories out")
    parser.add_argument("--report", type=Path, help="HTML file to write")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    options = parser.parse_args(arguments)
    try:
        found = _run(options)
        if options.report:
            from bot.training.page import page

            options.report.write_text(page(found), encoding="utf-8")
            _say(f"The report is in {options.report}.")
    except BotError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 1
    text = json.dumps(found.as_json(), ensure_ascii=False) if options.json else "\n".join(found.lines())
    sys.stdout.write(text + "\n")
    return 3 if found.stories and found.stories.failures else 0


def _run(options: argparse.Namespace) -> Evaluation:
    from bot.training import rasa_graph

    rasa_graph.quiet()  # before numpy is imported: one thread
    from bot.training.evaluate import chosen
    from bot.training.registry import live_model

    needless = options.cross_validation and not options.model and live_model(options.models) is None
    return evaluate_project(
        options.project.resolve(),
        None if needless else chosen(options.models, options.model),
        _say,
        test=options.test,
        parts=options.cross_validation,
        stories=not options.no_stories,
    )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

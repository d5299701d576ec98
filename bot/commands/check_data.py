"""`baton data check` on the screen: every finding with its place, in plain words, and what to do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.training.checks.problem import Problem

data = typer.Typer(help="The data that the assistant is trained from.", no_args_is_help=True)

SHOWN = 10
"""Findings of one kind that are shown without --all."""
KINDS = {
    "two_intents": "examples under two intents",
    "contradiction": "contradictions",
    "missing_response": "words that are missing",
    "unknown_action": "actions that the domain lacks",
    "unknown_intent": "intents that the domain lacks",
    "unknown_entity": "entities that the domain lacks",
    "synonym": "synonyms that contradict",
    "regex": "broken patterns",
    "personal": "personal data in examples",
    "unused_response": "responses that nothing says",
    "unanswered_intent": "intents that nothing answers",
    "thin": "intents that are too thin",
    "repeated": "examples that stand twice",
    "nearly_same": "examples that are nearly the same",
}


@data.callback()
def begin() -> None:
    """Keep `check` a word of its own: typer would drop the only command's name."""


@data.command()
def check(
    thin: Annotated[int, typer.Option(min=1, help="Different examples that an intent needs.")] = 20,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Show more than {SHOWN} findings of a kind.")
    ] = False,
    project: Annotated[
        Path | None, typer.Option(help="Another folder with config.yml, instead of BATON_PROJECT_DIR.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as JSON.")] = False,
) -> None:
    """Look for mistakes in examples, rules, stories and responses. Status 1 if there are errors."""
    from bot.settings import load
    from bot.training.checks.run import check_data

    found = check_data(project or load().project_dir, thin=thin)
    counts = Counter(problem.level for problem in found)
    if as_json:
        findings = [problem.as_json() for problem in found]
        summary = {"errors": counts["error"], "warnings": counts["warning"], "findings": findings}
        typer.echo(json.dumps(summary, indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(lines(found, most=len(found) if everything else SHOWN)))
    raise typer.Exit(1 if counts["error"] else 0)


def lines(found: list[Problem], *, most: int = SHOWN) -> list[str]:
    """Return the findings for people to read, by kind, at most so many of each."""
    shown = []
    for level, kind in dict.fromkeys((problem.level, problem.kind) for problem in found):
        these = [problem for problem in found if (problem.level, problem.kind) == (level, kind)]
        shown += [f"{level.capitalize()}s: {KINDS.get(kind, kind)} ({len(these)})"]
        shown += [line for problem in these[:most] for line in _card(problem)]
        shown += [f"  and {len(these) - most} more; --all shows them"] if len(these) > most else []
        shown += [""]
    return [*shown, _summary(Counter(problem.level for problem in found))]


def _card(problem: Problem) -> list[str]:
    also = f" (also {', '.join(problem.others[:5])})" if problem.others else ""
    return [f"  {problem.place}  {problem.message}{also}", f"    -> {problem.advice}"]


def _summary(counts: Counter[str]) -> str:
    if not counts:
        return "Nothing is wrong with the data."
    parts = [
        f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in ("error", "warning")
    ]
    return f"{' and '.join(parts)}."

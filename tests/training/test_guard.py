"""No model becomes live that is worse than the live one or breaks a test story, unless it is forced."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bot import cli
from bot.commands.model_table import table
from bot.training import live, registry, scores
from bot.training.comparison import chance, sentence
from bot.training.guard import judge
from bot.training.held_out import FILE, digest, held_out
from bot.training.measure import Prediction, Row
from bot.training.registry import find, list_models, live_model
from bot.training.scores import Scores, measure
from bot.training.story_tests import Failure, StoryResult
from tests.nlu.data import examples
from tests.training.project import run
from tests.training.test_evaluate import models as evaluated_models

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

trained_models = evaluated_models
"""The fixture: "good" is live, "poor" knows every eighth example only."""

FAILURE = Failure(story="s", place="tests/stories/s.yml:3", after="greet", expected="x", done="y")
Baton = Callable[..., tuple[int, str, str]]


# --- judging --------------------------------------------------------------------------------------


def seen(*right: bool) -> Scores:
    rows = tuple(Row(text=str(n), intent="greet") for n in range(len(right)))
    told = (Prediction(intent="greet" if ok else "help", confidence=0.9, fallback=False) for ok in right)
    return Scores(rows=rows, predictions=tuple(told))


def test_a_loss_within_the_tolerance_is_let_through() -> None:
    whole, one_less = seen(*[True] * 200), seen(*[True] * 199, False)
    assert not judge(one_less, whole).refused
    two_less = judge(seen(*[True] * 198, False, False), whole)
    assert two_less.refused
    assert two_less.lines()[0] == (
        "It gets 2 held-out messages wrong that the live model gets right, and 0 right that it gets wrong "
        "(1.0 points less; 0.5 are tolerated)."
    )
    assert two_less.lines()[1:] == ["for worse:"] + [
        f"  greet: greet 0.90 -> help 0.90: {n}" for n in (198, 199)
    ]
    assert not judge(whole, one_less).refused


def test_what_gets_better_counts_against_what_gets_worse() -> None:
    assert not judge(seen(True, False, True), seen(False, True, True)).refused


def test_a_story_that_fails_is_enough() -> None:
    broken = Scores(stories=StoryResult(stories=4, failures=(FAILURE,)))
    assert judge(broken, Scores()).refused
    assert judge(broken, Scores()).lines()[0] == "It fails 1 of 4 test stories:"
    assert FAILURE.line() in judge(broken, Scores()).lines()[1]
    assert not judge(Scores(stories=StoryResult(stories=4, failures=())), broken).refused


def test_a_model_that_cannot_be_read_any_more_does_not_block_its_successor() -> None:
    judged = judge(seen(True), Scores(unread="the model has format 1, this version reads 2"))
    assert not judged.refused
    assert "format 1" in judged.lines()[0]


# --- going live -----------------------------------------------------------------------------------


@pytest.fixture
def models(trained_models: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained_models, tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project" / FILE
    path.parent.mkdir(parents=True)
    pairs = [f"{text},{intent}" for text, intent in zip(*examples(), strict=True)]
    path.write_text("\n".join(["text,intent", *pairs, "zzz jjj,out_of_scope"]))
    for name in ("domain.yml", "config.yml"):
        (tmp_path / "project" / name).write_text("version: '3.1'\n")
    return tmp_path / "project"


@pytest.fixture
def baton(
    models: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Baton:
    monkeypatch.setenv("BATON_PROJECT_DIR", str(project))
    monkeypatch.setenv("BATON_MODELS_DIR", str(models))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["baton", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def live_id(models: Path) -> str:
    found = live_model(models)
    assert found is not None
    return found.id


def test_a_worse_model_is_refused_and_can_be_forced(baton: Baton, models: Path) -> None:
    status, out, err = baton("promote", "poor")
    assert (status, out) == (3, "")
    assert "Model poor is not made live:" in err
    assert "for worse:" in err
    assert err.rstrip().endswith("baton promote poor --force")
    assert live_id(models) == "good"
    assert baton("promote", "poor", "--force")[:2] == (0, "poor is live.\n")
    assert live_id(models) == "poor"
    assert baton("rollback")[:2] == (0, "good is live again.\n")  # the better one
    status, _, err = baton("rollback")
    assert status == 3
    assert "baton rollback --force" in err
    assert live_id(models) == "good"
    assert baton("rollback", "--force")[:2] == (0, "poor is live again.\n")


def test_scores_are_measured_once_and_shown(baton: Baton, models: Path, project: Path) -> None:
    said: list[str] = []
    first = measure(find(models, "good"), project, said.append)
    assert [line for line in said if line.startswith("Reading")] == said[:1] != []
    assert measure(find(models, "good"), project, said.append) == first
    assert len(said) == 1
    (project / FILE).write_text("text,intent\nhello,greet\n")
    assert measure(find(models, "good"), project, said.append).right == 1
    assert len(said) == 2
    status, out, _ = baton("models")
    assert status == 0
    head, good, poor = out.splitlines()
    assert head.split()[:3] == ["model", "state", "trained"]
    assert "100.0% of 1" in good
    assert "live" in good
    assert poor.startswith("poor")
    listed = json.loads(baton("models", "--json")[1])
    assert listed[0]["metrics"]["held_out"] == {
        "rows": 1,
        "right": 1,
        "out_of_scope": 0,
        "out_of_scope_found": 0,
    }


def test_kept_story_results_decide_without_running_them(models: Path, project: Path) -> None:
    story = project / "tests" / "stories" / "s.yml"
    story.parent.mkdir(parents=True)
    story.write_text("stories: []\n")
    path = held_out(project)
    assert path is not None
    kept = {"digest": digest([story]), "stories": 2, "failures": [asdict(FAILURE)]}
    (models / "poor" / scores.FILE).write_text(json.dumps({"format": 1, "stories": kept}))
    path.unlink()
    outcome = live.promote(models, "poor", project, lambda line: None)
    assert not outcome.live
    assert "It fails 1 of 2 test stories:" in "\n".join(outcome.reasons())
    assert find(models, "poor").entry.metrics["stories"] == {"count": 2, "failed": 1}


def test_the_first_model_goes_live_whatever_it_is(models: Path, project: Path) -> None:
    (models / "good" / "model.tar.gz").unlink()
    assert live.promote(models, "poor", project, lambda line: None).live
    assert find(models, "poor").entry.metrics["held_out"]["rows"] > 100


def test_compare_shows_both_directions(baton: Baton, project: Path, tmp_path: Path) -> None:
    status, out, _ = baton("compare", "poor", "good", "--report", str(tmp_path / "c.html"))
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "poor -> good"
    assert "for better:" in lines
    assert any("rows better, 0 rows worse: better (hardly chance)." in line for line in lines)
    assert "For better (" in (tmp_path / "c.html").read_text()
    told = json.loads(baton("compare", "--before", "good", "--after", "poor", "--json")[1])
    assert told["models"] == {"before": "good", "after": "poor"}
    assert len(told["worse"]) > len(told["better"])
    assert {"row", "before", "after"} == set(told["worse"][0])
    own = tmp_path / "own.csv"
    own.write_text("text,intent\nhello,greet\n")
    assert "0 rows better, 0 rows worse" in baton("compare", "poor", "good", "--test", str(own))[1]
    assert baton("compare", "good", "good")[0] == 1


@pytest.mark.parametrize(
    ("better", "worse", "words"),
    [
        (7, 2, "7 rows better, 2 rows worse: likely better (chance alone would do this in 18% of cases)."),
        (2, 7, "2 rows better, 7 rows worse: likely worse (chance alone would do this in 18% of cases)."),
        (9, 1, "9 rows better, 1 row worse: better (chance alone would do this in 2% of cases)."),
        (
            2,
            1,
            "2 rows better, 1 row worse: too little to say (chance alone would do this in 100% of cases).",
        ),
        (3, 3, "3 rows better, 3 rows worse: neither is better."),
    ],
)
def test_what_the_counts_say(better: int, worse: int, words: str) -> None:
    assert sentence(better, worse) == words


def test_chance_is_that_of_scipy() -> None:
    from scipy.stats import binomtest

    for better, worse in ((7, 2), (1, 0), (5, 20), (30, 30)):
        assert chance(better, worse) == pytest.approx(binomtest(better, better + worse).pvalue)


# --- the registry ---------------------------------------------------------------------------------


def test_registries_of_other_versions_are_read(tmp_path: Path) -> None:
    old = {
        "id": "m",
        "path": "m/model.tar.gz",
        "hash": "h" * 64,
        "created": "2026-11-01T10:00",
        "metrics": {},
    }
    text = {"format": 1, "models": [{**old, "of_a_later_version": 1}], "live": "m", "previous": ""}
    (tmp_path / registry.FILE).write_text(json.dumps(text))
    (model,) = list_models(tmp_path)
    assert (model.entry.by, model.entry.note, model.entry.rolled_back) == ("", "", False)
    assert " ".join(table([model])[1].split()) == "m files are gone 2026-11-01 10:00 - hhhhhhhh - - - -"
    registry.note_metrics(tmp_path, "m", {"stories": {"count": 1, "failed": 0}})
    registry.note_metrics(tmp_path, "other", {"stories": {}})
    assert list_models(tmp_path)[0].entry.metrics == {"stories": {"count": 1, "failed": 0}}


# --- training -------------------------------------------------------------------------------------


TRAIN_EACH = """
import contextlib, io, json, sys
from bot.training import train
models, *projects = sys.argv[1:]
for project in projects:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = train.main(["--project", project, "--models", models, "--by", "Ana", "--note", "warmer words"])
    print(json.dumps([status, said.getvalue()]))
"""


def test_training_keeps_what_did_not_change_and_never_makes_a_worse_model_live(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    warmer, swapped, models = (tmp_path / name for name in ("warmer", "swapped", "models"))
    shutil.copytree(trained[0], warmer)
    shutil.copytree(trained[1], models)
    messages = [
        "text,intent",
        "hello there,greet",
        "hey hello,greet",
        "good bye,goodbye",
        "see you,goodbye",
    ]
    (warmer / FILE).parent.mkdir(parents=True)
    (warmer / FILE).write_text("\n".join(messages))
    domain, rules = warmer / "domain.yml", warmer / "data/rules/all.yml"
    new = domain.read_text().replace("Hi there.", "Hi, you.")
    domain.write_text(new.replace("responses:\n", "responses:\n  utter_new:\n  - text: New.\n"))
    rules.write_text(rules.read_text().replace("action: utter_bye", "action: utter_new"))
    shutil.copytree(warmer, swapped)
    nlu = swapped / "data/nlu/all.yml"
    turned = (
        nlu.read_text().replace("intent: greet", "intent: x").replace("intent: goodbye", "intent: greet")
    )
    nlu.write_text(turned.replace("intent: x", "intent: goodbye"))

    done = run("", str(models), str(warmer), str(swapped), str(swapped), code=TRAIN_EACH)
    assert done.returncode == 0, done.stderr
    first, second, again = (json.loads(line) for line in done.stdout.splitlines())
    newest, warm = list_models(models)[:2]
    assert first[0] == 0, first
    assert "Taken over, for nothing in them changed: intents, entities." in first[1]
    assert "To be trained: stories, rules." in first[1]
    assert (warm.live, warm.entry.by, warm.entry.note) == (True, "Ana", "warmer words")
    assert warm.entry.metrics["held_out"]["rows"] == 4
    assert "Hi, you." in warm.responses.read_text()
    assert second[0] == live.NOT_LIVE, second
    assert "Taken over, for nothing in them changed: stories, rules." in second[1]
    assert "To be trained: intents, entities." in second[1]
    assert f"baton promote {newest.id} --force" in second[1]
    assert "goodbye: goodbye" in second[1]
    assert again[0] == live.NOT_LIVE
    assert "Loading Rasa" not in again[1]
    assert live_id(models) == warm.id

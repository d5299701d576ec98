from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.training.evaluate import Understanding, compare, evaluate, main
from bot.training.measure import Prediction, Row, report
from bot.training.registry import ModelEntry, promote, register
from tests.nlu.data import examples

pytestmark = pytest.mark.filterwarnings("default")


RASAS = "rasa.nlu.classifiers.fallback_classifier.FallbackClassifier"
OURS = "bot.nlu.fallback.ScopeFallback"


def archive(
    path: Path, texts: list[str], intents: list[str], *, threshold: float | str | None, uses: str = RASAS
) -> Path:
    """Write what of a Rasa model archive an evaluation reads."""
    from bot.nlu.fit import fit

    folder = path.parent / f"{path.stem}-files"
    folder.mkdir(parents=True)
    fit(texts, intents).save(folder)
    settings = {"ambiguity_threshold": 0.1} | ({"threshold": threshold} if threshold is not None else {})
    node = {"uses": uses, "config": settings}
    (folder / "metadata.json").write_text(json.dumps({"predict_schema": {"nodes": {"f": node}}}))
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder / "metadata.json", "metadata.json")
        for name in ("sparse.json", "sparse.npz", "cascade.json"):
            tar.add(folder / name, f"components/train_CascadeIntentClassifier0/{name}")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models: "good" knows everything and is live, "poor" knows only every eighth example."""
    root = tmp_path_factory.mktemp("models")
    texts, intents = examples()
    for name, step in (("poor", 8), ("good", 1)):
        (root / name).mkdir()
        archive(root / name / "model.tar.gz", texts[::step], intents[::step], threshold=0.4)
        (root / name / "responses.json").write_text("{}")
        register(root, ModelEntry(id=name, path=f"{name}/model.tar.gz", hash=name, created="2026"))
    promote(root, "good")
    return root


@pytest.fixture
def rows() -> list[Row]:
    known = [Row(text=text, intent=intent) for text, intent in zip(*examples(), strict=True)]
    return [*known, Row(text="привет", intent="nlu_fallback"), Row(text="zzz jjj", intent="out_of_scope")]


def test_evaluates_a_model_archive(models: Path, rows: list[Row]) -> None:
    result = evaluate(models / "good" / "model.tar.gz", rows)
    assert result.rows == len(rows)
    assert result.in_scope == len(rows) - 2
    assert result.accuracy > 0.95
    assert result.out_of_scope_recall == 1.0
    assert {i.name for i in result.intents} == set(examples()[1])


@pytest.mark.parametrize(
    ("uses", "threshold", "falls"),
    [
        (OURS, "tuned", True),
        (OURS, None, True),
        (OURS, 0.01, False),
        (RASAS, None, True),
        (RASAS, 0.01, False),
    ],
)
def test_the_model_says_what_is_out_of_scope(
    tmp_path: Path, uses: str, threshold: float | str | None, falls: bool
) -> None:
    texts, intents = examples()
    model = Understanding.load(
        archive(tmp_path / "m.tar.gz", texts, intents, threshold=threshold, uses=uses)
    )
    seen = model.predict("zzz jjj kkk hello mmm")
    assert 0.01 < seen.confidence < 0.3
    assert seen.fallback is falls
    assert not model.predict(texts[0]).fallback


def test_compares_two_models(models: Path, rows: list[Row]) -> None:
    result = compare(models / "poor" / "model.tar.gz", models / "good" / "model.tar.gz", rows)
    assert result.after.answered_accuracy * (1 - result.after.fallback_share) > 0.9
    assert len(result.better) > len(result.worse)
    assert any("rows better" in line for line in result.lines())


def test_the_command_line(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = tmp_path / "test.csv"
    test.write_text("text,intent\nwhere is my order,track_order\nhello,greet\n", encoding="utf-8-sig")
    assert main(["--models", str(models), "--test", str(test), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0
    assert main(["--models", str(models), "--test", str(test)]) == 0
    assert "accuracy           100.0%" in capsys.readouterr().out
    assert main(["--models", str(models), "--test", str(test), "--against", "poor"]) == 0
    assert "macro F1" in capsys.readouterr().out
    assert main(["--models", str(models), "--test", str(test), "--model", "none"]) == 1
    assert capsys.readouterr().err == "There is no model none; `baton models` lists them.\n"
    assert main(["--models", str(tmp_path / "empty"), "--test", str(test)]) == 1
    assert "train one first" in capsys.readouterr().err


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="not a usable model"):
        evaluate(path, [Row(text="a", intent="b")])
    with tarfile.open(path, "w:gz") as tar:
        tar.add(__file__, "other.py")
    with pytest.raises(ConfigError, match="CascadeIntentClassifier"):
        evaluate(path, [Row(text="a", intent="b")])


def test_rows_without_one_in_scope_are_refused(models: Path) -> None:
    with pytest.raises(ConfigError, match="in scope"):
        evaluate(models / "good" / "model.tar.gz", [Row(text="a", intent="out_of_scope")])


def test_the_figures() -> None:
    def seen(intent: str, confidence: float = 0.95, *, fallback: bool = False) -> Prediction:
        return Prediction(intent=intent, confidence=confidence, fallback=fallback)

    rows = [Row(text=f"t{n}", intent=i) for n, i in enumerate(("a", "a", "a", "b", "out_of_scope", "oos"))]
    result = report(
        rows,
        [
            seen("a"),
            seen("a"),
            seen("b"),
            seen("b", 0.2, fallback=True),
            seen("a", fallback=True),
            seen("a"),
        ],
    )
    assert result.in_scope == 4
    assert result.accuracy == 0.75
    assert result.fallback_share == 0.25
    assert result.answered_accuracy == pytest.approx(2 / 3)
    assert result.out_of_scope_recall == 0.5
    by_name = {i.name: i for i in result.intents}
    assert (by_name["a"].precision, by_name["a"].recall, by_name["a"].f1) == (
        1.0,
        pytest.approx(2 / 3),
        0.8,
    )
    assert (by_name["b"].precision, by_name["b"].recall) == (0.5, 1.0)
    assert result.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert [(c.truth, c.predicted, c.count, c.example) for c in result.confusions] == [("a", "b", 1, "t2")]
    assert result.calibration_error == pytest.approx((abs(2 - 3 * 0.95) + abs(1 - 0.2)) / 4)

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from bot.services.sentences import Catalogue
from bot.training.registry import list_models, live_model, register, rollback
from tests.training.project import make_project, run, train

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

Trained = tuple[Path, Path]

PARSE = """
import json, sys, tempfile
from pathlib import Path
from bot.training import rasa_graph
rasa_graph.quiet()
rasa_graph.import_rasa(lean=True)
assert "tensorflow" not in sys.modules
from bot.engine.lean import stand_ins
with stand_ins():
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE
    from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
with tempfile.TemporaryDirectory() as folder:
    meta, runner = load_predict_graph_runner(Path(folder), Path(sys.argv[1]), LocalModelStorage, DaskGraphRunner)
    for text in sys.argv[2:]:
        out = runner.run(inputs={PLACEHOLDER_MESSAGE: [UserMessage(text)]}, targets=[meta.nlu_target])
        print(json.dumps(out[meta.nlu_target][0].as_dict(only_output_properties=True)))
"""


def test_a_trained_model_understands(trained: Trained) -> None:
    model = live_model(trained[1])
    assert model is not None
    done = run("", str(model.path), "WHERE is my order #ab-9876", "my kicks", "😀😀", code=PARSE)
    assert done.returncode == 0, done.stderr
    order, kicks, smile = (json.loads(line) for line in done.stdout.splitlines())
    assert order["intent"]["name"] == "track_order"
    assert order["intent"]["confidence"] > 0.4
    assert len(order["intent_ranking"]) == 3
    entity = {"entity": "order_number", "start": 18, "end": 26, "value": "AB-9876"}
    assert order["entities"] == [{**entity, "extractor": "PatternEntityExtractor"}]
    assert [e["value"] for e in kicks["entities"]] == ["sneakers"]
    assert smile["intent"]["name"] == "nlu_fallback"


def test_training_leaves_what_the_server_needs(trained: Trained) -> None:
    model = live_model(trained[1])
    assert model is not None
    catalogue = Catalogue.load(model.responses.read_bytes())
    assert catalogue.names == {"utter_greet", "utter_bye", "utter_track"}
    assert catalogue.render("utter_track", order_number="4521").text == "4521 is on its way."
    meta = json.loads((model.folder / "meta.json").read_text())
    assert meta["hash"] == model.entry.hash
    assert meta["intents"] == ["goodbye", "greet", "track_order"]
    assert meta["examples"] == 13
    assert meta["versions"]["rasa"] == "3.6.21"


def test_nothing_is_trained_when_nothing_changed(trained: Trained) -> None:
    done = train(*trained)
    assert done.returncode == 0
    assert "up to date" in done.stdout
    assert "Loading Rasa" not in done.stdout


def test_training_twice_gives_the_same_understanding(trained: Trained, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert train(trained[0], models, "--force").returncode == 0
    first, second = live_model(trained[1]), live_model(models)
    assert first is not None
    assert second is not None
    names = ("sparse.json", "sparse.npz", "cascade.json", "dense.npz", "patterns.json")
    assert _contents(first.path, names) == _contents(second.path, names)


def _contents(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        found = {Path(m.name).name: m for m in tar.getmembers()}
        files = {name: tar.extractfile(found[name]) for name in names}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_a_rolled_back_model_is_not_brought_back_by_training(trained: Trained, tmp_path: Path) -> None:
    project, models = trained[0], tmp_path / "models"
    shutil.copytree(trained[1], models)
    newest = list_models(models)[0]
    older = newest.entry.__class__(id="older", path=newest.entry.path, hash="0" * 64, created="2020")
    from bot.training.registry import promote

    register(models, older)
    promote(models, "older")
    promote(models, newest.id)
    assert rollback(models).id == "older"
    done = train(project, models)
    assert done.returncode == 0
    assert "rolled back" in done.stdout
    live = live_model(models)
    assert live is not None
    assert live.id == "older"


MISTAKES = {
    "intent": ("data/rules/all.yml", "intent: greet", "intent: great", ["data/rules/all.yml:5", "'great'"]),
    "action": (
        "data/rules/all.yml",
        "action: utter_bye",
        "action: utter_by",
        ["rules/all.yml", "'utter_by'"],
    ),
    "lookup": (
        "data/nlu/all.yml",
        "- lookup: product",
        "- lookup: prduct",
        ["data/nlu/all.yml", "'prduct'"],
    ),
    "twice": ("data/nlu/all.yml", "    - bye\n", "    - bye\n    - hello\n", ["'hello'", "multiple"]),
    "nlu yaml": ("data/nlu/all.yml", "nlu:\n", "nlu: [\n", ["data/nlu/all.yml"]),
    "domain yaml": ("domain.yml", "slots:", "slots: ]", ["domain.yml"]),
    "config yaml": ("config.yml", "pipeline:", "pipeline: ]", ["config.yml"]),
    "component": ("config.yml", "FallbackClassifier", "FallbackClasifier", ["FallbackClasifier"]),
    "encoder": (
        "config.yml",
        "CascadeIntentClassifier\n",
        f"CascadeIntentClassifier\n    encoder_sha256: '{'0' * 64}'\n",
        ["model.onnx", "SHA-256"],
    ),
    "rules": ("data/rules/all.yml", "intent: goodbye", "intent: greet", ["greet"]),
    "regex": ("data/nlu/all.yml", "#?\\b(", "#?((", ["order_number", "regex"]),
}
"""File, what stands there, what a trainer makes of it, and what the error must name."""

TRAIN_EACH = """
import contextlib, io, json, sys
from bot.training import project, train
project.LEAN_COMPONENTS = project.LEAN_COMPONENTS | {"FallbackClasifier"}
for folder in sys.argv[1:]:
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
        status = train.main(["--project", folder, "--models", folder + "/models"])
    print(json.dumps([status, errors.getvalue()]))
"""


def test_a_mistake_is_one_clear_line(tmp_path: Path) -> None:
    projects = []
    for name, (file, old, new, _) in MISTAKES.items():
        project = make_project(tmp_path / name)
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new))
        projects.append(project)
    done = run("", *map(str, projects), code=TRAIN_EACH)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for project, (status, error), mistake in zip(projects, results, MISTAKES.values(), strict=True):
        assert status == 1, project.name
        assert error.count("\n") == 1, error
        assert error.startswith("Training failed: ")
        assert all(part in error for part in mistake[3]), error
        assert list_models(project / "models") == []
        assert not list((project / "models").glob("2*"))


def test_without_its_encoder_a_model_is_trained_and_says_so_once(tmp_path: Path) -> None:
    project, models = make_project(tmp_path / "project"), tmp_path / "models"
    config = project / "config.yml"
    named = f"CascadeIntentClassifier\n    encoder: {tmp_path}/nowhere\n"
    config.write_text(config.read_text().replace("CascadeIntentClassifier\n", named))
    done = train(project, models)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Intents are told by words alone") == 1
    assert "nowhere/model.onnx cannot be read" in done.stdout
    model = live_model(models)
    assert model is not None
    parsed = run("", str(model.path), "where is my order", code=PARSE)
    assert json.loads(parsed.stdout.splitlines()[0])["intent"]["name"] == "track_order"
    assert parsed.stderr.count("Intents are told by words alone") <= 1


def test_a_folder_that_is_no_project_is_named(tmp_path: Path) -> None:
    done = train(tmp_path, tmp_path / "models")
    assert done.returncode == 1
    assert "config.yml" in done.stderr
    assert "domain.yml" in done.stderr

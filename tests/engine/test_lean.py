"""Rasa without what the engine never uses. Each case in a process of its own: imports are for ever."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest

from bot.engine import lean

pytestmark = [pytest.mark.rasa]

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, timeout: float = 110) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_what_is_left_out_stays_out() -> None:
    out = run(
        """
        import os, sys
        from bot.engine import rasa_turns
        assert not any(m.split(".")[0] in ("rasa", "tensorflow", "spacy") for m in sys.modules)
        rasa_turns.preload()
        from bot.engine.stand_ins import STAND_INS
        print(sorted(m for m in sys.modules if m in STAND_INS))
        print(os.environ["RASA_TELEMETRY_ENABLED"])
        # Not ru_maxrss: a child's begins with what its parent, the test run, has.
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(int(status["VmHWM"].split()[0]) // 1024)
        import threading
        print(threading.active_count())
        """
    ).splitlines()
    assert out[0] == "[]"
    assert out[1] == "false"
    assert int(out[2]) < 250  # MB; with TensorFlow it is 400 and more
    assert out[3] == "1"  # a fork would lose any other thread


def test_stand_ins_hold_up_and_refuse_to_work() -> None:
    run(
        """
        import abc, sys, typing
        import pytest
        from bot.engine.stand_ins import StandInUsed, stand_ins

        with stand_ins():
            import tensorflow as tf
            from tensorflow.keras import layers
            from sqlalchemy.orm import Session

            class Model(tf.keras.Model, abc.ABC):
                @tf.function(experimental_relax_shapes=True)
                def step(self, x: tf.Tensor) -> typing.Optional[tf.Tensor]: ...

                @tf.function
                def other(self, x: "tf.Tensor | None" = None) -> typing.List[tf.RaggedTensor]: ...

            LIST = [layers.Dense, tf.float32 | None]
            made = tf.keras.Sequential([1])

        assert issubclass(Model, tf.keras.Model)
        assert not isinstance(3, tf.Tensor)
        for use in (Model, tf.constant, Session, lambda: made()):
            with pytest.raises(StandInUsed, match="left out of engine processes"):
                use()
        with pytest.raises(AttributeError):
            tf.Tensor.numpy
        assert "tensorflow" not in sys.modules

        import sqlalchemy  # the real one, for whoever needs it in an action
        assert sqlalchemy.create_engine("sqlite://").connect().scalar(sqlalchemy.text("select 1")) == 1
        """
    )


def test_a_package_that_is_there_already_stays() -> None:
    run(
        """
        import sys
        import sqlalchemy
        from bot.engine import lean
        lean.import_rasa()
        assert sys.modules["sqlalchemy"] is sqlalchemy
        assert sqlalchemy.create_engine
        """
    )


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_full_rasa_replaces_the_lean_one() -> None:
    """What happens when a trainer adds a neural component and an engine was forked lean."""
    run(
        """
        import sys
        from bot.engine import lean
        lean.import_rasa()
        assert "tensorflow" not in sys.modules
        lean.import_rasa(full=True)
        assert "tensorflow" in sys.modules
        from rasa.nlu.classifiers.diet_classifier import DIETClassifier
        import rasa.utils.tensorflow.models as models
        import tensorflow
        assert issubclass(models.RasaModel, tensorflow.keras.Model)
        assert int(tensorflow.constant(3)) == 3
        import bot.engine.processor
        lean.import_rasa(full=False)  # the full one will do
        assert "tensorflow" in sys.modules
        """,
        timeout=280,
    )


def archive(path: Path, *uses: str) -> Path:
    nodes = {f"n{i}": {"uses": name} for i, name in enumerate(uses)}
    data = json.dumps({"predict_schema": {"nodes": nodes}}).encode()
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("metadata.json")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("component", "full"),
    [
        ("rasa.nlu.classifiers.diet_classifier.DIETClassifier", True),
        ("rasa.core.policies.ted_policy.TEDPolicy", True),
        ("rasa.nlu.selectors.response_selector.ResponseSelector", True),
        ("rasa.core.policies.rule_policy.RulePolicy", False),
        ("bot.nlu.classifier.CascadeIntentClassifier", False),
        ("lean_probe_plain.Part", False),
        ("lean_probe_tf.Part", True),
        ("lean_probe_diet.Part", True),
        ("not_there.Part", False),
    ],
)
def test_a_models_components_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, component: str, full: bool
) -> None:
    (tmp_path / "lean_probe_plain.py").write_text(
        "import numpy\nfrom rasa.engine.graph import GraphComponent\n"
    )
    (tmp_path / "lean_probe_tf.py").write_text("def f():\n    from tensorflow import keras\n")
    (tmp_path / "lean_probe_diet.py").write_text(
        "from rasa.nlu.classifiers.diet_classifier import DIETClassifier\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    model = archive(tmp_path / "m.tar.gz", "rasa.core.policies.rule_policy.RulePolicy", component)
    assert lean.needs_full_rasa(model) is full


def test_after_training_in_the_same_process_the_engine_is_still_the_fast_one() -> None:
    run(
        """
        from bot.engine import lean
        from bot.training import rasa_graph

        rasa_graph.import_rasa(lean=True)
        lean.import_rasa()
        from rasa.core.actions.action import RemoteAction

        assert RemoteAction._validate_action_result.__module__ == "bot.engine.overrides"
        """
    )

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from bot.nlu import cascade, fit_dense
from bot.nlu.cascade import CascadeModel
from bot.nlu.fit import fit
from bot.nlu.progress import listening
from tests.nlu.data import WordVectors, examples

pytestmark = pytest.mark.filterwarnings("default")

FILES = ("sparse.json", "sparse.npz", "cascade.json", "dense.npz")


@pytest.fixture
def encoder() -> WordVectors:
    return WordVectors()


@pytest.fixture
def model(encoder: WordVectors) -> CascadeModel:
    return fit(*examples(), encoder=encoder)


def test_the_same_data_give_the_same_bytes(tmp_path: Path, model: CascadeModel) -> None:
    for name, one in (("a", model), ("b", fit(*examples(), encoder=WordVectors()))):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
    for file in FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_saved_model_ranks_as_before(tmp_path: Path, model: CascadeModel) -> None:
    model.save(tmp_path)
    loaded = CascadeModel.load(tmp_path, WordVectors())
    for text in (*examples()[0][::5], "annul my bundle", "something else", ""):
        assert loaded.rank(text) == model.rank(text)
    assert model.read > model.stopped


def test_the_encoder_knows_words_that_the_examples_do_not_have(model: CascadeModel) -> None:
    words = fit(*examples())
    text = "annul my bundle"
    assert model.rank(text)[0][0] == "cancel_order"
    assert model.rank(text)[0][1] > words.rank(text)[0][1]


def test_the_encoder_is_asked_only_where_words_leave_doubt(
    model: CascadeModel, encoder: WordVectors
) -> None:
    encoder.encoded.clear()
    clear, doubtful = "cancel my order", "annul something"
    model.rank(clear)
    assert encoder.encoded == []
    assert (model.read, model.stopped) == (1, 1)
    model.rank(doubtful)
    assert encoder.encoded == [doubtful]
    assert (model.read, model.stopped) == (2, 1)


def test_repeated_texts_come_from_a_bounded_cache(
    model: CascadeModel, encoder: WordVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder.encoded.clear()
    assert model.rank("annul something") == model.rank("annul something")
    assert len(encoder.encoded) == 1
    monkeypatch.setattr(cascade, "MAX_CACHED", 20)
    for n in range(30):
        model.rank(f"cancel my order {'x' * n}")
    assert len(model._ranked) <= 20


@pytest.mark.parametrize("other", [None, WordVectors(fingerprint="others")])
def test_with_another_encoder_or_none_words_answer_alone(
    tmp_path: Path, model: CascadeModel, other: WordVectors | None, caplog: pytest.LogCaptureFixture
) -> None:
    model.save(tmp_path)
    with caplog.at_level(logging.WARNING):
        loaded = CascadeModel.load(tmp_path, other)
        ranked = [loaded.rank(text) for text in ("annul something", "cancel my order")]
    assert ranked == [fit(*examples()).rank(text) for text in ("annul something", "cancel my order")]
    assert loaded.encoder is None
    assert len(caplog.records) == (1 if other else 0)  # without one, who opens the encoder has said so


def test_an_encoder_that_breaks_is_told_once_and_gone_without(
    model: CascadeModel, encoder: WordVectors, caplog: pytest.LogCaptureFixture
) -> None:
    encoder.broken = True
    with caplog.at_level(logging.WARNING):
        for text in ("annul it", "annul that", "annul them all"):
            assert model.rank(text)
    assert [record.getMessage() for record in caplog.records] == [
        "Intents are told by words alone from now on: the model file is gone"
    ]


def test_confidences_add_up_and_fall_with_strangeness(model: CascadeModel) -> None:
    ranked = model.rank("annul my parcel please")
    scores = [score for _, score in ranked]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) <= 1 + 1e-5
    assert model.rank("zorp flim quux")[0][1] < ranked[0][1]
    assert {score for _, score in model.rank("   ")} == {0.0}


@pytest.mark.parametrize("each", [1, 2, 5])
def test_few_examples_are_enough(each: int) -> None:
    texts, intents = examples()
    kept: dict[str, list[str]] = {}
    for text, intent in zip(texts, intents, strict=True):
        kept.setdefault(intent, []).append(text)
    few = [(text, intent) for intent, own in kept.items() for text in own[:: len(own) // each][:each]]
    model = fit([text for text, _ in few], [intent for _, intent in few], encoder=WordVectors())
    right = [model.rank(text)[0][0] == intent for text, intent in few]
    assert sum(right) >= 0.9 * len(right)
    assert 0.0 <= model.mix.threshold < 1.0


def test_many_examples_become_prototypes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_dense, "MAX_POINTS", 6)
    texts, intents = examples()
    model = fit(texts, intents, encoder=WordVectors())
    assert model.dense is not None
    assert len(model.dense.points) <= 6 * 4
    sums = np.add.reduceat(model.dense.shares, model.dense.starts)
    np.testing.assert_allclose(sums, 1.0, atol=1e-5)
    right = [model.rank(text)[0][0] == intent for text, intent in zip(texts, intents, strict=True)]
    assert sum(right) >= 0.98 * len(right)


def test_equal_texts_are_encoded_once(encoder: WordVectors) -> None:
    fit(["hello", "hello", "bye", "bye"], ["greet", "greet", "bye", "bye"], encoder=encoder)
    assert sorted(encoder.encoded) == ["bye", "hello"]


def test_fitting_says_how_far_it_is() -> None:
    lines: list[str] = []
    with listening(lines.append):
        fit(*examples())
    fit(*examples())
    assert len(lines) == 6
    assert lines[0] == "Checking on held-out examples, part 1 of 5 …"

"""Vectors kept from an earlier training make the very same model, and only new texts are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.nlu.encoders import MINILM, Encoder, Floats, open_encoder
from bot.nlu.fit import fit
from bot.nlu.kept_vectors import FILE, encoded, kept_in
from tests.nlu.data import examples

pytestmark = pytest.mark.filterwarnings("default")


class Counting:
    """MiniLM, and what it had to read."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.fingerprint, self.sentence = encoder.fingerprint, encoder.sentence
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.read += texts
        return self._encoder.encode(texts)

    def warm(self) -> None:
        """Load already."""


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    found = open_encoder(MINILM)
    assert found is not None
    return found


@pytest.fixture
def counting(minilm: Encoder) -> Counting:
    return Counting(minilm)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_model_with_and_without(tmp_path: Path, counting: Counting) -> None:
    texts, intents = examples()
    made = []
    for name, kept in (("before", 3), ("first", 1), ("again", 1)):
        with kept_in(tmp_path / "kept"):
            model = fit(texts[::kept], intents[::kept], encoder=counting)
        (tmp_path / name).mkdir()
        model.save(tmp_path / name)
        made.append(len(counting.read))
    (tmp_path / "alone").mkdir()
    fit(texts, intents, encoder=counting).save(tmp_path / "alone")
    assert files(tmp_path / "first") == files(tmp_path / "again") == files(tmp_path / "alone")
    assert made == [len(set(texts[::3])), len(set(texts)), len(set(texts))]
    assert len(counting.read) == 2 * len(set(texts))


def test_texts_that_are_gone_are_not_kept(tmp_path: Path, counting: Counting) -> None:
    with kept_in(tmp_path):
        encoded(["one", "two", "one"], counting)
        encoded(["two", "three"], counting)
        rows = encoded(["one", "two", "\ud800 no text"], counting)
    assert counting.read == ["one", "two", "three", "one", "\ud800 no text"]
    np.testing.assert_array_equal(rows, encoded(["one", "two", "\ud800 no text"], counting))


@pytest.mark.parametrize("harm", ["empty", "cut", "garbage", "other encoder"])
def test_what_is_no_use_is_made_anew(tmp_path: Path, counting: Counting, harm: str) -> None:
    with kept_in(tmp_path):
        whole = encoded(["one", "two"], counting)
        path = tmp_path / FILE
        content = path.read_bytes()
        match harm:
            case "empty":
                path.write_bytes(b"")
            case "cut":
                path.write_bytes(content[:-40])
            case "garbage":
                path.write_bytes(b"nothing of ours" * 40)
            case _:
                counting.fingerprint = "another"
        np.testing.assert_array_equal(encoded(["one", "two"], counting), whole)
        assert counting.read == ["one", "two"] * 2
        encoded(["one", "two"], counting)
        assert len(counting.read) == 4

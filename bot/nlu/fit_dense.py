"""Fitting the half that reads sentence vectors: softmax regression, and prototypes of many examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from bot.nlu.dense import DenseModel, Floats

STRENGTH = 30.0
"""Inverse strength of regularisation; on training folds 10 to 100 differ by less than a point."""

MAX_STEPS = 60
MAX_POINTS = 64
"""Examples of an intent that are kept as they are; more are gathered into as many prototypes."""

GATHERINGS = 8


def fit_dense(vectors: Floats, sentence: int, labels: Any, intents: int) -> DenseModel:
    """Fit to examples; every intent from 0 to `intents` - 1 must have one."""
    weights, bias = softmax(vectors, labels, intents)
    points, shares, starts = [], [], [0]
    for intent in range(intents):
        own, share = _prototypes(vectors[labels == intent, :sentence])
        points.append(own)
        shares.append(share)
        starts.append(starts[-1] + len(own))
    return DenseModel(
        weights=weights,
        bias=bias,
        points=np.vstack(points).astype(np.float16).astype(np.float32),
        shares=np.concatenate(shares).astype(np.float32),
        starts=np.array(starts[:-1], dtype=np.int64),
    )


def softmax(vectors: Floats, labels: Any, intents: int) -> tuple[Floats, Floats]:
    """Fit a softmax regression by L-BFGS, which needs few steps on a few hundred dense columns."""
    from scipy.optimize import minimize

    rows = np.arange(len(labels))
    width = vectors.shape[1]
    penalty = 1 / (STRENGTH * len(labels))

    def loss(flat: Any) -> tuple[float, Any]:
        both = flat.astype(np.float32).reshape(width + 1, intents)
        weights, bias = both[:-1], both[-1]
        scores = vectors @ weights + bias
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1)
        value = np.mean(np.log(sums) - scores[rows, labels]) + penalty / 2 * np.sum(weights**2)
        powers /= sums[:, None]
        powers[rows, labels] -= 1
        powers /= len(labels)
        slope = np.vstack([vectors.T @ powers + penalty * weights, powers.sum(axis=0)])
        return float(value), slope.ravel().astype(np.float64)

    start = np.zeros((width + 1) * intents)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    both = found.x.astype(np.float32).reshape(width + 1, intents)
    return np.ascontiguousarray(both[:-1]), both[-1]


def _prototypes(own: Floats) -> tuple[Floats, Floats]:
    """Return an intent's points and the share of its examples that each stands for."""
    if len(own) <= MAX_POINTS:
        return own, np.full(len(own), 1 / len(own), dtype=np.float32)
    centres = own[_spread(own)]
    for _ in range(GATHERINGS):
        nearest = np.argmax(own @ centres.T, axis=1)
        sums = (np.arange(len(centres))[:, None] == nearest).astype(own.dtype) @ own
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), centres)
    shares = np.bincount(np.argmax(own @ centres.T, axis=1), minlength=MAX_POINTS) / len(own)
    kept = shares > 0
    return centres[kept], shares[kept].astype(np.float32)


def _spread(own: Floats) -> list[int]:
    """Choose examples that lie far from each other: always the same ones for the same examples."""
    chosen = [int(np.argmax(own @ own.mean(axis=0)))]
    closest = own @ own[chosen[0]]
    while len(chosen) < MAX_POINTS:
        chosen.append(int(np.argmin(closest)))
        closest = np.maximum(closest, own @ own[chosen[-1]])
    return chosen

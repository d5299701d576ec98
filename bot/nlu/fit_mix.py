"""What is chosen on held-out examples: weights, early stop, usual likeness and the out-of-scope threshold.

Everything here looks at training examples only, each scored by models that have not seen it. A text
out of scope is played by an example whose own intent is left out of the scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.nlu.mix import Mix, likelihoods, trust

MOST_USUAL = 0.85
"""Examples resemble each other more than customers resemble them: no text must be known better."""

MAX_LOST = 0.001
"""Share of examples that stopping early may get wrong though reading on would get them right."""

MAX_STRANGE = 0.02
"""Share of texts out of scope that may stop early."""

MIN_KEPT = 0.95
"""Share of right answers that the out-of-scope threshold must let through."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Every example (a row) as models see it that were fitted without it.

    `likeness` has, for each intent, that of the nearest example; the last three are None without an
    encoder.
    """

    truth: Any
    sparse: Any
    known: Any
    linear: Any = None
    nearness: Any = None
    likeness: Any = None


def usual(shares: Any) -> float:
    """Return what three of four unseen texts of the same kind reach."""
    if len(shares) == 0:
        return MOST_USUAL
    return float(np.round(np.clip(np.quantile(shares, 0.25), 0.1, MOST_USUAL), 6))


def scale(scores: Any, truth: Any) -> float:
    """Return the factor before the softmax that makes confidences honest on held-out examples."""
    if len(truth) == 0:
        return 1.0
    exponents = np.linspace(-4.0, 5.0, 181)
    losses = [loss(scores * np.exp(e), truth) for e in exponents]
    return float(np.round(np.exp(exponents[int(np.argmin(losses))]), 6))


def loss(logits: Any, truth: Any) -> float:
    """Return the mean log loss."""
    logits = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(truth)), truth]))


def mix(seen: HeldOut, *, sparse_scale: float, known_usual: float) -> Mix:
    """Choose how the halves count together, when to stop early, and what is out of scope."""
    quick = sparse_scale * seen.sparse
    quick_trust = trust(seen.known, known_usual) ** 2
    if seen.linear is None or len(seen.truth) == 0:
        threshold = _threshold(quick, quick_trust, quick_trust, seen.truth)
        return Mix(weights=(sparse_scale, 0.0, 0.0), margin=2.0, alike=MOST_USUAL, threshold=threshold)
    parts = (seen.sparse, seen.linear, seen.nearness)
    weights = _weights(parts, seen.truth)
    full = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    alike = usual(seen.likeness.max(axis=1))
    others = np.where(_own(seen.likeness, seen.truth), -1.0, seen.likeness).max(axis=1)
    return Mix(
        weights=weights,
        margin=_margin(quick, quick_trust, full, seen.truth),
        alike=alike,
        threshold=_threshold(
            full, trust(seen.likeness.max(axis=1), alike), trust(others, alike), seen.truth
        ),
    )


def _weights(parts: tuple[Any, ...], truth: Any) -> tuple[float, float, float]:
    """Return the weights of the parts' scores with the least log loss; this calibrates as well."""
    from scipy.optimize import minimize

    alone = [scale(part, truth) for part in parts]
    scaled = [factor * part for factor, part in zip(alone, parts, strict=True)]
    rows = np.arange(len(truth))

    def value(shares: Any) -> tuple[float, Any]:
        logits = sum(share * part for share, part in zip(shares, scaled, strict=True))
        likely = likelihoods(logits)
        slopes = [np.mean((likely * part).sum(axis=1) - part[rows, truth]) for part in scaled]
        return loss(logits, truth), np.array(slopes)

    start = np.full(len(parts), 1 / len(parts))
    found = minimize(value, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(parts))
    first, second, third = (float(np.round(s * a, 6)) for s, a in zip(found.x, alone, strict=True))
    return first, second, third


def _margin(quick: Any, quick_trust: Any, full: Any, truth: Any) -> float:
    """Return the least lead of the best intent at which n-grams alone may answer."""
    lead, best = _lead(quick, quick_trust)
    strange, _ = _lead(np.where(_own(quick, truth), -np.inf, quick), quick_trust)
    lost = (best != truth) & (full.argmax(axis=1) == truth)
    for margin in np.arange(0.5, 1.0, 0.005):
        stops = lead >= margin
        if np.mean(stops & lost) <= MAX_LOST and np.mean(strange >= margin) <= MAX_STRANGE:
            return float(np.round(margin, 3))
    return 2.0


def _lead(logits: Any, trusted: Any) -> tuple[Any, Any]:
    likely = likelihoods(logits) * trusted[:, None]
    ordered = np.sort(likely, axis=1)
    return ordered[:, -1] - ordered[:, -2], likely.argmax(axis=1)


def _threshold(logits: Any, trusted: Any, trusted_without: Any, truth: Any) -> float:
    """Return the confidence that tells best what is in scope from what is not, and keeps right answers."""
    if len(truth) == 0:
        return 0.0
    likely = likelihoods(logits)
    right = (likely.max(axis=1) * trusted)[likely.argmax(axis=1) == truth]
    strange = likelihoods(np.where(_own(logits, truth), -np.inf, logits)).max(axis=1) * trusted_without
    best, chosen = 0.0, 0.0
    for threshold in np.arange(0.05, 1.0, 0.01):
        kept = float(np.mean(right >= threshold)) if len(right) else 0.0
        if kept >= MIN_KEPT and kept + np.mean(strange < threshold) > best:
            best, chosen = kept + float(np.mean(strange < threshold)), float(np.round(threshold, 2))
    return chosen


def _own(scores: Any, truth: Any) -> Any:
    """Return where each row's own intent stands."""
    return np.arange(scores.shape[1])[None, :] == truth[:, None]

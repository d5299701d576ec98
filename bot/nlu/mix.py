"""How the two halves of the classifier count together; the numbers are chosen by `bot.nlu.fit_mix`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

TUNED = "tuned"
"""The setting of a threshold that training chooses."""
SCOPE_THRESHOLD = "scope_threshold"
"""Where a message says under which confidence its classifier takes a text to be out of scope."""


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Numbers that hold the halves together.

    Attributes:
        weights: of the scores by n-grams, by the sentence vector, and of nearness; their sum is a logit.
        margin: lead of the best intent at which n-grams alone answer; over 1 means never.
        alike: likeness of the nearest example that most texts in scope have; under it trust falls.
        threshold: confidence under which a text is out of scope, tuned on training folds.
    """

    weights: tuple[float, float, float]
    margin: float
    alike: float
    threshold: float


def likelihoods(logits: Any) -> Any:
    """Return the softmax of each row."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def trust(share: Any, usual: float) -> Any:
    """Return how far to trust a text that resembles the examples less than is usual: 1 down to 0."""
    return np.clip(np.asarray(share) / usual, 0.0, 1.0)

"""The trained half that reads sentence vectors: a linear model and what lies near, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SHARPNESS = 20.0
"""How fast an example counts less as it lies further away."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """What the examples near a text say: nearness of each intent, and its nearest example's likeness."""

    nearness: Floats
    likeness: Floats


@dataclass(frozen=True, kw_only=True)
class DenseModel:
    """Scores intents by a sentence vector.

    `points` are the examples (of many, prototypes) of all intents one behind the other, `starts` says
    where each intent's begin, `shares` how much of its intent each stands for.
    """

    weights: Floats
    bias: Floats
    points: Floats
    shares: Floats
    starts: npt.NDArray[np.int64]

    def scores(self, vectors: Floats) -> Floats:
        """Return the linear scores, a row a vector."""
        found: Floats = vectors @ self.weights + self.bias
        return found

    def near(self, vectors: Floats) -> Near:
        """Return what lies near, a row a vector."""
        likeness = vectors[:, : self.points.shape[1]] @ self.points.T
        weighed = np.exp(SHARPNESS * (likeness - 1)) * self.shares
        nearness = np.log(np.add.reduceat(weighed, self.starts, axis=1)) / SHARPNESS
        best = np.maximum.reduceat(likeness, self.starts, axis=1)
        return Near(nearness=nearness.astype(np.float32), likeness=best.astype(np.float32))

    def save(self, path: Path) -> None:
        """Write the model; points keep half their digits, which no score can tell."""
        np.savez(
            path,
            weights=self.weights,
            bias=self.bias,
            points=self.points.astype(np.float16),
            shares=self.shares,
            starts=self.starts,
        )

    @classmethod
    def load(cls, path: Path) -> DenseModel:
        """Read what `save` wrote. Raises FileNotFoundError."""
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in ("weights", "bias", "points", "shares", "starts")}
        return cls(**found | {"points": found["points"].astype(np.float32)})

"""What is chosen on held-out examples: calibration, early stop, the out-of-scope threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bot.nlu import fit_mix
from bot.nlu.fit_mix import MAX_LOST, MIN_KEPT, HeldOut, loss, mix, scale, usual
from bot.nlu.mix import likelihoods, trust

ROWS, INTENTS = 1_200, 6


def held_out(*, dense: bool = True, sparse_noise: float = 1.0, seed: int = 3) -> HeldOut:
    """Make scores by rule: right plus noise, on scales that differ as those of the real parts do."""
    rng = np.random.default_rng(seed)
    truth = np.arange(ROWS) % INTENTS
    signal = np.where(np.arange(INTENTS)[None] == truth[:, None], 1.0, -1.0)

    def part(noise: float, size: float) -> Any:
        return size * (signal + noise * rng.normal(size=signal.shape))

    sparse = part(sparse_noise, 0.5)
    if not dense:
        return HeldOut(truth=truth, sparse=sparse, known=np.full(ROWS, 0.9))
    return HeldOut(
        truth=truth,
        sparse=sparse,
        known=np.full(ROWS, 0.9),
        linear=part(0.8, 3.0),
        nearness=part(1.5, 0.1),
        likeness=0.5 + part(0.2, 0.2),
    )


def chosen(seen: HeldOut) -> Any:
    return mix(seen, sparse_scale=scale(seen.sparse, seen.truth), known_usual=usual(seen.known))


def full(seen: HeldOut, weights: tuple[float, float, float]) -> Any:
    parts = (seen.sparse, seen.linear, seen.nearness)
    return sum(weight * part for weight, part in zip(weights, parts, strict=True))


def test_calibration_keeps_the_order_and_is_honest() -> None:
    seen = held_out(dense=False)
    factor = scale(seen.sparse, seen.truth)
    likely = likelihoods(factor * seen.sparse)
    assert factor > 0
    assert (likely.argmax(axis=1) == seen.sparse.argmax(axis=1)).all()
    two = np.linspace(-3, 3, 50)[:, None] * np.array([1.0, -1.0])
    assert (np.diff(likelihoods(factor * two)[:, 0]) > 0).all()
    accuracy = np.mean(likely.argmax(axis=1) == seen.truth)
    assert likely.max(axis=1).mean() == pytest.approx(accuracy, abs=0.02)


def test_weights_lose_less_than_any_part_alone() -> None:
    seen = held_out()
    weights = chosen(seen).weights
    together = loss(full(seen, weights), seen.truth)
    for part in (seen.sparse, seen.linear, seen.nearness):
        assert together < loss(scale(part, seen.truth) * part, seen.truth)
    assert min(weights) >= 0


def test_a_part_that_knows_nothing_gets_no_weight() -> None:
    seen = held_out(sparse_noise=200.0)
    weights = chosen(seen).weights
    assert weights[0] * np.abs(seen.sparse).mean() < 0.05 * weights[1] * np.abs(seen.linear).mean()


def stops(seen: HeldOut, margin: float) -> Any:
    likely = np.sort(likelihoods(scale(seen.sparse, seen.truth) * seen.sparse), axis=1)
    return likely[:, -1] - likely[:, -2] >= margin


@pytest.mark.parametrize("noise", [0.5, 0.7, 5.0])
def test_stopping_early_loses_next_to_nothing(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_mix, "MAX_STRANGE", 1.0)
    seen = held_out(sparse_noise=noise)
    found = chosen(seen)
    wrong = seen.sparse.argmax(axis=1) != seen.truth
    right = full(seen, found.weights).argmax(axis=1) == seen.truth
    stopped = stops(seen, found.margin)
    assert np.mean(stopped & wrong & right) <= MAX_LOST
    assert np.mean(wrong & right) > MAX_LOST
    assert bool(np.mean(stopped) > 0.1) is (noise < 1.0)


def test_texts_out_of_scope_must_not_stop_early() -> None:
    """With the own intent left out these scores look as clear as with it."""
    seen = held_out(sparse_noise=0.5)
    assert not stops(seen, chosen(seen).margin).any()


@pytest.mark.parametrize("dense", [True, False])
def test_the_threshold_keeps_right_answers(dense: bool) -> None:
    seen = held_out(dense=dense, sparse_noise=0.7)
    found = chosen(seen)
    logits = full(seen, found.weights) if dense else found.weights[0] * seen.sparse
    likely = likelihoods(logits)
    if dense:
        likely = likely * trust(seen.likeness.max(axis=1), found.alike)[:, None]
    right = likely.argmax(axis=1) == seen.truth
    assert 0.05 < found.threshold < 1
    assert np.mean(likely.max(axis=1)[right] >= found.threshold) >= MIN_KEPT


def test_without_held_out_examples_there_are_harmless_values() -> None:
    nothing = HeldOut(truth=np.empty(0, dtype=int), sparse=np.empty((0, 3)), known=np.empty(0))
    assert chosen(nothing).threshold == 0.0
    assert scale(nothing.sparse, nothing.truth) == 1.0

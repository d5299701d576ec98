"""Metrics that a test can read."""

from __future__ import annotations

from collections import Counter


class Counts:
    """The `MetricsPort` as a counter of `name{label, label}`."""

    def __init__(self) -> None:
        self.counted: Counter[tuple[str, ...]] = Counter()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        self.counted[(name, *labels.values())] += int(amount)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Count that something was observed."""
        self.counted[(name, *labels.values())] += 1

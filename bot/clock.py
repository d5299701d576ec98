"""The system's clock: the one place of the product that reads the time of day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """The `Clock` port on the machine's own time."""

    def now(self) -> datetime:
        """Return the present time, in UTC and aware."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only lets others run."""
        await asyncio.sleep(max(0.0, seconds))

"""Keeps structlog's local variables out of test output."""

from __future__ import annotations

import pytest

from bot import logs


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs() -> None:
    logs.configure("error", "console")

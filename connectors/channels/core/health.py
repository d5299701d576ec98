"""What a connector says of an account to `baton doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`level` is ok, warn or fail; `advice` says what to do about the latter two."""

    level: str
    detail: str
    advice: str = ""

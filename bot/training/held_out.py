"""Where a project has its held-out messages: what models are measured on and never trained from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

FILE = Path("tests", "nlu", "messages.csv")
"""Columns text,intent; the label out_of_scope is for what is none of the assistant's business."""


def held_out(project: Path) -> Path | None:
    """Return the file of held-out messages, None when the project has none."""
    path = project / FILE
    return path if path.is_file() else None


def digest(paths: Iterable[Path]) -> str:
    """Return a hash over files, by which a measurement knows what it was made with."""
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()

"""What the server needs to know of `endpoints.yml`; it reads the file without Rasa."""

from __future__ import annotations

from pathlib import Path

import yaml


def action_server(project: Path) -> str:
    """Return the address of the action server that a project names; "" if actions run in process.

    A file that cannot be read names none here: the engine process says what is wrong with it.
    """
    try:
        content = yaml.safe_load((project / "endpoints.yml").read_bytes())
    except (OSError, yaml.YAMLError):
        return ""
    named = content.get("action_endpoint") if isinstance(content, dict) else None
    return str(named.get("url") or "") if isinstance(named, dict) else ""

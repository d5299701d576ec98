"""What the server needs to know of `endpoints.yml`; it reads the file without Rasa."""

from __future__ import annotations

from pathlib import Path


def action_server(project: Path) -> str:
    """Return the address of the action server that a project names; "" if actions run in process.

    A file that cannot be read names none here: the engine process says what is wrong with it.
    """
    try:
        text = (project / "endpoints.yml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    if all(line.lstrip().startswith("#") for line in text.splitlines() if line.strip()):
        return ""  # as it is shipped: nothing named, and no need for a YAML parser at start
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    named = content.get("action_endpoint") if isinstance(content, dict) else None
    return str(named.get("url") or "") if isinstance(named, dict) else ""

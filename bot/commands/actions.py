"""`baton actions`: the action server, and what the operator is told about it."""

from __future__ import annotations

import sys

from bot import action_server
from bot.engine import endpoints
from bot.settings import Settings


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the action server until it is told to stop. Raises ConfigError or StoreError."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/webhook"
    lines = [f"Custom actions run at {url}"]
    named = endpoints.action_server(settings.project_dir)
    if not named:
        lines.append(f"No server calls it: endpoints.yml needs\naction_endpoint:\n  url: {url}")

    def announce() -> None:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    action_server.run(settings, host=host, port=port, ready=announce)

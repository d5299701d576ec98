"""Runs several `rasa` commands in one process: python -m tests.stories.rasa_commands FOLDER < commands.json.

Importing all of Rasa takes long, and its commands parse and check the same text up to four times. Here
that happens once for each text; everything else is Rasa's own. What command 0 printed is in FOLDER/0.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from bot.training.reading_once import reading_once


def run(arguments: list[str], output: Path) -> int:
    """Run one command as the shell would; return its status."""
    from rasa.__main__ import main

    sys.argv = ["rasa", *arguments]
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        main()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    folder, shell = Path(sys.argv[1]), os.dup(1)
    with reading_once():
        statuses = [
            run(command, folder / str(number)) for number, command in enumerate(json.load(sys.stdin))
        ]
    os.write(shell, json.dumps(statuses).encode())

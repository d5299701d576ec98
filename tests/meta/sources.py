"""What the meta tests look at: the project's files, read and parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("bot", "connectors", "actions")


@functools.cache
def modules(*folders: str) -> dict[str, ast.Module]:
    """Return the parsed Python files under these folders, by path relative to the project."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@functools.cache
def tracked_texts() -> dict[str, str]:
    """Return the text of every file that git keeps; without git the test is skipped."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout: there is no list of the project's files")
    texts = {}
    for name in done.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode("utf-8")
    return texts


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for such an expression, nothing for another one."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return node.id if isinstance(node, ast.Name) else ""

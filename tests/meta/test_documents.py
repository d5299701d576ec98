"""The documents say what there is: settings, make targets; and no file says what it must not."""

from __future__ import annotations

import re

import pytest

from bot import settings
from tests.meta.sources import ROOT, tracked_texts

LEAST_FILES = 100
LEAST_SETTINGS = 20


def names() -> list[str]:
    return re.findall(r"^\| `(BATON_\w+)` \|", settings.reference(), re.MULTILINE)


def test_env_example_is_what_the_settings_say() -> None:
    """Renew it with: .venv/bin/python -c 'from bot import settings; print(settings.example(), end="")'."""
    assert len(names()) >= LEAST_SETTINGS
    assert (ROOT / ".env.example").read_text() == settings.example()


def test_readme_has_every_setting() -> None:
    """The table comes from: .venv/bin/python -c 'from bot import settings; print(settings.reference())'."""
    readme = (ROOT / "README.md").read_text()
    assert len(names()) >= LEAST_SETTINGS
    assert [name for name in names() if f"`{name}`" not in readme] == []


def test_documents_name_no_setting_that_is_not_there() -> None:
    known = set(names())
    found = {
        (name, setting)
        for name, text in tracked_texts().items()
        if name in {"README.md", "ARCHITECTURE.md", "Makefile"}
        or name.startswith(("deploy/", "scripts/", ".ci/"))
        for setting in re.findall(r"\bBATON_[A-Z_]+\b", text)
    }
    assert {item for item in found if item[1] not in known} == set()


def test_every_make_target_is_documented_and_phony() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    documented = set(re.findall(r"^([a-z][a-z-]*):.*## \S", makefile, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    assert len(targets) >= 8
    assert targets == documented == phony


def test_ci_checks_and_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in script
    assert re.search(r"^make check$", script, re.MULTILINE)
    assert re.search(r"^make test$", script, re.MULTILINE)


def test_readme_names_every_command() -> None:
    import typer.main

    from bot import cli

    commands = set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    readme = (ROOT / "README.md").read_text()
    assert len(commands) >= 10
    assert [name for name in sorted(commands) if not re.search(rf"(baton |`){name}\b", readme)] == []


# Written in pieces, so that this file does not find itself.
SECRETS = {
    "Telegram bot token": r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b",
    "Meta token": r"\bEAA[A-Za-z0-9]{40,}",
    "AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "API key": r"\bsk-[A-Za-z0-9]{20,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
    "signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
}
PLACES = {
    "package registry": r"(?i)\bpypi\." + r"org|pythonhosted\." + r"org|registry\.npmjs|conda\.anaconda",
    "home folder of a machine": r"(?<![\w.~-])/(root|home/[a-z]+)/",
    "folder of a machine": r"(?<![\w.~/-])/(work|tmp)" + r"/[a-z.]",
    "version manager": r"(?i)\bpy" + r"env\b",
}


@pytest.mark.parametrize("what", SECRETS)
def test_no_file_holds_a_secret(what: str) -> None:
    assert _matches(SECRETS[what]) == []


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names_a_machine_or_registry(what: str) -> None:
    assert _matches(PLACES[what]) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("Telegram bot token", "12345678" + "9:" + "A" * 35),
        ("AWS key", "AKIA" + "A1" * 8),
        ("GitHub token", "ghp_" + "a" * 36),
        ("Meta token", "EAA" + "b" * 60),
        ("private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
        ("signed token", ".".join(["eyJ" + "a" * 20, "eyJ" + "b" * 20, "c" * 20])),
    ],
)
def test_the_shapes_find_what_they_should(what: str, text: str) -> None:
    assert re.search(SECRETS[what], f"token = '{text}'")


def test_the_places_find_what_they_should() -> None:
    texts = ["https://pypi." + "org/simple", "see /root" + "/x", "in /work" + "/main", "~/.py" + "env/bin"]
    for pattern, text in zip(PLACES.values(), texts, strict=True):
        assert re.search(pattern, text)
    relative = "/".join(["a", "work", "b"]) + " and ./tmp/x"
    assert not any(re.search(pattern, relative) for pattern in PLACES.values())


def _matches(pattern: str) -> list[str]:
    texts = tracked_texts()
    assert len(texts) >= LEAST_FILES
    compiled = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if compiled.search(line)
    ]

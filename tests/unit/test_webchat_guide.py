"""The guide for site owners: its examples run, and it names what the widget has, no more and no less."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import settings
from bot.domain.errors import IdentityRefused
from connectors.channels.core.identity import verify
from tests.meta.sources import ROOT

FOLDER = ROOT / "connectors" / "channels" / "webchat"
KEY = "0123456789abcdef" * 4
NOT_ATTRIBUTES = {"texts"}
PEOPLE = [
    ("C1001", "Jane Miller", "jane.miller@example.com"),
    ("C1005", "Lena Nováková", ""),
    ("shop/7+8=é", 'Siobhán "Q" O\'Brien 名前', "a+b@example.com"),
    ("C1002",),
]


@pytest.fixture(scope="module")
def guide() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def widget() -> str:
    return (FOLDER / "static" / "widget.js").read_text(encoding="utf-8")


def block(guide: str, language: str, start: str) -> str:
    """Return the only code of a language that has these words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    found: list[str] = [text for text in blocks if start in text]
    assert len(found) == 1, (language, start, len(found))
    return found[0]


def program(name: str) -> str:
    path = sys.executable if name == "python" else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed: the guide's example in it was NOT run")
    return path


def run(*command: str, cwd: Path) -> str:
    environ = {**os.environ, "BATON_CHAT_IDENTITY_SECRET": KEY}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- the examples --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "interpreter", "name"),
    [("python", "python", "sign.py"), ("js", "node", "sign.js"), ("php", "php", "sign.php")],
)
def test_examples_sign_what_we_accept(
    guide: str, tmp_path: Path, language: str, interpreter: str, name: str
) -> None:
    (tmp_path / name).write_text(block(guide, language, name), encoding="utf-8")
    for person in PEOPLE:
        token = run(program(interpreter), name, *person, cwd=tmp_path)
        now = datetime.now(UTC)
        claim = verify(token, secret=KEY, now=now)
        assert (claim.directory_ref, claim.name, claim.email) == (*person, "", "")[:3]
        with pytest.raises(IdentityRefused):
            verify(token, secret="f" * 64, now=now)
        with pytest.raises(IdentityRefused):
            verify(token, secret=KEY, now=now + timedelta(minutes=6))


def test_address_answers_for_who_is_signed_in(guide: str, tmp_path: Path) -> None:
    (tmp_path / "sign.js").write_text(block(guide, "js", "sign.js"), encoding="utf-8")
    route = block(guide, "js", 'app.get("/chat-identity"')
    harness = """
    const { identityToken } = require("./sign.js");
    const app = { get: (path, handler) => { app[path] = handler; } };
    %s
    for (const session of [undefined, {}, { user: { id: "C1001", name: "Jane", email: "" } }]) {
      const said = { status: 200 };
      const response = {
        set: (name, value) => { said[name] = value; },
        status: (status) => { said.status = status; return response; },
        end: () => {},
        json: (body) => { said.body = body; },
      };
      app["/chat-identity"]({ session }, response);
      console.log(JSON.stringify(said));
    }
    """
    (tmp_path / "site.js").write_text(harness % route, encoding="utf-8")
    said = [json.loads(line) for line in run(program("node"), "site.js", cwd=tmp_path).splitlines()]
    assert [answer["status"] for answer in said] == [204, 204, 200]
    assert all(answer["Cache-Control"] == "no-store" for answer in said)
    assert "body" not in said[0]
    claim = verify(said[2]["body"]["token"], secret=KEY, now=datetime.now(UTC))
    assert claim.directory_ref == "C1001"


# --- what it names -------------------------------------------------------------------------------


def camel(attribute: str) -> str:
    first, *rest = attribute.removeprefix("data-").split("-")
    return first + "".join(word.title() for word in rest)


def test_every_setting_is_in_the_guide_and_in_the_widget(guide: str, widget: str) -> None:
    documented = {camel(name) for name in re.findall(r"^\| `(data-[a-z-]+)` \|", guide, re.MULTILINE)}
    used = set(re.findall(r"\bsettings\.([a-zA-Z]+)", widget))
    assert len(used) >= 10
    assert documented | NOT_ATTRIBUTES == used
    assert all(f"`{name}`" in guide for name in NOT_ATTRIBUTES)
    mentioned = {camel(name) for name in re.findall(r"\bdata-[a-z]+(?:-[a-z]+)*", guide)}
    assert mentioned <= used


def test_every_call_is_in_the_guide_and_in_the_widget(guide: str, widget: str) -> None:
    api = re.search(r"const api = \{\n(.*?)^  \};", widget, re.MULTILINE | re.DOTALL)
    assert api
    offered = set(re.findall(r"^    (?:get )?([a-zA-Z]+)[(:,]", api[1], re.MULTILINE))
    tables = "\n".join(line for line in guide.splitlines() if line.startswith("| `Baton."))
    documented = set(re.findall(r"`Baton\.([a-zA-Z]+)", tables))
    assert len(offered) >= 10
    assert documented == offered
    assert set(re.findall(r"\bBaton\.([a-zA-Z]+)", guide)) <= offered


def test_every_event_is_in_the_guide_and_in_the_widget(guide: str, widget: str) -> None:
    emitted = {
        name
        for given in re.findall(r"\bemit\(([^,)]*)", widget)
        for name in re.findall(r'"([a-z]+)"', given)
    }
    table = guide[guide.index("| event |") :].partition("\n\n")[0]
    documented = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z]+)`", row.split("|")[1])
    }
    assert len(emitted) >= 6
    assert documented == emitted


def test_every_variable_is_in_the_guide_and_in_the_widget(guide: str, widget: str) -> None:
    read = set(re.findall(r"--baton-[a-z-]+", widget))
    assert len(read) >= 4
    assert set(re.findall(r"--baton-[a-z-]+", guide)) == read


def test_all_that_is_kept_in_the_browser_is_in_the_guide(guide: str, widget: str) -> None:
    kept = set(re.findall(r'\b(?:keep|kept)\("([a-z]+)"', widget))
    kept |= set(re.findall(r'PREFIX \+ "([a-z]+)"', widget)) - {"open"}
    assert "document.cookie" not in widget
    assert "indexedDB" not in widget
    table = guide[guide.index("| what | for how long |") :].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z]+)(?:\.\.\.)?`", table)) == kept == {"visitor", "customer", "out"}


def test_the_server_has_what_the_guide_names(guide: str) -> None:
    reference = settings.reference()
    named = set(re.findall(r"\bBATON_[A-Z_]+\b", guide))
    assert len(named) >= 8
    assert [name for name in sorted(named) if f"`{name}`" not in reference] == []
    for name, shown in re.findall(r"^\| `(BATON_\w+)` \| (.*?) \|", guide, re.MULTILINE):
        row = re.search(rf"^\| `{name}` \| (.*?) \|", reference, re.MULTILINE)
        assert row
        assert shown == row[1]
    reasons = set(re.findall(r'_refused\("([a-z_]+)"', _source("core/identity.py")))
    for module in FOLDER.glob("*.py"):
        reasons |= set(re.findall(r'reason="([a-z_]+)"', module.read_text(encoding="utf-8")))
    table = guide[guide.index("| reason |") :].partition("\n\n")[0]
    assert len(reasons) >= 6
    assert reasons == set(re.findall(r"`([a-z_]+)`", "".join(r.split("|")[1] for r in table.splitlines())))


def _source(name: str) -> str:
    return (FOLDER.parent / name).read_text(encoding="utf-8")

"""`baton chat --as`: whom it signs in, with which key, and what it says when it cannot."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from bot.chat.identity import sign_in
from bot.domain.errors import BotError, IdentityRefused
from bot.settings import Settings, identity_secret, load, secret_key
from connectors.channels.core.identity import verify
from tests.support.clock import FakeClock

ROOT = Path(__file__).parents[2]
KEY = "k" * 32
CLOCK = FakeClock()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "domain.yml").write_text("version: '3.1'\n")
    (tmp_path / "data" / "demo").mkdir(parents=True)
    shutil.copy(ROOT / "data" / "demo" / "shop.json", tmp_path / "data" / "demo" / "shop.json")
    return tmp_path


def settings(project: Path, **environ: str) -> Settings:
    return load({"BATON_PROJECT_DIR": str(project), **environ})


def server_key(project: Path, **environ: str) -> str:
    """Return the key of the server that runs with these settings."""
    return identity_secret(settings(project, **environ)).reveal()


@pytest.mark.parametrize("who", ["C1001", "c1001", "jane.miller@example.com", " Jane.Miller@Example.com "])
def test_the_demo_shop_knows_its_customers(project: Path, who: str) -> None:
    key = server_key(project, BATON_DEMO="yes")
    jane = sign_in(settings(project), who, CLOCK)
    assert jane.shown == "Jane Miller (C1001)"
    claim = verify(jane.token(), secret=key, now=CLOCK.now())
    assert claim == jane.claim
    assert (claim.directory_ref, claim.email) == ("C1001", "jane.miller@example.com")


def test_each_demo_has_a_key_of_its_own(project: Path, tmp_path: Path) -> None:
    keys = {
        server_key(project, BATON_DEMO="yes"),
        server_key(project, BATON_DEMO="yes", BATON_SECRET_KEY="a" * 32),
        server_key(project, BATON_DEMO="yes", BATON_DATA_DIR=str(tmp_path / "another")),
        secret_key(settings(project)).reveal(),
    }
    assert len(keys) == 4
    assert server_key(project) == "", "without a demo there is none that follows from another"
    assert server_key(project, BATON_DEMO="yes", BATON_CHAT_IDENTITY_SECRET=KEY) == KEY
    foreign = sign_in(settings(project, BATON_SECRET_KEY="b" * 32), "C1001", CLOCK).token()
    with pytest.raises(IdentityRefused):
        verify(foreign, secret=server_key(project, BATON_DEMO="yes"), now=CLOCK.now())


def test_a_set_key_signs_for_a_plain_reference(project: Path) -> None:
    given = {"BATON_CHAT_IDENTITY_SECRET": KEY}
    signed = sign_in(settings(project, **given), "K-77/ü", CLOCK)
    claim = verify(signed.token(), secret=KEY, now=CLOCK.now())
    assert (signed.shown, claim.directory_ref, claim.name, claim.email) == ("K-77/ü", "K-77/ü", "", "")
    demo = sign_in(settings(project, BATON_DEMO="yes", **given), "C1001", CLOCK)
    assert verify(demo.token(), secret=KEY, now=CLOCK.now()).name == "Jane Miller"


def refusal(project: Path, who: str, **environ: str) -> str:
    with pytest.raises(BotError) as caught:
        sign_in(settings(project, **environ), who, CLOCK)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_what_is_missing_is_said(project: Path) -> None:
    assert "BATON_CHAT_IDENTITY_SECRET" in refusal(project, "C1001")
    assert not (project / ".baton").exists(), "asking makes no key"
    secret_key(settings(project))
    assert stat.S_IMODE((project / ".baton" / "secret_key").stat().st_mode) == 0o600
    assert "no customer 'C9999'" in refusal(project, "C9999")
    given = {"BATON_CHAT_IDENTITY_SECRET": KEY}
    for who in ("jane.miller@example.com", " ", "x" * 200, "a\x1bb"):
        assert "reference" in refusal(project, who, **given)
    (project / "data" / "demo" / "shop.json").unlink()
    assert "shop.json" in refusal(project, "C1001")

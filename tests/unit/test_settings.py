"""Settings: sources and their order, all problems at once, nothing secret shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot import settings
from bot.domain.errors import ConfigError
from bot.setting_types import RateLimit, Secret, masked_url

TOKEN = "t" * 16
KEY = "k" * 32


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "domain.yml").write_text("version: '3.1'\n")
    return tmp_path


def load(project: Path, given: dict | None = None, **environ: str) -> settings.Settings:
    names = {f"BATON_{name}" if name != "PORT_" else "PORT": value for name, value in environ.items()}
    return settings.load({"BATON_PROJECT_DIR": str(project), **names}, **(given or {}))


def problems(project: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(project, **environ)
    return str(caught.value)


def test_identity_secret_is_a_key_of_its_own(project: Path) -> None:
    assert load(project, CHAT_IDENTITY_SECRET=KEY, SECRET_KEY="s" * 32).chat_identity_secret.matches(KEY)
    assert "at least 32" in problems(project, CHAT_IDENTITY_SECRET="short")
    for other in ("SECRET_KEY", "REST_TOKEN", "METRICS_TOKEN", "CUSTOMERS_TOKEN"):
        told = problems(project, CHAT_IDENTITY_SECRET=KEY, **{other: KEY})
        assert f"not that of BATON_{other}" in told
        assert KEY not in told
    assert KEY not in repr(load(project, CHAT_IDENTITY_SECRET=KEY))


def test_defaults(project: Path) -> None:
    found = load(project)
    assert (found.host, found.port, found.demo) == ("127.0.0.1", 8080, False)
    assert found.data_dir == project / ".baton"
    assert found.models_dir == project / "models"
    assert found.database_url == f"sqlite:///{project}/.baton/baton.db"
    assert found.hours.always
    assert not found.rest_token
    assert found.rate_limit == RateLimit(count=1200, seconds=60.0)
    assert found.base_url == "http://127.0.0.1:8080"


def test_order_of_sources(project: Path) -> None:
    (project / ".env").write_text("BATON_PORT=1001\nBATON_HOST=10.0.0.1\nBATON_DEMO=yes\nOTHER=1\n")
    assert load(project).port == 1001
    assert load(project, HOST="10.0.0.2").host == "10.0.0.2"
    assert load(project, PORT="1002").port == 1002
    assert load(project, PORT="1002", PORT_="1003").port == 1003
    assert load(project, {"port": 1004}, PORT_="1003").port == 1004
    assert load(project, {"port": None}).port == 1001
    assert load(project).demo


def test_env_file_stays_out_of_the_environment(project: Path) -> None:
    import os

    (project / ".env").write_text(f"BATON_REST_TOKEN={TOKEN}\nBATON_HOURS=Mon 09:00-10:00 UTC\n")
    assert load(project).rest_token.matches(TOKEN)
    assert "BATON_REST_TOKEN" not in os.environ


def test_dollar_signs_in_env_file_are_kept(project: Path) -> None:
    (project / ".env").write_text("BATON_REST_TOKEN='abc${HOME}$0123456789'\n")
    assert load(project).rest_token.reveal() == "abc${HOME}$0123456789"


def test_every_problem_is_named_at_once(project: Path) -> None:
    text = problems(
        project,
        PROT="1",
        NONSENSE="1",
        ENGINE_PROCESSES="many",
        DATABASE_URL="postgresql://u:hidden@h/db",
        REDIS_URL="http://x",
        HOURS="Mon 09:00-10:00",
        LOG_LEVEL="loud",
        METRICS_TOKEN="short",
        RATE_LIMIT="lots",
        DEMO="perhaps",
        ENGINE_BUDGET_SECONDS="nan",
    )
    assert "BATON_PROT is not a setting; did you mean BATON_PORT?" in text
    assert "BATON_NONSENSE is not a setting\n" in text
    for name in (
        "ENGINE_PROCESSES",
        "SECRET_KEY",
        "REDIS_URL",
        "HOURS",
        "LOG_LEVEL",
        "METRICS_TOKEN",
        "RATE_LIMIT",
        "DEMO",
        "ENGINE_BUDGET_SECONDS",
    ):
        assert f"- BATON_{name} " in text
    assert text.count("\n- ") == 11
    assert "hidden" not in text
    assert "short:" not in text.replace("too short:", "")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "8_0", "٨٠", "1" * 5000])
def test_bad_ports(project: Path, port: str) -> None:
    assert "BATON_PORT" in problems(project, PORT=port)


@pytest.mark.parametrize(
    "url", ["postgres://h/db", "mysql://h/db", "postgresql://h:notaport/db", "nonsense", "http://[::1"]
)
def test_bad_database_urls(project: Path, url: str) -> None:
    assert "BATON_DATABASE_URL" in problems(project, DATABASE_URL=url, SECRET_KEY=KEY)


def test_postgresql_with_its_key(project: Path) -> None:
    found = load(project, DATABASE_URL="postgresql://u:p@h/db", SECRET_KEY=KEY)
    assert found.uses_postgresql
    assert settings.secret_key(found).reveal() == KEY
    assert not found.data_dir.exists()


def test_empty_is_unset(project: Path) -> None:
    assert not load(project, REST_TOKEN="  ").rest_token
    assert load(project, PORT="").port == 8080


def test_nothing_secret_is_shown(project: Path) -> None:
    found = load(
        project,
        REST_TOKEN=TOKEN,
        SECRET_KEY=KEY,
        DATABASE_URL="postgresql://u:pass@h/db?password=pass2",
        REDIS_URL="redis://:pass3@h:1/0",
    )
    shown = repr(found) + str(found) + repr(found.shown()) + f"{found.rest_token}{found.rest_token!r}"
    for hidden in (TOKEN, KEY, "pass@", "pass2", "pass3"):
        assert hidden not in shown
    assert "Secret(set)" in shown
    assert "postgresql://u:***@h/db" in shown


def test_secret_compares() -> None:
    assert Secret("a").matches("a")
    assert not Secret("a").matches("b")
    assert not Secret("").matches("")
    assert not Secret("a").matches("é")
    assert Secret("a") == Secret("a") != Secret("b")


def test_masked_url() -> None:
    assert masked_url("sqlite:////var/x.db") == "sqlite:////var/x.db"
    assert masked_url("redis://:word@h:1/0") == "redis://:***@h:1/0"
    assert masked_url("unix:///run/redis.sock?password=word") == "unix:///run/redis.sock"


def test_key_is_made_once_and_private(project: Path) -> None:
    found = load(project)
    key = settings.secret_key(found)
    assert len(key.reveal()) == 64
    assert settings.secret_key(found) == key
    assert stat.S_IMODE((found.data_dir / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(found.data_dir.stat().st_mode) == 0o700


def test_broken_key_file_is_named(project: Path) -> None:
    found = load(project)
    settings.make_data_dir(found)
    (found.data_dir / "secret_key").write_text("\n")
    with pytest.raises(ConfigError, match="secret_key"):
        settings.secret_key(found)


def test_data_dir_that_cannot_be_made(project: Path) -> None:
    (project / ".baton").write_text("a file")
    with pytest.raises(ConfigError, match="BATON_DATA_DIR"):
        settings.secret_key(load(project))


def test_addresses(project: Path) -> None:
    assert load(project, HOST="0.0.0.0", PORT="90").base_url == "http://127.0.0.1:90"
    assert load(project, HOST="::1").base_url == "http://[::1]:8080"
    assert load(project, PUBLIC_URL="https://chat.example.org/").base_url == "https://chat.example.org"


def test_every_default_is_valid_and_described(project: Path) -> None:
    found = load(project)
    table = settings.reference()
    assert len(found.shown()) >= 20
    for name in found.shown():
        assert f"| `{settings.variable(name)}` |" in table
    assert all(row.count(" | ") == 2 and "|  |" not in row for row in table.splitlines()[2:])


def test_rates(project: Path) -> None:
    assert load(project, RATE_LIMIT="100/10 seconds").rate_limit == RateLimit(count=100, seconds=10.0)
    assert load(project, RATE_LIMIT="5/hour").rate_limit == RateLimit(count=5, seconds=3600.0)
    for bad in ("0/minute", "5/0 minutes", "5", "-1/minute", "5/fortnight"):
        assert "BATON_RATE_LIMIT" in problems(project, RATE_LIMIT=bad)


def test_the_demo_shop_can_be_told_to_be_slow_and_to_fail(project: Path) -> None:
    found = load(project, DEMO_DELAYS="C1001=2, *=0.5", DEMO_FAILURES="C1002=down, *=lost")
    assert found.demo_delays == {"C1001": 2.0, "*": 0.5}
    assert found.demo_failures == {"C1002": "down", "*": "lost"}
    assert (load(project).demo_delays, load(project).demo_failures) == ({}, {})


@pytest.mark.parametrize("wrong", ["C1002", "C1002=", "=down", "C1002=slow", "C1001=down,,"])
def test_a_failure_that_the_demo_shop_does_not_have(project: Path, wrong: str) -> None:
    assert "BATON_DEMO_FAILURES must be like C1001=down, with one of" in problems(
        project, DEMO_FAILURES=wrong
    )

"""From the settings to a node that asks the company, and the doctor's look at it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot import compose, settings
from bot.commands import doctor
from bot.commands.findings import Finding
from bot.domain.errors import ConfigError
from connectors.customers.demo import DemoDirectory
from connectors.customers.http import Access, HttpDirectory
from connectors.customers.none import UnconnectedDirectory
from tests.fake_company import TOKEN, Broken, Drop, FakeCompany, Raw
from tests.servers import free_port
from tests.support.clock import FakeClock
from tests.support.metrics import Counts

LOCAL = "http://127.0.0.1:9000/baton/v1"


def load(tmp_path: Path, **environ: str) -> settings.Settings:
    names = {f"BATON_{name}": value for name, value in environ.items()}
    return settings.load({"BATON_PROJECT_DIR": str(tmp_path), **names})


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com",
        "https://shop.example.com:8443/baton/v1/",
        LOCAL,
        "http://localhost:9000",
        "http://[::1]:9000",
        "http://127.8.8.8",
    ],
)
def test_addresses_that_are_taken(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, CUSTOMERS_URL=url).customers_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://shop.example.com", "must begin with https://"),
        ("http://10.0.0.5:9000", "must begin with https://"),
        ("http://0.0.0.0", "must begin with https://"),
        ("http://localhost.example.com", "must begin with https://"),
        ("https://user:secret-word@shop.example.com", "no user and no password"),
        ("https://shop.example.com/?key=secret-word", "without a query"),
        ("https://shop.example.com/#top", "without a query"),
        ("ftp://shop.example.com", "must be an address beginning with http"),
        ("shop.example.com", "must be an address beginning with http"),
        ("https://", "host name"),
    ],
)
def test_addresses_that_are_not(tmp_path: Path, url: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, CUSTOMERS_URL=url)
    assert complaint in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_open_http_when_the_operator_says_so(tmp_path: Path) -> None:
    found = load(tmp_path, CUSTOMERS_URL="http://10.0.0.5:9000", CUSTOMERS_ALLOW_HTTP="yes")
    assert found.customers_url == "http://10.0.0.5:9000"


def test_a_demo_has_no_system_of_a_company(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        load(tmp_path, CUSTOMERS_URL=LOCAL, DEMO="yes")
    names = {"BATON_PROJECT_DIR": str(tmp_path), "BATON_CUSTOMERS_URL": LOCAL}
    with pytest.raises(ConfigError, match="exclude each other"):
        settings.load(names, demo=True)
    assert settings.load({**names, "BATON_DEMO": "yes"}, demo=False).customers_url == LOCAL


def test_the_token_is_not_shown(tmp_path: Path) -> None:
    found = load(tmp_path, CUSTOMERS_URL=LOCAL, CUSTOMERS_TOKEN=TOKEN)
    assert TOKEN not in repr(found)
    assert TOKEN not in repr(Access(url=LOCAL, token=TOKEN))


def test_a_system_that_is_too_slow_is_seen_before_the_turn_gives_up(tmp_path: Path) -> None:
    """The gateway's own limit would end a call without telling the circuit breaker."""
    for budget, expected in (("10", 5.0), ("2", 1.14)):
        found = load(tmp_path, CUSTOMERS_URL=LOCAL, ENGINE_BUDGET_SECONDS=budget)
        directory = compose.company_system(found, FakeClock(), Counts())
        assert directory.limit == pytest.approx(expected)


def test_which_directory_is_asked(tmp_path: Path) -> None:
    for environ, kind in (
        ({}, UnconnectedDirectory),
        ({"DEMO": "yes"}, DemoDirectory),
        ({"CUSTOMERS_URL": LOCAL}, HttpDirectory),
    ):
        (tmp_path / "domain.yml").write_text("version: '3.1'\n")
        assert type(compose.parts(load(tmp_path, **environ)).directory) is kind
    assert compose.parts(load(tmp_path, CUSTOMERS_URL=LOCAL)).directory.name == "127.0.0.1"


def test_without_a_system_its_client_is_not_imported() -> None:
    program = "import sys, bot.compose; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def look(tmp_path: Path, **environ: str) -> Finding:
    found = load(tmp_path, **environ)
    findings = await asyncio.to_thread(lambda: list(doctor.examine(found)))
    return next(finding for finding in findings if finding.what == "customers")


async def test_the_doctor_sees_a_system_that_works(tmp_path: Path, company: FakeCompany) -> None:
    found = await look(tmp_path, CUSTOMERS_URL=company.url, CUSTOMERS_TOKEN=TOKEN)
    assert (found.level, found.detail) == ("ok", f"Example Shop at {company.url}")
    assert company.violations == []


async def test_the_doctor_says_what_to_do(tmp_path: Path, company: FakeCompany) -> None:
    url, token = company.url, {"CUSTOMERS_TOKEN": TOKEN}
    found = await look(tmp_path, CUSTOMERS_URL=url, CUSTOMERS_TOKEN=f"{TOKEN}-of-another")
    assert (found.level, found.advice) == ("fail", "check BATON_CUSTOMERS_TOKEN")
    found = await look(tmp_path, CUSTOMERS_URL=f"http://127.0.0.1:{free_port()}", **token)
    assert (found.level, "does not answer" in found.detail) == ("fail", True)
    found = await look(tmp_path, CUSTOMERS_URL=url.removesuffix("/v1"), **token)
    assert (found.level, "otherwise than openapi.yaml says" in found.detail) == ("fail", True)
    for fault in (Drop(), Broken(status=500)):
        company.faults += [fault] * 3
        found = await look(tmp_path, CUSTOMERS_URL=url, **token)
        assert (found.level, "does not answer" in found.detail) == ("fail", True)
    company.faults.append(Raw(body=b'{"name": "Shop", "version": "2.0"}'))
    found = await look(tmp_path, CUSTOMERS_URL=url, **token)
    assert (found.level, "version" in found.detail) == ("fail", True)
    company.token = ""
    company.faults.append(Raw(body=b'{"name": "Shop", "version": "1.0"}'))
    found = await look(tmp_path, CUSTOMERS_URL=url)
    assert (found.level, "answers anybody" in found.detail) == ("warn", True)


async def test_the_doctor_names_a_file_that_is_no_certificate(tmp_path: Path, company: FakeCompany) -> None:
    (tmp_path / "ca.pem").write_text("nothing\n")
    for name in ("ca.pem", "missing.pem"):
        found = await look(tmp_path, CUSTOMERS_URL=company.url, CUSTOMERS_CA_FILE=name)
        assert found.level == "fail"
        assert "BATON_CUSTOMERS_CA_FILE" in found.advice + found.detail


async def test_the_doctor_without_a_system(tmp_path: Path) -> None:
    assert (await look(tmp_path)).level == "warn"
    assert (await look(tmp_path, DEMO="yes")).detail == "demo shop"

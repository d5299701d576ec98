"""Accounts of push channels: from the settings and from a file, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.accounts import read_accounts
from bot.commands.accounts import look_at_accounts
from bot.domain.errors import ConfigError
from bot.settings import Settings, load

TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz01234"
OTHER = "987654321:AAabcdefghijklmnopqrstuvwxyz01234"
SECRET = "s" * 32
WHATSAPP = {
    "BATON_WHATSAPP_TOKEN": "EAAtoken",
    "BATON_WHATSAPP_APP_SECRET": "app-secret",
    "BATON_WHATSAPP_VERIFY_TOKEN": "verify",
    "BATON_WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
}


def settings(tmp_path: Path, toml: str | None = None, **environ: str) -> Settings:
    if toml is not None:
        (tmp_path / "accounts.toml").write_text(toml)
        environ["BATON_ACCOUNTS"] = str(tmp_path / "accounts.toml")
    return load(environ, env_file=tmp_path / "none", data_dir=tmp_path)


def test_without_settings_there_are_none(tmp_path: Path) -> None:
    accounts = read_accounts(settings(tmp_path))
    assert (accounts.telegram, accounts.whatsapp) == ({}, {})


def test_the_settings_make_the_default_accounts(tmp_path: Path) -> None:
    environ = {"BATON_TELEGRAM_TOKEN": TOKEN, "BATON_TELEGRAM_SECRET": SECRET, **WHATSAPP}
    accounts = read_accounts(settings(tmp_path, **environ))
    assert accounts.telegram["default"].token.reveal() == TOKEN
    assert accounts.telegram["default"].polls is False
    assert accounts.whatsapp["default"].phone_number_id == "106540352242922"
    assert TOKEN not in repr(accounts)


def test_a_file_adds_any_number(tmp_path: Path) -> None:
    toml = f"""
    [telegram.shop]
    token = "{OTHER}"
    mode = "polling"
    [whatsapp.returns]
    token = "t"
    app_secret = "a"
    verify_token = "v"
    phone_number_id = 42
    """
    accounts = read_accounts(
        settings(tmp_path, toml, BATON_TELEGRAM_TOKEN=TOKEN, BATON_TELEGRAM_MODE="polling")
    )
    assert sorted(accounts.telegram) == ["default", "shop"]
    assert accounts.whatsapp["returns"].phone_number_id == "42"


@pytest.mark.parametrize(
    ("toml", "environ", "told"),
    [
        (None, {"BATON_TELEGRAM_TOKEN": TOKEN}, "BATON_TELEGRAM_*: secret is missing"),
        (None, {"BATON_TELEGRAM_SECRET": SECRET}, "BATON_TELEGRAM_*: token is missing"),
        (None, {"BATON_WHATSAPP_TOKEN": "t"}, "BATON_WHATSAPP_*: app_secret is missing"),
        ("[telegram.a\n", {}, "cannot be read"),
        ("[signal.a]\ntoken='x'\n", {}, "there is no channel 'signal'"),
        ("telegram = 3\n", {}, "write [telegram.name]"),
        ("[telegram.'No Good']\ntoken='x'\n", {}, "is no name"),
        ("[telegram.a]\ncolour='red'\n", {}, "[telegram.a]: colour is not a setting of Telegram"),
        (
            f"[telegram.a]\ntoken='{TOKEN}'\nmode='polling'\n[telegram.b]\ntoken='{TOKEN}'\nmode='polling'\n",
            {},
            "[telegram.b] has the same token as a",
        ),
        (
            f"[telegram.default]\ntoken='{OTHER}'\nmode='polling'\n",
            {"BATON_TELEGRAM_TOKEN": TOKEN, "BATON_TELEGRAM_MODE": "polling"},
            "describes the account default already",
        ),
    ],
)
def test_what_is_wrong_is_named_without_the_secrets(
    tmp_path: Path, toml: str | None, environ: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_accounts(settings(tmp_path, toml, **environ))
    assert told in refused.value.message
    assert TOKEN not in refused.value.message
    assert SECRET not in refused.value.message


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    toml = "[telegram.a]\nmode='sometimes'\n[whatsapp.b]\ntoken='t'\n"
    with pytest.raises(ConfigError) as refused:
        read_accounts(settings(tmp_path, toml, BATON_TELEGRAM_TOKEN=TOKEN))
    for part in ("[telegram.a]", "[whatsapp.b]", "BATON_TELEGRAM_*"):
        assert part in refused.value.message


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read_accounts(settings(tmp_path, BATON_ACCOUNTS=str(tmp_path / "nope.toml")))


class TestDoctor:
    """What `baton doctor` says of accounts."""

    def test_wrong_settings_are_one_finding_with_advice(self, tmp_path: Path) -> None:
        (found,) = look_at_accounts(settings(tmp_path, BATON_TELEGRAM_TOKEN=TOKEN))
        assert (found.level, found.what) == ("fail", "accounts")
        assert "secret is missing" in found.detail
        assert found.advice

    def test_platforms_that_do_not_answer_are_named(self, tmp_path: Path) -> None:
        nowhere: dict[str, Any] = {
            "BATON_TELEGRAM_TOKEN": TOKEN,
            "BATON_TELEGRAM_MODE": "polling",
            "BATON_TELEGRAM_API_URL": "http://127.0.0.1:9",
            **WHATSAPP,
            "BATON_WHATSAPP_API_URL": "http://127.0.0.1:9",
        }
        found = list(look_at_accounts(settings(tmp_path, **nowhere)))
        assert {(one.what, one.level) for one in found} == {("telegram", "fail"), ("whatsapp", "fail")}
        assert TOKEN not in str(found)

    def test_without_accounts_nothing_is_said(self, tmp_path: Path) -> None:
        assert list(look_at_accounts(settings(tmp_path))) == []

"""The accounts of push channels: one of each kind from the settings, any number from a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError
from bot.setting_types import Secret
from bot.settings import PREFIX, Settings

DEFAULT = "default"
"""The name of the account that the settings themselves describe."""
KINDS = ("telegram", "whatsapp")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """What is configured, by name; a kind without accounts is off."""

    telegram: dict[str, Any] = field(default_factory=dict)
    whatsapp: dict[str, Any] = field(default_factory=dict)


def read_accounts(settings: Settings) -> Accounts:
    """Return all accounts. Raises ConfigError, which names every problem at once."""
    tables = {kind: _from_settings(settings, kind) for kind in KINDS}
    problems = _from_file(settings.accounts, tables) if settings.accounts else []
    found: dict[str, dict[str, Any]] = {}
    for kind, named in tables.items():
        found[kind] = {}
        for name, table in named.items():
            try:
                found[kind][name] = _reader(kind)(name, table)
            except ValueError as error:
                where = f"{PREFIX}{kind.upper()}_*" if name == DEFAULT else f"[{kind}.{name}]"
                problems.append(f"{where}: {error}")
    problems += _twice("telegram", found["telegram"], lambda account: account.token.reveal(), "token")
    problems += _twice("whatsapp", found["whatsapp"], lambda a: a.phone_number_id, "phone_number_id")
    if problems:
        raise ConfigError("The settings do not allow a start:\n" + "\n".join(f"- {p}" for p in problems))
    return Accounts(**found)


def _reader(kind: str) -> Callable[[str, Mapping[str, object]], Any]:
    # Here, because a server without these channels need not know them.
    if kind == "telegram":
        from connectors.channels.telegram.account import read as read_telegram

        return read_telegram
    from connectors.channels.whatsapp.account import read as read_whatsapp

    return read_whatsapp


def _from_settings(settings: Settings, kind: str) -> dict[str, dict[str, object]]:
    """Return the account in the settings, if one of them is set."""
    start, table = f"{kind}_", dict[str, object]()
    for item in fields(settings):
        if item.name.startswith(start):
            value = getattr(settings, item.name)
            text = value.reveal() if isinstance(value, Secret) else value
            table |= {item.name.removeprefix(start): text} if text else {}
    return {DEFAULT: table} if table else {}


def _from_file(path: Path, tables: dict[str, dict[str, dict[str, object]]]) -> list[str]:
    """Add the accounts of a file; return what is wrong with it."""
    where = f"{PREFIX}ACCOUNTS ({path})"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"{where} is not there"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return [f"{where} cannot be read: {error}"]
    problems = [f"{where}: there is no channel {key!r}" for key in content if key not in KINDS]
    for kind in KINDS:
        named = content.get(kind, {})
        if not isinstance(named, dict) or not all(isinstance(one, dict) for one in named.values()):
            problems.append(f"{where}: write [{kind}.name] above the settings of an account")
            continue
        for name, table in named.items():
            if not _NAME.fullmatch(name):
                problems.append(f"{where}: {name!r} is no name; use small letters, digits, - and _")
            elif name in tables[kind]:
                problems.append(f"{where}: {PREFIX}{kind.upper()}_* describes the account {name} already")
            else:
                tables[kind][name] = table
    return problems


def _twice(kind: str, found: Mapping[str, Any], same: Callable[[Any], str], what: str) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for name, account in found.items():
        other = first.setdefault(same(account), name)
        if other != name:
            problems.append(f"[{kind}.{name}] has the same {what} as {other}")
    return problems

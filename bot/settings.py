"""All settings: declared once, read from the environment and `.env`, checked at start.

This is the only module that reads `os.environ`. `.env` is read without exporting it, so that nothing
in it reaches a child process by accident.
"""
# ruff: noqa: RUF009 (the calls in the class body only describe fields, as dataclasses.field does)

from __future__ import annotations

import difflib
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from bot import setting_types as kind
from bot.domain.errors import ConfigError
from bot.domain.hours import EXAMPLE, OpeningHours
from bot.domain.ids import new_secret
from bot.setting_types import Parser, RateLimit, Secret

PREFIX = "BATON_"
_KEY_FILE = "secret_key"
_IDENTITY_KEY = b"baton customers' identity 1"
_OTHER_SECRETS = ("secret_key", "rest_token", "metrics_token", "customers_token")
_RELATED = (
    "database_url", "demo", "customers_url", "customers_allow_http", "chat_identity_secret",
    *_OTHER_SECRETS,
)  # fmt: skip


def _setting(parse: Parser, default: str, help: str, *, shown: str = "", unset: object = "") -> Any:
    """Declare a setting.

    `default` is text like the environment's; without one the value is `unset`, and `shown` says to
    people what that means.
    """
    return field(
        metadata={"parse": parse, "default": default, "help": help, "shown": shown, "unset": unset}
    )


def _secret(shortest: int, help: str, *, shown: str) -> Any:
    return _setting(kind.secret(shortest), "", help, shown=shown, unset=Secret())


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator can set. Every field is the variable `BATON_` + its name in capitals."""

    host: str = _setting(kind.text, "127.0.0.1", "Address to listen on.")
    port: int = _setting(kind.integer(1, 65_535), "8080", "Port to listen on; `PORT` goes before it.")
    demo: bool = _setting(
        kind.boolean, "no", "Demo shop and open REST channel on this machine; like `--demo`."
    )
    demo_delays: dict[str, float] = _setting(
        kind.seconds_by_name,
        "",
        "Seconds that the demo shop takes for single customers, such as `C1001=2`, or for all: `*=2`.",
        shown="none",
        unset={},
    )
    demo_failures: dict[str, str] = _setting(
        kind.choice_by_name("down", "lost", "broken"),
        "",
        "How the demo shop fails single customers, such as `C1002=down`, or all: `*=lost` (does what it"
        " is asked and loses the answer) or `broken`.",
        shown="none",
        unset={},
    )
    customers_url: str = _setting(
        kind.service_url,
        "",
        "Your own customer system's interface (`connectors/customers/http/README.md`); not with a demo.",
        shown="none",
    )
    customers_token: Secret = _secret(16, "Bearer token that is sent to it.", shown="none")
    customers_timeout_seconds: float = _setting(
        kind.number(0.1, 60), "5", "Seconds that one question to it may take, tries included."
    )
    customers_connect_seconds: float = _setting(
        kind.number(0.1, 60), "2", "Seconds that a connection to it may take."
    )
    customers_ca_file: Path | None = _setting(
        kind.path,
        "",
        "Certificates (PEM) to trust for it beside the public ones.",
        shown="none",
        unset=None,
    )
    customers_allow_http: bool = _setting(
        kind.boolean, "no", "Allow `http://` to it on other machines: readable on the way."
    )
    public_url: str = _setting(
        kind.url("http", "https"),
        "",
        "Address under which customers reach this server.",
        shown="from host and port",
    )
    proxies: int = _setting(
        kind.integer(0, 10), "0", "Trusted proxies in front, whose `X-Forwarded-For` is believed."
    )
    project_dir: Path = _setting(
        kind.path, "", "Folder with `domain.yml`, `config.yml` and `data/`.", shown="the present folder"
    )
    data_dir: Path = _setting(kind.path, ".baton", "Folder for the database, the key and backups.")
    models_dir: Path = _setting(kind.path, "models", "Folder with the trained models.")
    trainer: str = _setting(
        kind.text, "", "Name that `baton train` notes with a model.", shown="the user's name"
    )
    database_url: str = _setting(
        kind.url("sqlite", "postgresql"),
        "",
        "`postgresql://user:password@host/name` for several nodes, or `sqlite:///path`.",
        shown="SQLite in the data folder",
    )
    redis_url: str = _setting(
        kind.url("redis", "rediss", "unix"),
        "",
        "`redis://host:6379/0` for several nodes.",
        shown="none: one node",
    )
    secret_key: Secret = _secret(
        32,
        "Key behind agents' sign-ins: a new one signs everybody out. Needed with PostgreSQL.",
        shown="made in the data folder",
    )
    rest_token: Secret = _secret(
        16, "Bearer token of the REST channel; without it the channel is off.", shown="off"
    )
    chat_identity_secret: Secret = _secret(
        32,
        "Key with which your site signs who a customer is; a demo has one of its own.",
        shown="everybody is anonymous",
    )
    chat_origins: tuple[str, ...] = _setting(
        kind.origins,
        "",
        "Sites whose pages may use the web chat, such as `https://shop.example.com`, with commas; `*` for"
        " all.",
        shown="this server's own pages",
        unset=(),
    )
    chat_sockets_per_address: int = _setting(
        kind.integer(1, 100_000), "50", "Web chat connections at once from one IP address."
    )
    telegram_token: Secret = _secret(
        1,
        "Token of your Telegram bot, from @BotFather (`connectors/channels/telegram/README.md`).",
        shown="Telegram is off",
    )
    telegram_secret: Secret = _secret(
        16,
        "What Telegram says with each message so that we believe it; needed with webhooks.",
        shown="none",
    )
    telegram_mode: str = _setting(
        kind.text, "", "`webhook`, or `polling` for a machine without a public address.", shown="`webhook`"
    )
    telegram_api_url: str = _setting(
        kind.text, "", "Address of your own Bot API server.", shown="Telegram's"
    )
    whatsapp_token: Secret = _secret(
        1,
        "Token of a system user of your WhatsApp business (`connectors/channels/whatsapp/README.md`).",
        shown="WhatsApp is off",
    )
    whatsapp_app_secret: Secret = _secret(
        1, "Secret of your Meta app, with which each message is signed.", shown="none"
    )
    whatsapp_verify_token: Secret = _secret(
        1, "A word of your own that Meta repeats when you register the address.", shown="none"
    )
    whatsapp_phone_number_id: str = _setting(
        kind.text, "", "Id of your number (not the number itself).", shown="none"
    )
    whatsapp_api_url: str = _setting(kind.text, "", "Address of the Graph API.", shown="Meta's")
    whatsapp_api_version: str = _setting(kind.text, "", "Version of the Graph API.", shown="`v25.0`")
    whatsapp_template: str = _setting(
        kind.text,
        "",
        "Template that is sent when the 24 hours after a customer's message are over.",
        shown="nothing is sent then",
    )
    whatsapp_template_language: str = _setting(
        kind.text, "", "Language of the template, such as `en_US`.", shown="`en`"
    )
    whatsapp_join_bubbles: str = _setting(
        kind.text, "", "Whether the short texts of one answer are sent as one message.", shown="`no`"
    )
    accounts: Path | None = _setting(
        kind.path,
        "",
        "TOML file with further Telegram bots and WhatsApp numbers (see below).",
        shown="none",
        unset=None,
    )
    metrics_token: Secret = _secret(
        16, "Bearer token for `/metrics`; without it only this machine may read.", shown="off"
    )
    hours: OpeningHours = _setting(
        OpeningHours.parse, "Mon-Sun 00:00-24:00 UTC", f"When people answer, such as `{EXAMPLE}`."
    )
    retention_days: int = _setting(
        kind.integer(1, 36_500), "365", "Days after which a resolved conversation is deleted."
    )
    conversation_expiry_minutes: int = _setting(
        kind.integer(1, 525_600), "60", "Minutes of silence after which the bot closes a conversation."
    )
    agent_silent_minutes: int = _setting(
        kind.integer(1, 10_080), "15", "Minutes without an agent's answer until the queue has it again."
    )
    agent_gone_seconds: int = _setting(
        kind.integer(0, 86_400),
        "120",
        "Seconds that an agent may be gone from the desk while a customer waits for them; 0 for ever.",
    )
    customer_silent_minutes: int = _setting(
        kind.integer(1, 10_080), "10", "Minutes until an agent is told that the customer says nothing."
    )
    vip_tiers: str = _setting(
        kind.text,
        "platinum",
        "Tiers of customers who wait less and are offered a person at the first failure, with commas.",
    )
    queue_limit: int = _setting(
        kind.integer(0, 1_000),
        "10",
        "Waiting conversations for each agent online beyond which the queue is full; 0 for any number.",
    )
    queue_minutes: int = _setting(
        kind.integer(1, 10_080), "30", "Minutes in the queue until a customer hears more than a place."
    )
    message_hours: float = _setting(
        kind.number(0.1, 720),
        "8",
        "Opening hours within which a message that a customer left is to be answered.",
    )
    goodwill_limit: Decimal = _setting(
        kind.money,
        "20",
        "What an agent may give a customer at once, in the order's currency; 0 is nothing.",
    )
    goodwill_limit_supervisor: Decimal = _setting(
        kind.money, "100", "What a supervisor may give a customer at once."
    )
    goodwill_limit_customer: Decimal = _setting(
        kind.money, "100", "What one customer may be given in 30 days, by whomever."
    )
    nudge_seconds: int = _setting(
        kind.integer(0, 86_400),
        "300",
        "Seconds until the bot says one word about a question that was not answered; 0 never.",
    )
    session_hours: int = _setting(kind.integer(1, 720), "12", "Hours that an agent stays signed in.")
    rate_limit: RateLimit = _setting(kind.rate, "1200/minute", "Messages that one sender may write.")
    media_max_mb: int = _setting(
        kind.integer(1, 100), "10", "Megabytes that a file from a customer or an agent may have."
    )
    gather_seconds: float = _setting(
        kind.number(0, 10), "1.2", "Seconds to wait for the rest of a message sent in fragments."
    )
    engine_processes: int = _setting(kind.integer(1, 64), "1", "Engine processes; one per spare core.")
    engine_budget_seconds: float = _setting(
        kind.number(1, 120), "10", "Seconds that one turn may take, actions included."
    )
    turns_at_once: int = _setting(kind.integer(1, 10_000), "512", "Turns under way at once on this node.")
    shutdown_seconds: float = _setting(
        kind.number(0, 600), "20", "Seconds to finish what is under way when told to stop."
    )
    log_level: str = _setting(kind.choice("debug", "info", "warning", "error"), "info", "How much to log.")
    log_format: str = _setting(kind.choice("console", "json"), "console", "For people, or for machines.")

    @property
    def base_url(self) -> str:
        """Return the address under which this server is reached, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 (compared, not bound)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def uses_postgresql(self) -> bool:
        """Say whether the store is PostgreSQL."""
        return self.database_url.startswith("postgresql")

    def shown(self) -> dict[str, str]:
        """Return all settings as text for people: no secret and no password is in it."""
        return {item.name: _shown(getattr(self, item.name)) for item in fields(self)}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.shown().items())})"


def load(
    environ: Mapping[str, str] | None = None, *, env_file: Path | None = None, **given: Any
) -> Settings:
    """Return the settings: `given` (by field name) before `environ` before the project's `.env`.

    Raises ConfigError, which names every problem at once.
    """
    environ = dict(os.environ) if environ is None else environ
    given = {name: value for name, value in given.items() if value is not None}
    project = _project_dir(given.get("project_dir") or environ.get(f"{PREFIX}PROJECT_DIR", ""))
    texts = {**_read_env_file(env_file or project / ".env"), **environ}
    texts = {name: value.strip() for name, value in texts.items() if value.strip()}
    if "PORT" in texts:
        texts[f"{PREFIX}PORT"] = texts["PORT"]
    problems = _unknown(texts) + _contradictions(texts, given)
    values: dict[str, Any] = {}
    for item in fields(Settings):
        try:
            values[item.name] = _value(item.metadata, texts.get(variable(item.name), ""))
        except ValueError as error:
            problems.append(f"{variable(item.name)} {error}")
    if problems:
        raise ConfigError("The settings do not allow a start:\n" + "\n".join(f"- {p}" for p in problems))
    return _resolved(Settings(**{**values, **given}), project)


def secret_key(settings: Settings) -> Secret:
    """Return the set key, or the one in the data folder, which is made (0600) when missing."""
    if settings.secret_key:
        return settings.secret_key
    path = make_data_dir(settings) / _KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    with os.fdopen(handle, "w") as file:
        file.write(new_secret())
    return _read_key(path)


def has_secret_key(settings: Settings) -> bool:
    """Say whether there is a key already; `secret_key` would make one."""
    return bool(settings.secret_key) or (settings.data_dir / _KEY_FILE).is_file()


def identity_secret(settings: Settings) -> Secret:
    """Return the key of customers' identity tokens: the set one, or a demo's own; empty without both.

    A demo's follows from the secret key, so that a server and a terminal with one data folder agree.
    """
    if settings.chat_identity_secret or not settings.demo:
        return settings.chat_identity_secret
    key = secret_key(settings).reveal().encode()
    return Secret(hmac.new(key, _IDENTITY_KEY, hashlib.sha256).hexdigest())


def make_data_dir(settings: Settings) -> Path:
    """Make the data folder (0700) if missing and return it. Raises ConfigError."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be made: {error.strerror}"
        ) from error
    return settings.data_dir


def variable(field_name: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field_name.upper()


def reference() -> str:
    """Return the settings as a Markdown table, for README.md."""
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for item in fields(Settings):
        about = item.metadata
        default = f"`{about['default']}`" if about["default"] else about["shown"]
        lines.append(f"| `{variable(item.name)}` | {default} | {about['help']} |")
    return "\n".join(lines) + "\n"


def example() -> str:
    """Return the content of `.env.example`: every setting with its default, switched off."""
    lines = [
        "# Baton's settings. Copy this file to .env and change what you need; the environment goes",
        "# before it.",
    ]
    for item in fields(Settings):
        about = item.metadata
        note = "" if about["default"] else f" Unset: {about['shown']}."
        lines += [
            "",
            f"# {about['help'].replace('`', '')}{note}",
            f"# {variable(item.name)}={about['default']}",
        ]
    return "\n".join(lines) + "\n"


def _value(about: Mapping[str, Any], text: str) -> Any:
    text = text or about["default"]
    return about["parse"](text) if text else about["unset"]


def _project_dir(given: object) -> Path:
    """Without a setting: the present folder if it is a project, else where Baton is installed."""
    if given:
        return Path(str(given)).expanduser().resolve()
    here = Path.cwd()
    return here if (here / "domain.yml").is_file() else Path(__file__).resolve().parent.parent


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _unknown(texts: Mapping[str, str]) -> list[str]:
    known = [variable(item.name) for item in fields(Settings)]
    problems = []
    for name in sorted(texts):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            problems.append(f"{name} is not a setting" + (f"; did you mean {close[0]}?" if close else ""))
    return problems


def _resolved(settings: Settings, project: Path) -> Settings:
    data_dir = project / settings.data_dir
    database_url = settings.database_url or f"sqlite:///{data_dir / 'baton.db'}"
    ca_file = settings.customers_ca_file
    return replace(
        settings,
        project_dir=project,
        data_dir=data_dir,
        models_dir=project / settings.models_dir,
        database_url=database_url,
        customers_ca_file=project / ca_file if ca_file else None,
        accounts=project / settings.accounts if settings.accounts else None,
    )


def _contradictions(texts: Mapping[str, str], given: Mapping[str, Any]) -> list[str]:
    """Find settings that need each other; on the texts, so that bad values elsewhere do not hide it."""
    values = {name: given.get(name, texts.get(variable(name))) for name in _RELATED}
    found = {
        name: value.reveal() if isinstance(value, Secret) else str(value or "")
        for name, value in values.items()
    }
    problems = []
    if found["database_url"].startswith("postgresql") and not found["secret_key"]:
        problems.append(
            f"{PREFIX}SECRET_KEY must be set when {PREFIX}DATABASE_URL is PostgreSQL: nodes share it"
            " (try: openssl rand -hex 32)"
        )
    identity = found["chat_identity_secret"]
    if same := [name for name in _OTHER_SECRETS if identity and found[name] == identity]:
        problems.append(
            f"{PREFIX}CHAT_IDENTITY_SECRET must be a key of its own, not that of {variable(same[0])}:"
            " whoever has it can be any customer"
        )
    if found["customers_url"] and kind.is_yes(found["demo"]):
        problems.append(
            f"{PREFIX}CUSTOMERS_URL and {PREFIX}DEMO (or --demo) exclude each other: a demo has a shop of"
            " its own, and is open to everybody on this machine"
        )
    if kind.is_open_http(found["customers_url"]) and not kind.is_yes(found["customers_allow_http"]):
        problems.append(
            f"{PREFIX}CUSTOMERS_URL must begin with https:// unless it is on this machine"
            f" (or set {PREFIX}CUSTOMERS_ALLOW_HTTP=yes in a network that you trust)"
        )
    return problems


def _read_key(path: Path) -> Secret:
    value = path.read_text().strip()
    if len(value) < 32:
        raise ConfigError(f"{path} does not hold a key; delete it to have a new one made")
    return Secret(value)


def _shown(value: object) -> str:
    if isinstance(value, OpeningHours):
        return value.describe()
    if isinstance(value, str) and "://" in value:
        return kind.masked_url(value)
    return str(value)

"""The guide says what the connector does: its settings, its log lines, its words for agents."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.channels.telegram import errors
from connectors.channels.telegram.account import KEYS
from connectors.channels.telegram.errors import BAD_REQUEST, FORBIDDEN, Action, Rule

FOLDER = Path(errors.__file__).parent
GUIDE = (FOLDER / "README.md").read_text(encoding="utf-8")
QUIET = {"telegram_webhook_set", "telegram_call_failed", "telegram_typing_not_shown"}
"""Lines that tell of nothing wrong."""
PASSING = {
    "telegram_poll_refused",
    "telegram_poll_failed",
    "telegram_poll_broke",
    "telegram_update_not_readable",
}
"""Lines of trouble that ends by itself, or that another line tells of as well."""


def test_every_setting_is_in_the_guide() -> None:
    assert len(KEYS) == 4
    for key in KEYS:
        assert f"| `{key}` |" in GUIDE


def test_every_line_of_the_log_that_asks_for_somebody_is_in_the_guide() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    written = set(re.findall(r'"(telegram_[a-z_]+)"', source)) - {"telegram_away"}
    counters = {"telegram_calls", "telegram_refused", "telegram_alarms"}
    assert counters < written
    for name in counters:
        assert f"baton_{name}" in GUIDE
    lines = written - counters
    assert lines >= QUIET | PASSING
    for line in lines - QUIET - PASSING:
        assert f"`{line}`" in GUIDE, line
    assert set(re.findall(r"`(telegram_[a-z_]+)`", GUIDE)) <= lines


def test_what_agents_read_is_in_the_guide() -> None:
    rules = [value for value in vars(errors).values() if isinstance(value, Rule)]
    rules += [rule for _, rule in (*FORBIDDEN, *BAD_REQUEST)]
    of_sends = {rule.words for rule in rules} - {
        errors.LATE.words, errors.GONE.words, errors.WEBHOOK.words, "Nothing had changed.",
        "The message cannot be deleted.", "The bot was removed from this chat.",
    }  # fmt: skip
    quoted = re.findall(r'"([^"\n]+)"', GUIDE)
    assert len(of_sends) > 10
    for words in of_sends:
        assert any(part in words for part in quoted), words
    assert Action.ALARM in {rule.action for rule in rules}

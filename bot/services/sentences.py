"""The system's own sentences, rendered from the trainers' responses.

Training exports the responses beside the model (`responses.json`); the caller reads that file. No
wording is decided here, only which variation is said and what is filled in.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.errors import ConfigError
from bot.domain.message import Attachment, Choice, Draft

FORMAT = 1

_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")
_GAP = re.compile(r"  +")

Variation = Mapping[str, Any]


class Catalogue:
    """The `Sentences` port over an exported response catalogue.

    Which of several variations is said depends only on the name and the values, so a turn that is
    repeated says the same. Give a `key`, such as the conversation's sequence, to vary it.
    """

    def __init__(self, responses: Mapping[str, Sequence[Variation]]) -> None:
        """Take over responses by name."""
        self._responses = {name: tuple(variations) for name, variations in responses.items()}

    @classmethod
    def load(cls, data: bytes) -> Catalogue:
        """Read an exported catalogue. Raises ConfigError if it is not one."""
        try:
            content = json.loads(data)
            known, responses = content["format"] == FORMAT, content["responses"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"the response catalogue is damaged ({error}): train again") from error
        if not known:
            raise ConfigError("the response catalogue is of another version: train again")
        return cls(responses)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all responses."""
        return frozenset(self._responses)

    def render(self, name: str, /, *, language: str = "en", **values: Any) -> Draft:
        """Return response `name` with `{slot}` places filled from `values`; a missing value is left out.

        A variation with Rasa's conditions is used when `values` (and `language`) meet them, one for a
        channel when `values` name that `channel`. Raises KeyError for an unknown name.
        """
        facts = {**values, "language": language}
        return _draft(_fill(self._choose(name, facts), facts))

    def _choose(self, name: str, facts: Mapping[str, Any]) -> Variation:
        channel = str(facts.get("channel", ""))
        ranked: dict[tuple[bool, bool], list[Variation]] = {}
        for variation in self._responses[name]:
            conditions = variation.get("condition") or ()
            if variation.get("channel", channel) != channel or not _met(conditions, facts):
                continue
            ranked.setdefault(("channel" in variation, bool(conditions)), []).append(variation)
        if not ranked:
            raise KeyError(name)
        best = ranked[max(ranked)]
        seed = "\x1f".join([name, *(f"{key}={facts[key]}" for key in sorted(facts))])
        return best[zlib.crc32(seed.encode()) % len(best)]


def _met(conditions: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> bool:
    return all(facts.get(str(c.get("name"))) == c.get("value") for c in conditions)


def _fill(value: Any, facts: Mapping[str, Any]) -> Any:
    """Fill places in every text of a nested value."""
    if isinstance(value, str):
        return _fill_text(value, facts)
    if isinstance(value, Mapping):
        return {key: _fill(item, facts) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, facts) for item in value]
    return value


def _fill_text(text: str, facts: Mapping[str, Any]) -> str:
    missing = False

    def place(match: re.Match[str]) -> str:
        nonlocal missing
        value = facts.get(match.group(1))
        missing = missing or value is None
        return "" if value is None else str(value)

    filled = _PLACE.sub(place, text)
    return _GAP.sub(" ", filled).strip() if missing else filled


def _draft(variation: Variation) -> Draft:
    buttons = [*(variation.get("buttons") or ()), *(variation.get("quick_replies") or ())]
    image = variation.get("image")
    return Draft(
        text=str(variation.get("text") or ""),
        choices=tuple(Choice(title=str(b["title"]), payload=str(b.get("payload", ""))) for b in buttons),
        attachments=(Attachment(kind="image", url=str(image)),) if image else (),
        custom=variation.get("custom"),
    )

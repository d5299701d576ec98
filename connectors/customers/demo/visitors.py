"""Who one can be on the demo page: some of the shop's customers, and what each of them may try."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from connectors.customers.demo.seed import seed_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """A customer of the shop as the page introduces them; a stranger has no `ref`."""

    ref: str = ""
    name: str = ""
    email: str = ""
    tier: str = ""
    language: str = "en"
    about: str
    tries: tuple[str, ...]


def read_visitors(seed: Path) -> tuple[Visitor, ...]:
    """Return the visitors of data/demo/shop.json, the stranger last. Raises ConfigError."""
    shop = json.loads(seed_text(seed))
    customers = {customer["ref"]: customer for customer in shop["customers"]}
    return tuple(_visitor(entry, customers.get(entry.get("customer"))) for entry in shop["visitors"])


def _visitor(entry: dict[str, str | list[str]], customer: dict[str, str] | None) -> Visitor:
    known = {name: customer[name] for name in ("ref", "name", "email", "tier")} if customer else {}
    return Visitor(
        **known,
        language=str(entry.get("language", "en")),
        about=str(entry["about"]),
        tries=tuple(entry["tries"]),
    )

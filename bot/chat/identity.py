"""Whom the terminal chat is signed in as: a customer of the demo shop, or one that is named outright.

It does what a company's site does: signs a token for each message. So it has to have the site's key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.domain.customer import Trust
from bot.domain.errors import ConfigError, NotFound
from bot.domain.message import IdentityClaim
from bot.ports import Clock
from bot.settings import Settings, has_secret_key, identity_secret
from connectors.channels.core.identity import MAX_SUBJECT, sign


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who writes; `token` makes a new token, so that none expires in a long chat."""

    claim: IdentityClaim
    token: Callable[[], str]

    @property
    def shown(self) -> str:
        """Return who this is, for people."""
        claim = self.claim
        return f"{claim.name} ({claim.directory_ref})" if claim.name else claim.directory_ref


def sign_in(settings: Settings, who: str, clock: Clock) -> SignedIn:
    """Return the customer `who` names: a reference, or in the demo shop also an e-mail address.

    Without BATON_CHAT_IDENTITY_SECRET the server can only be a demo, whose key is in the data folder.

    Raises:
        ConfigError: there is no key to sign with, or `who` is no reference.
        NotFound: the demo shop has no such customer.
    """
    demo = settings.demo or not settings.chat_identity_secret
    if not settings.chat_identity_secret and not has_secret_key(settings):
        raise ConfigError(
            "There is no key to sign in with: set BATON_CHAT_IDENTITY_SECRET to that of the server, or"
            f" start a demo with the data folder {settings.data_dir} (make run)."
        )
    claim = _of_demo_shop(settings.project_dir, who) if demo else _named(who)
    secret = identity_secret(replace(settings, demo=demo)).reveal()
    return SignedIn(claim=claim, token=lambda: sign(claim, secret=secret, now=clock.now()))


def _named(who: str) -> IdentityClaim:
    reference = who.strip()
    if "@" in who or not reference or not reference.isprintable() or len(reference) > MAX_SUBJECT:
        raise ConfigError(
            f"'{who}' is no customer's reference: outside of the demo, name the one that the customer"
            " directory has, as your site would."
        )
    return IdentityClaim(trust=Trust.VERIFIED.value, directory_ref=reference)


def _of_demo_shop(project: Path, who: str) -> IdentityClaim:
    path, wanted = project / "data" / "demo" / "shop.json", who.strip().casefold()
    try:
        customers: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["customers"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"The customers of the demo shop cannot be read ({path}: {error});"
            " for a server that is no demo, set BATON_CHAT_IDENTITY_SECRET."
        ) from error
    for customer in customers:
        if wanted in (customer["ref"].casefold(), customer["email"].casefold()):
            return IdentityClaim(
                trust=Trust.VERIFIED.value,
                directory_ref=customer["ref"],
                name=customer["name"],
                email=customer["email"],
            )
    raise NotFound(
        f"The demo shop has no customer '{who}': name a reference or an e-mail address of"
        " data/demo/shop.json, such as C1001. For a server that is no demo, set"
        " BATON_CHAT_IDENTITY_SECRET."
    )

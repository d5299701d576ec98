"""Decides what really comes from Meta: the handshake, and the signature over a body's bytes. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from bot.domain.errors import NotPermitted, NotSignedIn
from connectors.channels.whatsapp.account import Account

MAX_CHALLENGE = 1_024
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)


def challenge(accounts: Iterable[Account], *, mode: str, token: str, text: str) -> str:
    """Return what Meta wants to read when the webhook's address is entered in the app.

    Raises NotPermitted: it is not a subscription, or the token is no account's.
    """
    # Each one is compared, so that the time does not tell which came near.
    matches = [account.verify_token.matches(token) for account in accounts]
    if mode != "subscribe" or not any(matches):
        raise NotPermitted("The verify token is not the one that is set here.")
    if not text or len(text) > MAX_CHALLENGE or not text.isprintable():
        raise NotPermitted("There is no challenge to answer.")
    return text


def signed_for(accounts: Iterable[Account], *, raw: bytes, signature: str) -> list[Account]:
    """Return the accounts whose app secret has signed these bytes.

    The bytes must be those of the network: Meta signs them as they are, escapes and all.

    Raises NotSignedIn: there is no signature, or it is nobody's.
    """
    if not signature:
        raise NotSignedIn("The request has no X-Hub-Signature-256.")
    well_formed = _SIGNATURE.fullmatch(signature) is not None
    sums: dict[str, bool] = {}
    found = []
    for account in accounts:
        key = account.app_secret.reveal()
        if key not in sums:
            expected = "sha256=" + hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
            sums[key] = bool(key) and well_formed and hmac.compare_digest(expected, signature)
        if sums[key]:
            found.append(account)
    if not found:
        raise NotSignedIn("The signature is not valid.")
    return found

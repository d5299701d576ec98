"""Agents' passwords: the policy, and argon2id hashes. Slow on purpose: callers use a thread."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from bot.domain.errors import InvalidInput

SHORTEST = 12
LONGEST = 256
"""Characters; hashing a megabyte would be a way to keep the server busy."""

# OWASP's second recommendation for argon2id (19 MiB, two passes, one lane): it fits small machines,
# and parallel sign-ins do not exhaust their memory. The hash names its parameters, so that they can
# be raised later.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


def check_password(password: str) -> None:
    """Raise InvalidInput, saying what to change, unless the password may be used."""
    if len(password) < SHORTEST:
        raise InvalidInput(f"The password is too short: at least {SHORTEST} characters.", field="password")
    if len(password) > LONGEST:
        raise InvalidInput(f"The password is too long: at most {LONGEST} characters.", field="password")
    if len(set(password)) < 4:
        raise InvalidInput("The password is too simple: use more than three characters.", field="password")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a new password; takes some 50 ms. Raises InvalidInput."""
    check_password(password)
    return _HASHER.hash(_normal(password))


def verify_password(known: str, password: str) -> bool:
    """Say whether `password` is the one behind the hash `known`; an unusable hash fits nothing."""
    if len(password) > LONGEST:
        return False
    try:
        return _HASHER.verify(known, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """Make the same letters from different keyboards the same bytes."""
    return unicodedata.normalize("NFKC", password)

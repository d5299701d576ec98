"""Who a WhatsApp message is from or for: Meta's own id first, the phone number as another name. Pure.

The id (BSUID) stays when a customer hides their number behind a user name, and changes when they change
their number; the number is missing for some. Either alone must lead to the same conversation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.channels.whatsapp import wire

_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{5,20}", re.ASCII)
MAX_ADDRESS = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A customer: where answers go to, what else they are known by, and what is known of them."""

    address: str
    aliases: tuple[str, ...] = ()
    phone: str = ""
    """In international form."""
    name: str = ""


def is_user_id(address: str) -> bool:
    """Say whether an address is Meta's id of a customer and not a phone number."""
    return _USER_ID.fullmatch(address) is not None


def person(
    *, phone: str | None, user_id: str | None, contacts: Sequence[wire.Contact] = (), alone: bool = False
) -> Person | None:
    """Return who has this number or id, with what the contacts beside the message say of them.

    `alone` says that all messages beside it are from the same one: a single contact is then theirs, even
    when it writes the number another way. None when nobody is named at all.
    """
    contact = _contact(phone or "", user_id or "", contacts, alone=alone)
    user_id = user_id or contact.user_id or ""
    phones = [_plain(number) for number in (phone, contact.wa_id) if number]
    names = [name for name in dict.fromkeys([user_id, *phones]) if name]
    if not names or any(len(name) > MAX_ADDRESS or not name.isprintable() for name in names):
        return None
    return Person(
        address=names[0],
        aliases=tuple(names[1:]),
        phone=_international(phones),
        name=_name(contact),
    )


def _contact(phone: str, user_id: str, contacts: Sequence[wire.Contact], *, alone: bool) -> wire.Contact:
    for contact in contacts:
        if (user_id and contact.user_id == user_id) or (phone and _plain(contact.wa_id) == _plain(phone)):
            return contact
    if alone and len(contacts) == 1 and not (user_id and contacts[0].user_id):
        return contacts[0]
    return wire.Contact()


def _plain(number: str | None) -> str:
    return (number or "").removeprefix("+")


def _international(phones: Sequence[str]) -> str:
    """Return the number; only one that is really a number is vouched for."""
    for number in phones:
        if _PHONE.fullmatch(number):
            return f"+{number}"
    return ""


def _name(contact: wire.Contact) -> str:
    profile = contact.profile or wire.Named()
    return (profile.name or profile.username or "").strip()

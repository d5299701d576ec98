"""What Meta's webhook bodies look like, as far as we read them. Unknown fields are passed over.

Nearly everything may be missing: the platform leaves out what it does not know, and adds new kinds.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

Raw = msgspec.Raw
Stamp = str | int | None
"""Unix seconds, which come as a text in most places."""
Words = str | None
"""A text that may be missing, or be nothing."""


class Metadata(msgspec.Struct):
    """Which of our numbers it is about."""

    phone_number_id: Words = None


class Named(msgspec.Struct):
    """The name that a customer has given themselves."""

    name: Words = None
    username: Words = None


class Contact(msgspec.Struct):
    """Who a message is from: `user_id` is Meta's id for us, `wa_id` the phone number."""

    profile: Named | None = None
    wa_id: Words = None
    user_id: Words = None


class Details(msgspec.Struct):
    """What is wrong, in more words."""

    details: Words = None


class Problem(msgspec.Struct):
    """An error in a webhook or in an answer of the API."""

    code: int = -1
    title: Words = None
    message: Words = None
    error_data: Details | None = None


class Value(msgspec.Struct):
    """The content of a change; each element is read on its own, so that one bad one harms no other."""

    metadata: Metadata | None = None
    contacts: list[Raw] | None = None
    messages: list[Raw] | None = None
    statuses: list[Raw] | None = None
    message_echoes: list[Raw] | None = None
    user_id_update: list[Raw] | None = None
    errors: list[Raw] | None = None


class News(msgspec.Struct):
    """Something that Meta tells the company."""

    event: Words = None


class Change(msgspec.Struct):
    """Something that we have subscribed to has happened."""

    field: Words = None
    value: Raw = Raw(b"{}")


class Entry(msgspec.Struct):
    """What belongs to one WhatsApp Business account."""

    id: Words = None
    changes: list[Raw] | None = None


class Body(msgspec.Struct):
    """A whole request."""

    object: str
    entry: list[Raw] | None = None


class Head(msgspec.Struct, rename={"sender": "from"}):
    """What every message has; enough to say that something came which could not be read."""

    id: str
    type: Words = None
    timestamp: Stamp = None
    sender: Words = None
    from_user_id: Words = None
    to: Words = None
    to_user_id: Words = None
    group_id: Words = None


class Context(msgspec.Struct):
    """The message that this one answers."""

    id: Words = None
    forwarded: bool | None = None
    frequently_forwarded: bool | None = None


class Text(msgspec.Struct):
    """Words."""

    body: Words = None


class File(msgspec.Struct):
    """A file that Meta keeps for a week."""

    id: Words = None
    mime_type: Words = None
    caption: Words = None
    filename: Words = None


class Place(msgspec.Struct):
    """A place that was sent."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class CardName(msgspec.Struct):
    """A name on a contact card."""

    formatted_name: Words = None


class CardPhone(msgspec.Struct):
    """A number on a contact card."""

    phone: Words = None
    wa_id: Words = None


class CardEmail(msgspec.Struct):
    """An address on a contact card."""

    email: Words = None


class Card(msgspec.Struct):
    """A contact card."""

    name: CardName | None = None
    phones: list[CardPhone] | None = None
    emails: list[CardEmail] | None = None


class Pressed(msgspec.Struct):
    """A choice of ours that was pressed."""

    id: Words = None
    title: Words = None


class Form(msgspec.Struct):
    """A filled-in form (a Flow)."""

    response_json: Words = None
    body: Words = None


class Interactive(msgspec.Struct):
    """An answer to something interactive."""

    type: Words = None
    button_reply: Pressed | None = None
    list_reply: Pressed | None = None
    nfm_reply: Form | None = None


class Button(msgspec.Struct):
    """The quick reply of a template."""

    payload: Words = None
    text: Words = None


class Emoji(msgspec.Struct):
    """An emoji on a message; none means that it was taken off."""

    message_id: str
    emoji: str | None = None


class Item(msgspec.Struct):
    """A line of an order."""

    product_retailer_id: Words = None
    quantity: int | float | str | None = None
    item_price: int | float | str | None = None
    currency: Words = None


class Basket(msgspec.Struct):
    """An order from the catalogue."""

    text: Words = None
    product_items: list[Item] | None = None


class System(msgspec.Struct):
    """A change of the customer's number or id."""

    type: Words = None
    wa_id: Words = None
    new_wa_id: Words = None
    user_id: Words = None
    previous_user_id: Words = None


class Changed(msgspec.Struct):
    """The new content of an edited message."""

    original_message_id: str
    message: Raw = Raw(b"{}")


class Revoked(msgspec.Struct):
    """A message that was taken back."""

    original_message_id: str


class Unsupported(msgspec.Struct):
    """What the platform itself cannot pass on."""

    type: Words = None


class Content(msgspec.Struct):
    """What a message has, of whatever kind."""

    text: Text | None = None
    image: File | None = None
    video: File | None = None
    audio: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Place | None = None
    contacts: list[Card] | None = None
    interactive: Interactive | None = None
    button: Button | None = None
    order: Basket | None = None
    unsupported: Unsupported | None = None


class Extras(msgspec.Struct):
    """What comes beside the content; only useful if it is there and readable."""

    context: Context | None = None
    referral: dict[str, msgspec.Raw] | None = None


class Status(msgspec.Struct):
    """How far a message of ours has come."""

    id: str
    status: str
    timestamp: Stamp = None
    recipient_id: Words = None
    recipient_user_id: Words = None
    recipient_type: Words = None
    biz_opaque_callback_data: Words = None
    errors: list[Problem] | None = None


class PairOfIds(msgspec.Struct):
    """The id before and after."""

    previous: Words = None
    current: Words = None


class NewId(msgspec.Struct):
    """A customer whose id with us has changed."""

    user_id: PairOfIds
    wa_id: Words = None
    timestamp: Stamp = None


def moment(stamp: Stamp, now: datetime) -> datetime:
    """Return the time that a stamp says; one that makes no sense, or is yet to come, is now."""
    try:
        at = datetime.fromtimestamp(int(stamp or ""), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(at, now)

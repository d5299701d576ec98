"""A small labelled set, made by rule so that it is large enough to learn from."""

from __future__ import annotations

_THINGS = ("order", "parcel", "package", "delivery", "shoes", "jacket", "lamp", "purchase")
_FORMS = {
    "track_order": (
        "where is my {}",
        "track my {} please",
        "has my {} shipped yet",
        "when does the {} arrive",
    ),
    "cancel_order": (
        "cancel my {}",
        "i do not want the {} any more",
        "please stop the {}",
        "call off the {}",
    ),
    "get_refund": (
        "i want my money back for the {}",
        "refund the {}",
        "how do i return the {}",
        "{} refund",
    ),
    "greet": ("hi {}", "hello", "good morning", "hey there"),
}


def examples() -> tuple[list[str], list[str]]:
    """Return texts and their intents, each text once."""
    rows = {
        form.format(thing): intent
        for intent, forms in _FORMS.items()
        for form in forms
        for thing in _THINGS
    }
    return list(rows), list(rows.values())

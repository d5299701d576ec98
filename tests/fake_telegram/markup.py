"""Buttons: what the platform takes as reply_markup."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fake_telegram.errors import bad
from tests.fake_telegram.params import Params

BUTTONS = 100
"""So many buttons fit under one message, 8 of them in a row."""
ROW = 8
DATA = 64
"""callback_data has 1 to 64 bytes, not characters."""
SIZE = 10_000
"""The whole markup must not be longer."""
ACTIONS = {"callback_data", "url", "web_app", "login_url", "switch_inline_query", "copy_text", "pay"}
ACTIONS |= {"switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "callback_game"}


def read(params: Params, *, private: bool) -> Mapping[str, Any] | None:
    """Return the markup of a call, or None; refuse what is against the rules."""
    markup = params.object("reply_markup", dict, "reply markup")
    if not markup:
        return None
    if "inline_keyboard" in markup:
        _inline(markup["inline_keyboard"])
    elif "keyboard" in markup:
        _reply(markup["keyboard"], private=private)
        placeholder = markup.get("input_field_placeholder", "-")
        if not isinstance(placeholder, str) or not 1 <= len(placeholder) <= 64:
            raise bad("input field placeholder must have 1 to 64 characters")
    elif not (markup.get("remove_keyboard") or markup.get("force_reply")):
        raise bad("object expected as reply markup")
    if len(json.dumps(markup, ensure_ascii=False).encode()) > SIZE:
        raise bad("reply markup is too long")
    return dict(markup)


def inline(markup: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the inline buttons in the order in which they are read."""
    return [button for row in (markup or {}).get("inline_keyboard", ()) for button in row]


def _rows(rows: Any) -> list[list[Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" must be of type Array of Arrays')
    if sum(len(row) for row in rows) > BUTTONS or any(len(row) > ROW for row in rows):
        raise bad("reply markup is too long")
    return rows


def _inline(rows: Any) -> None:
    for row in _rows(rows):
        for button in row:
            _inline_button(button)


def _inline_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    if not button["text"].strip():
        raise bad("inline keyboard button text can't be empty")
    actions = ACTIONS & set(button)
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data", "-")
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= DATA:
        raise bad("BUTTON_DATA_INVALID")


def _reply(rows: Any, *, private: bool) -> None:
    buttons: Sequence[Any] = [button for row in _rows(rows) for button in row]
    for button in buttons:
        text = (
            button if isinstance(button, str) else button.get("text") if isinstance(button, dict) else None
        )
        if not isinstance(text, str) or not text.strip():
            raise bad("keyboard button text can't be empty")
        # A phone number can be asked for in private chats only.
        if isinstance(button, dict) and button.get("request_contact") and not private:
            raise bad("phone number can be requested in private chats only")

"""Which methods of the Bot API the fake knows."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fake_telegram import receiving, writing
from tests.fake_telegram.writing import Method

SENDING: Mapping[str, Method] = {
    "sendmessage": writing.send_message,
    **{f"send{kind}": writing.send_file(kind) for kind in ("photo", "document", "voice", "video", "audio")},
    "sendlocation": writing.send_location,
}
METHODS: Mapping[str, Method] = {
    **SENDING,
    "sendchataction": writing.send_chat_action,
    "editmessagetext": writing.edit_message_text,
    "editmessagereplymarkup": writing.edit_message_reply_markup,
    "deletemessage": writing.delete_message,
    "answercallbackquery": writing.answer_callback_query,
    "leavechat": writing.leave_chat,
    "getfile": receiving.get_file,
    "getme": receiving.get_me,
    "getupdates": receiving.get_updates,
    "setwebhook": receiving.set_webhook,
    "deletewebhook": receiving.delete_webhook,
    "getwebhookinfo": receiving.get_webhook_info,
}
"""By name in small letters: the platform does not tell them apart."""

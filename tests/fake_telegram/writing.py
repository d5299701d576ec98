"""The methods that write to chats, each with the platform's own checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fake_telegram import entities, markup
from tests.fake_telegram.chats import Chat
from tests.fake_telegram.entities import Rich
from tests.fake_telegram.errors import Refused, bad
from tests.fake_telegram.params import Params
from tests.fake_telegram.shown import Shown

if TYPE_CHECKING:
    from tests.fake_telegram.bot import Bot

TEXT = 4096
"""UTF-16 units of a text after its marks have been parsed; a caption has 1024."""
CAPTION = 1024
ANSWER = 200
"""Characters of what is shown when a press is answered."""
ACTIONS = {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"}
ACTIONS |= {"upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"}
Method = Callable[["Bot", Params], Awaitable[Any]]

# --- words ---------------------------------------------------------------------------------------


def rich(params: Params, name: str, marks: str) -> Rich:
    """Return a text or caption with its marks parsed."""
    text, mode = params.text(name), params.text("parse_mode")
    if "\x00" in text:
        raise bad("strings must be encoded in UTF-8")
    if mode.lower() == "html":
        return entities.parse_html(text)
    if mode:
        raise bad("unsupported parse_mode")  # The real one knows Markdown too; we never send it.
    given = params.object(marks, list, "entities") or entities.commands(text)
    return entities.trimmed(Rich(text=text, entities=tuple(given)))


def text_of(params: Params) -> Rich:
    """Return the text of a message: 1 to 4096 UTF-16 units after parsing."""
    found = rich(params, "text", "entities")
    if not found.text:
        raise bad("message text is empty")
    if entities.length(found.text) > TEXT:
        raise bad("message is too long")
    return found


def caption_of(params: Params) -> Rich:
    """Return the caption of a file: at most 1024 units after parsing."""
    found = rich(params, "caption", "caption_entities")
    if entities.length(found.text) > CAPTION:
        raise bad("message caption is too long")
    return found


# --- sending -------------------------------------------------------------------------------------


async def send_message(bot: Bot, params: Params) -> Any:
    """Show a text."""
    return _send(bot, params, "text", text_of(params))


def send_file(kind: str) -> Method:
    """Make the method that sends files of a kind."""

    async def send(bot: Bot, params: Params) -> Any:
        caption = caption_of(params)
        file = bot.fake.shelf.received(bot.user.id, params, kind)
        return _send(bot, params, kind, caption, file=file)

    return send


async def send_location(bot: Bot, params: Params) -> Any:
    """Show a place."""
    place = {}
    for name, most in (("latitude", 90), ("longitude", 180)):
        if not params.text(name):
            raise bad(f"{name} is empty")
        place[name] = float(params.text(name))
        if abs(place[name]) > most:
            raise bad("wrong latitude or longitude specified")
    return _send(bot, params, "location", Rich(text=""), location=place)


def _send(bot: Bot, params: Params, kind: str, words: Rich, **more: Any) -> Any:
    chat = bot.chat_of(params)
    buttons = markup.read(params, private=chat.private)
    quoted = _quoted(params, chat)
    chat.check_writable()
    bot.count(chat)
    shown = Shown(
        id=bot.new_message_id(chat),
        kind=kind,
        at=bot.fake.clock.now(),
        text=words.text,
        entities=words.entities,
        markup=buttons,
        quotes=quoted,
        silent=params.flag("disable_notification"),
        **more,
    )
    chat.shown.append(shown)
    return chat.message(shown, bot.user)


def _quoted(params: Params, chat: Chat) -> int:
    """Return which message is answered; it must be there, or may be missing when that is said."""
    reply = params.object("reply_parameters", dict, "reply parameters")
    if reply is None:
        old = params.number("reply_to_message_id")
        reply = {
            "message_id": old,
            "allow_sending_without_reply": params.flag("allow_sending_without_reply"),
        }
    quoted = int(reply.get("message_id") or 0)
    if not quoted or chat.has(quoted):
        return quoted
    if reply.get("allow_sending_without_reply"):
        return 0
    raise bad("message to be replied not found", ours=False)


async def send_chat_action(bot: Bot, params: Params) -> Any:
    """Show "typing" and its kin."""
    chat = bot.chat_of(params)
    if params.text("action") not in ACTIONS:
        raise bad("wrong parameter action in request")
    chat.check_writable()
    chat.actions.append((bot.fake.clock.now(), params.text("action")))
    return True


# --- changing ------------------------------------------------------------------------------------


async def edit_message_text(bot: Bot, params: Params) -> Any:
    """Change a text."""
    chat = bot.chat_of(params)
    words, buttons = text_of(params), markup.read(params, private=chat.private)
    shown = chat.to_edit(params.number("message_id"))
    if shown.kind != "text":
        raise bad("there is no text in the message to edit")
    if (shown.text, shown.entities, shown.markup) == (words.text, words.entities, buttons):
        raise _not_modified()
    bot.count(chat)
    shown.edits.append(shown.text)
    shown.text, shown.entities, shown.markup = words.text, words.entities, buttons
    return chat.message(shown, bot.user)


async def edit_message_reply_markup(bot: Bot, params: Params) -> Any:
    """Change the buttons, or take them away."""
    chat = bot.chat_of(params)
    buttons = markup.read(params, private=chat.private)
    if buttons and "inline_keyboard" not in buttons:
        raise bad("inline keyboard expected")
    shown = chat.to_edit(params.number("message_id"))
    buttons = buttons if markup.inline(buttons) else None
    if shown.markup == buttons:
        raise _not_modified()
    bot.count(chat)
    shown.markup = buttons
    return chat.message(shown, bot.user)


def _not_modified() -> Refused:
    details = "message is not modified: specified new message content and reply markup are exactly the same"
    return bad(f"{details} as a current content and reply markup of the message", ours=False)


async def delete_message(bot: Bot, params: Params) -> Any:
    """Take a message back; bots can for 48 hours."""
    chat = bot.chat_of(params)
    found = chat.find(params.number("message_id"))
    if found is None:
        raise bad("message to delete not found", ours=False)
    if (bot.fake.clock.now() - found.at).total_seconds() > 48 * 3600:
        raise bad("message can't be deleted for everyone", ours=False)
    found.deleted = True
    return True


async def answer_callback_query(bot: Bot, params: Params) -> Any:
    """Stop a button's spinning; once, and not late."""
    query = bot.queries.get(params.text("callback_query_id"))
    if len(params.text("text")) > ANSWER:
        raise bad("MESSAGE_TOO_LONG")
    if query is None or query.answered or bot.too_late(query):
        details = "query is too old and response timeout expired or query ID is invalid"
        raise bad(details, ours=False)
    query.answered, query.text, query.alert = True, params.text("text"), params.flag("show_alert")
    return True


async def leave_chat(bot: Bot, params: Params) -> Any:
    """Leave a group."""
    chat = bot.chat_of(params)
    if chat.private:
        raise bad("chat member status can't be changed in private chats")
    chat.check_writable()
    bot.change_standing(chat, "left", by=bot.user)
    return True

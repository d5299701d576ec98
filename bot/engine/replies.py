"""What the dialogue says: chosen wordings, and the messages of a turn in order."""

from __future__ import annotations

from typing import Any

from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator

from bot.domain.message import Attachment, Choice, Draft
from bot.engine.scope import scope


class Wordings(TemplatedNaturalLanguageGenerator):
    """The domain's responses; a turn that is run again says the same words."""

    def __init__(self, responses: dict[str, list[dict[str, Any]]]) -> None:
        """Take the domain's responses."""
        super().__init__(responses)
        self._filter = ResponseVariationFilter(responses)

    def _random_response_for(
        self, utter_action: str, output_channel: str, filled_slots: dict[str, Any]
    ) -> dict[str, Any] | None:
        if utter_action not in self.responses:
            return None
        suitable = self._filter.responses_for_utter_action(utter_action, output_channel, filled_slots)
        if not suitable:
            return None
        return suitable[0] if len(suitable) == 1 else scope.get().choose(suitable)

    def generate_from_slots(
        self, utter_action: str, filled_slots: dict[str, Any], output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Return a response with its values filled in; as upstream, with a cheaper copy."""
        chosen = self._random_response_for(utter_action, output_channel, filled_slots)
        if chosen is None:
            return None
        filled: dict[str, Any] = self._fill_response(_copied(chosen), filled_slots, **kwargs)
        return filled

    @staticmethod
    def _response_variables(filled_slots: dict[str, Any] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
        # What the server says of itself (opening hours and the like) goes before a slot of that name.
        return {**(filled_slots or {}), **scope.get().context.facts, **kwargs}


def _copied(value: Any) -> Any:
    """Copy what a domain file can hold: mappings, lists and plain values."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


class Replies(OutputChannel):
    """Collects the turn's messages; `channel` is the customer's, for channel-specific responses."""

    def __init__(self, channel: str) -> None:
        """Start with no messages."""
        self.channel = channel
        self.drafts: list[Draft] = []

    def name(self) -> str:
        """Return the customer's channel."""
        return self.channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one message of the dialogue."""
        draft = to_draft(message)
        if draft.text or draft.choices or draft.attachments or draft.custom:
            self.drafts.append(draft)


def to_draft(message: dict[str, Any]) -> Draft:
    """Turn Rasa's message dictionary into ours."""
    buttons = [*(message.get("buttons") or ()), *(message.get("quick_replies") or ())]
    custom = message.get("custom") or None
    if message.get("elements"):
        custom = {**(custom or {}), "elements": message["elements"]}
    attachments = [Attachment(kind="image", url=str(message["image"]))] if message.get("image") else []
    if message.get("attachment"):
        attachments.append(_attachment(message["attachment"]))
    return Draft(
        text=message.get("text") or "",
        choices=tuple(_choice(b) for b in buttons),
        attachments=tuple(attachments),
        custom=custom if isinstance(custom, dict) or custom is None else {"value": custom},
    )


def _choice(button: dict[str, Any]) -> Choice:
    title = str(button.get("title", ""))
    return Choice(title=title, payload=str(button.get("payload") or title))


def _attachment(given: Any) -> Attachment:
    if isinstance(given, dict):
        payload = given.get("payload") or {}
        url = str(payload.get("src") or payload.get("url") or given.get("url") or "")
        return Attachment(
            kind=str(given.get("type") or "file"), url=url, name=str(payload.get("title") or "")
        )
    return Attachment(kind="file", url=str(given))

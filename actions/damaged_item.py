"""Something arrived broken."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import named
from actions.common import Domain, Event
from actions.faults import AskConfirmFault, FaultForm, FinishFault
from actions.item_form import AskItem
from actions.never_came import TO_LATE, says_never_came, to_late
from actions.order_form import AskOrderNumber

NOT_DAMAGED = "utter_not_damaged"


class ValidateDamagedItemForm(FaultForm):
    """Order, article, refund or replacement, and a yes."""

    topic = "damaged_item"

    async def extract_order_number(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> dict[str, Any]:
        """End for what never came."""
        if says_never_came(tracker):
            return {"form_end": TO_LATE}
        if named(tracker, "not_damaged") and tracker.get_slot("order_number"):
            return {"form_end": NOT_DAMAGED}
        return await super().extract_order_number(dispatcher, tracker, domain)


class AskDamagedItemOrderNumber(AskOrderNumber):
    """Ask which order it came with."""

    form = ValidateDamagedItemForm


class AskDamagedItemItem(AskItem):
    """Ask which article it is."""

    form = ValidateDamagedItemForm


class AskConfirmDamagedItem(AskConfirmFault):
    """Ask for a yes before anything is arranged."""

    form = ValidateDamagedItemForm


class ActionDamagedItem(FinishFault):
    """Arrange the refund or the replacement."""

    form = ValidateDamagedItemForm
    reason = "damaged"

    async def early(
        self, end: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain
    ) -> list[Event]:
        """Go on with the late order, or say why not."""
        if end == TO_LATE:
            return to_late()
        return await super().early(end, dispatcher, tracker, domain)

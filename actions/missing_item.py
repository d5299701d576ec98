"""Something was not in the parcel."""

from __future__ import annotations

from actions.faults import AskConfirmFault, FaultForm, FinishFault
from actions.item_form import AskItem
from actions.order_form import AskOrderNumber


class ValidateMissingItemForm(FaultForm):
    """Order, article, refund or replacement, and a yes."""

    topic = "missing_item"


class AskMissingItemOrderNumber(AskOrderNumber):
    """Ask which order it came with."""

    form = ValidateMissingItemForm


class AskMissingItemItem(AskItem):
    """Ask which article it is."""

    form = ValidateMissingItemForm


class AskConfirmMissingItem(AskConfirmFault):
    """Ask for a yes before anything is arranged."""

    form = ValidateMissingItemForm


class ActionMissingItem(FinishFault):
    """Arrange the refund or the replacement."""

    form = ValidateMissingItemForm
    reason = "missing"
    warranted = False

"""Something else came than what was ordered."""

from __future__ import annotations

from actions.faults import AskConfirmFault, FaultForm, FinishFault
from actions.item_form import AskItem
from actions.order_form import AskOrderNumber


class ValidateWrongItemForm(FaultForm):
    """Order, article, refund or replacement, and a yes."""

    topic = "wrong_item"


class AskWrongItemOrderNumber(AskOrderNumber):
    """Ask which order it came with."""

    form = ValidateWrongItemForm


class AskWrongItemItem(AskItem):
    """Ask which article it is."""

    form = ValidateWrongItemForm


class AskConfirmWrongItem(AskConfirmFault):
    """Ask for a yes before anything is arranged."""

    form = ValidateWrongItemForm


class ActionWrongItem(FinishFault):
    """Arrange the refund or the replacement."""

    form = ValidateWrongItemForm
    reason = "wrong item"
    warranted = False

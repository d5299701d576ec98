"""Something arrived broken."""

from __future__ import annotations

from actions.faults import AskConfirmFault, FaultForm, FinishFault
from actions.item_form import AskItem
from actions.order_form import AskOrderNumber


class ValidateDamagedItemForm(FaultForm):
    """Order, article, refund or replacement, and a yes."""

    topic = "damaged_item"


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

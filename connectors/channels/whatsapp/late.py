"""What is sent when the customer's 24 hours are over: the account's template, and nothing else.

A template with one variable carries a message's words. One without says only that there is news: the
message itself is then not delivered, and whoever wrote it must know.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.errors import DeliveryFailed
from bot.ports import Clock, Sending, Sent
from connectors.channels.whatsapp import render
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.errors import VARIABLES_DIFFER, rule
from connectors.channels.whatsapp.sending import Outgoing, TemplateDiffers, WindowOver, ref_of
from connectors.channels.whatsapp.troubles import Troubles

EVERY = timedelta(hours=24)
"""How often a customer is told that there is news."""
MANY = 10_000
OVER = "More than 24 hours have passed since the customer last wrote, so WhatsApp takes no free text."
NOT_IN_TEMPLATE = (
    f"{OVER} The template takes words of at most {render.MAX_VARIABLE:,} characters and no file."
)


class Late:
    """Sends templates, for all numbers."""

    def __init__(self, *, outgoing: Outgoing, troubles: Troubles, clock: Clock) -> None:
        self._outgoing, self._troubles, self._clock = outgoing, troubles, clock
        self._told: dict[tuple[str, str], datetime] = {}
        self._worded: set[str] = set()
        """Accounts whose template turned out to have a variable."""

    async def send(self, account: Account, sending: Sending) -> Sent:
        """Send the template; only one that carries the message's words counts as having sent it.

        Raises DeliveryFailed.
        """
        if not account.template:
            raise DeliveryFailed(f"{OVER} No template is set for this number.")
        if sending.part:
            raise DeliveryFailed(f"{OVER} Only the beginning of the message was sent.")
        try:
            if account.name not in self._worded:
                await self._tell(account, sending.address)
            return await self._say(account, sending)
        except WindowOver:
            raise DeliveryFailed(OVER) from None
        except TemplateDiffers:
            differs = rule(VARIABLES_DIFFER)
            self._troubles.note(account.name, differs, VARIABLES_DIFFER)
            raise DeliveryFailed(differs.words) from None

    async def _tell(self, account: Account, address: str) -> None:
        """Tell a customer that there is news; return only when the template wants words."""
        now, key = self._clock.now(), (account.name, address)
        told = self._told.get(key)
        if told is not None and now - told < EVERY:
            raise DeliveryFailed(f"{OVER} The customer has the template already: wait for their answer.")
        call = render.template(account.template, account.template_language)
        try:
            await self._outgoing.send(account, call, address=address)
        except TemplateDiffers:
            self._worded.add(account.name)
            return
        if len(self._told) >= MANY:
            self._told = {k: at for k, at in self._told.items() if now - at < EVERY}
        self._told[key] = now
        raise DeliveryFailed(
            f"{OVER} The template {account.template} was sent instead: write again when they answer."
        )

    async def _say(self, account: Account, sending: Sending) -> Sent:
        words = render.in_template(sending.message)
        if not words:
            raise DeliveryFailed(NOT_IN_TEMPLATE)
        call = render.template(account.template, account.template_language, words)
        ref = ref_of(sending.message)
        return Sent(external_id=await self._outgoing.send(account, call, address=sending.address, ref=ref))

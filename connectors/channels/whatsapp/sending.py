"""Sends one bubble: uploads its file, says it plainer when it must, and turns refusals into what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.domain.errors import DeliveryFailed, StoreError, UnknownFile
from bot.domain.message import Attachment, Message
from bot.ports import MetricsPort
from connectors.channels.core import Files
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.answers import Refused
from connectors.channels.whatsapp.client import Client, Lost, NotSent, Upload
from connectors.channels.whatsapp.errors import RULES, VARIABLES_DIFFER
from connectors.channels.whatsapp.holds import Holds
from connectors.channels.whatsapp.render import Call, addressed, linked, with_file
from connectors.channels.whatsapp.troubles import Troubles

FileUrl = Callable[[Attachment], str]
NOT_CONNECTED = "WhatsApp could not be reached for longer than we waited."
LOST = "The connection to WhatsApp broke while it was sent: it may have arrived."
NO_ANSWER = "WhatsApp gave no clear answer: it may have arrived."
FILE_GONE = "The file is not there any more."


def ref_of(message: Message) -> str:
    """Return our own name of a message, which comes back with each of its receipts."""
    return f"{message.conversation_id}:{message.seq}"


class WindowOver(Exception):
    """The platform says that the customer's 24 hours are over."""


class TemplateDiffers(Exception):
    """The template has another number of variables."""


class Outgoing:
    """Brings calls to the platform, for all numbers."""

    def __init__(
        self,
        *,
        client: Client,
        files: Files,
        holds: Holds,
        troubles: Troubles,
        metrics: MetricsPort,
        file_url: FileUrl | None = None,
    ) -> None:
        """`file_url` says where a customer finds a file that the platform takes in no form."""
        self._client, self._files, self._holds = client, files, holds
        self._troubles, self._metrics, self._file_url = troubles, metrics, file_url

    async def send(self, account: Account, call: Call, *, address: str, ref: str = "") -> str:
        """Send a call, in a plainer form if need be, and return the platform's id of the message.

        Raises:
            DeliveryFailed: it was not sent, or nobody knows.
            WindowOver: only a template may be sent.
            TemplateDiffers: the template wants another number of variables.
        """
        stopped = self._troubles.stopped(account.name)
        if stopped is not None:
            raise DeliveryFailed(stopped.words)
        while True:
            try:
                sent = await self._once(account, call, address, ref)
            except Refused as refused:
                self._count(refused)
                plainer = self._plainer(call) if refused.rule.simpler else None
                if plainer is None:
                    raise self._failure(account, address, refused) from None
                call = plainer
            else:
                self._troubles.works(account.name)
                self._holds.over(account.name, address)
                return sent

    async def _once(self, account: Account, call: Call, address: str, ref: str) -> str:
        if call.file is not None:
            call = with_file(call, await self._upload(account, call.file))
        body = addressed(call, address=address, ref=ref)
        try:
            return await self._client.post_message(account, body)
        except NotSent:
            raise DeliveryFailed(NOT_CONNECTED, retryable=True) from None
        except Lost:
            raise DeliveryFailed(LOST, outcome_unknown=True) from None

    async def _upload(self, account: Account, attachment: Attachment) -> str:
        """Give the platform a file; until the message is sent this may be done again at will."""
        try:
            file = await self._files.open(attachment)
            upload = Upload(name=file.name, mime=file.mime, size=file.size, stream=file.stream)
            return await self._client.upload(account, upload)
        except UnknownFile:
            raise DeliveryFailed(FILE_GONE) from None
        except (NotSent, Lost, StoreError):
            raise DeliveryFailed(NOT_CONNECTED, retryable=True) from None
        except Refused as refused:
            if refused.unknown:
                raise DeliveryFailed(NOT_CONNECTED, retryable=True) from None
            raise

    def _plainer(self, call: Call) -> Call | None:
        """Return a form that may pass: what `render` knows, or the address of a file that nothing takes."""
        if call.simpler is not None or call.file is None or self._file_url is None:
            return call.simpler
        return linked(call, name=call.file.name, url=self._file_url(replace(call.file)))

    def _failure(self, account: Account, address: str, refused: Refused) -> Exception:
        rule = refused.rule
        if rule.window:
            return WindowOver()
        if refused.code == VARIABLES_DIFFER:
            return TemplateDiffers()
        if refused.code is not None:
            self._troubles.note(account.name, rule, refused.code)
        wait = self._holds.refused(account.name, address, rule)
        if refused.unknown:
            return DeliveryFailed(NO_ANSWER, outcome_unknown=True)
        return DeliveryFailed(
            rule.words, retryable=refused.retryable, retry_after=wait if refused.retryable else None
        )

    def _count(self, refused: Refused) -> None:
        known = refused.code in RULES
        self._metrics.count(
            "whatsapp_refused",
            code=str(refused.code) if known else "other",
            action=refused.rule.action.value,
        )

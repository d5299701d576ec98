"""What `baton doctor` says of a WhatsApp account: what Meta knows of the number, and what to do."""

from __future__ import annotations

from bot.ports import MetricsPort
from connectors.channels.core.health import Finding
from connectors.channels.whatsapp.account import Account
from connectors.channels.whatsapp.answers import Number, Refused
from connectors.channels.whatsapp.client import Client, Lost, NotSent


async def look(account: Account, metrics: MetricsPort) -> list[Finding]:
    """Ask Meta for the number, once, and say what is found. Never raises."""
    client = Client(metrics)
    await client.start()
    try:
        number = await client.number(account)
    except NotSent:
        return [Finding(level="fail", detail=f"{account.api_url} cannot be reached", advice=_NETWORK)]
    except Lost:
        return [Finding(level="fail", detail=f"{account.api_url} did not answer", advice=_NETWORK)]
    except Refused as refused:
        detail = f"Meta refuses: HTTP {refused.status}, code {refused.code}"
        return [Finding(level="fail", detail=detail, advice=refused.rule.advice or _LOOK)]
    finally:
        await client.stop()
    return _findings(account, number)


def _findings(account: Account, number: Number) -> list[Finding]:
    name = f"{number.display_phone_number or account.phone_number_id} ({number.verified_name or 'no name'})"
    found = [Finding(level="ok", detail=f"{name}, quality {number.quality_rating.lower() or 'unknown'}")]
    if number.quality_rating.upper() in ("YELLOW", "RED"):
        found.append(Finding(level="warn", detail="Customers block or report this number", advice=_QUALITY))
    if number.code_verification_status.upper() in ("EXPIRED", "NOT_VERIFIED"):
        found.append(Finding(level="warn", detail="The number is not verified", advice=_VERIFY))
    if not account.template:
        found.append(Finding(level="warn", detail="No template for after 24 hours", advice=_TEMPLATE))
    return found


_NETWORK = "Look at the network, a firewall, and BATON_WHATSAPP_API_URL."
_LOOK = "Look at the number in WhatsApp Manager, and at its id and token in the settings."
_QUALITY = "Look at the number's quality in WhatsApp Manager; a red one may send less, and then nothing."
_VERIFY = "Verify the number in WhatsApp Manager."
_TEMPLATE = "Set BATON_WHATSAPP_TEMPLATE, or agents cannot write after 24 hours of silence."

"""What the scripted engine says in browser tests: short, sure, and the same each time."""

from __future__ import annotations

import asyncio

from bot.domain.handoff import HandoffSignal, Reason
from bot.domain.message import Choice, Draft
from bot.engine.scripted import Reply, Scene, Script

EVIL = '<img src=x onerror="window.__pwned=1">'
"""Markup that would run if it were ever taken as markup."""
LINKS = (
    "See https://shop.example/returns?a=1&b=2 or write to help@shop.example, "
    "never javascript:window.__pwned=2 or data:text/html,<b>x</b>"
)


def script() -> Script:
    """Return the script."""
    return Script(
        texts={
            "hello": _hello(),
            "person": _person(),
            "slow": _slow,
            "markup": Reply(
                messages=(Draft(text=f"Bot says {EVIL}", choices=(Choice(title=EVIL, payload="/evil"),)),)
            ),
            "links": LINKS,
            "two answers": Reply(messages=(Draft(text="First."), Draft(text="Second."))),
            "where is my order": _which(),
        },
        payloads={
            "track_order": _which(),
            "order_4521": "Order 4521 left us yesterday and arrives tomorrow.",
            "contact_human_agent": _person(),
            "evil": "Nothing happened.",
        },
        otherwise=_echo,
    )


def _hello() -> Reply:
    choices = (
        Choice(title="Track my order", payload="/track_order"),
        Choice(title="Talk to a person", payload="/contact_human_agent"),
    )
    return Reply(messages=(Draft(text="Hello! What can I do for you?", choices=choices),))


def _which() -> Reply:
    choices = (Choice(title="Order 4521", payload="/order_4521"),)
    return Reply(messages=(Draft(text="Which order do you mean?", choices=choices),))


def _person() -> Reply:
    return Reply(handoff=HandoffSignal(reason=Reason.ASKED_FOR_HUMAN))


async def _slow(scene: Scene) -> str:
    await asyncio.sleep(1.5)
    return "That took a while."


def _echo(scene: Scene) -> str:
    return f"You said: {scene.request.text}" if scene.request.text else "Thank you for the file."

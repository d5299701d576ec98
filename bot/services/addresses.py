"""Where customers write from: one person may have several addresses on a channel, and change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.customer import ChannelIdentity
from bot.ports import Tx


async def whose(
    tx: Tx,
    channel: str,
    account: str,
    address: str,
    aliases: Sequence[str] = (),
    *,
    moved: bool = False,
) -> ChannelIdentity | None:
    """Return who writes from an address, or from what the platform says is theirs as well.

    All of them lead to the same conversation from now on, so that it goes on when one is given up.

    An alias alone leads only to a conversation that is held at just that address: a phone number that
    somebody has given up is a stranger's one day, who must not read on where they stopped. `moved` says
    that the platform has told of a move of the same person.
    """
    found = await tx.identity(channel, account, address)
    others = {alias: await tx.identity(channel, account, alias) for alias in aliases if alias != address}
    for alias, other in others.items():
        if found is None and other is not None and (moved or await _held_at(tx, other, alias)):
            found = replace(other, address=address)
            await tx.put_identity(found)
    if found is not None:
        for alias, other in others.items():
            if other != (wanted := replace(found, address=alias)):
                await tx.put_identity(wanted)
    return found


async def _held_at(tx: Tx, identity: ChannelIdentity, address: str) -> bool:
    conversation = await tx.conversation(identity.conversation_id)
    return conversation is None or conversation.address == address

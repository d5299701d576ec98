"""`bot.ports.Tx`, put together from its parts; the same code runs on both databases."""

from __future__ import annotations

from bot.store.queries.agents import Agents
from bot.store.queries.conversations import Conversations
from bot.store.queries.corrections import Corrections
from bot.store.queries.customers import Customers
from bot.store.queries.feedback import Feedback
from bot.store.queries.handoffs import Handoffs
from bot.store.queries.housekeeping import Housekeeping
from bot.store.queries.inbox import Inbox
from bot.store.queries.links import Links
from bot.store.queries.lists import Lists
from bot.store.queries.media import MediaFiles
from bot.store.queries.messages import Messages
from bot.store.queries.office import Office
from bot.store.queries.outbox import Outbox
from bot.store.queries.second_factors import SecondFactors
from bot.store.queries.tasks import Tasks
from bot.store.queries.timers import Timers


class SqlTx(
    Customers,
    Conversations,
    Lists,
    Messages,
    Inbox,
    Outbox,
    Handoffs,
    Tasks,
    Timers,
    Agents,
    SecondFactors,
    Office,
    MediaFiles,
    Feedback,
    Corrections,
    Links,
    Housekeeping,
):
    """One transaction, on whatever executor it was given."""

    __slots__ = ()

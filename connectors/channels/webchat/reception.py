"""What all visitors share: the services, the key of the sessions, and the limits."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Clock
from connectors.channels.core import Intake, Media, Visits
from connectors.channels.webchat import render
from connectors.channels.webchat.limits import Doorkeeper
from connectors.channels.webchat.rooms import Rooms
from connectors.channels.webchat.verify import Sessions


@dataclass(frozen=True, kw_only=True, slots=True)
class Reception:
    """Where visitors are received."""

    intake: Intake
    visits: Visits
    media: Media
    rooms: Rooms
    door: Doorkeeper
    sessions: Sessions
    clock: Clock
    identity_secret: str
    limits: render.Limits

"""The WhatsApp Cloud API for tests: a real HTTP server that refuses what the real one refuses."""

from __future__ import annotations

from tests.fake_whatsapp.calls import Call
from tests.fake_whatsapp.courier import Courier, Webhook
from tests.fake_whatsapp.customer import Customer
from tests.fake_whatsapp.faults import Broken, Drop, Fault, Held, Lose, Refuse, Slow
from tests.fake_whatsapp.limits import Limits
from tests.fake_whatsapp.payloads import Number
from tests.fake_whatsapp.server import NUMBER, FakeWhatsApp
from tests.fake_whatsapp.shown import Option, Said, Shown

__all__ = [
    "NUMBER",
    "Broken",
    "Call",
    "Courier",
    "Customer",
    "Drop",
    "FakeWhatsApp",
    "Fault",
    "Held",
    "Limits",
    "Lose",
    "Number",
    "Option",
    "Refuse",
    "Said",
    "Shown",
    "Slow",
    "Webhook",
]

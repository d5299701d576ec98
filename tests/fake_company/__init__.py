"""A company's system for tests: a real HTTP server that keeps to openapi.yaml and fails when told to."""

from __future__ import annotations

from tests.fake_company.document import Document, document
from tests.fake_company.faults import Broken, Drop, Fault, Held, Lose, Raw, Slow
from tests.fake_company.server import TOKEN, FakeCompany

__all__ = [
    "TOKEN",
    "Broken",
    "Document",
    "Drop",
    "FakeCompany",
    "Fault",
    "Held",
    "Lose",
    "Raw",
    "Slow",
    "document",
]

"""A company's system for tests: a real HTTP server that keeps to openapi.yaml and fails when told to."""

from __future__ import annotations

from tests.fake_company.document import Document, document
from tests.fake_company.faults import Broken, Drop, Fault, Lose, Raw, Slow
from tests.fake_company.server import TOKEN, FakeCompany

__all__ = [
    "TOKEN",
    "Broken",
    "Document",
    "Drop",
    "FakeCompany",
    "Fault",
    "Lose",
    "Raw",
    "Slow",
    "document",
]

"""A company's own system, behind the REST interface that openapi.yaml describes."""

from __future__ import annotations

from connectors.customers.http.breaker import Limits
from connectors.customers.http.client import Access, Unavailable
from connectors.customers.http.directory import HttpDirectory
from connectors.customers.http.wire import AnswerInvalid, NotAuthorised

__all__ = ["Access", "AnswerInvalid", "HttpDirectory", "Limits", "NotAuthorised", "Unavailable"]

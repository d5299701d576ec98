"""The numbers at /metrics. Services count through `bot.ports.MetricsPort`; this is its adapter.

A metric is exported as `baton_<name>_total` (counted), `baton_<name>_seconds` (observed) or
`baton_<name>` (set at each look). A name that is not in the tables is exported all the same.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "messages_in": ("Customer messages accepted", ("channel",)),
    "messages_out": ("Messages to customers", ("channel", "author")),
    "turns": ("Turns by what became of them", ("outcome",)),
    "handoffs": ("Handoffs requested", ("reason",)),
    "files_in": ("Files taken in, by what they are and who sent them", ("kind", "by")),
    "ratings": ("Ratings of agents' help", ("score",)),
    "deliveries": ("Messages given to a platform", ("channel", "outcome")),
    "receipts": ("What platforms told of messages to customers", ("channel", "status")),
    "ignored": ("What platforms told that needed nothing done", ("channel", "reason")),
    "files_not_fetched": ("Tries to fetch a customer's file that failed", ("channel",)),
    "telegram_calls": ("Calls of the Bot API", ("what", "outcome")),
    "telegram_refused": ("Messages that Telegram refused, by what follows", ("action",)),
    "whatsapp_calls": ("Calls of the Cloud API", ("what", "outcome")),
    "whatsapp_refused": ("Calls that WhatsApp refused", ("code", "action")),
    "directory_calls": ("What actions asked of the company's data", ("method", "status")),
    "directory_http": ("Tries to ask the company's system", ("operation", "outcome")),
    "directory_breaker": ("Times that its circuit breaker changed to a state", ("state",)),
    "engine_cpu": ("Processor seconds spent in engine processes", ()),
    "store_cpu": ("Processor seconds spent in the store", ()),
}
DURATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "turn": ("From taking a message up to committing its answer", ()),
    "accept": ("From a request to a stored message", ()),
}
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "engine_ready": ("1 when an engine process answers", ()),
    "engine_processes": ("Engine processes that answer", ()),
    "conversations": ("Conversations by owner", ("owner",)),
    "queue_length": ("Conversations that wait for a person", ()),
    "rest_polls": ("Long polls of the REST channel that wait", ()),
    "chat_sockets": ("Web chat connections to this node", ()),
    "chat_polls": ("Web chat calls without a WebSocket that are under way", ()),
    "chat_conversations": ("Web chat addresses that somebody is at", ()),
    "live_sockets": ("Desks connected to this node", ()),
    "telegram_alarms": ("Telegram bots that an operator must see to", ()),
    "whatsapp_alarms": ("Things that an operator must see to on WhatsApp", ()),
}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Counters, durations and gauges in a registry of their own."""

    def __init__(self) -> None:
        """Begin with everything at nothing."""
        self._registry = CollectorRegistry(auto_describe=True)
        self._families: dict[str, Any] = {}
        self._children: dict[tuple[Any, ...], Any] = {}
        self._requests: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._request_count = Counter(
            "baton_http_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "baton_http_request_seconds",
            "From a request's head to its answer",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add `amount` to the counter `baton_<name>_total`."""
        self._child("counter", name, labels).inc(amount)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in `baton_<name>_seconds`."""
        self._child("histogram", name, labels).observe(seconds)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge `baton_<name>`."""
        self._child("gauge", name, labels).set(value)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request; `route` is a pattern, never a path."""
        key = (method, route, status)
        known = self._requests.get(key)
        if known is None:
            method = method if route != "none" else "any"  # methods are the caller's words there
            known = (
                self._request_count.labels(method, route, str(status)),
                self._request_seconds.labels(route),
            )
            if len(self._requests) < 1_000:
                self._requests[key] = known
        known[0].inc()
        known[1].observe(seconds)

    def export(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _child(self, kind: str, name: str, labels: dict[str, str]) -> Any:
        key = (kind, name, *labels.items())
        child = self._children.get(key)
        if child is None:
            family, names = self._family(kind, name, tuple(labels))
            child = family.labels(*(labels.get(label, "") for label in names)) if names else family
            self._children[key] = child
        return child

    def _family(self, kind: str, name: str, given: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        """Return the family and its label names: a call with other labels than the first never fails."""
        known = self._families.get(f"{kind}:{name}")
        if known is None:
            if kind == "counter":
                text, names = COUNTERS.get(name, (name, given))
                family: Any = Counter(f"baton_{name}", text, names, registry=self._registry)
            elif kind == "gauge":
                text, names = GAUGES.get(name, (name, given))
                family = Gauge(f"baton_{name}", text, names, registry=self._registry)
            else:
                text, names = DURATIONS.get(name, (name, given))
                bare = name.removesuffix("_seconds")
                family = Histogram(
                    f"baton_{bare}_seconds", text, names, buckets=_BUCKETS, registry=self._registry
                )
            known = self._families[f"{kind}:{name}"] = (family, names)
        return known

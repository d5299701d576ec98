"""What the web application is given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.http.routes import Part
from bot.ports import DialogueEngine, Store
from bot.web.demo import DemoShop
from bot.web.metrics import Metrics

Gauges = Callable[[], Awaitable[list[tuple[str, float, dict[str, str]]]]]
"""Returns (name, value, labels) for what is looked up at each request of /metrics."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebDeps:
    """The application's parts and the few settings that it has itself.

    `parts` are the channels and the desk. `proxies` is how many trusted proxies stand in front
    (their X-Forwarded-For is believed). `metrics_token` is empty when unset. `shop` is what the demo
    page shows.
    """

    store: Store
    engine: DialogueEngine
    metrics: Metrics
    public_url: str
    version: str
    parts: tuple[Part, ...] = ()
    metrics_token: str = ""
    demo: bool = False
    shop: DemoShop | None = None
    access_log: bool = True
    proxies: int = 0
    gauges: Gauges | None = None

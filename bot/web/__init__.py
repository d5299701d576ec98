"""The Sanic application: middleware, health, metrics, errors, description and landing page."""

from bot.web.application import create_app
from bot.web.deps import WebDeps
from bot.web.metrics import Metrics
from bot.web.server import WebServer

__all__ = ["Metrics", "WebDeps", "WebServer", "create_app"]

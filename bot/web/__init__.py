"""The Sanic application: middleware, health, metrics, errors, description, landing and demo page."""

from bot.web.application import create_app
from bot.web.demo import DemoShop, DemoVisitor
from bot.web.deps import WebDeps
from bot.web.metrics import Metrics
from bot.web.server import WebServer

__all__ = ["DemoShop", "DemoVisitor", "Metrics", "WebDeps", "WebServer", "create_app"]

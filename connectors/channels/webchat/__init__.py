"""Web chat: the widget on a company's pages, its WebSocket, and the way around blocked WebSockets."""

from connectors.channels.webchat.channel import WebChat
from connectors.channels.webchat.limits import ChatLimits

__all__ = ["ChatLimits", "WebChat"]

"""Baton: a self-hosted support chatbot with agent handoff."""

__version__ = "0.1.0"

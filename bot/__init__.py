"""Baton: a self-hosted support chatbot with agent handoff."""

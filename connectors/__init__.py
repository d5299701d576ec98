"""Adapters to the world outside: channels, desks and customer directories."""

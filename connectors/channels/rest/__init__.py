"""Rasa's own REST channel, so that existing clients and test tools work."""

from connectors.channels.rest.channel import RestChannel, RestLimits

__all__ = ["RestChannel", "RestLimits"]

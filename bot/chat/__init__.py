"""The terminal's way to a running server: a customer's view of the REST channel, for trying it out."""

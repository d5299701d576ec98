"""Measurements of the product as a whole; run them with `make bench`."""

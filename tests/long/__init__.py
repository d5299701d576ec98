"""Crash, fuzz and load runs against the real server; run them with `make test-long`."""

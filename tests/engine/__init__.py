"""Tests of the engine, both sides of the process boundary."""

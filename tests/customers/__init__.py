"""Tests of the ways to a company's own system."""

"""Tests of the project itself: its documents, its rules, its names."""

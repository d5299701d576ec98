"""Tests of single modules, without network or processes."""

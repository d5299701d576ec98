"""Alembic's migrations: how a database came to the schema of `tables.py`."""

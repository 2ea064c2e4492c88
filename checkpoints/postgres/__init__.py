"""Postgres: everything that lasts, in one database."""

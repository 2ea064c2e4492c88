"""Projection: the checkpoints as plain tables."""

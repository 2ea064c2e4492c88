"""Layers: what the guard puts around each call of an agent."""

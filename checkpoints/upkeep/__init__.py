"""Upkeep: what is done to whole threads once they are there."""

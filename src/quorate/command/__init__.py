"""The command `quorate`."""

from .entry import main

__all__ = ["main"]

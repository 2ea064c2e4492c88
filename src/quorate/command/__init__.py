"""The command `quorate`."""

from .app import main

__all__ = ["main"]

"""The command `quorate`."""

from .app import app as main

__all__ = ["main"]

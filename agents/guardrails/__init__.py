"""Guardrails: small checks of texts for what must not pass."""

from .finder import finder
from .hit import Hit

__all__ = ["Hit", "finder"]

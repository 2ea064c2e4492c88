"""Audit: the proof that what is stored is what was written."""

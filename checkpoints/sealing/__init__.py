"""Sealing: how what is stored is encrypted, and with which keys."""

"""Blobs: large inputs, stored once."""

"""SQLite: everything that lasts, in one file."""

"""The log: the stored form of threads, and the rules by which it grows."""

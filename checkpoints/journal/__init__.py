"""Journal: what models and tools answered, as databases keep it."""

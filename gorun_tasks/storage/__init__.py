"""How builds come into the store, and how they leave it."""

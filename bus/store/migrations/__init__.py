"""The shapes the tables have had, each a step from the one before, forwards and back."""

"""Adding runs by their addresses."""

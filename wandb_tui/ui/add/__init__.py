"""The dialog for adding runs by address."""

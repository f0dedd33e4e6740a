"""The doctor's screen."""

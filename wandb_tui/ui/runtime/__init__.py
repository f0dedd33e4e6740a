"""The dashboard's state and threads, without widgets."""

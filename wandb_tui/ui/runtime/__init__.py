"""The dashboard's state and threads, without a widget."""

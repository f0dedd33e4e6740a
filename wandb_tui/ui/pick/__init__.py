"""Picking runs from the server."""

"""Queries to the W&B API, and what its answers mean."""

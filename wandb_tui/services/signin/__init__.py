"""Signing in on any page, by meaning: read the page, decide what to do next, do it, and see what came of it."""

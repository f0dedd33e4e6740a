"""Writes text for every front end: glyphs, wrapping, durations, links, terminal sequences."""

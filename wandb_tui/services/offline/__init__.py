"""Offline runs on disk: reading their files, and uploading them with the SDK."""

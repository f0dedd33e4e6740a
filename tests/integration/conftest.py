"""Fixtures that the integration tests share."""

from sandbox_fixtures import chromium, home, http, page, sandbox
from scripts import script

__all__ = ["chromium", "home", "http", "page", "sandbox", "script"]

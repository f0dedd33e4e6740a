"""Fixtures that the integration tests share."""

from tests.integration.sandbox_fixtures import chromium, home, http, page, sandbox
from tests.integration.scripts import script

__all__ = ["chromium", "home", "http", "page", "sandbox", "script"]

"""Fixtures that the integration tests share."""

from tests.integration.sandbox_fixtures import chromium, home, http, page, sandbox
from tests.integration.scripts import script
from tests.integration.sign_in_driver import driver

__all__ = ["chromium", "driver", "home", "http", "page", "sandbox", "script"]

"""The identity hosts for the tests: each is installed once, and started once, when a test first asks for it."""

from contextlib import ExitStack

import pytest

from tests.identity.all_hosts import HOSTS
from tests.identity.front import Front
from tests.integration.sign_in_driver import driver

__all__ = ["driver", "front_of"]


@pytest.fixture(scope="session")
def front_of(request):
    """Gives the sandbox in front of which a host of this name stands."""
    fronts = {}
    with ExitStack() as stack:

        def get(name):
            if name not in fronts:
                host = HOSTS[name](request.config.cache.mkdir(name))
                stack.callback(host.close)
                fronts[name] = stack.enter_context(Front(host))
            return fronts[name]

        yield get

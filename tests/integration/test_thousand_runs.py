"""A thousand runs in the dashboard, in a real terminal, against the sandbox."""

import pytest

from tests.benchmarks.environment import benchmark_sandbox
from tests.benchmarks.thousand_runs import all_available


@pytest.mark.long
def test_a_thousand_runs_become_available_while_keys_work():
    with benchmark_sandbox() as here:
        seconds, keys = all_available(here, 1000, over=5)
    # Ten requests, a second apart, ask about all of them.
    assert seconds < 60
    assert keys.median < 0.3

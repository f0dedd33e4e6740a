"""``wandb-tui download`` of many runs, killed again and again, on a server that limits and drops connections."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess

import pytest

from tests.exported_runs import exported_run
from tests.integration.scripts import script_environment
from tests.integration.test_story import PROGRAM
from tests.stopwatch import HANG_S
from wandb_tui.sandbox import Sandbox, SandboxConfig

_CONNECTIONS = 4
_FILE = "lab/forks/{}/0000.parquet"


def trouble(dice, slow_s):
    """Answers of 429, dropped connections and answers that are cut, for some of the next requests."""
    return [
        # Slow enough for a kill to find some under way.
        f"slow:path=storage,seconds={slow_s}",
        f"rate-limit:path=storage,seconds=0.2,retry-after=0,times={dice.randint(1, 6)},after={dice.randint(0, 5)}",
        f"rate-limit:path=graphql,seconds=0.2,retry-after=0,times=1,after={dice.randint(0, 3)}",
        f"reset:path=storage,times={dice.randint(1, 4)},after={dice.randint(0, 8)}",
        f"cut:path=storage,bytes={dice.randint(1, 30_000)},times={dice.randint(1, 8)},after={dice.randint(0, 8)}",
    ]


def read_until(process, said, count):
    """Read until so many runs have ended with a message that begins so, or the output ends; how many there were."""
    seen = 0
    while seen < count and (line := process.stdout.readline()):
        told = json.loads(line)
        seen += told["state"] == "downloaded" and told["message"].startswith(said)
    return seen


@pytest.mark.parametrize(
    ("runs", "kills", "slow_s"),
    [pytest.param(24, 3, 0.3, id="24"), pytest.param(200, 8, 0.2, id="200", marks=pytest.mark.long)],
)
def test_all_arrive_right_and_no_file_twice(tmp_path, runs, kills, slow_s):
    dice = random.Random(runs)  # noqa: S311 - no secret
    folder = tmp_path / "data"
    with Sandbox(SandboxConfig(export_delay=0)) as sandbox:
        names = [f"run{number:03d}" for number in range(runs)]
        # Large enough that a kill falls into the middle of some.
        digests = {name: exported_run(sandbox, name, 3000, 10, seed=number) for number, name in enumerate(names)}
        command = [PROGRAM, "download", *(f"lab/forks/{name}" for name in names), "--to", str(folder), "--no-visit"]

        def start():
            return subprocess.Popen(
                [*command, "--json", "--until", "exists", "--timeout", "0", "--jobs", str(_CONNECTIONS)],
                env=script_environment(sandbox, tmp_path),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

        whole = {}
        for _ in range(kills):
            sandbox.set_faults(*trouble(dice, slow_s))
            with start() as process:
                read_until(process, "Downloaded", dice.randint(1, runs // kills - 2))
                process.send_signal(signal.SIGKILL)
            for name in names:
                path = folder / _FILE.format(name)
                if path.exists():
                    # A file with its final name is complete, at any moment.
                    assert hashlib.sha256(path.read_bytes()).hexdigest() == digests[name]
                    whole.setdefault(name, path.stat().st_ino)
        assert 0 < len(whole) < runs, "the kills fell into the middle"
        sandbox.set_faults(*trouble(dice, slow_s))
        with start() as process:
            assert read_until(process, "", runs) == runs
            assert process.wait(HANG_S) == 0
        found = {name: folder / _FILE.format(name) for name in names}
        assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()} == digests
        assert {name: found[name].stat().st_ino for name in whole} == whole
        assert not list(folder.rglob("*.part"))
        # At each kill some bytes were on their way, of the few files that were being fetched.
        sizes = [path.stat().st_size for path in found.values()]
        on_their_way = kills * _CONNECTIONS * max(sizes)
        assert sum(sizes) <= sandbox.stats()["export_bytes"] <= sum(sizes) + on_their_way

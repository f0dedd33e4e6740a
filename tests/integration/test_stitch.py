"""Forks with the rows of their ancestors: every row that was logged, once, and the run that logged it."""

import contextlib
import itertools
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.scripts import export_run, script_environment
from wandb_tui import RunNotFoundError, ServerError, load_history, run_tree
from wandb_tui.cli.program import cli
from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint
from wandb_tui.sandbox import Sandbox, SandboxConfig
from wandb_tui.services.disk.paths import Paths
from wandb_tui.wiring import Wiring

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        yield sandbox


@pytest.fixture
def account(sandbox, tmp_path, monkeypatch):
    for name, value in script_environment(sandbox, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    sandbox.set_faults()


def fork_run(sandbox, name, parent, step, steps, *, named_parent=None):
    """A fork with steps of its own, put on the sandbox as `wandb.init(fork_from=…)` does it."""
    context = sandbox.context
    project, _ = context.state.ensure_project("lab", "forks")
    run = context.state.create_run(project, name, None)
    context.histories.copy_until(context.state.run(project, parent), run, step)
    point = {"run_id": named_parent or parent, "step": step}
    context.state.update_run(
        run, parent=parent, fork_step=step, state="finished", config={"_wandb": {"value": {"branch_point": point}}}
    )
    log(sandbox, name, steps)
    return f"lab/forks/{name}"


def log(sandbox, name, steps):
    """Log rows whose values tell the run."""
    context = sandbox.context
    run = context.state.run(context.state.ensure_project("lab", "forks")[0], name)
    lines = [json.dumps({"_step": step, "by": f"{name}@{step}"}) for step in steps]
    context.histories.append(run, "wandb-history.jsonl", context.histories.count(run, "wandb-history.jsonl"), lines)
    sandbox.export_now(f"lab/forks/{name}")


def root_run(sandbox, name, steps):
    export_run(sandbox, name, steps=0, exported=False)
    log(sandbox, name, steps)
    return f"lab/forks/{name}"


def logged_by(table):
    """The rows as the run that the column names, the step, and the run and step that the value was logged with."""
    return [(row["_run_id"], row["_step"], row["by"]) for row in table.to_pylist()]


@st.composite
def lineages(draw):
    """Up to five generations: the steps of each, and the step at which the next one branches off."""
    generations, first = [], 0
    for _ in range(draw(st.integers(1, 5))):
        gaps = draw(st.lists(st.integers(1, 3), min_size=1, max_size=8))
        steps = [first + offset for offset in itertools.accumulate(gaps)]
        branch = draw(st.integers(0, steps[-1]))
        generations.append((steps, branch))
        first = branch
    return generations


@pytest.mark.parametrize("faults", [(), ("fork-exports-own-rows",)])
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lineage=lineages())
def test_a_tree_of_forks_equals_row_for_row_what_was_logged(sandbox, account, faults, lineage):
    sandbox.set_faults(*faults)
    tree = f"t{next(_NUMBERS)}"
    expected, run, branch = [], "", 0
    for number, (steps, next_branch) in enumerate(lineage):
        name = f"{tree}g{number}"
        if number == 0:
            run = root_run(sandbox, name, steps)
        else:
            run = fork_run(sandbox, name, f"{tree}g{number - 1}", branch, steps)
        expected = [row for row in expected if row[1] <= branch] if number else []
        expected += [(name, step, f"{name}@{step}") for step in steps]
        branch = next_branch
    assert logged_by(load_history(run, stitch=True, visit=False, timeout=20, until="exists")) == expected


def test_what_is_named_as_parent_is_asked_only_where_the_fork_lacks_its_rows(sandbox, account):
    root_run(sandbox, "seen", range(10))
    whole = fork_run(sandbox, "whole", "seen", 5, range(6, 9), named_parent="gone")
    table = load_history(whole, stitch=True, visit=False, timeout=20)
    assert table["_step"].to_pylist() == list(range(9))
    assert table["_run_id"].to_pylist() == ["gone"] * 6 + ["whole"] * 3
    sandbox.set_faults("fork-exports-own-rows")
    own = fork_run(sandbox, "own", "seen", 5, range(6, 9), named_parent="gone")
    with pytest.raises(RunNotFoundError, match="gone"):
        load_history(own, stitch=True, visit=False, timeout=20, until="exists")


def test_a_server_that_lacks_the_config_is_no_proof_that_a_run_is_no_fork(sandbox, account):
    sandbox.set_faults("fork-exports-own-rows", "no-field:name=config")
    root_run(sandbox, "before", range(10))
    fork = fork_run(sandbox, "unknown", "before", 5, range(6, 9))
    with pytest.raises(ServerError, match="does not tell where lab/forks/unknown came from"):
        load_history(fork, stitch=True, visit=False, timeout=20, until="exists")
    assert load_history(fork, visit=False, timeout=20, until="exists")["_step"].to_pylist() == [6, 7, 8]


def test_what_the_server_does_not_report_of_a_run_is_unknown_and_not_absent(sandbox, account):
    root_run(sandbox, "told", range(10))
    run = RunAddress.parse(fork_run(sandbox, "described", "told", 5, range(6, 9)))
    none = RunAddress("lab", "forks", "none")

    def record(*faults, of=run, home="home"):
        sandbox.set_faults(*faults)
        folder = account / home
        paths = Paths(folder / "config", folder / "state", folder / "log")
        with contextlib.closing(Wiring(host=sandbox.base_url, api_key=sandbox.api_key, paths=paths)) as wiring:
            return wiring.history_files.run_record(of)

    for fault in ("no-field:name=config", "no-field:name=config+summaryMetrics", "sdk-only"):
        with pytest.raises(ServerError):
            record(fault, home=fault)
        assert fault == "sdk-only" or record(fault, of=none, home=fault) is None
    whole = record()
    assert (whole.config, whole.summary) == ({}, {})
    assert whole.branch_point == BranchPoint("told", 5)
    assert record("no-field:name=summaryMetrics", home="bare") == replace(whole, summary=None)
    # It has been seen, and so noted.
    assert record("no-field:name=config") == replace(whole, config=None)
    with pytest.raises(ServerError):
        record("no-field:name=config", home="elsewhere")
    sandbox.set_faults("no-field:name=displayName+state+runs.order")
    here = {"host": sandbox.base_url, "api_key": sandbox.api_key}
    assert [(one.run.run_id, one.step) for one in run_tree(run, **here)][-1] == ("described", 5)
    sandbox.set_faults("no-field:name=config")
    with pytest.raises(ServerError, match="config"):
        run_tree(run, **here)


def test_the_command_stitches_into_one_file(sandbox, account, capfd):
    sandbox.set_faults("fork-exports-own-rows")
    root_run(sandbox, "p", range(10))
    run = fork_run(sandbox, "c", "p", 5, range(6, 12))
    arguments = ["download", run, "--to", str(account / "data"), "--stitch", "--no-visit", "--json", "--steps", "3:8"]
    for said in ("Downloaded: 5 rows, steps 3 to 7", "Already there: 5 rows, steps 3 to 7"):
        assert cli.main(arguments, prog_name="wandb-tui", standalone_mode=False) == 0
        line = json.loads(capfd.readouterr().out.splitlines()[-1])
        assert line["message"].startswith(said)
    table = pq.read_table(account / "data" / "lab" / "forks" / "c" / "history.parquet")
    assert logged_by(table) == [("p", 3, "p@3"), ("p", 4, "p@4"), ("p", 5, "p@5"), ("c", 6, "c@6"), ("c", 7, "c@7")]
    index = pq.read_table(account / "data" / "index.parquet").to_pylist()
    assert [(row["run_id"], row["parent"], row["branch_step"]) for row in index] == [("c", "p", 5)]


def test_a_run_that_is_no_fork_is_stitched_as_it_is(sandbox, account):
    run = root_run(sandbox, "alone", range(4))
    assert load_history(run, stitch=True, visit=False, timeout=20)["_run_id"].to_pylist() == ["alone"] * 4

"""The limits of control groups, as both versions of them write them down."""

from __future__ import annotations

import pytest

from wandb_tui.services.browser.control_group import GroupLimit, memory_limit, process_limit


@pytest.fixture
def group(tmp_path):
    """Writes the files of a control group below a root."""

    def write(folder, **files):
        made = tmp_path / "root" / folder
        made.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (made / name.replace("__", ".")).write_text(content)

    return write


def read(tmp_path, limit, lines):
    groups = tmp_path / "cgroup"
    groups.write_text("\n".join(lines) + "\n")
    return limit(tmp_path / "root", groups)


def test_the_least_of_a_group_and_those_above_it_counts(group, tmp_path):
    group("slurm/job/step", memory__max="max\n", memory__events="oom 9\noom_kill 9\noom_group_kill 9\n")
    group("slurm/job", memory__max="500000000\n", memory__events="low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    group("slurm", memory__max="900000000\n", memory__events="oom_kill 3\n")
    assert read(tmp_path, memory_limit, ["0::/slurm/job/step"]) == GroupLimit(500_000_000, 6)


def test_version_1_has_a_folder_for_each_controller_and_writes_no_limit_as_a_number(group, tmp_path):
    lines = ["9:memory:/box", "8:pids:/", "4:cpu,cpuacct:/", "0::/"]
    group("memory/box", memory__limit_in_bytes="250000000\n", memory__oom_control="under_oom 0\noom_kill 2\n")
    group("memory", memory__limit_in_bytes="9223372036854771712\n", memory__oom_control="oom_kill 7\n")
    group("pids", pids__max="40\n", pids__events="max 12\n")
    assert read(tmp_path, memory_limit, lines) == GroupLimit(250_000_000, 2)
    assert read(tmp_path, process_limit, lines) == GroupLimit(40, 12)


def test_no_limit_and_no_control_groups(group, tmp_path):
    group("", pids__max="max\n", pids__events="max 0\n")
    assert read(tmp_path, process_limit, ["0::/gone/from/this/container"]) == GroupLimit(None, 0)
    assert process_limit(tmp_path / "root", tmp_path / "none") == GroupLimit(None, 0)

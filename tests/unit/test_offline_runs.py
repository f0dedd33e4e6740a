"""The order in which offline runs are synced, for random trees, loops and missing parents; and their files."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import BranchPoint
from wandb_tui.core.offline_runs import OfflineFile, plan_sync
from wandb_tui.library.offline_check import compare
from wandb_tui.services.offline.record_log import RecordLogError, read_records, write_records

IDS = [f"r{number}" for number in range(12)]
ELSEWHERE = ["online", "missing"]


def run(run_id):
    return RunAddress("lab", "forks", run_id)


def file(run_id, parent="", step=0, *, first=0, last=9, started=0.0, **more):
    point = BranchPoint(parent, step) if parent else None
    more = {"branch_point": point, "metric": "_step" if parent else "", "rows": last - first + 1} | more
    return OfflineFile(Path(f"{run_id}-{started}"), run(run_id), started, first_step=first, last_step=last, **more)


def is_online(address):
    return address.run_id == "online"


# Any run may name any other as its parent, or itself, or one that has no file.
PARENTS = st.dictionaries(st.sampled_from(IDS), st.sampled_from([*IDS, *ELSEWHERE, ""]), min_size=1)


@given(PARENTS, st.randoms(use_true_random=False))
def test_parents_come_first_and_only_what_hangs_in_the_air_is_left_out(parents, random):
    files = [file(run_id, parent, started=random.random()) for run_id, parent in parents.items()]
    random.shuffle(files)
    plan = plan_sync(files, is_online)
    assert sorted(one.run_id for one in plan.runs) == sorted(parents)

    def ends(run_id):
        """The end of a run's line of parents: a run of its own, the server, nothing, or a circle."""
        seen = []
        while run_id in parents and run_id not in seen and parents[run_id]:
            seen.append(run_id)
            run_id = parents[run_id]
        return "loop" if run_id in seen else "missing" if run_id not in {*parents, "online"} else "fine"

    assert {one.run_id for one in plan.problems} == {one for one in parents if ends(one) != "fine"}
    done = set()
    for one in plan.runs.values():
        if one.run not in plan.problems:
            assert one.parent in {None, run("online")} | done
            done.add(one.run)
    shown = [address.run_id for address, _ in plan.tree()]
    assert sorted(shown) == sorted({*parents, *(parent for parent in parents.values() if parent)})


@given(st.permutations([file("p", started=2.0, first=5, last=9), file("p", started=1.0, last=4), file("q")]))
def test_pieces_of_a_run_are_in_the_order_in_which_they_began(files):
    plan = plan_sync([*files, replace(files[0], path=Path("a-copy-of-it"))])
    assert [piece.last_step for piece in plan.runs[run("p")].files] == [4, 9]
    assert plan.runs[run("p")].rows == 10


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([file("p"), file("c", "p", 10)], "It was forked at step 10, but its parent lab/forks/p ends at step 9."),
        (
            [replace(file("p"), first_step=None, last_step=None), file("c", "p")],
            "It was forked at step 0, but its parent lab/forks/p has logged nothing.",
        ),
        (
            [file("c", "missing", 3)],
            "Its parent lab/forks/missing is neither in these folders nor on the server.",
        ),
        ([file("c", "c", 3)], "It was rewound offline, which only the server could have done."),
        (
            [file("p"), file("c", "p", 1), file("c", "p", 2, started=1.0)],
            "Its files name different branch points.",
        ),
        ([file("p"), file("c", "p", 3, metric="epoch")], "It was forked at a value of epoch, not at a step."),
        ([file("c", "d", 3), file("d", "c", 3, started=1.0)], "It is its own ancestor: c ← d ← c."),
    ],
)
def test_what_cannot_be_synced_says_why(files, problem):
    assert plan_sync(files, is_online).problems[run("c")] == problem


def test_a_fork_may_begin_at_what_its_parent_has_from_its_own():
    files = [file("p", last=30), file("c", "p", 20, first=21, last=25), file("g", "c", 5, first=6, last=8)]
    assert not plan_sync(files).problems


@given(st.lists(st.binary(max_size=70_000), max_size=6), st.integers(0, 200))
def test_records_are_read_as_they_were_written_and_as_far_as_they_are_whole(tmp_path_factory, records, cut):
    path = tmp_path_factory.mktemp("records") / "run.wandb"
    write_records(path, records)
    assert list(read_records(path)) == records
    whole = path.read_bytes()
    path.write_bytes(whole[: max(7, len(whole) - cut)])
    read = list(read_records(path))
    assert read == records[: len(read)]


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "run.wandb"
    write_records(path, [b"one", b"x" * 100_000, b"three"])
    whole = bytearray(path.read_bytes())
    whole[50_000] ^= 1
    path.write_bytes(whole)
    with pytest.raises(RecordLogError, match="is damaged at byte"):
        list(read_records(path))
    for content, message in ((b"", "is empty"), (b"something else", "is not a .wandb file")):
        path.write_bytes(content)
        with pytest.raises(RecordLogError, match=message):
            list(read_records(path))


@pytest.mark.parametrize(
    ("online", "differing", "first"),
    [
        ([{"_step": 0, "a": "NaN"}, {"_step": 1, "a": 1}], 0, ""),
        ([{"_step": 0, "a": "NaN"}], 1, "Step 1 is missing online, and once offline."),
        (
            [{"_step": 0, "a": "NaN"}, {"_step": 1, "a": 2}, {"_step": 2}],
            2,
            "At step 1, a is 2 online and 1.0 offline.",
        ),
        (
            [{"_step": 0}, {"_step": 1, "a": 1}, {"_step": 1, "a": 1}],
            2,
            "At step 0, a is absent online and NaN offline.",
        ),
    ],
)
def test_histories_are_compared(monkeypatch, online, differing, first):
    rows = [{"_step": 0, "a": float("nan")}, {"_step": 1, "a": 1.0}]
    monkeypatch.setattr("wandb_tui.library.offline_check.read_rows", lambda _: iter(rows))
    found = compare(run("p"), plan_sync([file("p")]).runs, lambda *_: online)
    assert (found.differing, found.first) == (differing, first)

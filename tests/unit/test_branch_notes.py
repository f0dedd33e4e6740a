"""Notes of forks: what they add to a run's config, where the two disagree, and how they are stored."""

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_note import BranchNote, NotedBranches
from wandb_tui.core.details import OriginSource, RunOrigin
from wandb_tui.services.disk import branch_notes
from wandb_tui.services.disk.branch_notes import BranchNotes

BEGIN = datetime(2026, 11, 29, tzinfo=UTC)


def run(run_id):
    return RunAddress("lab", "forks", run_id)


def note(run_id, parent, step, kind=BranchKind.FORK, *, day=0, made=True):
    return BranchNote(run(run_id), kind, run(parent), step, BEGIN + timedelta(days=day), made)


def told(run_id, parent=None, step=None, kind=BranchKind.FORK):
    if parent is None:
        return RunOrigin(run(run_id))
    return RunOrigin(run(run_id), parent=run(parent), step=step, kind=kind, source=OriginSource.CONFIG)


def test_a_note_stands_in_for_what_the_config_has_lost():
    origin = NotedBranches([note("c", "p", 5)]).completed(told("c"))
    assert (origin.parent, origin.step, origin.kind, origin.source) == (run("p"), 5, "fork", "note")
    assert not origin.contradiction
    assert NotedBranches([note("c", "p", 5)]).completed(told("other")) == told("other")


def test_a_config_that_says_something_else_counts_and_is_contradicted():
    origin = NotedBranches([note("c", "p", 5)]).completed(told("c", "q", 7))
    assert (origin.parent, origin.step) == (run("q"), 7)
    assert origin.contradiction == (
        "The config of lab/forks/c says fork of q at step 7; a note of 2026-11-29 says fork of p at step 5."
    )
    assert not NotedBranches([note("c", "p", 5)]).completed(told("c", "p", 5)).contradiction


def test_what_is_only_seen_never_replaces_a_note_and_what_is_made_does():
    branches = NotedBranches([note("c", "p", 5)])
    assert branches.new([note("c", "q", 7, made=False), note("c", "p", 5)]) == []
    again = note("c", "q", 7)
    assert branches.new([again]) == [again]
    assert NotedBranches([note("c", "p", 5), again]).completed(told("c")).parent == run("q")


@pytest.mark.parametrize(("day", "expected"), [(-1, 200), (1, 100)])
def test_a_fork_that_was_rewound_before_its_branch_point_shares_less(day, expected):
    branches = NotedBranches([note("c", "p", 200), note("c", "c", 100, BranchKind.REWIND, day=day)])
    assert branches.completed(told("c")).step == expected


@pytest.mark.parametrize(("day", "step", "expected"), [(-1, 100, ""), (1, 100, "may differ"), (1, 300, "")])
def test_a_parent_that_was_rewound_since_is_told(day, step, expected):
    branches = NotedBranches([note("c", "p", 200), note("p", "p", step, BranchKind.REWIND, day=day)])
    contradiction = branches.completed(told("c", "p", 200)).contradiction
    assert expected in contradiction
    assert bool(contradiction) is bool(expected)


def test_notes_are_private_and_the_same_for_the_next_process(tmp_path):
    first = BranchNotes(tmp_path / "state" / "forks", "cloud")
    first.add(note("c", "p", 5))
    assert [one.source for one in first.completed([told("c"), told("seen", "p", 3)])] == ["note", "config"]
    second = BranchNotes(tmp_path / "state" / "forks", "cloud")
    assert [one.parent for one in second.completed([told("c"), told("seen")])] == [run("p"), run("p")]
    assert BranchNotes(tmp_path / "state" / "forks", "other").completed([told("c")]) == [told("c")]
    assert first.path.stat().st_mode & 0o777 == 0o600
    # Known notes are not written again.
    size = first.path.stat().st_size
    second.completed([told("c", "p", 5), told("seen", "p", 3)])
    assert first.path.stat().st_size == size


def test_a_damaged_file_is_named_and_what_can_be_read_of_it_is_used(tmp_path):
    notes = BranchNotes(tmp_path, "cloud")
    notes.add(note("c", "p", 5))
    whole = notes.path.read_text()
    damaged = f"{whole}{whole[:40]}\n[]\n\0\n"
    notes.path.write_text(damaged)
    notes = BranchNotes(tmp_path, "cloud")
    assert notes.completed([told("c")])[0].parent == run("p")
    assert str(notes.path) in notes.problem
    assert "3 of its 4 notes" in notes.problem
    notes.add(note("d", "p", 6))
    assert notes.path.with_suffix(".damaged").read_text() == damaged
    after = BranchNotes(tmp_path, "cloud")
    assert [one.step for one in after.completed([told("c"), told("d")])] == [5, 6]
    assert not after.problem


def test_no_fault_of_the_disk_keeps_a_fork_from_being_used(tmp_path):
    (tmp_path / "file").write_text("")
    notes = BranchNotes(tmp_path / "file" / "forks", "cloud")
    notes.add(note("c", "p", 5))
    assert "cannot be written" in notes.problem
    assert notes.completed([told("c", "p", 5)]) == [told("c", "p", 5)]


def test_the_file_stays_small_and_what_we_made_stays_longest(tmp_path, monkeypatch):
    monkeypatch.setattr(branch_notes, "_MAX_NOTES", 20)
    monkeypatch.setattr(branch_notes, "_KEPT_NOTES", 10)
    notes = BranchNotes(tmp_path, "cloud")
    notes.add(note("made", "p", 5))
    notes.completed([told(f"seen{number}", "p", number) for number in range(50)])
    assert len(notes.path.read_text().splitlines()) == 10
    found = BranchNotes(tmp_path, "cloud").completed([told("made"), told("seen0"), told("seen49")])
    assert [one.step for one in found] == [5, None, 49]


def _add_many(folder, name):
    notes = BranchNotes(folder, "cloud")
    for number in range(30):
        notes.add(note(f"{name}{number}", "p", number))


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_many, args=(tmp_path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = BranchNotes(tmp_path, "cloud").completed(told(f"{name}{number}") for name in "ab" for number in range(30))
    assert [one.step for one in found] == [*range(30), *range(30)]


def test_a_note_says_when_it_was_made():
    made = BranchNote.of(run("c"), BranchKind.FORK, run("p"), 5, made=True)
    assert made.repeats(replace(made, noted=BEGIN))
    assert made.noted.tzinfo is UTC

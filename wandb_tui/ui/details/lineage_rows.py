"""The lines of a run's lineage: its ancestors, the run itself, and its forks, as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len
from textual.content import Content

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.details import OriginSource, RunForks, RunOrigin
from wandb_tui.text.plain_text import clean
from wandb_tui.text.tree_lines import TreeLines
from wandb_tui.ui.details.rows import Frame, SectionPart, missing_lines

_MAX_FORKS = 50
_LINES_SHARE = 3
"""The lines before the runs take at most one of so many parts of the width."""


@dataclass(frozen=True, slots=True)
class RunLineage:
    """A run's ancestors and forks.

    Attributes:
        chain: The run and its ancestors, the oldest first; one that the server does not list has no state.
        forks: Its forks.
    """

    chain: tuple[RunOrigin, ...]
    forks: RunForks


def chain_of(run: RunAddress, known: Mapping[RunAddress, RunOrigin]) -> tuple[RunOrigin, ...]:
    """A run and its ancestors, the oldest first.

    Args:
        run: The run.
        known: The origins of all of them that the server lists.
    """
    found: dict[RunAddress, RunOrigin] = {}
    at: RunAddress | None = run
    while at is not None and at not in found:
        found[at] = known.get(at) or RunOrigin(at)
        at = found[at].parent
    return tuple(reversed(found.values()))


def lineage_lines(part: SectionPart[RunLineage], frame: Frame) -> Iterator[Content]:
    """The tree, this run in it marked; what is contradicted stands below."""
    yield from missing_lines(part, frame)
    if part.answer is None:
        return
    chain, forks = part.answer.chain, part.answer.forks
    if len(chain) == 1 and not forks.forks:
        yield frame.text("Not a fork, and not forked, as far as the server reports.", "$quiet")
    else:
        yield from _tree(chain, forks.forks[:_MAX_FORKS], frame)
    if (more := len(forks.forks) - _MAX_FORKS) > 0:
        yield frame.text(f"and {more:,} more {'fork' if more == 1 else 'forks'}", "$quiet")
    if not forks.complete:
        yield frame.text("Forks among older runs are not listed.", "$quiet")
    for origin in (*chain, *forks.forks[:_MAX_FORKS]):
        if origin.contradiction:
            yield from frame.paragraph(origin.contradiction, "$warning")


def _tree(chain: tuple[RunOrigin, ...], forks: tuple[RunOrigin, ...], frame: Frame) -> Iterator[Content]:
    by_run = {origin.run: origin for origin in (*chain, *forks)}
    below = {one.run: [other.run] for one, other in pairwise(chain)}
    run = chain[-1].run
    below[run] = [fork.run for fork in forks if fork.run != run]
    tree = TreeLines(
        [chain[0].run], lambda one: below.get(one, []), frame.width // _LINES_SHARE, ascii_look=frame.glyphs.ascii
    )
    for one, lines in tree.rows:
        text = frame.glyphs.fit(_described(by_run[one]), max(1, frame.width - cell_len(lines)))
        yield Content.assemble((lines, "$quiet"), (text, "$accent" if one == run else "$foreground"))


def _described(origin: RunOrigin) -> str:
    name, run_id = clean(origin.name, 200), clean(origin.run.run_id)
    parts = [f"{name} {run_id}" if name.strip() and name != run_id else run_id]
    if origin.step is not None:
        verb = "replayed " if origin.kind is BranchKind.REPLAY else ""
        parts.append(f"{verb}from step {origin.step:,}")
    parts += ["noted here"] if origin.source is OriginSource.NOTE else []
    parts.append(clean(origin.state, 40) or "deleted, or not visible with this API key")
    return " · ".join(parts)

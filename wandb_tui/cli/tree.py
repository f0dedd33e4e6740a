"""``wandb-tui tree``: where runs came from, and the runs that were forked from them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import columns, say
from wandb_tui.cli.json_line import JsonObject
from wandb_tui.cli.options import HOST, RUNS, build_wiring, read_runs, runs_of
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.exit_codes import ExitCode, code_of, gravest
from wandb_tui.text.plain_text import clean

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.details import RunOrigin
    from wandb_tui.library.run_tree import RunTree
    from wandb_tui.wiring import Wiring

_GAP = "  "


@click.command(
    epilog="In a deep tree ↳ marks a fork of the run above it. Exit status: 0 done; 1 a run was not found, or the "
    "server failed; else as for wait."
)
@RUNS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run.")
@click.option("--dot", is_flag=True, help="Print a graph for Graphviz.")
@HOST
def tree(runs: tuple[str, ...], as_json: bool, dot: bool, host: str | None) -> ExitCode:
    """Show where each RUN came from, and the runs that were forked from it, with the steps.

    Parents are read from the configs of all runs of the project and, where a config has lost its parent, from notes
    of forks that were made or seen on this machine. RUN may be a query, or "-" for stdin.

    \b
    Examples:
      wandb-tui tree lab/forks/abc123
      wandb-tui tree 'lab/forks/*'
      wandb-tui tree lab/forks/abc123 --dot | dot -Tsvg > forks.svg
    """
    from wandb_tui.cli.terminal import is_ascii
    from wandb_tui.cli.wait.first_answer import notice_if_unanswered

    if as_json and dot:
        raise UsageError("--json and --dot exclude one another.", "Give one of them.")
    wiring = build_wiring(host)
    try:
        texts = read_runs(runs)
        with notice_if_unanswered(wiring.server.info.base_url):
            asked = runs_of(texts, wiring)
            wiring.check_api_key()
            found, code = _look_up(asked, wiring)
        if found is not None:
            for run in found.loops:
                say(f"wandb-tui: {run} is said to be its own ancestor; the tree begins there.", err=True)
            for text in filter(None, (wiring.branch_notes.problem, *(one.contradiction for one in found))):
                say(f"wandb-tui: {text}", err=True)
            if as_json:
                _print_json(found)
            elif dot:
                _print_dot(found)
            else:
                _print_text(found, asked, ascii_look=is_ascii(wiring.settings.look, wiring.environ))
    finally:
        wiring.close()
    return code


def _look_up(asked: list[RunAddress], wiring: Wiring) -> tuple[RunTree | None, ExitCode]:
    """The tree of the runs that are found; errors about the others are printed."""
    from wandb_tui.library.run_tree import RunTree, checked

    known: dict[RunAddress, RunOrigin] = {}
    runs: list[RunAddress] = []
    codes = {ExitCode.DONE}
    projects = {
        (run.entity, run.project): [one for one in asked if one.project_path == run.project_path] for run in asked
    }
    for (entity, project), wanted in projects.items():
        try:
            known |= wiring.run_origins.of_project(entity, project)
        except WandbTuiError as error:
            codes.add(_report(error))
            continue
        for run in wanted:
            try:
                runs.append(checked(run, known))
            except WandbTuiError as error:
                codes.add(_report(error))
    return RunTree(runs, known) if runs else None, gravest(codes)


def _report(error: WandbTuiError) -> ExitCode:
    say(f"wandb-tui: {error}", err=True)
    return code_of(error)


def _print_text(tree: RunTree, asked: Sequence[RunAddress], *, ascii_look: bool) -> None:
    """Print a line for each run, below its parent; on a terminal, lines that are too long are cut."""
    from wandb_tui.text.glyphs import Glyphs
    from wandb_tui.text.tree_lines import TreeLines, room_for_lines

    glyphs, width = Glyphs(ascii=ascii_look), columns(sys.stdout)
    rows = TreeLines(tree.roots, tree.forks_of, room_for_lines(width), ascii_look=ascii_look).rows
    for run, lines in rows:
        mark = glyphs.text(f"{_GAP}← this run") if [run] == asked and len(rows) > 1 else ""
        text = lines + glyphs.text(_described(tree[run], whole_address=run in tree.roots))
        click.echo((text if width is None else glyphs.fit(text, width - len(mark))) + mark)


def _described(origin: RunOrigin, *, whole_address: bool) -> str:
    from wandb_tui.core.branch_kind import BranchKind
    from wandb_tui.core.details import OriginSource
    from wandb_tui.library.run_tree import MISSING

    parts = [str(origin.run) if whole_address else origin.run.run_id]
    if origin.step is not None:
        verb = "replayed " if origin.kind is BranchKind.REPLAY else ""
        parts.append(f"{verb}from step {origin.step}")
    # At the top of a tree this is so only in a loop.
    if origin.parent is not None and whole_address:
        parts.append(f"of {origin.parent.run_id}")
    parts += ["(noted here)"] if origin.source is OriginSource.NOTE else []
    parts += ["! contradiction"] if origin.contradiction else []
    missing = origin.state == MISSING
    parts += ["missing: deleted, or this API key may not see it"] if missing else [origin.state, clean(origin.name)]
    return _GAP.join(filter(None, parts))


def _print_json(tree: RunTree) -> None:
    for origin in tree:
        click.echo(json.dumps(origin_object(origin), ensure_ascii=False))


def origin_object(origin: RunOrigin) -> JsonObject:
    """A run and where it came from, as the fields of a JSON object."""
    return {
        "run": str(origin.run),
        "parent": str(origin.parent) if origin.parent else None,
        "step": origin.step,
        "kind": origin.kind,
        "source": origin.source,
        "contradiction": origin.contradiction or None,
        "name": origin.name or None,
        "state": origin.state,
    }


def _print_dot(tree: RunTree) -> None:
    click.echo('digraph runs {\n  rankdir="LR";\n  node [shape="box"];')
    for origin in tree:
        label = "\n".join(filter(None, (origin.run.run_id, origin.name, origin.state)))
        click.echo(f"  {_quoted(str(origin.run))} [label={_quoted(label)}];")
        if origin.parent is not None:
            edge = f"{_quoted(str(origin.parent))} -> {_quoted(str(origin.run))}"
            click.echo(f"  {edge} [label={_quoted(f'step {origin.step}')}];")
    click.echo("}")


def _quoted(text: str) -> str:
    """A string of Graphviz's language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "\\n".join(clean(line) for line in escaped.split("\n")) + '"'

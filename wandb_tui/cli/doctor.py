"""``wandb-tui doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.exit_codes import ExitCode, gravest
from wandb_tui.cli.options import HOST, build_wiring, provide_browser

if TYPE_CHECKING:
    from wandb_tui.doctor import Check


@click.command(short_help="Tell what works here and what does not.")
@click.argument("run", required=False)
@click.option("--fix", is_flag=True, help="Mend what can be mended: install a browser.")
@click.option("--yes", is_flag=True, help="Do not ask before mending.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@HOST
def doctor(run: str | None, fix: bool, yes: bool, as_json: bool, host: str | None) -> int:
    """Tell what works here and what does not; with RUN, try the whole way on it.

    \b
    Examples:
      wandb-tui doctor --fix
      wandb-tui doctor lab/forks/abc123
    """
    from wandb_tui import doctor as examination
    from wandb_tui.core.checks import summary

    wiring = build_wiring(host, anonymous_ok=True)
    address = wiring.addresses.parse(run) if run is not None else None
    if fix:
        provide_browser(yes=yes, ask=not yes)
    checks: list[Check] = []
    try:
        found = examination.examine_run(wiring, address) if address else ()
        for check in chain(examination.examine(wiring), found):
            _show_check(check, as_json=as_json)
            checks.append(check)
    finally:
        wiring.close()
    if not as_json:
        told = summary(checks, named=True)
        say(f"In all: {told}." if told else "All is well.")
    return gravest(map(_status, checks))


def _status(check: Check) -> ExitCode:
    from wandb_tui.core.checks import CheckStatus

    if check.mark is not CheckStatus.BAD:
        return ExitCode.DONE
    return ExitCode.REFUSED if check.refused else ExitCode.FAILED


_COLOURS = {"good": "green", "warning": "yellow", "bad": "red", "skipped": "cyan"}


def _show_check(check: Check, *, as_json: bool) -> None:
    from wandb_tui.core.checks import NAME_WIDTH, as_lines

    if as_json:
        import json

        click.echo(json.dumps(check.as_dict(), ensure_ascii=False))
        return
    first, *rest = as_lines(check)
    found = first.removesuffix(check.took)
    indent = NAME_WIDTH + 3
    say(click.style(found[0], fg=_COLOURS[check.mark]) + found[1:] + click.style(check.took, dim=True), hang=indent)
    for line in rest:
        say(line, hang=indent + 2 if line.lstrip().startswith("→") else indent)

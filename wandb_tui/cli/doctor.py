"""``wandb-tui doctor``: checks what works on this machine, and what to do about the rest."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import click

from wandb_tui.cli.console import say
from wandb_tui.cli.options import HOST, build_wiring, provide_browser
from wandb_tui.core.errors import ApiKeyError, ServerError, WandbTuiError
from wandb_tui.core.exit_codes import ExitCode, gravest

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.doctor import Check
    from wandb_tui.wiring import Wiring


@click.command()
@click.argument("run", required=False)
@click.option("--fix", is_flag=True, help="Fix what can be fixed: install a missing browser.")
@click.option("--yes", is_flag=True, help="Do not ask before fixing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@HOST
def doctor(run: str | None, fix: bool, yes: bool, as_json: bool, host: str | None) -> int:
    """Check what works on this machine and with this server; with RUN, check that run end to end.

    \b
    Examples:
      wandb-tui doctor --fix
      wandb-tui doctor lab/forks/abc123
    """
    from wandb_tui.core.checks import summary
    from wandb_tui.doctor import check_machine, check_run

    wiring = build_wiring(host, anonymous_ok=True)
    address, unanswered = _address_of(run, wiring)
    if fix:
        provide_browser(yes=yes, ask=not yes)
    checks: list[Check] = []
    try:
        of_run = check_run(wiring, address) if address else ()
        for check in chain(check_machine(wiring), of_run):
            _show_check(check, as_json=as_json)
            checks.append(check)
    finally:
        wiring.close()
    if not as_json:
        problems = summary(checks, named=True)
        say(f"Summary: {problems}." if problems else "All checks passed.")
    if unanswered is not None:
        raise unanswered
    return gravest(map(_status, checks))


def _address_of(run: str | None, wiring: Wiring) -> tuple[RunAddress | None, WandbTuiError | None]:
    """The address of the run, or why the server could not complete it, which the checks may explain."""
    try:
        return (wiring.addresses.parse(run) if run is not None else None), None
    except (ApiKeyError, ServerError) as error:
        return None, error


def _status(check: Check) -> ExitCode:
    from wandb_tui.core.checks import CheckStatus

    if check.status is not CheckStatus.BAD:
        return ExitCode.DONE
    return ExitCode.REFUSED if check.refused else ExitCode.FAILED


def _show_check(check: Check, *, as_json: bool) -> None:
    from wandb_tui.core.checks import NAME_CELLS, SYMBOLS, CheckStatus

    if as_json:
        import json

        click.echo(json.dumps(check.as_dict(), ensure_ascii=False))
        return
    colours = {
        CheckStatus.GOOD: "green",
        CheckStatus.WARNING: "yellow",
        CheckStatus.BAD: "red",
        CheckStatus.SKIPPED: "cyan",
    }
    indent = NAME_CELLS + 3
    took = f"  {click.style(check.took, dim=True)}" if check.took else ""
    sign = click.style(SYMBOLS[check.status], fg=colours[check.status])
    say(f"{sign} {check.name:<{NAME_CELLS}} {check.message}{took}", hang=indent)
    for line in check.details:
        say(" " * indent + line, hang=indent)
    if check.hint:
        say(f"{' ' * indent}→ {check.hint}", hang=indent + 2)

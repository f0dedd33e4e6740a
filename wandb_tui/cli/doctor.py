"""``wandb-tui doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wandb_tui.cli.options import HOST, NOT_DONE, REFUSED, build_wiring, provide_browser

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

    wiring = build_wiring(host, anonymous_ok=True)
    address = wiring.addresses.parse(run) if run is not None else None
    if fix:
        provide_browser(yes=yes, ask=not yes)
    worst = 0
    try:
        for check in examination.examine(wiring):
            _show_check(check, as_json=as_json)
            worst = max(worst, _weight(check))
        for check in examination.examine_run(wiring, address) if address else ():
            _show_check(check, as_json=as_json)
            worst = max(worst, _weight(check))
    finally:
        wiring.close()
    return worst


def _weight(check: Check) -> int:
    if check.mark != "bad":
        return 0
    return REFUSED if check.refused else NOT_DONE


_SIGNS = {"good": ("✔", "green"), "warning": ("!", "yellow"), "bad": ("✖", "red"), "skipped": ("–", "cyan")}


def _show_check(check: Check, *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(check.as_dict(), ensure_ascii=False))
        return
    sign, colour = _SIGNS[check.mark]
    took = click.style(f"  {check.seconds:.1f} s", dim=True) if check.seconds >= 0.05 else ""  # noqa: PLR2004 - shown as 0.1
    click.echo(f"{click.style(sign, fg=colour)} {check.name:<16} {check.message}{took}")
    for line in check.details:
        click.echo(f"  {'':<16} {line}")
    if check.hint:
        click.echo(f"  {'':<16} → {check.hint}")

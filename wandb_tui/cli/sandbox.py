"""``wandb-tui sandbox``: a W&B server for this machine, with faults on demand."""

from __future__ import annotations

from typing import Any

import click

from wandb_tui.cli.console import say
from wandb_tui.core.errors import UsageError, WandbTuiError


class _SandboxCommand(click.Command):
    """A command whose help ends with the names in the sandbox's own tables."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's shape
        from textwrap import fill, indent

        package = _sandbox()
        for title, names in (("KIND", package.SIGN_INS), ("NAME", package.FAULTS)):
            text = fill(", ".join(names), formatter.width - 4, break_on_hyphens=False)
            with formatter.section(title):
                formatter.write(indent(text, "  ") + "\n")
        formatter.write_paragraph()
        formatter.write_text("“--fault list” explains them all.")


@click.command(cls=_SandboxCommand)
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="A loopback address.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), metavar="PORT", help="By default, a free one.")
@click.option("--data-dir", type=click.Path(file_okay=False), help="For its data; temporary by default.")
@click.option(
    "--export-delay",
    default=3.0,
    show_default=True,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="From a visit to the export.",
)
@click.option(
    "--sign-in", "sign_in", default="one-page", show_default=True, metavar="KIND", help="The kind of sign-in page."
)
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME[:OPTION=VALUE,…]", help="A fault to simulate; may be repeated."
)
def sandbox(
    bind: str, port: int, data_dir: str | None, export_delay: float, sign_in: str, faults: tuple[str, ...]
) -> None:
    """Only the sandbox: a W&B server for this machine.

    Its first line on stdout, once it listens, is a JSON object: base_url, app_url, username, password, api_key.

    \b
    Example:
      wandb-tui sandbox --port 8080 --data-dir ./sandbox
    """
    from pathlib import Path

    sandbox_package = _sandbox()
    if "list" in {sign_in, *faults}:
        _list_variants(sandbox_package)
        return
    try:
        config = sandbox_package.SandboxConfig(
            bind=bind,
            port=port,
            data_dir=Path(data_dir) if data_dir else None,
            export_delay=export_delay,
            sign_in=sign_in,
            faults=faults,
        )
        sandbox_package.run_sandbox(config)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise WandbTuiError(f"The sandbox cannot listen at {bind}:{port}: {error.strerror or error}.") from None


def _list_variants(package: Any) -> None:
    """Print what each kind of sign-in page and each fault does, with all options and their defaults."""
    for kind, summary in package.SIGN_INS.items():
        say(f"--sign-in {kind}\n    {getattr(summary, 'summary', summary)}")
    for fault in package.FAULTS.values():
        say(f"--fault {fault.usage()}\n    {fault.summary}")


def _sandbox() -> Any:
    try:
        from wandb_tui import sandbox as package
    except ImportError as error:
        raise WandbTuiError(str(error)) from None
    return package

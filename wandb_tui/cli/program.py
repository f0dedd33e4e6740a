"""The program ``wandb-tui``: its commands, and the end of its process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click

from wandb_tui.cli.console import columns, fitted, say
from wandb_tui.cli.interruption import end_at_once_on_interrupt, ending_on_interrupt, raise_on_interrupt
from wandb_tui.cli.options import GOALS
from wandb_tui.cli.process_end import discard_output, end_process
from wandb_tui.core.errors import NO_THREAD, UsageError, WandbTuiError, internal_error
from wandb_tui.core.exit_codes import ExitCode, code_of
from wandb_tui.version import __version__

if TYPE_CHECKING:
    from types import TracebackType

_MAX_CELLS, _MIN_CELLS, _DEFAULT_CELLS = 100, 50, 80
_MIN_SIMILARITY = 0.75
PROGRAM = "wandb-tui"

_SUMMARIES = {
    "add": "Add runs to the watch list.",
    "cancel": "Stop monitoring runs of the watch list.",
    "completion": "Print a script that completes commands in your shell.",
    "demo": "The dashboard on a sandbox, no account needed.",
    "doctor": "Check what works on this machine.",
    "download": "Download runs' histories into a folder.",
    "exec": "Wait, then run a script that forks or rewinds.",
    "fork": "Fork runs once they can be forked.",
    "list": "Show the watch list.",
    "login": "Sign in once, and store it.",
    "logout": "Delete the stored sign-in.",
    "mcp": "Tools for coding agents, over MCP.",
    "notify": "Set up messengers that tell when runs end.",
    "remove": "Remove runs from the watch list.",
    "restart": "Start new attempts of runs of the watch list.",
    "sandbox": "Only the sandbox: a W&B server for this machine.",
    "serve": "The dashboard in a browser on this machine.",
    "status": "Show one run of the watch list.",
    "sync": "Sync offline runs and their forks, parents first.",
    "tree": "Show where runs came from, and their forks.",
    "wait": "Wait for runs without a screen.",
}
"""The commands that the help lists, each with its line."""

_DASHBOARD = "dashboard"
"""The command that is not listed: it needs no name."""


def _import_command(name: str) -> click.Command:  # noqa: C901, PLR0912 - one case for each command
    """The command of a name; its module is imported only now, since the help must not wait for all of them."""
    match name:
        case "add":
            from wandb_tui.cli.watch_list.edits import add as command
        case "cancel":
            from wandb_tui.cli.watch_list.edits import cancel as command
        case "completion":
            from wandb_tui.cli.completion import completion as command
        case "demo":
            from wandb_tui.cli.dashboard import demo as command
        case "doctor":
            from wandb_tui.cli.doctor import doctor as command
        case "download":
            from wandb_tui.cli.download.command import download as command
        case "exec":
            from wandb_tui.cli.exec import exec_command as command
        case "fork":
            from wandb_tui.cli.fork import fork as command
        case "list":
            from wandb_tui.cli.watch_list.listing import list_command as command
        case "login":
            from wandb_tui.cli.login import login as command
        case "logout":
            from wandb_tui.cli.login import logout as command
        case "mcp":
            from wandb_tui.cli.mcp.command import mcp as command
        case "notify":
            from wandb_tui.cli.notify import notify as command
        case "remove":
            from wandb_tui.cli.watch_list.edits import remove as command
        case "restart":
            from wandb_tui.cli.watch_list.edits import restart as command
        case "sandbox":
            from wandb_tui.cli.sandbox import sandbox as command
        case "serve":
            from wandb_tui.cli.serve import serve as command
        case "status":
            from wandb_tui.cli.watch_list.listing import status as command
        case "sync":
            from wandb_tui.cli.sync.command import sync as command
        case "tree":
            from wandb_tui.cli.tree import tree as command
        case "wait":
            from wandb_tui.cli.wait.command import wait as command
        case _:
            from wandb_tui.cli.dashboard import dashboard as command
    return command


def _help_width() -> int:
    """The width of the help, by click's own rule, without importing `shutil` as click does."""
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        columns = _DEFAULT_CELLS
    return max(min(columns or _DEFAULT_CELLS, _MAX_CELLS) - 2, _MIN_CELLS)


class _Help(click.HelpFormatter):
    """Help whose examples fit the terminal, too; click does not wrap those."""

    def getvalue(self) -> str:
        return fitted(super().getvalue(), columns(sys.stdout))


class _Context(click.Context):
    """The context of all our commands."""

    formatter_class = _Help

    @property
    def command_path(self) -> str:
        """The command as it was typed: the dashboard's has no name."""
        if self.command.name == "dashboard" and self.parent is not None:
            return self.parent.command_path
        return super().command_path


_CONTEXT = {"help_option_names": ["-h", "--help"], "terminal_width": _help_width()}


class _Commands(click.Group):
    """The commands; arguments without a command are for the dashboard: ``wandb-tui RUN``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's shape
        """The names of all commands."""
        return sorted([*_SUMMARIES, _DASHBOARD])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, imported now if it was not used before."""
        if cmd_name in self.list_commands(ctx) and cmd_name not in self.commands:
            # Ctrl-C in an import would show as a traceback or an empty line.
            with ending_on_interrupt():
                command = _import_command(cmd_name)
            command.short_help, command.context_class = _SUMMARIES.get(cmd_name), _Context
            self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's shape
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_SUMMARIES.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        host: list[str] = []
        if args[:1] == ["--host"] and args[1:2]:
            host, args = args[:2], args[2:]
        first = args[0] if args else ""
        # For shell completion the line is incomplete: it does not mean the dashboard yet.
        named = first in {*self.list_commands(ctx), "-h", "--help", "--version"} or (not args and ctx.resilient_parsing)
        if not named:
            self._check_order(ctx, args)
            self._check_for_typo(first)
            args = ["dashboard", *args]
        return super().parse_args(ctx, [*args[:1], *host, *args[1:]] if args else [])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed; an error about its options shows its usage first."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            if command is not None and command.name == "dashboard":
                error.ctx = ctx
            elif command is not None and error.ctx is None:
                error.ctx = _Context(command, info_name=command.name, parent=ctx)
            raise

    def _check_order(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse options before a command's name: the dashboard would take the name for a run's id."""
        words = args[: args.index("--")] if "--" in args else args
        typed = next((word for word in words if word in _SUMMARIES), "")
        if typed and words[0].startswith("-") and (command := self.get_command(ctx, typed)) is not None:
            raise click.UsageError(
                f"“{words[0]}” stands before “{typed}”, but the options of a command follow its name.",
                _Context(command, info_name=typed, parent=ctx),
            )

    def _check_for_typo(self, word: str) -> None:
        """Refuse a word that looks like a mistyped command, although it could be a run id."""
        from difflib import get_close_matches

        if close := get_close_matches(word, _SUMMARIES, 1, _MIN_SIMILARITY):
            raise UsageError(
                f"“{word}” is neither a command nor the address of a run: did you mean “{close[0]}”?",
                f"If a run has that id, write entity/project/{word}.",
            )

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = (self.help or "").replace("{goals}", GOALS)
        super().format_help_text(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[RUN]... [--until GOAL] [--host URL]")
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS]...", prefix="       ")


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="wandb-tui")
def cli() -> None:
    """Wait until a W&B run's history is available.

    Without a command, open the dashboard and add these runs. RUN is entity/project/run_id or the address of the run's
    page; GOAL is {goals}; URL is the W&B server.

    \b
    Examples:
      wandb-tui demo                                 see it at work, no account needed
      wandb-tui lab/forks/abc123 --until step:200    the dashboard, waiting for step 200
      wandb-tui wait lab/forks/abc123 && python fork.py
    """


cli.context_class = _Context


def run_program() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    import threading

    sys.excepthook = _print_crash
    threading.excepthook = lambda args: _print_crash(args.exc_type, args.exc_value, args.exc_traceback)
    raise_on_interrupt()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A log file in another encoding must not end a command because of a sign.
        sys.stdout.reconfigure(errors="replace")
    status = _status(lambda: cli.main(prog_name=PROGRAM, standalone_mode=False))
    # Other packages' work at exit may be interrupted, without a traceback.
    end_at_once_on_interrupt()
    end_process(status)


def _print_crash(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Print the traceback of an internal error, without the known secrets."""
    import traceback

    from wandb_tui.services.credentials.redaction import learn_from, redact

    learn_from(os.environ)
    if sys.stderr is not None:
        sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _status(command: Callable[[], object]) -> int:
    try:
        result = command()
        if sys.stdout is not None:
            # Else Python would find at its end that this fails.
            sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            _show(error)
        return ExitCode.BAD_USAGE
    except WandbTuiError as error:
        with contextlib.suppress(OSError):
            # A full disk under stderr leaves the status alone to tell.
            say(f"{PROGRAM}: {error}", err=True)
        return code_of(error)
    except OSError as error:
        return _cannot_write(error)
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            raise
        say(f"{PROGRAM}: {internal_error(error)}", err=True)
        return ExitCode.FAILED
    return result if isinstance(result, int) else ExitCode.DONE


def _cannot_write(error: OSError) -> ExitCode:
    """Report an error of the system, most often a full disk under the output, and leave without another attempt."""
    import logging

    if logging.getLogger().handlers:
        # Without a log file Python would print this.
        logging.getLogger(__name__).error("The command ended by an error of the system", exc_info=error)
    if sys.stdout is not None:
        discard_output(sys.stdout)
    if not isinstance(error, BrokenPipeError):
        what = f"{error.filename} cannot be used" if error.filename else "The output cannot be written"
        if isinstance(error, FileNotFoundError) and not error.filename:
            what = "The current folder is gone, so change to another one"
        with contextlib.suppress(OSError):
            say(f"{PROGRAM}: {what}: {error.strerror or type(error).__name__}.", err=True)
    return ExitCode.FAILED


def _show(error: click.ClickException) -> None:
    """Print click's error about a command line."""
    text = io.StringIO()
    error.show(text)
    say(text.getvalue().removesuffix("\n"), err=True)

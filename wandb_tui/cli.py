"""The commands, nothing else: each reads its options, and lets somebody else do the work.

Exit statuses: 0 done, 1 not, 2 bad usage, 3 refused; `wait` also knows 4 (timed out) and 130 (interrupted).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any, NoReturn

import click

from wandb_tui import __version__
from wandb_tui.core.errors import ApiKeyError, NoBrowserError, SignInError, UsageError, WandbTuiError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.goal import Goal
    from wandb_tui.core.ports import Identity
    from wandb_tui.doctor import Check
    from wandb_tui.signing import Entered
    from wandb_tui.ui.app import WandbTuiApp
    from wandb_tui.wiring import Wiring

NOT_DONE, BAD_USAGE, REFUSED, INTERRUPTED = 1, 2, 3, 130
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_HOST = click.option("--host", metavar="URL", help="The W&B server; else WANDB_BASE_URL, else the SDK's.")
_UNTIL = click.option(
    "--until", default="exists", show_default=True, metavar="GOAL", help="exists, v3, newer, step:200 or complete."
)


class _SandboxCommand(click.Command):
    """A command whose help ends with the names in the sandbox's own tables."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's shape
        package = _sandbox()
        for title, names in (("KIND", package.SIGN_INS), ("NAME", package.FAULTS)):
            text = fill(", ".join(names), formatter.width - 4, break_on_hyphens=False)
            with formatter.section(title):
                formatter.write(indent(text, "  ") + "\n")
        formatter.write_paragraph()
        formatter.write_text("“--fault list” explains them all.")


class _Commands(click.Group):
    """Commands, where anything else is meant for the dashboard: ``wandb-tui RUN`` needs no command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        host: list[str] = []
        if args[:1] == ["--host"] and args[2:3] and args[2] in self.commands:
            host, args = args[:2], args[2:]
        if not args or args[0] not in {*self.commands, "-h", "--help", "--version"}:
            args = ["dashboard", *args]
        return super().parse_args(ctx, [args[0], *host, *args[1:]])

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[RUN]... [--until GOAL] [--host URL]")
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS]...", prefix="       ")


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="wandb-tui")
def cli() -> None:
    """Wait until a W&B run's history is really there.

    Without a command: the dashboard, with these runs added. RUN is entity/project/run_id or the address of the run's
    page; GOAL is exists, v3, newer, step:200 or complete; URL is the W&B server's.

    \b
    Examples:
      wandb-tui demo                                 see it at work, no account needed
      wandb-tui lab/forks/abc123 --until step:200    the dashboard, waiting for step 200
      wandb-tui wait lab/forks/abc123 && python fork.py
    """


@cli.command(hidden=True)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@_UNTIL
@_HOST
def dashboard(runs: tuple[str, ...], until: str, host: str | None) -> int:
    """The dashboard."""
    from wandb_tui.core.goal import Goal
    from wandb_tui.demo import check_terminal

    goal = Goal.parse(until)
    wiring = _wiring(host)
    texts = _read_runs(runs)
    for text in texts:
        _check_address(text, wiring)
    check_terminal()
    return _open_dashboard(wiring, [(text, goal) for text in texts])


@cli.command(short_help="The dashboard on a sandbox, no account needed.")
@click.option("--yes", is_flag=True, help="Install a missing browser without asking.")
def demo(yes: bool) -> int:
    """The dashboard on a sandbox: real runs, a real browser, no account.

    Everything happens on this machine, in a temporary folder that is removed at the end.

    \b
    Example:
      wandb-tui demo
    """
    from wandb_tui.demo import check_terminal, open_demo

    check_terminal()
    return open_demo(lambda: _provide_browser(yes=yes), _open_dashboard)


@cli.command(short_help="Wait for runs without a screen.")
@click.argument("runs", nargs=-1, metavar="RUN...", required=True)
@_UNTIL
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after S seconds; 0 never. [300]")
@click.option("--interval", type=click.FloatRange(min=0.1), metavar="S", help="Seconds between two looks. [5]")
@click.option("--any", "any_run", is_flag=True, help="One run's goal is enough.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--no-visit", is_flag=True, help="Only poll; no browser, no sign-in.")
@click.option("--exec", "command", metavar="CMD", default="", help="Run CMD for each run that got there.")
@_HOST
def wait(
    runs: tuple[str, ...],
    until: str,
    timeout: float | None,
    interval: float | None,
    any_run: bool,
    as_json: bool,
    no_visit: bool,
    command: str,
    host: str | None,
) -> int:
    """Wait for runs without a screen. RUN may be "-" to read them from stdin.

    \b
    Exit status: 0 every goal met (with --any: one), 1 a run failed, 2 bad usage,
    3 sign-in or API key refused, 4 timed out, 130 interrupted.
    CMD finds WANDB_TUI_RUN, WANDB_TUI_RUN_ID and WANDB_TUI_ARTIFACT set.

    \b
    Example:
      wandb-tui wait lab/forks/abc123 --until step:200 --timeout 600 --json
    """
    from wandb_tui.core.goal import Goal
    from wandb_tui.waiting import Wish
    from wandb_tui.waiting import wait as wait_for

    goal = Goal.parse(until)
    if not all(isfinite(seconds) for seconds in (timeout, interval) if seconds is not None):
        raise UsageError("--timeout and --interval are numbers of seconds.", "--timeout 0 waits for ever.")
    wiring = _wiring(host, anonymous_ok=True)
    try:
        addresses = _addresses(_read_runs(runs), wiring)
        wiring.check_api_key()
        if not no_visit and not wiring.account.state().can_visit:
            click.echo(
                "wandb-tui: no user name and password are known, so pages are visited signed out: enough for public "
                "runs only. For others, run wandb-tui login.",
                err=True,
            )
        pace = wiring.settings.pace
        wish = Wish(
            runs=addresses,
            goal=goal,
            timeout=pace.max_wait_time if timeout is None else timeout,
            interval=pace.check_interval if interval is None else interval,
            any_run=any_run,
            as_json=as_json,
            visit=not no_visit,
            command=command,
        )
        return wait_for(wish, wiring)
    finally:
        wiring.close()


@cli.command(cls=_SandboxCommand, short_help="Only the sandbox: a W&B server for this machine.")
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="A loopback address.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Kept there; else temporary.")
@click.option(
    "--export-delay",
    default=3.0,
    show_default=True,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="From a visit to the artifact.",
)
@click.option("--sign-in", "sign_in", default="one-page", show_default=True, metavar="KIND", help="Its sign-in page.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[:OPTION=VALUE,…]", help="A way to misbehave.")
def sandbox(
    bind: str, port: int, data_dir: Path | None, export_delay: float, sign_in: str, faults: tuple[str, ...]
) -> None:
    """Only the sandbox: a W&B server for this machine.

    Its first line on stdout, once it listens, is a JSON object: base_url, app_url, username, password, api_key.

    \b
    Example:
      wandb-tui sandbox --port 8080 --data-dir ./sandbox
    """
    sandbox_package = _sandbox()
    if "list" in {sign_in, *faults}:
        _list_variants(sandbox_package)
        return
    try:
        config = sandbox_package.SandboxConfig(
            bind=bind, port=port, data_dir=data_dir, export_delay=export_delay, sign_in=sign_in, faults=faults
        )
        sandbox_package.run_sandbox(config)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise WandbTuiError(f"The sandbox cannot listen at {bind}:{port}: {error.strerror or error}.") from None


@cli.command()
@click.option("--username", metavar="NAME", help="The e-mail address or user name.")
@click.option("--password-stdin", is_flag=True, help="The password is a line on stdin.")
@click.option("--api-key-stdin", is_flag=True, help="The API key is a line on stdin, after the password.")
@click.option("--no-verify", is_flag=True, help="Keep them without trying them.")
@click.option("--window", is_flag=True, help="Sign in by hand in a visible browser: SSO, second factors.")
@click.option("--print-session", is_flag=True, help="Write the browser session to stdout, for --session-stdin.")
@click.option("--session-stdin", is_flag=True, help="Take over a session that --print-session wrote elsewhere.")
@_HOST
def login(
    username: str | None,
    password_stdin: bool,
    api_key_stdin: bool,
    no_verify: bool,
    window: bool,
    print_session: bool,
    session_stdin: bool,
    host: str | None,
) -> None:
    """Sign in once, and keep it in the system's keyring.

    \b
    Examples:
      wandb-tui login
      wandb-tui login --window --print-session | ssh cluster wandb-tui login --session-stdin
    """
    from wandb_tui import signing

    if print_session and sys.stdout.isatty():
        raise UsageError("--print-session does not write a session to a terminal.", "Pipe it to where it is needed.")

    def say(text: str) -> None:
        click.echo(text, err=print_session)

    wiring = _wiring(host)
    try:
        if session_stdin:
            signing.take_session(wiring)
        elif window:
            signing.log_in_by_hand(wiring, say=say, handing_on=print_session)
        elif not print_session or username:
            entered = _secrets(wiring, username, password_stdin=password_stdin, api_key_stdin=api_key_stdin)
            if entered is None:
                signing.try_environment(wiring, say=say)
            else:
                wiring.use(entered.credentials, entered.api_key)
                signing.log_in(wiring, entered, verify=not no_verify, say=say, handing_on=print_session)
        if print_session:
            click.echo(signing.hand_session(wiring))
    finally:
        wiring.close()


def _secrets(wiring: Wiring, username: str | None, *, password_stdin: bool, api_key_stdin: bool) -> Entered | None:
    """What the user gives to sign in with; None where the environment has it already."""
    from wandb_tui import signing
    from wandb_tui.core.ports import Source

    asked = username or password_stdin or api_key_stdin
    state = wiring.account.state()
    if not asked and Source.ENVIRONMENT in {state.password, state.api_key}:
        return None
    return signing.read_secrets(username, password_stdin=password_stdin, api_key_stdin=api_key_stdin)


@cli.command(short_help="Forget it.")
@_HOST
def logout(host: str | None) -> None:
    """Forget the password, the API key and the browser session of a server.

    \b
    Example:
      wandb-tui logout
    """
    from wandb_tui.services.vault import has_keyring

    wiring = _wiring(host)
    host_name = wiring.server.info.host
    wiring.account.forget()
    if has_keyring():
        click.echo(f"Forgotten: password, API key and browser session for {host_name}.")
    else:
        click.echo(f"Nothing is kept for {host_name} now; this machine has no keyring.")


@cli.command(short_help="Tell what works here and what does not.")
@click.argument("run", required=False)
@click.option("--fix", is_flag=True, help="Mend what can be mended: install a browser.")
@click.option("--yes", is_flag=True, help="Do not ask before mending.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@_HOST
def doctor(run: str | None, fix: bool, yes: bool, as_json: bool, host: str | None) -> int:
    """Tell what works here and what does not; with RUN, try the whole way on it.

    \b
    Examples:
      wandb-tui doctor --fix
      wandb-tui doctor lab/forks/abc123
    """
    from wandb_tui import doctor as examination

    wiring = _wiring(host, anonymous_ok=True)
    address = wiring.addresses.parse(run) if run is not None else None
    if fix:
        _provide_browser(yes=yes, ask=not yes)
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


_SIGNS = {"good": ("✔", "green"), "warning": ("!", "yellow"), "bad": ("✖", "red")}


def _show_check(check: Check, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(check.as_dict(), ensure_ascii=False))
        return
    sign, colour = _SIGNS[check.mark]
    click.echo(f"{click.style(sign, fg=colour)} {check.name:<16} {check.message}")
    if check.hint:
        click.echo(f"  {'':<16} → {check.hint}")


def dashboard_app(wiring: Wiring, runs: Sequence[tuple[str, Goal]]) -> WandbTuiApp:
    """The dashboard on these services, with these runs added."""
    from wandb_tui.services.browser.launch import has_display
    from wandb_tui.ui.app import WandbTuiApp
    from wandb_tui.ui.backend import Backend
    from wandb_tui.wiring import LateAccount

    def open_window() -> Future[Identity]:
        return wiring.visitor.sign_in_by_hand()

    settings = wiring.settings
    backend = Backend(
        server=lambda: wiring.server.info,
        host=wiring.server.shown,
        services=lambda: wiring.services(user_can_mend=True),
        account=LateAccount(wiring),
        addresses=wiring.addresses,
        store=wiring.store,
        pace=wiring.habitual(settings.pace),
        close=wiring.close,
        open_window=open_window if has_display(wiring.environ) else None,
    )
    return WandbTuiApp(backend, runs=runs, ascii_look=settings.look == "ascii", theme=settings.theme or None)


def _open_dashboard(wiring: Wiring, runs: Sequence[tuple[str, Goal]]) -> int:
    from wandb_tui.ui.terminal import run_app

    return run_app(dashboard_app(wiring, runs), wiring.paths.log_file)


def _provide_browser(*, yes: bool, ask: bool = True) -> Path:
    """The browser; where there is none, one is installed, after asking unless `yes`."""
    from wandb_tui.services.browser.driver import usable_browser
    from wandb_tui.services.browser.install import install_browser

    try:
        return usable_browser(os.environ)
    except NoBrowserError as error:
        may_ask = ask and sys.stdin.isatty() and not os.environ.get("WANDB_TUI_BROWSER")
        if not yes and not (may_ask and click.confirm(f"{error.message} Install one now?", default=True)):
            raise
    return install_browser(lambda line: click.echo(line, err=True), os.environ)


def _list_variants(package: Any) -> None:
    """What each kind of sign-in page and each fault does, with all options and their defaults."""
    for kind, summary in package.SIGN_INS.items():
        click.echo(f"--sign-in {kind}\n    {getattr(summary, 'summary', summary)}")
    for fault in package.FAULTS.values():
        click.echo(f"--fault {fault.usage()}\n    {fault.summary}")


def _sandbox() -> Any:
    try:
        from wandb_tui import sandbox as package
    except ImportError as error:
        raise WandbTuiError(str(error)) from None
    return package


def _wiring(host: str | None, *, anonymous_ok: bool = False) -> Wiring:
    from wandb_tui.services.logs import log_to
    from wandb_tui.wiring import Wiring

    wiring = Wiring(host=host, anonymous_ok=anonymous_ok)
    log_to(wiring.paths.log_file)
    return wiring


def _read_runs(runs: Sequence[str]) -> list[str]:
    """The runs as typed; "-" stands for those on stdin, separated by white space."""
    texts: list[str] = []
    for run in runs:
        texts.extend(sys.stdin.read().split() if run == "-" else [run])
    return texts


def _check_address(text: str, wiring: Wiring) -> None:
    """Refuse what cannot be an address before the screen opens; only what is pasted or looks wrong needs the SDK."""
    from wandb_tui.core.address import RunAddress

    if "://" not in text:
        try:
            RunAddress.parse(text, entity="entity", project="project")
        except UsageError:
            pass
        else:
            return
    wiring.addresses.parse(text)


def _addresses(texts: Sequence[str], wiring: Wiring) -> list[RunAddress]:
    if not texts:
        raise UsageError("No run is given.", "Give entity/project/run_id, or the address of the run's page.")
    return list(dict.fromkeys(wiring.addresses.parse(text) for text in texts))


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    sys.exit(_status(lambda: cli.main(standalone_mode=False)))


def _status(command: Callable[[], object]) -> int:
    try:
        result = command()
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except WandbTuiError as error:
        click.echo(f"wandb-tui: {error}", err=True)
        return BAD_USAGE if isinstance(error, UsageError) else REFUSED if _refused(error) else NOT_DONE
    return result if isinstance(result, int) else 0


def _refused(error: WandbTuiError) -> bool:
    return isinstance(error, SignInError | ApiKeyError)

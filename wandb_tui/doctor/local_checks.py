"""Checks of this machine and the server; they need no run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from wandb_tui.core.account import AccountState, Source
from wandb_tui.core.checks import Check, CheckStatus, Fix, PendingCheck
from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.core.feed_watch import MIN_RUNS
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.doctor.report import Finding, run_check
from wandb_tui.doctor.terminal import check_terminal, terminal_facts
from wandb_tui.services.disk.paths import existing_parent, record_lock_problem, write_problem
from wandb_tui.text.terminals import TerminalFacts

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring

_PACKAGES = ("wandb", "textual", "playwright", "keyring", "cryptography")
_TRIGGERED_BY = {
    ExportTrigger.WAITING: "exports start by themselves",
    ExportTrigger.API_QUERY: "an API query",
    ExportTrigger.VISIT: "a visit to the run's page",
}


def check_machine(wiring: Wiring) -> Iterator[Check]:
    """Run the checks that need no run, one after the other."""
    for check in pending_checks(wiring, terminal_facts()):
        yield check.run()


def pending_checks(wiring: Wiring, terminal: TerminalFacts | None) -> list[PendingCheck]:
    """The checks that need no run; they may be run in any order, or at the same time.

    Args:
        wiring: The services.
        terminal: The facts about the terminal; None without one.
    """
    finders: tuple[tuple[str, Callable[[Wiring], Finding]], ...] = (
        ("versions", _versions),
        ("files", _files),
        ("terminal", lambda _: check_terminal(terminal)),
        ("browser", _browser),
        ("keyring", _keyring),
        ("server", _server),
        ("API key", _api_key),
        ("browser sign-in", _account),
        ("export trigger", _export_trigger),
        ("project feeds", _feeds),
        *([("notifications", _notifications)] if wiring.settings.notify.services else []),
    )
    return [PendingCheck(name, partial(run_check, name, partial(find, wiring))) for name, find in finders]


def _versions(_: Wiring) -> Finding:
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("wandb-run-monitor", *_PACKAGES))
    return Finding(CheckStatus.GOOD, f"{packages}; Python {platform.python_version()} on {platform.system()}")


def _files(wiring: Wiring) -> Finding:
    paths = wiring.paths
    where = f"settings {paths.settings_file}, state {paths.state}, log {paths.log_file}"
    problems = {folder: write_problem(existing_parent(folder)) for folder in (paths.state, paths.log)}
    if lost := [f"{folder} ({problem.strerror})" for folder, problem in problems.items() if problem is not None]:
        hint = "Make them writable and free some space, or set XDG_STATE_HOME to another folder."
        return Finding(CheckStatus.WARNING, f"{where}; nothing can be saved in {', '.join(lost)}", hint)
    if (problem := record_lock_problem(existing_parent(paths.state))) is not None:
        hint = "Open only one dashboard at a time, or set XDG_STATE_HOME to a local folder."
        return Finding(
            CheckStatus.WARNING, f"{where}; files in {paths.state} cannot be locked ({problem.strerror})", hint
        )
    return Finding(CheckStatus.GOOD, where)


def _browser(wiring: Wiring) -> Finding:
    from wandb_tui.services.browser.discovery import find_browser
    from wandb_tui.services.browser.driver import driver_problem

    # If WANDB_TUI_BROWSER names a missing browser, an installed one would not be used.
    install = Fix.NOTHING if wiring.environ.get("WANDB_TUI_BROWSER") else Fix.BROWSER
    try:
        path = find_browser(wiring.environ)
    except NoBrowserError as error:
        return Finding(CheckStatus.BAD, error.message, error.hint, fix=install)
    try:
        version = wiring.visitor.start_browser().result()
    except NoBrowserError as error:
        problem = driver_problem()
        fix = install if problem and problem.library else Fix.NOTHING
        return Finding(CheckStatus.BAD, error.message, error.hint, fix=fix)
    return Finding(CheckStatus.GOOD, f"{path} starts, version {version}")


def _keyring(wiring: Wiring) -> Finding:
    from wandb_tui.core.errors import KeyringError

    try:
        name = wiring.vault.check()
    except KeyringError as error:
        fix = Fix.NOTHING if wiring.account.state().can_visit else Fix.SIGN_IN
        return Finding(CheckStatus.WARNING, error.message, error.hint, fix=fix)
    return Finding(CheckStatus.GOOD, f"{name} stores and returns secrets")


def _server(wiring: Wiring) -> Finding:
    info = wiring.server.info
    where = f"API {info.base_url}, pages {info.app_url}"
    if names := wiring.extra_headers.names:
        where += f", with the extra header{'s' * (len(names) > 1)} {', '.join(names)}"
    if lacking := wiring.schema_gaps.names:
        where += f"; remembered as lacking {', '.join(lacking)}, which is now asked for again"
    wiring.schema_gaps.forget()
    client = wiring.client()
    try:
        reply = client.execute("query Viewer { viewer { id } }", {})
    finally:
        client.close()
    if reply.problem in {None, ProbeOutcome.UNAUTHORIZED}:
        return Finding(CheckStatus.GOOD, where)
    return Finding(
        CheckStatus.BAD, f"{where}: {reply.message}", "Check --host or WANDB_BASE_URL, the network and the proxy."
    )


def _api_key(wiring: Wiring) -> Finding:
    source = wiring.account.state().api_key
    if problem := wiring.account.state().api_key_problem:
        return Finding(CheckStatus.BAD, problem, fix=Fix.SIGN_IN)
    if source is Source.NONE:
        where = f"{wiring.server.info.app_url}/authorize"
        return Finding(
            CheckStatus.WARNING,
            "none; only public runs can be watched",
            f"Get one at {where}, then run wandb-tui login.",
            fix=Fix.SIGN_IN,
        )
    return Finding(CheckStatus.GOOD, f"from {_SOURCES[source]}, accepted, belongs to {wiring.key_owner()}")


def _account(wiring: Wiring) -> Finding:
    state = wiring.account.state()
    if refusal := wiring.refusal:
        return Finding(CheckStatus.BAD, refusal.message, refusal.hint, fix=Fix.SIGN_IN)
    if state.saved_session:
        return _session(wiring, state)
    if state.password is Source.NONE:
        return Finding(
            CheckStatus.WARNING,
            "no sign-in is stored; only public pages can be visited",
            "Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW.",
            fix=Fix.SIGN_IN,
        )
    return Finding(CheckStatus.GOOD, f"password of {state.username} from {_SOURCES[state.password]}")


def _session(wiring: Wiring, state: AccountState) -> Finding:
    user = state.username or "this user"
    if problem := wiring.vault.session_problem(state.username):
        found = f"the stored session of {user} {problem}"
        if state.keyring_problem:
            return Finding(CheckStatus.WARNING, found, "See the check of the keyring.")
        again = (
            "The next sign-in replaces it."
            if state.password is not Source.NONE
            else "Run wandb-tui logout, then sign in again."
        )
        return Finding(CheckStatus.WARNING, found, again, fix=Fix.SESSION)
    where = "encrypted on disk" if wiring.vault.session_on_disk(state.username) else "in memory only"
    return Finding(CheckStatus.GOOD, f"a session of {user} is stored, {where}")


_SOURCES = {
    Source.ENVIRONMENT: "the environment",
    Source.IDENTITY: "the identity token of WANDB_IDENTITY_TOKEN_FILE",
    Source.NETRC: "~/.netrc",
    Source.KEYRING: "the keyring",
    Source.MEMORY: "this session's memory",
    Source.NONE: "nowhere",
}


def _export_trigger(wiring: Wiring) -> Finding:
    profile = wiring.export_profiles.read()
    if profile is None:
        return Finding(CheckStatus.SKIPPED, "unknown; run wandb-tui doctor RUN")
    return Finding(
        CheckStatus.GOOD, f"{describe(profile)}, as observed before (saved in {wiring.export_profiles.path})"
    )


def _feeds(wiring: Wiring) -> Finding:
    record = wiring.feed_record
    if (until := record.valid_until) is None or not (reason := record.read()):
        return Finding(CheckStatus.GOOD, f"used once {MIN_RUNS} or more runs are waiting")
    hint = f"They are tried again after {until:%Y-%m-%d}, or once {record.path} is deleted."
    return Finding(CheckStatus.WARNING, f"not used; each run is probed instead: {reason}", hint)


def describe(profile: ExportProfile) -> str:
    """An export profile as a clause."""
    return f"{_TRIGGERED_BY[profile.trigger]}; the export appeared after {profile.seconds:.0f} s"


def _notifications(wiring: Wiring) -> Finding:
    from wandb_tui.services.push import NotificationServices

    names = wiring.settings.notify.services
    if problems := NotificationServices(names, wiring.environ).problems():
        return Finding(CheckStatus.WARNING, " ".join(problems))
    return Finding(CheckStatus.GOOD, f"{', '.join(names)}: try them with wandb-tui notify test")

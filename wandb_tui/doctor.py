"""``wandb-tui doctor``: what works here and what does not, in checks that each say what to do."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from typing import TYPE_CHECKING

from wandb_tui.core.errors import ApiKeyError, NoBrowserError, SignInError, WandbTuiError
from wandb_tui.core.ports import Source
from wandb_tui.core.probe import Answer
from wandb_tui.core.state import State
from wandb_tui.services.redact import redact

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.wiring import Wiring

_PACKAGES = ("wandb", "textual", "playwright", "keyring", "cryptography")
_EXPORT_PATIENCE = 120.0
_ALONE = 5.0
_NOT_BEFORE = "was not there before"
_BY_ITSELF = "came without a visit"


class Mark(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        name: What was looked at.
        mark: How it came out.
        message: What was found; without secrets.
        hint: What to do, or empty.
        seconds: How long the looking took.
        refused: Whether the server refused a secret.
    """

    name: str
    mark: Mark
    message: str
    hint: str = ""
    seconds: float = 0.0
    refused: bool = False

    def as_dict(self) -> dict[str, object]:
        """This check for ``--json``."""
        return {**asdict(self), "mark": self.mark.value, "seconds": round(self.seconds, 3)}


Finding = tuple[Mark, str, str]


def examine(wiring: Wiring) -> Iterator[Check]:
    """Look at everything that does not need a run, one check at a time."""
    looks: tuple[tuple[str, Callable[[Wiring], Finding]], ...] = (
        ("versions", _versions),
        ("files", _files),
        ("terminal", _terminal),
        ("browser", _browser),
        ("keyring", _keyring),
        ("server", _server),
        ("API key", _api_key),
        ("browser sign-in", _account),
    )
    for name, look in looks:
        yield _look(name, look, wiring)


def examine_run(wiring: Wiring, run: RunAddress) -> Iterator[Check]:
    """Try the whole way on one run: is it there, can we sign in, does a visit load it, and does an export come."""
    before = _look("export before", lambda w: _probe(w, run), wiring)
    yield before
    if before.mark is Mark.BAD:
        return
    signed_in = _look("signing in", _sign_in, wiring)
    yield signed_in
    if signed_in.mark is Mark.BAD:
        return
    there = _NOT_BEFORE not in before.message
    if not there:
        alone = _look("waiting alone", lambda w: _alone(w, run), wiring)
        yield alone
        there = _BY_ITSELF in alone.message
    visited = _look("run page", lambda w: _visit(w, run), wiring)
    yield visited
    # An export that was there already says nothing of what the visit did.
    if visited.mark is not Mark.BAD and not there:
        yield _look("export after", lambda w: _export(w, run), wiring)


def _look(name: str, look: Callable[[Wiring], Finding], wiring: Wiring) -> Check:
    started = time.monotonic()
    try:
        mark, message, hint = look(wiring)
        refused = False
    except WandbTuiError as error:
        mark, message, hint = Mark.BAD, error.message, error.hint
        refused = isinstance(error, ApiKeyError | SignInError)
    return Check(name, mark, message, hint, time.monotonic() - started, refused)


def _versions(_: Wiring) -> Finding:
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("wandb-run-monitor", *_PACKAGES))
    return Mark.GOOD, f"{packages}; Python {platform.python_version()} on {platform.system()}", ""


def _files(wiring: Wiring) -> Finding:
    paths = wiring.paths
    return Mark.GOOD, f"settings {paths.settings_file}, state {paths.state}, log {paths.log_file}", ""


def _terminal(_: Wiring) -> Finding:
    if not sys.stdout.isatty():
        return Mark.GOOD, "none here; the dashboard needs one, wandb-tui wait does not", ""
    size = os.get_terminal_size()
    encoding = sys.stdout.encoding or "unknown"
    found = f"{size.columns}×{size.lines}, {os.environ.get('TERM', 'unknown')}, {encoding}"
    if "utf" not in encoding.lower():
        return Mark.WARNING, found, 'Symbols need UTF-8; set look = "ascii" in settings.toml.'
    return Mark.GOOD, found, ""


def _browser(wiring: Wiring) -> Finding:
    from wandb_tui.services.browser.driver import usable_browser

    path = usable_browser(wiring.environ)
    try:
        command = [str(path), "--version"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        raise NoBrowserError(
            f"{path} does not start.", "Install another one, and name it in WANDB_TUI_BROWSER."
        ) from None
    return Mark.GOOD, f"{done.stdout.strip()} ({path})", ""


def _keyring(wiring: Wiring) -> Finding:
    from wandb_tui.core.errors import KeyringError

    try:
        wiring.vault.check()
    except KeyringError as error:
        return Mark.WARNING, error.message, error.hint
    return Mark.GOOD, "works", ""


def _server(wiring: Wiring) -> Finding:
    info = wiring.server.info
    where = f"API {info.base_url}, pages {info.app_url}"
    client = wiring.client()
    try:
        reply = client.ask("query Viewer { viewer { id } }", {})
    finally:
        client.close()
    if reply.problem in {None, Answer.REFUSED}:
        return Mark.GOOD, where, ""
    return Mark.BAD, f"{where}: {reply.message}", "Check --host or WANDB_BASE_URL, the network and the proxy."


def _api_key(wiring: Wiring) -> Finding:
    from wandb_tui.signing import whose_key

    source = wiring.account.state().api_key
    if source is Source.NONE:
        where = f"{wiring.server.info.app_url}/authorize"
        return Mark.WARNING, "none; only public runs can be watched", f"Get one at {where}, then wandb-tui login."
    return Mark.GOOD, f"from {_SOURCES[source]}, accepted, belongs to {whose_key(wiring)}", ""


def _account(wiring: Wiring) -> Finding:
    state = wiring.account.state()
    if state.saved_session:
        return Mark.GOOD, f"a session of {state.username or 'this user'} is kept, encrypted", ""
    if state.password is Source.NONE:
        return (
            Mark.WARNING,
            "no user name and password are known; only public pages can be visited",
            ("Run wandb-tui login, or set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW."),
        )
    return Mark.GOOD, f"password of {state.username} from {_SOURCES[state.password]}", ""


_SOURCES = {
    Source.ENVIRONMENT: "the environment",
    Source.NETRC: "~/.netrc",
    Source.KEYRING: "the keyring",
    Source.MEMORY: "memory, for this session",
    Source.NONE: "nowhere",
}


def _probe(wiring: Wiring, run: RunAddress) -> Finding:
    probe = wiring.prober.probe(run).result()
    match probe.answer:
        case Answer.THERE if probe.artifact:
            return Mark.GOOD, f"v{probe.artifact.version} of {run.collection} was there before", ""
        case Answer.ABSENT:
            return Mark.GOOD, f"{run.collection} {_NOT_BEFORE}", ""
        case _:
            return Mark.BAD, probe.message, ""


def _alone(wiring: Wiring, run: RunAddress) -> Finding:
    """Whether an export comes without a visit: by itself, or from the API query that was made before."""
    time.sleep(_ALONE)
    probe = wiring.prober.probe(run).result()
    match probe.answer:
        case Answer.THERE if probe.artifact:
            message = f"v{probe.artifact.version} {_BY_ITSELF}: within {_ALONE:.0f} s of an API query"
            return Mark.GOOD, message, ""
        case Answer.ABSENT:
            return Mark.GOOD, f"an API query and {_ALONE:.0f} s of waiting started no export that is there yet", ""
        case _:
            return Mark.WARNING, probe.message, ""


def _sign_in(wiring: Wiring) -> Finding:
    identity = wiring.visitor.sign_in().result()
    if identity.anonymous:
        return Mark.WARNING, "signed out: public runs only", "Run wandb-tui login."
    return Mark.GOOD, f"signed in as {identity.username}", ""


def _visit(wiring: Wiring, run: RunAddress) -> Finding:
    visit = wiring.visitor.visit(run).result()
    asked = f"; it asked: {'; '.join(visit.operations)}" if visit.operations else "; it asked nothing that was seen"
    return Mark.GOOD, redact(f"loaded in {visit.seconds:.1f} s ({visit.evidence}{asked})"), ""


def _export(wiring: Wiring, run: RunAddress) -> Finding:
    from wandb_tui.group import MonitorGroup

    with MonitorGroup(wiring=wiring, visit=False, check_interval=1.0, max_wait_time=_EXPORT_PATIENCE) as group:
        result = group.wait(group.add(run))
    if result.state is State.AVAILABLE:
        return Mark.GOOD, f"{result.artifact_name} came {result.wait_time:.0f} s after the visit", ""
    return Mark.BAD, f"no export within {_EXPORT_PATIENCE:.0f} s of the visit: {result.error_message}", ""

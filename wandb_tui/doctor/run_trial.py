"""The end-to-end check of one run: sign in, visit its page, wait for an export, and find out what triggered it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from wandb_tui.core.checks import Check, CheckStatus, PendingCheck
from wandb_tui.core.export_profile import ExportProfile, ExportTrigger
from wandb_tui.doctor.cancel_token import CancelToken
from wandb_tui.doctor.export_trial import ExportTrial, TrialTimeouts
from wandb_tui.doctor.local_checks import describe
from wandb_tui.doctor.report import Finding, run_check, skipped_check

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.probe import Probe
    from wandb_tui.wiring import Wiring


def check_run(wiring: Wiring, run: RunAddress, timeouts: TrialTimeouts | None = None) -> Iterator[Check]:
    """Run the end-to-end check of one run, step by step.

    Args:
        wiring: The services.
        run: The run.
        timeouts: How long to wait for exports.
    """
    for step in RunTrial(wiring, run, timeouts).checks:
        yield step.run()


class RunTrial:
    """The steps of the check, each of which depends on those before; implements `ui.runtime.ports.CheckSequence`."""

    def __init__(
        self, wiring: Wiring, run: RunAddress, timeouts: TrialTimeouts | None = None, *, watched: bool = False
    ) -> None:
        """Prepare; no request is sent yet.

        Args:
            wiring: The services.
            run: The run.
            timeouts: How long to wait for exports.
            watched: Whether a monitor is watching the run, which may trigger an export as well.
        """
        self._wiring = wiring
        self._run = run
        self._watched = watched
        self._token = CancelToken()
        self._signed_out = self._loaded = False
        self._trial = ExportTrial(
            lambda: self._token.result(wiring.prober.probe(run, coverage=True)),
            timeouts or TrialTimeouts(),
            clock_offset=lambda: _clock_offset(wiring),
            sleep=self._token.sleep,
        )

    @property
    def checks(self) -> list[PendingCheck]:
        """The steps, in order."""
        steps: tuple[tuple[str, Callable[[str], Check]], ...] = (
            ("sign-in page", self._always(self.sign_in_page)),
            ("signing in", self._sign_in_step),
            ("waiting only", self._unless_watched(self.wait_alone)),
            ("existing export", self._always(self.existing_export)),
            ("API query", self._unless_watched(self.query)),
            ("run page", self._if_signed_in(self.visit, "not signed in")),
            ("new export", self._if_signed_in(self.new_export, "the page was not opened")),
            ("export trigger", self._unless_watched(self.conclude)),
        )
        return [PendingCheck(name, partial(step, name)) for name, step in steps]

    def cancel(self) -> None:
        """End the current step soon, and every later one immediately."""
        self._token.cancel()

    # When a step is run

    def _always(self, find: Callable[[], Finding]) -> Callable[[str], Check]:
        return lambda name: run_check(name, find)

    def _sign_in_step(self, name: str) -> Check:
        check = run_check(name, self.sign_in)
        self._signed_out = check.status is CheckStatus.BAD
        return check

    def _if_signed_in(self, find: Callable[[], Finding], reason: str) -> Callable[[str], Check]:
        return lambda name: skipped_check(name, reason) if self._signed_out else run_check(name, find)

    def _unless_watched(self, find: Callable[[], Finding]) -> Callable[[str], Check]:
        reason = "the run is being watched, so its monitor may trigger the export"
        return lambda name: skipped_check(name, reason) if self._watched else run_check(name, find)

    # Signing in

    def sign_in_page(self) -> Finding:
        """The form on the sign-in page, for a browser that is signed out; the trial begins here."""
        self._trial.begin()
        seen = self._token.result(self._wiring.visitor.inspect_sign_in_page())
        asks = (
            f"asks for {' and '.join(seen.asks_for)}" if seen.asks_for else "shows no form that wandb-tui understands"
        )
        status = f" (HTTP {seen.status})" if seen.status else ""
        message = f"{seen.url}{status} {asks}; nothing was typed"
        if seen.problem:
            return Finding(
                CheckStatus.WARNING, message, f"The password would not be typed there: {seen.problem}.", seen.outline
            )
        return Finding(CheckStatus.GOOD if seen.asks_for else CheckStatus.WARNING, message, "", seen.outline)

    def sign_in(self) -> Finding:
        """Sign the browser in."""
        identity = self._token.result(self._wiring.visitor.sign_in())
        if identity.anonymous:
            return Finding(CheckStatus.WARNING, "signed out: public runs only", "Run wandb-tui login.")
        how = "the password was submitted once" if identity.by_password else "the stored session is still valid"
        return Finding(CheckStatus.GOOD, f"signed in as {identity.username}; {how}")

    # The API's reports

    def wait_alone(self) -> Finding:
        """Whether there is an export without any request about the run."""
        trial = self._trial
        trial.wait_alone()
        if not trial.answered:
            return self._unknown_without_api()
        # The wait began with the sign-in page, so this step itself takes less time.
        seconds = f"{trial.alone_for:.0f} s"
        if trial.observed:
            return Finding(CheckStatus.GOOD, f"v{trial.observed.version} appeared within {seconds} without a visit")
        return Finding(CheckStatus.GOOD, f"no new version in {seconds} without a visit")

    def existing_export(self) -> Finding:
        """The export before the trial."""
        trial = self._trial
        if self._watched:
            trial.probe_first()
        trial.check(trial.first)
        run = trial.first.run
        state = f"; the run is {run.state}" if run and run.state else ""
        last = f", last step {run.last_step}" if run and run.last_step is not None else ""
        if trial.version_before is None:
            return Finding(CheckStatus.GOOD, f"{self._run.collection} did not exist{state}{last}")
        created = trial.version_before.created
        made = f", created {created:%Y-%m-%d %H:%M:%S} UTC" if created else ""
        version = f"v{trial.version_before.version} of {self._run.collection} existed{made}"
        return Finding(CheckStatus.GOOD, f"{version}; it {_holds(trial.first)}{state}{last}")

    def query(self) -> Finding:
        """Whether an API query with the key triggers an export."""
        trial = self._trial
        if not trial.answered:
            return self._unknown_without_api()
        if trial.observed:
            return Finding(CheckStatus.SKIPPED, f"unknown: v{trial.observed.version} appeared before the query")
        if trial.nothing_new:
            return Finding(CheckStatus.SKIPPED, "unknown: there is nothing new to export")
        trial.wait_after_query()
        trial.check(trial.last)
        queried = "the API was queried for the run, its artifact and its parquetHistory"
        if trial.observed:
            return Finding(
                CheckStatus.GOOD,
                f"v{trial.observed.version} appeared {trial.observed.seconds:.0f} s after {queried}",
            )
        return Finding(CheckStatus.GOOD, f"no export within {trial.timeouts.query:.0f} s after {queried}")

    # The visit

    def visit(self) -> Finding:
        """Open the run's page, and list what it requests."""
        self._trial.page_opens()
        visit = self._token.result(self._wiring.visitor.visit(self._run))
        self._trial.page_loaded()
        self._loaded = True
        title = f"“{visit.title}” " if visit.title else ""
        silent = "" if visit.operations else "; no API query was seen"
        queries = tuple(f"queried {operation}" for operation in visit.operations)
        return Finding(
            CheckStatus.GOOD, f"{title}loaded in {visit.seconds:.1f} s ({visit.evidence}{silent})", "", queries
        )

    def new_export(self) -> Finding:
        """Whether an export followed the visit."""
        trial = self._trial
        if not trial.answered:
            return self._unknown_without_api()
        if trial.observed:
            return Finding(CheckStatus.SKIPPED, f"unknown: v{trial.observed.version} appeared before the visit")
        began = time.monotonic()
        trial.wait_after_visit(loaded=self._loaded)
        trial.check(trial.last)
        newer = "newer " if trial.version_before else ""
        if trial.observed:
            return Finding(
                CheckStatus.GOOD,
                f"{newer}v{trial.observed.version} appeared {trial.since_opened:.0f} s after the page was opened",
            )
        if trial.nothing_new:
            return Finding(CheckStatus.GOOD, "no newer export: there was nothing new to export")
        if not self._loaded:
            return Finding(
                CheckStatus.WARNING,
                f"no {newer}export; the page did not load the run, so the check did not wait for one",
            )
        within = f"no {newer}export within {time.monotonic() - began:.0f} s after the visit"
        return Finding(CheckStatus.BAD if trial.due else CheckStatus.WARNING, within)

    # The conclusion

    def conclude(self) -> Finding:
        """The finding about the cause of the export, which is saved for the monitors if it is known."""
        trial = self._trial
        if trial.observed is None:
            return self._no_export()
        profile = ExportProfile(trial.observed.trigger, trial.observed.seconds)
        evidence = {
            ExportTrigger.WAITING: "Someone else may have opened the page or queried the API.",
            ExportTrigger.API_QUERY: f"There was no export in {trial.alone_for:.0f} s without a query.",
            ExportTrigger.VISIT: (
                f"There was none in {trial.alone_for:.0f} s of waiting, nor within {trial.timeouts.query:.0f} s after "
                "an API query; if exports take longer here, the query may have triggered it."
            ),
        }[profile.trigger]
        return Finding(CheckStatus.GOOD, f"{describe(profile)}. {evidence} {self._save(profile)}")

    def _no_export(self) -> Finding:
        trial = self._trial
        if not trial.answered:
            return self._unknown_without_api()
        if trial.version_before is None:
            tried = "waiting, an API query and a visit" if self._loaded else "waiting and an API query"
            return Finding(CheckStatus.WARNING, f"unknown: {tried} triggered no export")
        return Finding(
            CheckStatus.WARNING,
            f"unknown: v{trial.version_before.version} existed before, and no newer one followed",
            "Try a run whose page has not been opened yet.",
        )

    @staticmethod
    def _unknown_without_api() -> Finding:
        return Finding(CheckStatus.SKIPPED, "unknown: the API did not report what exists")

    def _save(self, profile: ExportProfile) -> str:
        path = self._wiring.export_profiles.path
        try:
            self._wiring.export_profiles.write(profile)
        except OSError as error:
            return f"This could not be saved in {path} ({error.strerror})."
        return f"Saved in {path}; monitors use it from their next start."


def _holds(probe: Probe) -> str:
    complete = probe.coverage.complete if probe.coverage else None
    if complete is None:
        return "may or may not be complete: the server does not report it"
    return "is complete" if complete else "lacks the newest steps"


def _clock_offset(wiring: Wiring) -> timedelta | None:
    """The seconds, to a second, by which the server's clock is ahead of ours; the query does not mention the run."""
    client = wiring.client()
    try:
        reply = client.execute("query Viewer { viewer { id } }", {})
    finally:
        client.close()
    return reply.date - datetime.now(UTC) if reply.date else None

"""The whole way on one run: can we sign in, does a visit load it, does an export come, and what started it."""

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
from wandb_tui.doctor.local_checks import in_words
from wandb_tui.doctor.report import Finding, look, skipped

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.core.probe import Probe
    from wandb_tui.wiring import Wiring


def examine_run(wiring: Wiring, run: RunAddress, patience: TrialTimeouts | None = None) -> Iterator[Check]:
    """Try the whole way on one run, one check after the other.

    Args:
        wiring: The services.
        run: The run.
        patience: How long to wait for exports.
    """
    for step in RunTrial(wiring, run, patience).looks:
        yield step.do()


class RunTrial:
    """The steps, each of which finds something; fulfils `ui.runtime.ports.CheckSequence`."""

    def __init__(
        self, wiring: Wiring, run: RunAddress, patience: TrialTimeouts | None = None, *, watched: bool = False
    ) -> None:
        """Know the run; nothing is asked yet.

        Args:
            wiring: The services.
            run: The run.
            patience: How long to wait for exports.
            watched: Whether a monitor is at work on it meanwhile, which may start an export as well.
        """
        self._wiring = wiring
        self._run = run
        self._watched = watched
        self._leave = CancelToken()
        self._nobody_signed_in = self._loaded = False
        self._trial = ExportTrial(
            lambda: self._leave.result(wiring.prober.probe(run, coverage=True)),
            patience or TrialTimeouts(),
            server_ahead=lambda: _server_ahead(wiring),
            sleep=self._leave.sleep,
        )

    @property
    def looks(self) -> list[PendingCheck]:
        """The steps, each of which needs those before it."""
        steps: tuple[tuple[str, Callable[[str], Check]], ...] = (
            ("sign-in page", self._finds(self.sign_in_page)),
            ("signing in", self._signs_in),
            ("waiting alone", self._tells_starter(self.wait_alone)),
            ("export before", self._finds(self.export_before)),
            ("API query", self._tells_starter(self.query)),
            ("run page", self._needs_somebody(self.visit, "nobody is signed in")),
            ("export", self._needs_somebody(self.export_after, "no page was opened")),
            ("what starts one", self._tells_starter(self.conclude)),
        )
        return [PendingCheck(name, partial(step, name)) for name, step in steps]

    def give_up(self) -> None:
        """Let the step under way end soon, and every later one at once."""
        self._leave.give_up()

    # How the steps hang together

    def _finds(self, find: Callable[[], Finding]) -> Callable[[str], Check]:
        return lambda name: look(name, find)

    def _signs_in(self, name: str) -> Check:
        check = look(name, self.sign_in)
        self._nobody_signed_in = check.mark is CheckStatus.BAD
        return check

    def _needs_somebody(self, find: Callable[[], Finding], why: str) -> Callable[[str], Check]:
        return lambda name: skipped(name, why) if self._nobody_signed_in else look(name, find)

    def _tells_starter(self, find: Callable[[], Finding]) -> Callable[[str], Check]:
        why = "a monitor here asks about the run and visits it meanwhile"
        return lambda name: skipped(name, why) if self._watched else look(name, find)

    # Signing in

    def sign_in_page(self) -> Finding:
        """What the sign-in page shows to somebody who is not signed in. With it the trial begins."""
        self._trial.begin()
        seen = self._leave.result(self._wiring.visitor.inspect_sign_in_page())
        asks = f"asks for {' and '.join(seen.asks_for)}" if seen.asks_for else "shows no form that is understood"
        status = f" (HTTP {seen.status})" if seen.status else ""
        message = f"{seen.url}{status} {asks}; nothing was typed"
        if seen.problem:
            return Finding(
                CheckStatus.WARNING, message, f"No password would be typed there: {seen.problem}.", seen.outline
            )
        return Finding(CheckStatus.GOOD if seen.asks_for else CheckStatus.WARNING, message, "", seen.outline)

    def sign_in(self) -> Finding:
        """As whom the browser is signed in."""
        identity = self._leave.result(self._wiring.visitor.sign_in())
        if identity.anonymous:
            return Finding(CheckStatus.WARNING, "signed out: public runs only", "Run wandb-tui login.")
        how = "the password was submitted once" if identity.by_password else "the kept session is still good"
        return Finding(CheckStatus.GOOD, f"signed in as {identity.username}; {how}")

    # What the API tells

    def wait_alone(self) -> Finding:
        """Whether an export comes while nobody asks."""
        trial = self._trial
        trial.wait_alone()
        if not trial.answered:
            return Finding(CheckStatus.SKIPPED, "cannot be told: the API did not say what there is")
        # The wait has begun with the sign-in page: this step itself takes less.
        waited = f"{trial.alone_for:.0f} s from the sign-in page on, in which nothing asked about the run"
        if trial.came:
            return Finding(CheckStatus.GOOD, f"v{trial.came.version} came by itself, within {waited}")
        return Finding(CheckStatus.GOOD, f"nothing new came in {waited}")

    def export_before(self) -> Finding:
        """What was there before anything was done."""
        trial = self._trial
        if self._watched:
            trial.ask_first()
        trial.check(trial.first)
        run = trial.first.run
        state = f"; the run is {run.state}" if run and run.state else ""
        last = f", last step {run.last_step}" if run and run.last_step is not None else ""
        if trial.before is None:
            return Finding(CheckStatus.GOOD, f"{self._run.collection} was not there before{state}{last}")
        made = f", made {trial.before.created:%Y-%m-%d %H:%M:%S} UTC" if trial.before.created else ""
        was = f"v{trial.before.version} of {self._run.collection} was there before{made}"
        return Finding(CheckStatus.GOOD, f"{was}; it {_holds(trial.first)}{state}{last}")

    def query(self) -> Finding:
        """Whether asking the API with the key starts an export."""
        trial = self._trial
        asked = "the run, its artifact and its parquetHistory were asked for with the API key"
        if not trial.answered:
            return Finding(CheckStatus.SKIPPED, "cannot be told: the API did not say what there is")
        if trial.came:
            return Finding(
                CheckStatus.SKIPPED, f"cannot be told: v{trial.came.version} had come before anything was asked"
            )
        if trial.nothing_new:
            return Finding(CheckStatus.SKIPPED, "cannot be told: there is nothing new to export")
        trial.wait_after_query()
        trial.check(trial.last)
        if trial.came:
            return Finding(
                CheckStatus.GOOD, f"v{trial.came.version} was there {trial.came.seconds:.0f} s after {asked}"
            )
        return Finding(CheckStatus.GOOD, f"no export within {trial.patience.query:.0f} s after {asked}")

    # The visit

    def visit(self) -> Finding:
        """What the run's page shows, and what it asks."""
        self._trial.page_opens()
        visit = self._leave.result(self._wiring.visitor.visit(self._run))
        self._trial.page_loaded()
        self._loaded = True
        title = f"“{visit.title}” " if visit.title else ""
        asked = "" if visit.operations else "; no API query of it was seen"
        asks = tuple(f"asked {operation}" for operation in visit.operations)
        return Finding(CheckStatus.GOOD, f"{title}loaded in {visit.seconds:.1f} s ({visit.evidence}{asked})", "", asks)

    def export_after(self) -> Finding:
        """Whether an export came after the visit."""
        trial = self._trial
        if not trial.answered:
            return Finding(CheckStatus.SKIPPED, "cannot be told: the API did not say what there is")
        if trial.came:
            return Finding(CheckStatus.SKIPPED, f"not waited for: v{trial.came.version} had come before the visit")
        began = time.monotonic()
        trial.wait_after_visit(loaded=self._loaded)
        trial.check(trial.last)
        newer = "newer " if trial.before else ""
        if trial.came:
            return Finding(
                CheckStatus.GOOD,
                f"{newer}v{trial.came.version} was there {trial.since_opened:.0f} s after the page was opened",
            )
        if trial.nothing_new:
            return Finding(CheckStatus.GOOD, "no newer export: there was nothing new to export")
        if not self._loaded:
            return Finding(
                CheckStatus.WARNING, f"no {newer}export; the page did not load the run, so none was waited for"
            )
        within = f"no {newer}export within {time.monotonic() - began:.0f} s after the visit"
        return Finding(CheckStatus.BAD if trial.due else CheckStatus.WARNING, within)

    # What follows from it all

    def conclude(self) -> Finding:
        """What started the export, as far as that can be told; it is kept for the monitors."""
        trial = self._trial
        if trial.came is None:
            return self._nothing_came()
        habit = ExportProfile(trial.came.starter, trial.came.seconds)
        sure = {
            ExportTrigger.WAITING: "It may as well have been somebody else who opened the page or asked.",
            ExportTrigger.API_QUERY: f"It had not come in {trial.alone_for:.0f} s without any.",
            ExportTrigger.VISIT: (
                f"It had not come in {trial.alone_for:.0f} s without anything, nor within "
                f"{trial.patience.query:.0f} s after an API query; where exports take longer than that, the query may "
                "have started it all the same."
            ),
        }[habit.starter]
        return Finding(CheckStatus.GOOD, f"{in_words(habit)}. {sure} {self._keep(habit)}")

    def _nothing_came(self) -> Finding:
        trial = self._trial
        if not trial.answered:
            return Finding(CheckStatus.SKIPPED, "cannot be told: the API did not say what there is")
        if trial.before is None:
            tried = "waiting, an API query and a visit" if self._loaded else "waiting and an API query"
            return Finding(CheckStatus.WARNING, f"cannot be told: {tried} brought no export")
        return Finding(
            CheckStatus.WARNING,
            f"cannot be told: v{trial.before.version} was there before, and no newer one came",
            "Try it on a run whose page nobody has opened yet.",
        )

    def _keep(self, habit: ExportProfile) -> str:
        path = self._wiring.habits.path
        try:
            self._wiring.habits.write(habit)
        except OSError as error:
            return f"That could not be kept in {path} ({error.strerror})."
        return f"Kept in {path}; monitors go by it from their next start."


def _holds(probe: Probe) -> str:
    complete = probe.coverage.complete if probe.coverage else None
    if complete is None:
        return "may or may not hold all that was logged: the server does not tell"
    return "holds all that was logged" if complete else "does not hold the newest steps"


def _server_ahead(wiring: Wiring) -> timedelta | None:
    """By how much the server's clock is ahead of ours, to a second; asked without a word about the run."""
    client = wiring.client()
    try:
        reply = client.execute("query Viewer { viewer { id } }", {})
    finally:
        client.close()
    return reply.date - datetime.now(UTC) if reply.date else None

"""The checks of ``wandb-tui doctor`` as a screen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.core.address import RunAddress
from wandb_tui.core.checks import Check, CheckStatus, Fix, PendingCheck, report, summary
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import run_path
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.doctor.rows import CheckRow, check_lines
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.runtime.app_context import app_context
from wandb_tui.ui.runtime.ports import CheckSequence, Doctor
from wandb_tui.ui.runtime.session import Session

log = logging.getLogger(__name__)

T = TypeVar("T")

_SPINNER_INTERVAL_S = 0.25
"""Seconds between two frames of the spinner."""

_LOCAL, _TRIAL = "local", "trial"


class DoctorScreen(Dialog[None]):
    """Shows a row for each check, filled in as the checks end. Closing the screen cancels the others."""

    PLACES = (Scope.DOCTOR,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    class InstallProgress(Message):
        """A line of progress from the installation of a browser."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, session: Session, doctor: Callable[[], Doctor], run: RunAddress | None, glyphs: Glyphs) -> None:
        super().__init__()
        self._session = session
        self._doctor = doctor
        self._run = run
        self._glyphs = glyphs
        self._entries: dict[str, list[CheckRow]] = {_LOCAL: [], _TRIAL: []}
        self._trial: CheckSequence | None = None
        self._installing = self._signing_in = False
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        """The list and the buttons."""
        with Vertical(classes="dialog"):
            with Horizontal(id="doctor-head"):
                yield Static("Doctor", classes="dialog-title")
                yield Static(id="doctor-status", markup=False)
            yield self._list
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Fix", "doctor.fix", id="fix", disabled=True)
                yield KeyButton("Check again", "doctor.recheck", id="recheck")
                yield KeyButton("Test run", "doctor.try_run", id="try_run", disabled=self._run is None)
                yield KeyButton("Copy", "doctor.copy", id="copy")
                yield KeyButton("Close", "doctor.close", id="close")

    def on_mount(self) -> None:
        """Run the local checks at once."""
        self._list.focus()
        self.set_interval(_SPINNER_INTERVAL_S, self._spin)
        self._check_locally()

    def on_unmount(self) -> None:
        """Cancel the end-to-end check."""
        self._cancel_trial()

    def on_resize(self) -> None:
        """Wrap the rows to the new width."""
        self.call_after_refresh(self._draw)

    def on_screen_resume(self) -> None:
        """Check again after the sign-in screen."""
        if self._signing_in:
            self._signing_in = False
            self._check_locally()

    # Running checks

    def _check_locally(self) -> None:
        self.run_worker(self._run_local_checks(), exclusive=True, group=_LOCAL)

    async def _run_local_checks(self) -> None:
        """Run all at the same time, so that a slow check does not delay the others."""
        facts = app_context(self).terminal_facts
        checks = await self._in_thread(lambda: self._doctor().local_checks(facts))
        if checks is None:
            return
        self._begin(_LOCAL, checks)
        await asyncio.gather(*(self._do(entry) for entry in self._entries[_LOCAL]))

    async def _try_run(self, run: RunAddress) -> None:
        """Run the end-to-end check, step by step."""
        row = self._session.watch_list.get(run)
        watched = row is not None and row.active
        self._trial = await self._in_thread(lambda: self._doctor().run_trial(run, watched=watched))
        if self._trial is None:
            return
        self._begin(_TRIAL, self._trial.checks)
        last = self._highlighted
        for number, entry in enumerate(self._entries[_TRIAL]):
            # The cursor follows the steps until the user moves it.
            if self._highlighted == last:
                last = f"{_TRIAL}:{number}"
                self._list.highlighted = self._list.get_option_index(last)
            await self._do(entry)

    async def _in_thread(self, ask: Callable[[], T]) -> T | None:
        """The result from another thread; None where that failed, which is shown."""
        try:
            return await asyncio.to_thread(ask)
        except Exception as error:
            # The doctor looks at what is broken: nothing of that may end the dashboard.
            log.exception("A check has failed")
            self.show_error(str(error) or f"A check has failed ({type(error).__name__}; see the log)")
            return None

    async def _do(self, entry: CheckRow) -> None:
        entry.began = self._session.now
        self._redraw([entry])
        check = await self._in_thread(entry.pending.run)
        entry.check = check or Check(entry.pending.name, CheckStatus.SKIPPED, "could not be checked")
        self._redraw([entry])
        self._update_summary()

    def _begin(self, section: str, checks: Sequence[PendingCheck]) -> None:
        self.show_error("")
        self._entries[section] = [CheckRow(pending) for pending in checks]
        self._draw()

    def _cancel_trial(self) -> None:
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None

    # Drawing

    def _draw(self) -> None:
        """Draw everything again, with the cursor where it was."""
        before = self._highlighted
        self._list.clear_options()
        for section, entries in self._entries.items():
            if section == _TRIAL and entries and self._run is not None:
                title = self._glyphs.text(f"End-to-end check of {run_path(self._run)}")
                self._list.add_option(Option(Content.styled(f"\n{title}", "bold $primary"), disabled=True))
            for number, entry in enumerate(entries):
                self._list.add_option(Option(self._content(entry), id=f"{section}:{number}"))
        if before and any(option.id == before for option in self._list.options):
            self._list.highlighted = self._list.get_option_index(before)
        elif self._list.option_count:
            self._list.highlighted = 0
        self._update_summary()

    def _redraw(self, entries: Iterable[CheckRow]) -> None:
        for entry in entries:
            for section, shown in self._entries.items():
                if entry in shown:
                    key = f"{section}:{shown.index(entry)}"
                    self._list.replace_option_prompt(key, self._content(entry))

    def _content(self, entry: CheckRow) -> Content:
        width = self._list.scrollable_content_region.width - 2
        unfolded = entry is self._entry
        return check_lines(entry, self._glyphs, width, self._session.now, unfolded=unfolded)

    def _spin(self) -> None:
        self._redraw(entry for entry in self._all if entry.busy)

    def _update_summary(self) -> None:
        """Update the summary, and whether the row under the cursor can be fixed."""
        self._spin()
        checks = [entry.check for entry in self._all if entry.check]
        left = len(self._all) - len(checks)
        status = ", ".join(filter(None, (f"{left} pending" if left else "", summary(checks)))) or "all checks passed"
        self.query_one("#doctor-status", Static).update(Content.styled(status, "$quiet"))
        entry = self._entry
        self.query_one("#fix", Button).disabled = entry is None or not entry.fix

    @property
    def _all(self) -> list[CheckRow]:
        return [entry for entries in self._entries.values() for entry in entries]

    @property
    def _highlighted(self) -> str:
        index = self._list.highlighted
        return (self._list.get_option_at_index(index).id or "") if index is not None else ""

    @property
    def _entry(self) -> CheckRow | None:
        """The entry under the cursor."""
        section, _, number = self._highlighted.partition(":")
        entries = self._entries.get(section, [])
        return entries[int(number)] if number and int(number) < len(entries) else None

    @on(OptionList.OptionHighlighted)
    def _cursor_moved(self) -> None:
        self._redraw(entry for entry in self._all if entry.check and entry.check.details)
        self._update_summary()

    # Actions

    def action_recheck(self) -> None:
        """Run the local checks again, but not the end-to-end check."""
        self._check_locally()

    def action_try_run(self) -> None:
        """Run the end-to-end check of the run."""
        if self._run is None:
            self.show_error("There is no run to test: add one first.")
            return
        self._cancel_trial()
        self.run_worker(self._try_run(self._run), exclusive=True, group=_TRIAL)

    async def action_sign_in(self) -> None:
        """Open the sign-in dialog."""
        self._signing_in = True
        await self.app.run_action("app.open_sign_in")

    def action_copy(self) -> None:
        """Copy the results so far."""
        checks = [entry.check for entry in self._all if entry.check]
        copied = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
        app_context(self).copy(report(checks), f"Report of {copied} copied", timeout=3)

    async def action_fix(self) -> None:
        """Fix the problem in the row under the cursor."""
        entry = self._entry
        match entry.fix if entry is not None else Fix.NOTHING:
            case Fix.SIGN_IN:
                await self.action_sign_in()
            case Fix.BROWSER if entry is not None:
                detail = "Playwright's Chromium, or the system's. The installation continues if you close the doctor."
                self._ask_first("Install a browser?", detail, "Install", lambda: self._install(entry))
            case Fix.SESSION:
                detail = "The next visit signs in again if a password is stored."
                self._ask_first("Delete the browser session?", detail, "Delete", self._delete_session)
            case _:
                self.app.notify("This cannot be fixed here", timeout=3, markup=False)

    def _ask_first(self, question: str, detail: str, yes: str, do: Callable[[], Coroutine[None, None, None]]) -> None:
        from wandb_tui.ui.common.confirm import Confirm

        def answered(sure: bool | None) -> None:
            if sure:
                # A worker of the app: closing this screen does not stop it.
                self.app.run_worker(do())

        self.app.push_screen(Confirm(question, self._glyphs.text(detail), yes=yes, no="Not now"), answered)

    async def _install(self, entry: CheckRow) -> None:
        if self._installing:
            return
        self._installing, entry.progress = True, "installing…"
        self._redraw([entry])
        try:
            await asyncio.to_thread(lambda: self._doctor().install_browser(self._post_progress))
        except (WandbTuiError, OSError, RuntimeError) as error:
            self.app.notify(clean(str(error), 400), title="No browser", severity="error", timeout=15, markup=False)
        else:
            self.app.notify("Browser installed", markup=False)
        self._installing, entry.progress = False, ""
        self._recheck()

    def _post_progress(self, line: str) -> None:
        self.post_message(self.InstallProgress(line))

    def on_doctor_screen_install_progress(self, message: InstallProgress) -> None:
        """Show the newest line of progress."""
        installing = [entry for entry in self._all if entry.fix is Fix.BROWSER or entry.progress]
        if self._installing:
            for entry in installing:
                entry.progress = message.text
        self._redraw(installing)

    async def _delete_session(self) -> None:
        await self._in_thread(lambda: self._doctor().forget_session())
        self._recheck()

    def _recheck(self) -> None:
        if self.is_attached:
            self._check_locally()

    @on(OptionList.OptionSelected)
    async def _chosen(self) -> None:
        await self.action_fix()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "fix":
            self.set_focus(self._list)
        await self.run_action(f"screen.{ {'close': 'dismiss'}.get(event.button.id or '', event.button.id) }")

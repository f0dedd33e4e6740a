"""The application: it owns the threads, hears the monitors, and knows how to begin and how to leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from textual.actions import ActionParseResult
from textual.command import Provider
from textual.dom import DOMNode
from textual.events import Event, InputEvent, Resize

from wandb_tui.core.account import AccountState
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.goal import Goal
from wandb_tui.core.notice import EventKind, Notice
from wandb_tui.core.schedule import Clock
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.add.preview import AddEffect, AddOptions, summary
from wandb_tui.ui.app.notifications import EndedRuns, Notification, notification
from wandb_tui.ui.app.notifiers import HookFailed, enabled_notifiers
from wandb_tui.ui.app.screens import import_screens
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.app.too_small import LEAST_HEIGHT, LEAST_WIDTH, TooSmall
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.event_pump import EventPump
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.runtime.store_writer import ListChanged, ListLoaded, LogLoaded, StoreFailed, StoreRecovered

log = logging.getLogger(__name__)

T = TypeVar("T")

_BEGIN, _BEGIN_EVERY = 25, 0.03
"""How many of the restored attempts begin at a time, and how many seconds later the next ones."""

_HUNG_UP = 129
"""The exit status of who has lost the terminal: that of the signal for it."""

# Whoever ends us, or closes the terminal, gets it back in order: with its cursor, and without our mouse.
_ENDINGS = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
_KEYRING_WITHIN = 5.0
_GATHER_S, _NOTIFICATION_INTERVAL_S = 0.4, 5.0
"""Runs that end within this time share a notification, and the next one waits until the toast of the last is gone:
otherwise hundreds of runs would cover the screen with toasts."""
_LEAVE_WITHIN = 0.6


def _palette() -> type[Provider]:
    from wandb_tui.ui.app.palette import ActionCommands

    return ActionCommands


class WandbTuiApp(ThemedApp):
    """The dashboard of wandb-tui. Its return value is the exit status."""

    TITLE = "wandb-tui"
    CSS_PATH = Path(__file__).with_name("app.tcss")  # so that a subclass elsewhere finds it too
    BINDINGS = [*bindings(Scope.ANYWHERE), ("ctrl+c", "ask_quit", "Quit")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    COMMANDS = {_palette}  # noqa: RUF012

    def __init__(
        self,
        backend: Backend,
        *,
        runs: Sequence[str | tuple[str, Goal]] = (),
        goal: Goal = Goal(),  # noqa: B008 - frozen
        ascii_look: bool = False,
        links: bool = False,
        theme: str | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__(Glyphs(ascii_look, links), theme, backend.into_tmux)
        self._backend = backend
        self._given = [(run, None) if isinstance(run, str) else run for run in runs]
        self._goal = goal
        self._threads = DaemonPool("wandb-tui")
        self._ended_runs = EndedRuns()
        self._notifiers = enabled_notifiers(self, backend)
        self._notification_due, self._notified_at = False, -_NOTIFICATION_INTERVAL_S
        self._leaving = False
        self._problem = ""
        self.account: AccountState | None = None
        self.app_url = ""
        self.session = Session(backend, self._spawn, self.post_message, clock)
        # Until it is known with what to ask: without a key the server would refuse, and the attempt were lost.
        self.session.watch_list.hold_starts()
        self.event_pump = EventPump(self.session, self.set_timer, self._paint)

    # Beginning

    async def on_load(self) -> None:
        """Before anything else: whatever runs off this thread gets a thread of its own."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._threads)
        for number in _ENDINGS:
            # Not on Windows, nor where the app runs beside something else that owns the signals.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._leave, 128 + number)
        self.session.store_writer.start()

    def get_default_screen(self) -> Dashboard:
        """The dashboard."""
        self.dashboard = Dashboard(self.session, self.glyphs, self._goal)
        return self.dashboard

    def on_mount(self) -> None:
        """Show first, then fetch what takes longer."""
        self.set_interval(1, self._tick)
        self.set_keymap(self.session.keys.keymap)
        if complaints := self.session.keys.complaints:
            log.warning("Of the keys in the settings: %s", " ".join(complaints))
            self.notify(clean(" ".join(complaints), 600), title="Keys", severity="warning", timeout=15, markup=False)

    def on_list_loaded(self, message: ListLoaded) -> None:
        """The rows on disk come first; then what the command line names, then the services."""
        self.session.restore(message.rows, message.view)
        self.take_back_appearance()
        self._ended_runs.ignore(self.session.watch_list)
        self.dashboard.loaded()
        self.call_after_refresh(self._start_up)

    def _start_up(self) -> None:
        self.run_worker(self._add_given())
        self.run_worker(self._bring_in())
        self.set_timer(_KEYRING_WITHIN, self._stop_holding)

    async def _bring_in(self) -> None:
        """Import what takes long: first what a key may open, then, with the server's addresses, the SDK.

        One after the other, and with no garbage collected meanwhile: before Python 3.12 threads that import at the same
        time can wait for each other for good, where what a collection calls imports something as well.
        """
        gc.disable()
        try:
            await self.off_thread(import_screens)
            await self._learn_server()
        finally:
            gc.enable()
        for start in (self._learn_account, self._build_services):
            self.run_worker(start())

    def _start_held(self) -> None:
        """Let some of the attempts begin: hundreds of threads that start at once would keep keys from being heard."""
        if not self._leaving and self.session.start_held(_BEGIN):
            self.set_timer(_BEGIN_EVERY, self._start_held)

    async def off_thread(self, ask: Callable[[], T]) -> T:
        """Call what may block, on another thread."""
        return await asyncio.to_thread(ask)

    async def _add_given(self) -> None:
        given: list[AddEffect] = []
        terms = AddOptions(self._goal, self._backend.poll_policy)
        for text, goal in self._given:
            try:
                run = await self.off_thread(lambda text=text: self._backend.addresses.parse(text))  # type: ignore[misc]
            except WandbTuiError as error:
                self.complain(f"{clean(text, 80)}: {error}", title="Not added")
            else:
                given.append(one := self.session.foresee(run, terms, goal))
                self.session.add(run, one.goal, one.poll_policy)
                self.dashboard.refresh_all()
        if any(one.listed for one in given):
            self.dashboard.hint(summary(given, "added"))
        self.dashboard.table.mention_hidden(one.run for one in given)

    async def _learn_server(self) -> None:
        try:
            server = await self.off_thread(self._backend.server)
        except Exception as error:
            log.exception("The server's addresses cannot be told")
            self.complain(str(error), title="Server")
        else:
            self.app_url = server.app_url
            self.dashboard.server_known(server)

    async def _learn_account(self) -> None:
        """Let the attempts begin; where the user is to be asked for a key first, when that is answered."""
        wanted = self._backend.open_sign_in
        if await self.refresh_account() and self.account is not None:
            nothing = not (self.account.can_visit or self.account.can_probe)
            if nothing if wanted is None else wanted:
                self.action_open_sign_in()
            if not self.account.can_probe and self._asks_to_sign_in:
                self.session.watch_list.hold_starts(Notice(EventKind.AWAITS_SIGN_IN))
                self.dashboard.repaint(self.session.watch_list)
                return
        self._release()

    @property
    def _asks_to_sign_in(self) -> bool:
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        return any(isinstance(screen, SignInDialog) for screen in self.screen_stack)

    def _stop_holding(self) -> None:
        """Let the attempts begin with what the environment has: a locked keyring may wait for somebody for long."""
        if self.account is None:
            self._release()

    def _release(self) -> None:
        self.session.release_starts()
        self._start_held()

    async def refresh_account(self) -> bool:
        """Learn anew what is known for signing in; whether that could be told."""
        try:
            self.account = await self.off_thread(self._backend.account.state)
        except Exception as error:
            log.exception("The account's state cannot be told")
            self.complain(str(error), title="Sign-in")
            return False
        self.dashboard.header.account = self.account
        return True

    async def _build_services(self) -> None:
        # What the monitors have asked meanwhile is asked on that thread as well.
        try:
            await self.off_thread(lambda: self.session.late.ready(self._backend.services()))
        except Exception as error:
            log.exception("The services cannot be built")
            self.session.late.failed(error)
            self.complain(str(error), title="Cannot start")

    # Going on

    def _spawn(self, run: RunAddress, work: Callable[[], None]) -> None:
        """Start a monitor as a worker. Its thread is taken first, so that a refusal is heard here and now."""
        self._threads.reserve()
        self.run_worker(work, group=str(run), thread=True, exit_on_error=False)

    async def on_event(self, event: Event) -> None:
        """Whatever the user does goes before what the monitors say."""
        if isinstance(event, InputEvent):
            self.event_pump.give_way()
        await super().on_event(event)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action; one of a screen that shows runs may belong to a widget of it."""
        if isinstance(default_namespace, RunScreen) and isinstance(action, str):
            default_namespace = default_namespace.action_owner(action)
        return await super().run_action(action, default_namespace, namespaces)

    def on_events_ready(self) -> None:
        """A monitor has said something."""
        self.event_pump.heard()

    def _paint(self, changed: Collection[WatchedRun]) -> Iterator[None]:
        """Show what has become of these rows, part by part."""
        for screen in self.run_screens:
            yield from screen.repainting(changed)
        if self.session.sign_in_problem != self._problem:
            # With a refused sign-in it may have become known what the user has to be asked.
            self._problem = self.session.sign_in_problem
            self.run_worker(self.refresh_account())
        self._report_ended(changed)

    def _report_ended(self, changed: Collection[WatchedRun]) -> None:
        ended = self._ended_runs.observe(changed)
        if not ended:
            return
        self._notify(notification(ended), immediate=True)
        if not self._notification_due:
            self._notification_due = True
            due = self._notified_at + _NOTIFICATION_INTERVAL_S - time.monotonic()
            self.set_timer(max(_GATHER_S, due), self._notify_gathered)

    def _notify_gathered(self) -> None:
        self._notification_due = False
        gathered = self._ended_runs.collect()
        if gathered is not None:
            self._notified_at = time.monotonic()
            self._notify(gathered, immediate=False)

    def _notify(self, notification: Notification, *, immediate: bool) -> None:
        for notifier in self._notifiers:
            if notifier.immediate is immediate:
                notifier.notify(notification)

    def on_hook_failed(self, message: HookFailed) -> None:
        """Add the failure of a hook to the log of its run."""
        if (row := self.session.add_warning(message.run, message.text)) is not None:
            self.dashboard.repaint([row])

    def _tick(self) -> None:
        if self.terminal_gone:
            self._leave(_HUNG_UP)
        for screen in self.run_screens:
            screen.tick()

    def on_list_changed(self, message: ListChanged) -> None:
        """Another dashboard has changed the list."""
        if self._leaving:
            return
        if self.session.follow(message.found, message.as_of):
            self.dashboard.refresh_all()
        else:
            self.dashboard.repaint(self.session.watch_list)

    def on_log_loaded(self, message: LogLoaded) -> None:
        """The older lines of a log have been read from disk."""
        row = self.session.recalled(message.run, message.lines)
        if row is not None:
            self.dashboard.panes.recalled(row)

    def on_store_failed(self, message: StoreFailed) -> None:
        """Something went wrong outside of any monitor."""
        self.complain(message.text)

    def on_store_recovered(self, message: StoreRecovered) -> None:
        """It is well again."""
        self.notify(message.text, markup=False)

    def complain(self, text: str, *, title: str = "") -> None:
        """Show an error for a while."""
        self.notify(clean(text, 400), title=title, severity="error", timeout=10, markup=False)

    def on_resize(self, event: Resize) -> None:
        """Say so where nothing can be shown, and go on when it can be again."""
        small = event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT
        covered = isinstance(self.screen, TooSmall)
        if small and not covered:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()

    def _fatal_error(self) -> None:
        """End with a traceback; Textual's own would show local variables, and a password may be one of them."""
        from rich.text import Text

        from wandb_tui.ui.app.crash import crash_report

        self._exit_renderables.append(Text(crash_report(self.screen_stack, self._backend.redact)))
        self._close_messages_no_wait()

    # Asking and leaving

    def action_open_sign_in(self) -> None:
        """Open the sign-in screen, unless it is open."""
        from wandb_tui.ui.common.confirm import Confirm
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        if any(isinstance(screen, SignInDialog | Confirm) for screen in self.screen_stack):
            return
        if self.session.sign_in_problem and self.account is not None and self.account.unknown_origin:
            self._ask_about(self.account.unknown_origin)
            return
        self.push_screen(SignInDialog(self.session, self.account, self.app_url, self.glyphs), self._signed_in)

    def _ask_about(self, origin: str) -> None:
        """Ask whether the password may be typed into a page that is not known; a no leaves the sign-in screen."""
        from wandb_tui.ui.common.confirm import Confirm
        from wandb_tui.ui.dashboard.sign_in import SignInDialog

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._allow(origin))
            else:
                self.push_screen(SignInDialog(self.session, self.account, self.app_url, self.glyphs), self._signed_in)

        host = clean(self.dashboard.header.host, 60)
        self.push_screen(
            Confirm(
                f"Type the password on {clean(origin, 100)}?",
                f"The sign-in of {host} leads there, and it is not known to belong to it. Say yes only if you know "
                "this page; it is remembered for this server.",
                yes="Type it there",
                no="No",
                enter=False,
            ),
            answered,
        )

    async def _allow(self, origin: str) -> None:
        await self.off_thread(lambda: self._backend.account.allow(origin))
        await self.refresh_account()

    def _signed_in(self, changed: bool | None) -> None:
        if changed:
            again = self.session.restart_refused()
            self.dashboard.refresh_all()
            if again:
                self.notify(f"{again} of the runs begin again", markup=False)
        self._release()
        self.run_worker(self.refresh_account())

    def action_help(self) -> None:
        """Show what keys and signs mean, or no longer."""
        from wandb_tui.ui.dashboard.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.glyphs, self.screen, self._backend.files))

    def action_ask_quit(self) -> None:
        """Leave; with a question while monitors run."""
        from wandb_tui.ui.common.confirm import Confirm

        if isinstance(self.screen, Confirm):
            return
        active = len(self.session.watch_list.active)
        if not active:
            self._leave()
            return
        what, them = ("One run is", "it") if active == 1 else (f"{active} runs are", "them")
        then = f"The next start goes on with {them}."
        if not self._backend.kept:
            then = "This was the demo: nothing of it is kept."
        question = Confirm("Quit wandb-tui?", f"{what} still being watched. {then}", yes="Quit")
        self.push_screen(question, lambda yes: self._leave() if yes else None)

    async def action_quit(self) -> None:
        """Textual's own way out takes ours."""
        self.action_ask_quit()

    def _leave(self, status: int = 0) -> None:
        """End all attempts, then go; services that take their time to end are not waited for."""
        if self._leaving:
            return
        self._leaving = True
        self.event_pump.close()
        self.session.stop()
        self.run_worker(self._close_and_exit(status))

    async def _close_and_exit(self, status: int) -> None:
        try:
            await asyncio.wait_for(self.off_thread(lambda: self.session.close(_LEAVE_WITHIN / 2)), _LEAVE_WITHIN)
        except TimeoutError:
            log.warning("The services were still closing when the dashboard left")
        except Exception:
            log.exception("The services did not close well")
        self.exit(status)

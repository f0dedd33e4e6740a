"""The application: starts and stops everything, owns the threads, and applies the monitors' events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.actions import ActionParseResult
from textual.command import Provider
from textual.dom import DOMNode
from textual.events import Event, InputEvent, Resize
from textual.geometry import Size

from wandb_tui.core.account import AccountState
from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import DaemonPool
from wandb_tui.core.exit_codes import ExitCode
from wandb_tui.core.goal import Goal
from wandb_tui.core.schedule import Clock
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui import dashboard
from wandb_tui.ui.app.announcer import Announcer
from wandb_tui.ui.app.quit_texts import quit_detail, switch_detail
from wandb_tui.ui.app.sign_in_dialogs import SignInDialogs
from wandb_tui.ui.app.startup import Startup
from wandb_tui.ui.app.themed_app import ThemedApp
from wandb_tui.ui.common.run_prompts import hint
from wandb_tui.ui.common.run_screen import RunScreen
from wandb_tui.ui.common.too_small import TooSmall, too_small
from wandb_tui.ui.dashboard.screen import Dashboard
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.runtime.backend import Backend
from wandb_tui.ui.runtime.event_pump import EventPump
from wandb_tui.ui.runtime.garbage import GarbageCollector
from wandb_tui.ui.runtime.query_rows import QueryAnswered
from wandb_tui.ui.runtime.run_remark import CommandNotice, RunRemark
from wandb_tui.ui.runtime.service_notice import ServiceNotice
from wandb_tui.ui.runtime.session import Session
from wandb_tui.ui.runtime.store_writer import ListChanged, ListLoaded, LogLoaded, StoreFailed, StoreRecovered

if TYPE_CHECKING:
    from wandb_tui.ui.common.confirm import Confirm

log = logging.getLogger(__name__)

T = TypeVar("T")

_START_BATCH, _START_INTERVAL_S = 25, 0.03
"""The number of restored attempts that start at a time, and the seconds until the next ones."""

_FIRST_FRAME_WAITS_S = 0.1
"""The most seconds that the first frame waits for the list, so that it has rows. A slow disk delays them."""

_JOINED_INTERVAL_S = 0.5
"""While many runs join a query, seconds until the table shows more of them."""

# On these signals the terminal is restored: its cursor, and without mouse reporting. Ctrl-C is a key until then.
_END_SIGNALS = [number for name in ("SIGTERM", "SIGHUP", "SIGINT") if (number := getattr(signal, name, None))]
_CLOSE_TIMEOUT_S = 0.6
_NOTICE_S = 30.0


def _palette() -> type[Provider]:
    from wandb_tui.ui.app.palette import ActionCommands

    return ActionCommands


class WandbTuiApp(ThemedApp):
    """The dashboard of wandb-tui. Its return value is the exit status."""

    TITLE = "wandb-tui"
    CSS_PATH = Path(dashboard.__file__).with_name("dashboard.tcss")
    BINDINGS = [*bindings(Scope.ANYWHERE), ("ctrl+c", "ask_quit", "Quit")]  # noqa: RUF012 - as Textual declares it
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
        super().__init__(Glyphs(ascii_look, links), theme, backend.into_tmux, backend.save_copy)
        self._backend = backend
        self._goal = goal
        self._executor = DaemonPool("wandb-tui")
        self._monitors_cancelled = threading.Event()
        self._leaving = False
        self._exit_status = 0
        self.switching = False
        """Whether the app ends for another one to follow on the same terminal."""
        self._quit_dialog: Confirm | None = None
        self.session = Session(backend, self._spawn, self.post_message, clock)
        # Hold attempts until the credentials are known: without a key the server would refuse them.
        self.session.watch_list.hold_starts()
        for key, number in self.session.keys.command_keys.items():
            self.bind(key, f"screen.user_command({number})", description=backend.commands[number].title, show=False)
        self._joined_shown_at = 0.0
        self._announcer = Announcer(self, backend, self.session.watch_list)
        self._sign_in = SignInDialogs(self, backend, self._release)
        given = [(run, None) if isinstance(run, str) else run for run in runs]
        self._garbage = GarbageCollector()
        self._startup = Startup(self, backend, self._sign_in, given, goal, garbage=self._garbage)
        self.event_pump = EventPump(self.session, self._after, self._paint, self._garbage.collect_some)

    @property
    def account(self) -> AccountState | None:
        """The account; None until it has been read."""
        return self._sign_in.account

    # Starting

    async def on_load(self) -> None:
        """Run blocking calls in threads of our own, before anything else starts."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(self._executor)
        reading = self.session.store_writer.start()
        await asyncio.wait([asyncio.wrap_future(reading)], timeout=_FIRST_FRAME_WAITS_S)
        if reading.done():
            self._restore(reading.result())
        else:
            reading.add_done_callback(lambda read: self.post_from_thread(read.result()))
        # Until now a signal ends the process, which has not touched the terminal; from here on there is more to end.
        for number in _END_SIGNALS:
            # Not available on Windows, nor if other code owns the signals.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._leave, 128 + number)

    def get_default_screen(self) -> Dashboard:
        """The dashboard."""
        self.dashboard = Dashboard(self.session, self.glyphs, self._goal)
        return self.dashboard

    def on_mount(self) -> None:
        """Show the dashboard first; slower work follows."""
        self.set_interval(1, self._tick)
        self._backend.connect_notices(lambda text: self.post_message(ServiceNotice(text)))
        self.screen_change_signal.subscribe(self, lambda _: self.call_later(self._screen_changed))
        self.set_keymap(self.session.keys.keymap)
        if complaints := self.session.keys.complaints:
            log.warning("Keys in the settings: %s", " ".join(complaints))
            self.notify(clean(" ".join(complaints), 600), title="Keys", severity="warning", timeout=15, markup=False)

    def on_list_loaded(self, message: ListLoaded) -> None:
        """Show a list that the first frame did not wait for."""
        self._restore(message)
        self.dashboard.call_later(self.dashboard.loaded)

    def _restore(self, read: ListLoaded) -> None:
        """Show the rows on disk; then add the runs of the command line and build the services."""
        self.session.restore(read.rows, read.view, read.queries)
        self._announcer.ignore(self.session.watch_list)
        self.call_later(self._restored)

    def _restored(self) -> None:
        self.restore_appearance()
        self.dashboard.call_after_refresh(self._startup.begin)

    def _start_held(self) -> None:
        """Start some of the attempts: hundreds of threads starting at once would block the keys."""
        if not self._leaving and self.session.start_held(_START_BATCH):
            self.set_timer(_START_INTERVAL_S, self._start_held)

    def _release(self) -> None:
        self.session.release_starts()
        self._start_held()

    # Running

    def _spawn(self, run: RunAddress, work: Callable[[], None]) -> None:
        """Start a monitor as a worker. Its thread is reserved first, so that an error is raised here."""
        self._executor.reserve()
        worker = self.run_worker(work, group=str(run), thread=True, exit_on_error=False)
        # Monitors are cancelled through their handles. Nothing waits for this event, which takes a kilobyte.
        worker.cancelled_event = self._monitors_cancelled

    def _after(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call a function after some seconds; errors are those of a handler.

        Not with a timer of Textual's, which is a task of its own: the event pump needs fifty a second.
        """
        return asyncio.get_running_loop().call_later(seconds, self._call, call)

    def _call(self, call: Callable[[], None]) -> None:
        if not self.is_running:
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the app as any other does
            self.call_later(_raise, error)

    def input_comes(self) -> None:
        """Let the input that the terminal has just sent go before all else."""
        self.event_pump.yield_to_input()

    async def on_event(self, event: Event) -> None:
        """Let user input go before monitor events."""
        if isinstance(event, InputEvent):
            if self._sign_in.ignores(event):
                return
            self.event_pump.yield_to_input()
        await super().on_event(event)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action; those of a screen that shows runs may belong to one of its widgets."""
        if isinstance(default_namespace, RunScreen) and isinstance(action, str):
            default_namespace = default_namespace.action_owner(action.partition("(")[0])
        return await super().run_action(action, default_namespace, namespaces)

    def on_events_ready(self) -> None:
        """Apply the events that monitors have queued."""
        self.event_pump.events_ready()

    def _paint(self, changed: Collection[WatchedRun]) -> Iterator[None]:
        """Show changed rows step by step."""
        for screen in self._painted_screens:
            yield from screen.repainting(changed)
        self._sign_in.observe()
        self._announcer.observe(changed)

    def on_run_remark(self, message: RunRemark) -> None:
        """Add what a hook or a command reports to the log of its run."""
        if (row := self.session.add_remark(message.run, message.text, message.level)) is not None:
            self.dashboard.repaint([row])

    def on_command_notice(self, message: CommandNotice) -> None:
        """Show whether a command of the user's has started."""
        if message.failed:
            self.show_error(message.text)
        else:
            hint(self, message.text)

    def on_terminal_closed(self) -> None:
        """Leave, as when a terminal is closed."""
        self._leave(ExitCode.HUNG_UP)

    def _tick(self) -> None:
        if self.terminal_gone:
            self._leave(ExitCode.HUNG_UP)
        for screen in self._painted_screens:
            screen.tick()
        self._garbage.collect(self.event_pump.idle_s)

    @property
    def _painted_screens(self) -> list[RunScreen]:
        """The screens to keep up to date: none while the terminal is too small for them, since they are drawn again."""
        return [] if too_small(self.size) else self.run_screens

    def on_list_changed(self, message: ListChanged) -> None:
        """Apply the changes of another dashboard."""
        if self._leaving:
            return
        if self.session.merge(message.found, message.as_of):
            self.dashboard.refresh_all()
        else:
            self.dashboard.repaint(self.session.watch_list)

    def on_query_answered(self, message: QueryAnswered) -> None:
        """Add the runs that have joined a followed query, a few at a time."""
        idle = not self.session.queries.joining
        changed = self.session.queries.apply(message.news)
        if idle and self.session.queries.joining:
            self._add_joined()
        elif changed:
            self.dashboard.refresh_all()

    def _add_joined(self) -> None:
        if self._leaving:
            return
        more = self.session.add_joined(_START_BATCH)
        # Of thousands of runs, not each batch is shown at once.
        now = time.monotonic()
        if not more or now - self._joined_shown_at >= _JOINED_INTERVAL_S:
            self._joined_shown_at = now
            self.dashboard.refresh_all()
        if more:
            self.set_timer(_START_INTERVAL_S, self._add_joined)

    def on_log_loaded(self, message: LogLoaded) -> None:
        """Show the older lines of a log, which have been read from disk."""
        row = self.session.add_older_lines(message.run, message.lines)
        if row is not None:
            self.dashboard.panes.recalled(row)

    def on_service_notice(self, message: ServiceNotice) -> None:
        """Show what keeps the services waiting, for about as long as that may take."""
        self.notify(clean(message.text), severity="warning", timeout=_NOTICE_S, markup=False)

    def on_store_failed(self, message: StoreFailed) -> None:
        """Show an error of the store."""
        self.show_error(message.text)
        self._refresh_quit_dialog()

    def on_store_recovered(self, message: StoreRecovered) -> None:
        """Report that the store works again."""
        self.notify(message.text, markup=False)
        self._refresh_quit_dialog()

    def on_resize(self, event: Resize) -> None:
        """Adapt to the size; cover the screen with a message while the terminal is too small."""
        self.fit(event.size)
        self._cover_if_too_small(event.size)

    def _screen_changed(self) -> None:
        self._cover_if_too_small(self.size)

    def _cover_if_too_small(self, size: Size) -> None:
        """Cover the current screen, or uncover it; a question is left, since it adapts to any size."""
        small, covered = too_small(size), isinstance(self.screen, TooSmall)
        if self.has_class("-tiny") and not small:
            self.dashboard.refresh_all()
            for screen in self.run_screens:
                screen.redraw()
        # Toasts would hide what little there is room for.
        self.set_class(small, "-tiny")
        if small and not covered and not self._asks:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()

    @property
    def _asks(self) -> bool:
        """Whether a question is in front."""
        from wandb_tui.ui.common.confirm import Confirm

        return isinstance(self.screen, Confirm)

    def _fatal_error(self) -> None:
        """Exit with a traceback without local variables, which Textual's own would show: they may hold a password."""
        from rich.text import Text

        from wandb_tui.ui.app.crash import crash_report

        report = crash_report(self.screen_stack, self._backend.redact, self.session.drafts.secrets)
        self._exit_renderables.append(Text(report))
        self._close_messages_no_wait()

    # Sign-in and quitting

    def action_open_sign_in(self) -> None:
        """Open the sign-in dialog unless it is open."""
        self._sign_in.open_dialog()

    def action_help(self) -> None:
        """Open or close the help."""
        from wandb_tui.ui.dashboard.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.glyphs, self.screen, self._backend.files))

    def action_ask_quit(self) -> None:
        """Quit, with a confirmation while monitors run."""
        from wandb_tui.ui.common.confirm import QuitQuestion

        if self._leaving or self._asks:
            return
        table = self.dashboard.table
        if not (self.session.watch_list.active or table.downloads.active or table.branches.active):
            self._leave()
            return
        self._quit_dialog = QuitQuestion("Quit wandb-tui?", quit_detail(self.session, table), yes="Quit")
        self.push_screen(self._quit_dialog, lambda yes: self._leave() if yes else None)

    def _refresh_quit_dialog(self) -> None:
        """Keep the promise of an open dialog true, as saving fails or works again."""
        if self._quit_dialog is not None and self.screen is self._quit_dialog:
            self._quit_dialog.update_detail(quit_detail(self.session, self.dashboard.table))

    async def action_quit(self) -> None:
        """Quit the way our own key does."""
        self.action_ask_quit()

    def action_switch_server(self) -> None:
        """Let the user choose another server; this app ends, and one for that server follows."""
        from wandb_tui.ui.dashboard.server_dialog import ServerDialog

        servers = self._backend.servers
        if servers is None:
            self.dashboard.hint("Servers cannot be switched here")
        elif not isinstance(self.screen, ServerDialog):
            detail = switch_detail(self.session, self.dashboard.table)
            self.push_screen(ServerDialog(servers, detail, self.glyphs), self._switch)

    def _switch(self, ready: bool | None) -> None:
        if ready and not self._leaving:
            self.switching = True
            self._leave()

    def _leave(self, status: int = 0) -> None:
        """Stop all attempts and exit, without waiting for slow services."""
        if self._leaving:
            if status:
                # The terminal or the program ends, so no other server follows.
                self.switching, self._exit_status = False, status
            return
        self._leaving, self._exit_status = True, status
        self.dashboard.table.remember_cursor()
        self.event_pump.close()
        # In a test, as after a switch, the process goes on.
        self.session.stop(ending=not (self.switching or self.is_headless))
        self.run_worker(self._close_and_exit())

    async def _close_and_exit(self) -> None:
        try:
            await asyncio.wait_for(self.off_thread(lambda: self.session.close(_CLOSE_TIMEOUT_S / 2)), _CLOSE_TIMEOUT_S)
        except TimeoutError:
            log.warning("The services were still closing at exit")
        except Exception:
            log.exception("The services failed to close")
        self.exit(self._exit_status)


def _raise(error: Exception) -> None:
    raise error

"""The dialog for forking or rewinding a run, with a preview that fills in while one types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, RadioButton, RadioSet, Static

from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.branch_order import BranchFinding, BranchOrder
from wandb_tui.core.errors import UsageError, WandbTuiError
from wandb_tui.core.events import Failure, Level
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text.event_text import event_text
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.ui.common.dialog import Dialog, KeyButton
from wandb_tui.ui.common.tick import Tick
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.ports import Branches

_KINDS = {BranchKind.FORK: "Fork", BranchKind.REWIND: "Rewind"}
"""The label of each kind, and of its button."""
_PAUSE_S = 0.3
"""The seconds without typing after which the server is asked."""
_MARKS = {Level.INFO: ("✔", "success"), Level.WARNING: ("!", "warning"), Level.ERROR: ("✖", "error")}


class BranchDialog(Dialog[BranchOrder | None]):
    """Returns an order, or None."""

    PLACES = (Scope.BRANCH,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, name: str, row: WatchedRun, branches: Branches, glyphs: Glyphs) -> None:
        """Ask where to fork or rewind a run.

        Args:
            name: Its name, abbreviated.
            row: The run.
            branches: Finds out what is known beforehand.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self._name, self._row = name, row
        self._branches = branches
        self._glyphs = glyphs
        self._findings: list[BranchFinding] = []
        self._previewed: BranchOrder | None = None

    def compose(self) -> ComposeResult:
        """The run, the inputs, the preview, the buttons."""
        info = self._row.run_info
        shown = f" ({info.shown})" if info is not None and info.shown else ""
        step = info.last_step if info is not None else None
        with Vertical(classes="dialog"):
            yield Static("Fork or rewind", classes="dialog-title")
            yield Static(Content(self._glyphs.text(clean(f"{self._name}{shown}"))), classes="dialog-note")
            with _Choices(id="branch-kind", compact=True):
                for kind, label in _KINDS.items():
                    yield _Choice(label, value=kind is BranchKind.FORK, compact=True)
            with Horizontal(classes="branch-line"):
                yield Label("At")
                yield Input("" if step is None else str(step), id="where", compact=True, placeholder="200")
                yield Static("a step, or METRIC=VALUE", classes="branch-hint")
            with Horizontal(classes="branch-line", id="branch-times"):
                yield Label("Times")
                yield Input("1", id="times", compact=True)
                yield Static("how many children to make", classes="branch-hint")
            yield Tick("Where that is refused, replay the history into a new run", id="branch-replays", compact=True)
            yield Static(id="branch-preview", markup=False)
            yield Static(id="branch-call", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Fork", "branch.submit", variant="primary", id="make")
                yield KeyButton("Cancel", "branch.close", id="cancel")

    def on_mount(self) -> None:
        """Focus the step, and show the preview for it."""
        self.set_focus(self.query_one("#where"))
        self._changed()

    @property
    def _kind(self) -> BranchKind:
        pressed = self.query_one(RadioSet).pressed_index
        return list(_KINDS)[max(0, pressed)]

    def _read(self) -> BranchOrder | UsageError:
        where, times = (self.query_one(f"#{name}", Input).value for name in ("where", "times"))
        try:
            return BranchOrder.parse(
                self._row.run, self._kind, where, times, replays=self.query_one("#branch-replays", Tick).value
            )
        except UsageError as error:
            return error

    @on(Input.Changed)
    @on(RadioSet.Changed)
    @on(Tick.Changed)
    def _changed(self) -> None:
        self.query_one("#branch-times").display = self._kind is not BranchKind.REWIND
        self.query_one("#make", KeyButton).relabel(_KINDS[self._kind])
        order = self._read()
        if isinstance(order, UsageError):
            self.workers.cancel_group(self, "preview")
            self._previewed = None
            wrong = bool(self.query_one("#where", Input).value.strip())
            self._findings = [BranchFinding(f"{order.message} {order.hint}", Level.ERROR)] if wrong else self._known
            self._show("")
        elif order != self._previewed:
            self._previewed = order
            self._findings = []
            self._show("asking the server…")
            self.run_worker(self._preview(order), group="preview", exclusive=True)
        self.query_one("#branch-call", Static).update(
            "" if isinstance(order, UsageError) else Content.styled(self._glyphs.text(order.call), "$primary")
        )

    @property
    def _known(self) -> list[BranchFinding]:
        """The findings of the run's monitor, which are known before anything is typed."""
        if self._row.failure is not Failure.NOT_FOUND:
            return []
        said = event_text(self._row.notice)
        return [BranchFinding(f"{said}{'' if said.endswith(('.', '?')) else '.'} Check its address.", Level.ERROR)]

    async def _preview(self, order: BranchOrder) -> None:
        await asyncio.sleep(_PAUSE_S)
        findings: Iterator[BranchFinding] = iter(())
        try:
            findings = await asyncio.to_thread(self._branches.preview, order)
            while (finding := await asyncio.to_thread(next, findings, None)) is not None:
                self._findings.append(finding)
                self._show("checking…")
        except WandbTuiError as error:
            self._findings.append(BranchFinding(str(error), Level.ERROR))
        except Exception as error:  # noqa: BLE001 - a preview that fails must not end the dashboard
            self._findings.append(BranchFinding(f"The preview failed ({type(error).__name__}).", Level.WARNING))
        self._show("")

    def _show(self, pending: str) -> None:
        lines = []
        for finding in self._findings:
            mark, colour = _MARKS[finding.level]
            lines.append(Content.styled(self._glyphs.text(f"{mark} {clean(finding.text, 300)}"), f"${colour}"))
        if pending:
            lines.append(Content.styled(self._glyphs.text(f"  {pending}"), "$quiet"))
        self.query_one("#branch-preview", Static).update(Content("\n").join(lines))

    async def action_submit(self) -> None:
        """Press the focused button or choice, else take the order."""
        if isinstance(self.focused, Button) and self.focused.id != "make":
            self.focused.press()
            return
        await drained(self.focused)
        self._take()

    def _take(self) -> None:
        order = self._read()
        if isinstance(order, BranchOrder):
            self.dismiss(order)
        else:
            self._findings = [BranchFinding(f"{order.message} {order.hint}", Level.ERROR)]
            self._show("")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "make":
            self._take()
        else:
            self.dismiss(None)


class _Choice(RadioButton):
    """A radio button that is empty while it is off: Textual's own shows a darker dot."""

    def render(self) -> Content:
        """The button and its label."""
        self.BUTTON_INNER = "●" if self.value else " "
        return super().render()


class _Choices(RadioSet):
    """Radio buttons of which an arrow key chooses the next one at once, as in other programs."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("down,right", "choose_next", show=False),
        Binding("up,left", "choose_previous", show=False),
    ]

    def action_choose_next(self) -> None:
        """Choose the next one."""
        self.action_next_button()
        self.action_toggle_button()

    def action_choose_previous(self) -> None:
        """Choose the one before."""
        self.action_previous_button()
        self.action_toggle_button()

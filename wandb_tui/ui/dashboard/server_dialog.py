"""The dialog for switching to another server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.core.server_info import KnownServer
from wandb_tui.text.glyphs import Glyphs
from wandb_tui.text.plain_text import clean, fit
from wandb_tui.ui.common.dialog import Dialog, ErrorLine, KeyButton
from wandb_tui.ui.input.actions import Scope, bindings
from wandb_tui.ui.input.input_drain import drained
from wandb_tui.ui.runtime.ports import Servers

_NAME_CELLS, _NARROW_NAME_CELLS = 40, 24
_LIST_KEYS = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}


class _ServerList(OptionList, can_focus=False):
    """The servers; the line above it has the keys."""


class ServerDialog(Dialog[bool]):
    """Lets the user choose a server or type an address; returns whether the services for it are ready."""

    PLACES = (Scope.SERVERS,)
    BINDINGS = [*bindings(*PLACES)]  # noqa: RUF012 - as Textual declares it

    def __init__(self, servers: Servers, detail: str, glyphs: Glyphs) -> None:
        """Create the dialog.

        Args:
            servers: Knows the servers, and gets ready for one.
            detail: The consequences for the work under way here, in a sentence.
            glyphs: The glyphs to draw with.
        """
        super().__init__()
        self._servers = servers
        self._detail = detail
        self._glyphs = glyphs
        self._known: Sequence[KnownServer] | None = None
        self._input = Input(placeholder="type to search, or an address such as https://acme.wandb.io", max_length=300)
        self._list = _ServerList()

    def compose(self) -> ComposeResult:
        """The line to type in, the servers, and the buttons."""
        with Vertical(classes="dialog"):
            yield Static("Servers", classes="dialog-title")
            yield Static(Content(self._detail), classes="dialog-note")
            yield self._input
            yield self._list
            yield ErrorLine()
            with Horizontal(classes="dialog-buttons"):
                yield KeyButton("Switch", "servers.submit", variant="primary", id="switch")
                yield KeyButton("Cancel", "servers.close", id="cancel")

    def on_mount(self) -> None:
        """Focus the line, and look up the servers."""
        self.set_focus(self._input)
        self.run_worker(self._look_up())

    async def _look_up(self) -> None:
        try:
            self._known = await asyncio.to_thread(self._servers.known)
        except WandbTuiError as error:
            self._known = ()
            self.show_error(str(error))
        self._show()

    @on(Input.Changed)
    def _show(self) -> None:
        """List the servers that match what is typed, and what is typed as an address of its own."""
        self.show_error("")
        typed = self._typed
        if self._known is None:
            return
        matching = [server for server in self._known if typed.lower() in f"{server.name} {server.address}".lower()]
        options = [Option(self._line(server), id=server.address) for server in matching]
        if typed and typed not in {text for server in matching for text in (server.name, server.address)}:
            options.append(Option(Content.assemble(("Another server: ", "$quiet"), clean(typed, 100)), id=typed))
        self._list.clear_options()
        self._list.add_options(options)
        # The current one comes first, and is hardly what is wanted.
        others = (index for index, server in enumerate(matching) if not server.here)
        self._list.highlighted = next(others, 0 if options else None)

    @property
    def _typed(self) -> str:
        return self._input.value.strip()

    def _line(self, server: KnownServer) -> Content:
        width = _NARROW_NAME_CELLS if self.narrow else _NAME_CELLS
        name = fit(clean(server.name, 200), width, self._glyphs.text("…"))
        count = "1 run" if server.runs == 1 else f"{server.runs:,} runs" if server.runs else "no runs"
        return Content.assemble(
            (f"{name:<{width}}  ", "$foreground"),
            (f"{count:>12}", "$quiet"),
            ("  you are here" if server.here else "", "$accent"),
        )

    def on_key(self, event: events.Key) -> None:
        """Move in the list while typing."""
        if event.key in _LIST_KEYS and isinstance(self.focused, Input):
            event.stop()
            getattr(self._list, f"action_{_LIST_KEYS[event.key]}")()

    async def action_submit(self) -> None:
        """Press the focused button, else switch."""
        if isinstance(self.focused, Button) and self.focused.id == "cancel":
            self.dismiss(False)
            return
        await drained(self._input)
        highlighted = self._list.highlighted
        if highlighted is not None:
            self._choose(str(self._list.get_option_at_index(highlighted).id))

    def _choose(self, address: str) -> None:
        self.run_worker(self._prepare(address), exclusive=True, group="prepare")

    async def _prepare(self, address: str) -> None:
        try:
            other = await asyncio.to_thread(self._servers.prepare, address)
        except WandbTuiError as error:
            self.show_error(str(error))
            return
        if other:
            self.dismiss(True)
        else:
            self.show_error("This is the server that is shown already.")

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(str(event.option.id))

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "switch":
            await self.action_submit()
        else:
            self.dismiss(False)

"""The abilities of the terminals that people use, wherever wandb-tui has to treat them differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

Answer = tuple[int, ...]
"""A terminal's answer to the question what it is (secondary device attributes); empty until it has answered."""


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """The terminal's properties.

    Attributes:
        columns: Its width.
        lines: Its height.
        encoding: The encoding that text is written in.
        colours: ``truecolor``, ``256``, ``standard`` …; empty where there are none.
        environ: The environment.
        answer: The terminal's answer to the question what it is; empty if it was not asked.
    """

    columns: int
    lines: int
    encoding: str
    colours: str
    environ: Mapping[str, str]
    answer: Answer = ()


@dataclass(frozen=True, slots=True)
class Terminal:
    """A kind of terminal, or a program between us and one.

    Attributes:
        name: Its name in a sentence; empty if it is not known.
        mouse: Whether the mouse can be reported without harm to the keys.
        colours: The colour system to draw with, as Rich names them; empty: the one that the environment promises.
        max_copied_bytes: The longest text that reaches the clipboard whole (OSC 52); None: any.
        notifications: Whether notifications (OSC 9, OSC 777) reach the user's terminal.
        links: Whether links (OSC 8) are shown, or at least ignored.
        symbols: Whether it has more symbols than ASCII.
        alternate_screen: Whether what was on the screen comes back when a program leaves.
        passthrough: Whether sequences that it does not know must be wrapped to reach the terminal, as in tmux.
        full_screen: Whether programs can draw anywhere on it.
    """

    name: str = ""
    mouse: bool = True
    colours: str = ""
    max_copied_bytes: int | None = None
    notifications: bool = True
    links: bool = True
    symbols: bool = True
    alternate_screen: bool = True
    passthrough: bool = False
    full_screen: bool = True

    def can_copy(self, text: str) -> bool:
        """Whether a text reaches the clipboard whole."""
        return self.max_copied_bytes is None or len(text.encode("utf-8", "replace")) <= self.max_copied_bytes

    @property
    def copy_limit(self) -> str:
        """A sentence about the limit on copies to the clipboard; empty if none is known."""
        name = f"{self.name[:1].upper()}{self.name[1:]}" or "This terminal"
        if self.max_copied_bytes is None:
            return ""
        if self.max_copied_bytes == 0:
            return f"{name} does not pass copies on to the clipboard."
        return f"{name} passes on copies of at most {self.max_copied_bytes // 1000} kB."

    def over(self, outer: Terminal) -> Terminal:
        """This one when its output passes through another."""
        sizes = [size for size in (self.max_copied_bytes, outer.max_copied_bytes) if size is not None]
        return replace(
            self,
            name=f"{self.name} over {outer.name}",
            max_copied_bytes=min(sizes, default=None),
            notifications=self.notifications and outer.notifications,
            links=self.links and outer.links,
        )


XTERM = Terminal()
"""xterm and all that can do the same, such as kitty, iTerm2, Windows Terminal or GNOME Terminal."""

TMUX = Terminal("tmux", passthrough=True)

# Version 4.9. With the mouse reported, Escape is held back until the next key and swallows that one. It reads 24-bit
# colours as “faint”. A sequence of more than 768 bytes is printed on the screen.
SCREEN = Terminal(
    "GNU screen",
    mouse=False,
    colours="256",
    max_copied_bytes=0,
    notifications=False,
    links=False,
    alternate_screen=False,
)

SCREEN_OR_TMUX = replace(SCREEN, name="GNU screen or tmux")
"""Until the terminal says which of the two it is, only what both can do."""

# Version 1.4 cuts a copy off after 16 KiB of its sequence: that is base64, and begins with “52;c;”.
MOSH = Terminal(
    "mosh",
    max_copied_bytes=(16 * 1024 - len("52;c;")) // 4 * 3,
    notifications=False,
    links=False,
    alternate_screen=False,
)

LINUX = Terminal(
    "the Linux console",
    mouse=False,
    colours="standard",
    max_copied_bytes=0,
    notifications=False,
    links=False,
    symbols=False,
    alternate_screen=False,
)

APPLE = Terminal("Terminal.app", max_copied_bytes=0)

VT = Terminal(max_copied_bytes=0, notifications=False, links=False, symbols=False)
"""DEC's own terminals, and what claims to be one."""

PLAIN = Terminal(links=False)
"""Terminals that might show the address of a link as garbage."""

DUMB = replace(VT, mouse=False, symbols=True, alternate_screen=False, full_screen=False)
"""No terminal at all, such as a log or a shell in an editor."""

_BY_TERM = {
    "linux": LINUX,
    **dict.fromkeys(("vt1", "vt2", "vt3", "vt4", "vt5"), VT),
    **dict.fromkeys(("dumb", "unknown"), DUMB),
    **dict.fromkeys(("cons", "eterm", "sun", "ansi"), PLAIN),
}
"""Terminals by the beginning of TERM."""

COLOUR_SYSTEMS = ("auto", "standard", "256", "truecolor", "windows")
"""The values of TEXTUAL_COLOR_SYSTEM, with which the user chooses the colours."""

_ESCAPE_DELAY_MS, _REMOTE_ESCAPE_DELAY_MS = 100, 500

_SCREEN_ANSWERS, _TMUX_ANSWERS = ord("S"), ord("T")
_MOSH_ANSWERS = (1, 10, 0)


def identify(environ: Mapping[str, str], answer: Answer = ()) -> Terminal:
    """The terminal that a program with this environment runs in.

    Args:
        environ: The environment. A window opened from within tmux or screen inherits their variables, sudo and
            containers drop them.
        answer: The terminal's own answer, which decides.
    """
    inner = _innermost(environ, answer)
    return inner.over(MOSH) if _in_mosh(environ, answer) and inner is not MOSH else inner


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether keys come over a line that may deliver the bytes of one key apart."""
    return _in_mosh(environ) or any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))


def escape_delay_ms(environ: Mapping[str, str]) -> int:
    """The milliseconds that an ESC is taken for the beginning of another key; the user's own ESCDELAY wins."""
    if (wanted := environ.get("ESCDELAY", "")).isdecimal():
        return max(1, int(wanted))
    return _REMOTE_ESCAPE_DELAY_MS if is_remote(environ) else _ESCAPE_DELAY_MS


def colour_system(environ: Mapping[str, str], terminal: Terminal) -> str:
    """The colour system to draw with; ``auto``: the one that the environment promises."""
    wanted = environ.get("TEXTUAL_COLOR_SYSTEM") or COLOUR_SYSTEMS[0]
    return terminal.colours if wanted == COLOUR_SYSTEMS[0] and terminal.colours else wanted


def _innermost(environ: Mapping[str, str], answer: Answer) -> Terminal:
    term = environ.get("TERM", "")
    limited = next((terminal for name, terminal in _BY_TERM.items() if term.startswith(name)), None)
    # Multiplexers set TERM: where it names a terminal that can do less, that is what the user wants.
    if limited is not None:
        return limited
    multiplexer = _multiplexer(environ, answer)
    if multiplexer is not None:
        return multiplexer
    if _in_mosh(environ, answer):
        return MOSH
    if environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return APPLE
    return XTERM if term else PLAIN


def _multiplexer(environ: Mapping[str, str], answer: Answer) -> Terminal | None:
    if answer:
        return {_SCREEN_ANSWERS: SCREEN, _TMUX_ANSWERS: TMUX}.get(answer[0])
    in_tmux, in_screen, term = bool(environ.get("TMUX")), bool(environ.get("STY")), environ.get("TERM", "")
    if term.startswith("tmux") or (in_tmux and not in_screen):
        return TMUX
    if in_screen and not in_tmux:
        return SCREEN
    # Both, one inside the other; or neither, as over SSH, but with the name that screen and older versions of tmux use.
    return SCREEN_OR_TMUX if in_screen or term.startswith("screen") else None


def _in_mosh(environ: Mapping[str, str], answer: Answer = ()) -> bool:
    # This is all that mosh sets; users of other terminals may set it as well.
    if environ.get("NCURSES_NO_UTF8_ACS") != "1":
        return False
    return not answer or answer[0] in {_SCREEN_ANSWERS, _TMUX_ANSWERS} or answer == _MOSH_ANSWERS

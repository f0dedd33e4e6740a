"""Our themes: dark and light, with clearly distinct colours for the states, and both for colour-blind users."""

from __future__ import annotations

from dataclasses import replace

from textual.theme import Theme

DARK = "midnight"
LIGHT = "daylight"
SAFE_DARK = "colour-blind-dark"
SAFE_LIGHT = "colour-blind-light"

_DARK = Theme(
    name=DARK,
    primary="#6cb6ff",
    secondary="#c4a7f5",
    accent="#ffcc4d",
    success="#69d292",
    warning="#f2a65a",
    error="#ff7b85",
    foreground="#d5dbe5",
    background="#10141b",
    surface="#161b24",
    panel="#1f2733",
    dark=True,
    variables={
        "queued": "#7d8899",
        "quiet": "#7d8899",
        "line": "#2d3746",
        "cursor": "#26364d",
        "selected": "#ffcc4d",
        "border": "#6cb6ff",
        "border-blurred": "#2d3746",
        "footer-background": "#161b24",
        "scrollbar": "#2d3746",
        "scrollbar-hover": "#3d4a5e",
        "scrollbar-active": "#6cb6ff",
        "scrollbar-background": "#10141b",
        "scrollbar-background-hover": "#10141b",
        "scrollbar-background-active": "#10141b",
        "scrollbar-corner-color": "#10141b",
        "block-cursor-background": "#26364d",
        "block-cursor-foreground": "#ffffff",
        "input-selection-background": "#6cb6ff 35%",
    },
)

_LIGHT = Theme(
    name=LIGHT,
    primary="#0b62b8",
    secondary="#7040b8",
    accent="#9a6200",
    success="#1b7f43",
    warning="#b25a00",
    error="#c0272d",
    foreground="#1f2733",
    background="#f7f8fa",
    surface="#eef0f4",
    panel="#e2e6ec",
    dark=False,
    variables={
        "queued": "#667080",
        "quiet": "#667080",
        "line": "#c5ccd6",
        "cursor": "#d3e3f6",
        "selected": "#9a6200",
        "border": "#0b62b8",
        "border-blurred": "#c5ccd6",
        "footer-background": "#eef0f4",
        "scrollbar": "#c5ccd6",
        "scrollbar-hover": "#aab4c2",
        "scrollbar-active": "#0b62b8",
        "scrollbar-background": "#f7f8fa",
        "scrollbar-background-hover": "#f7f8fa",
        "scrollbar-background-active": "#f7f8fa",
        "scrollbar-corner-color": "#f7f8fa",
        "block-cursor-background": "#d3e3f6",
        "block-cursor-foreground": "#000000",
        "input-selection-background": "#0b62b8 25%",
    },
)

# The hues of Okabe and Ito, adjusted so that each is readable on its background and no two states look alike to
# people who do not see red or green; a test measures both.
_SAFE_DARK = replace(
    _DARK,
    name=SAFE_DARK,
    primary="#00b0ff",
    secondary="#cf86a0",
    accent="#ffff7a",
    success="#67dd99",
    warning="#ff9f1a",
    error="#f07a50",
    variables=_DARK.variables
    | {
        "queued": "#b9c4d4",
        "quiet": "#939eae",
        "cursor": "#233450",
        "selected": "#ffff7a",
        "border": "#00b0ff",
        "scrollbar-active": "#00b0ff",
        "block-cursor-background": "#233450",
        "input-selection-background": "#00b0ff 35%",
    },
)

_SAFE_LIGHT = replace(
    _LIGHT,
    name=SAFE_LIGHT,
    primary="#215ebd",
    secondary="#6e3678",
    accent="#6e5226",
    success="#137459",
    warning="#836200",
    error="#570000",
    variables=_LIGHT.variables
    | {
        "queued": "#313439",
        "quiet": "#5b6575",
        "cursor": "#dce8f6",
        "selected": "#6e5226",
        "border": "#215ebd",
        "scrollbar-active": "#215ebd",
        "block-cursor-background": "#dce8f6",
        "input-selection-background": "#215ebd 25%",
    },
)

THEMES = (_DARK, _LIGHT, _SAFE_DARK, _SAFE_LIGHT)
"""The built-in themes."""

# The 16 terminal colours to use instead; the nearest ones would be grey for green, and red for orange.
_SIXTEEN = {
    DARK: {
        "primary": "#55ffff", "secondary": "#ff55ff", "accent": "#ffff55", "success": "#55ff55", "warning": "#aa5500",
        "error": "#ff5555",
    },
    LIGHT: {
        "primary": "#0000aa", "secondary": "#aa00aa", "accent": "#aa5500", "success": "#00aa00", "warning": "#aa5500",
        "error": "#aa0000",
    },
}  # fmt: skip


def sixteen_colour_themes() -> list[Theme]:
    """Our themes for a terminal of 16 colours."""
    return [replace(theme, **_SIXTEEN[theme.name]) for theme in THEMES if theme.name in _SIXTEEN]  # type: ignore[arg-type]


DESCRIPTIONS = {
    DARK: "dark",
    LIGHT: "light",
    SAFE_DARK: "dark, for colour-blind users",
    SAFE_LIGHT: "light, for colour-blind users",
}
"""A short description of each."""

_EXTRA_COLOURS = ("queued", "quiet", "line", "cursor", "selected")


def extra_colours(*, dark: bool) -> dict[str, str]:
    """The colours that we add to those of every theme."""
    variables = (_DARK if dark else _LIGHT).variables
    return {name: variables[name] for name in _EXTRA_COLOURS}

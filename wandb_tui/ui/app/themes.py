"""Our own themes: dark and light, calm, with the states' colours well apart; and both of them for the colour-blind."""

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
        "marked": "#ffcc4d",
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
        "marked": "#9a6200",
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

# The hues of Okabe and Ito, moved so that each can be read on its background, and so that no two states look alike to
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
        "marked": "#ffff7a",
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
        "marked": "#6e5226",
        "border": "#215ebd",
        "scrollbar-active": "#215ebd",
        "block-cursor-background": "#dce8f6",
        "input-selection-background": "#215ebd 25%",
    },
)

THEMES = (_DARK, _LIGHT, _SAFE_DARK, _SAFE_LIGHT)
"""The themes that the app brings along."""

# What a terminal of sixteen colours has for each; the nearest to our own would be grey for green, and red for orange.
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


def in_sixteen_colours() -> list[Theme]:
    """Our themes as a terminal of sixteen colours can show them, where that is not left to chance."""
    return [replace(theme, **_SIXTEEN[theme.name]) for theme in THEMES if theme.name in _SIXTEEN]  # type: ignore[arg-type]


OWN = {
    DARK: "dark",
    LIGHT: "light",
    SAFE_DARK: "dark, safe for the colour-blind",
    SAFE_LIGHT: "light, safe for the colour-blind",
}
"""What each of them is, in a few words."""

_OWN_COLOURS = ("queued", "quiet", "line", "cursor", "marked")


def own_colours(*, dark: bool) -> dict[str, str]:
    """The colours that the app has besides those of every theme."""
    variables = (_DARK if dark else _LIGHT).variables
    return {name: variables[name] for name in _OWN_COLOURS}

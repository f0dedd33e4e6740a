"""Our own themes: a dark one and a light one, calm, with the states' colours well apart."""

from __future__ import annotations

from textual.theme import Theme

DARK = "midnight"
LIGHT = "daylight"

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

THEMES = (_DARK, _LIGHT)
"""The themes that the app brings along."""

_OWN = ("queued", "quiet", "line", "cursor", "marked")


def own_colours(*, dark: bool) -> dict[str, str]:
    """The colours that the app has besides those of every theme."""
    variables = (_DARK if dark else _LIGHT).variables
    return {name: variables[name] for name in _OWN}

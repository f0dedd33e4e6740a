"""Removes personal data from texts for public bug reports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from wandb_tui.core.home import home_folder
from wandb_tui.services.credentials.redaction import redact

_MAIL: Final = re.compile(r"([^\W_])[\w.+-]*(@|%40)[\w-]+(?:\.[\w-]+)+")
_USER_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY: Final = re.compile(r"(\bhttps?://[^\s?#\"'<>“”)]*)[?#][^\s\"'<>“”)]*")


def anonymize(text: str, home: Path | None = None) -> str:
    """`text` without secrets, e-mail addresses, the query of URLs, and the name of the home folder.

    Args:
        text: Any text.
        home: The home folder; by default the user's.
    """
    text = redact(text)
    text = _USER_IN_ADDRESS.sub("", text)
    text = _QUERY.sub(r"\1?…", text)
    text = _MAIL.sub(r"\1…@…", text)
    home = home or home_folder()
    for folder in _names_of(home) if home else ():
        text = re.sub(rf"{re.escape(folder)}(?=[/\\\s:;,.)”\"']|$)", "~", text)
    return text


def _names_of(home: Path) -> list[str]:
    """The spellings of the home folder, longest first; none if it is a root folder."""
    names = {str(home), str(home.resolve())}
    return sorted((name for name in names if len(name) > 1), key=len, reverse=True)

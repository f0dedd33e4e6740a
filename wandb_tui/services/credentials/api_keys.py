"""The API key: whether a text can be one, and the one that `wandb login` wrote to ~/.netrc."""

from __future__ import annotations

import netrc
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wandb_tui.core.errors import ApiKeyError
from wandb_tui.core.home import home_folder
from wandb_tui.core.lookalikes import lookalike, strip_invisible

_SHORTEST = 40
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")

# The API of each of these hosts is the same service, so a key written for one is good for all.
_SAME_SERVICE = (
    ("api.forge.coreweave.com", "forge.coreweave.com", "api.wandb.ai"),
    ("api.qa.forge.coreweave.com", "qa.forge.coreweave.com", "api.qa.wandb.ai"),
)


def checked(key: str) -> str:
    """The key without white space and invisible characters around it.

    Raises:
        ApiKeyError: This cannot be an API key, by the rule the SDK goes by.
    """
    key = strip_invisible(key)
    if found := lookalike(key):
        raise ApiKeyError(f"The API key holds {found}.", "Copy it again from the user settings of the W&B site.")
    if _JWT.fullmatch(key):
        return key
    secret = key.split("-", 1)[-1]
    if re.search(r"\s", key):
        raise ApiKeyError("An API key has no spaces in it.", "Copy it again from the user settings of the W&B site.")
    if len(secret) < _SHORTEST:
        raise ApiKeyError(
            f"An API key has at least {_SHORTEST} characters, this one has {len(secret)}.",
            "Copy it again from the user settings of the W&B site.",
        )
    if not re.fullmatch(r"[\w-]+", secret, re.ASCII):
        raise ApiKeyError("An API key has letters, digits, “_” and “-” only.", "Copy it again from the W&B site.")
    return key


def netrc_path(environ: Mapping[str, str]) -> Path | None:
    """The netrc file that the SDK reads; None where there is no home folder."""
    if named := environ.get("NETRC"):
        return Path(named).expanduser()
    home = home_folder(environ)
    if home is None:
        return None
    usual, windows = home / ".netrc", home / "_netrc"
    if usual.exists() or not (windows.exists() or sys.platform == "win32"):
        return usual
    return windows


def from_netrc(path: Path, base_url: str) -> str | None:
    """The key for this server; `default` entries are not meant for it and do not count.

    Raises:
        ApiKeyError: The file cannot be read.
    """
    try:
        hosts = netrc.netrc(path).hosts
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        raise ApiKeyError(f"{path} cannot be read ({_reason(error)}).", "Mend that file, or run wandb login.") from None
    host = urlsplit(base_url).netloc
    for name in _names(host):
        if (entry := hosts.get(name)) and entry[2]:
            return entry[2]
    return None


def _reason(error: netrc.NetrcParseError | OSError | UnicodeDecodeError) -> str:
    """Why a netrc file cannot be read, without anything that stands in it."""
    match error:
        case netrc.NetrcParseError():
            return f"syntax error in line {error.lineno}" if error.lineno else "syntax error"
        case UnicodeDecodeError():
            return f"not UTF-8 at byte {error.start}"
        case _:
            return error.strerror or type(error).__name__


def _names(host: str) -> tuple[str, ...]:
    """The names under which a key for `host` may be written, its own first, then the service behind it."""
    for names in _SAME_SERVICE:
        if host in names:
            return (host, names[-1])
    return (host,)

"""Validates API keys, and reads the one that `wandb login` wrote to ~/.netrc."""

from __future__ import annotations

import ast
import netrc
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wandb_tui.core.errors import ApiKeyError
from wandb_tui.core.home import home_folder
from wandb_tui.core.lookalikes import lookalike, plain_latin, strip_invisible

_MIN_KEY_CHARS = 40
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")

# The hosts of a row share one API, so a key stored for one is valid for all.
_SAME_SERVICE = (
    ("api.forge.coreweave.com", "forge.coreweave.com", "api.wandb.ai"),
    ("api.qa.forge.coreweave.com", "qa.forge.coreweave.com", "api.qa.wandb.ai"),
)


def validated(key: str) -> str:
    """The key without white space and invisible characters around it.

    Raises:
        ApiKeyError: The text is no API key by the SDK's rules.
    """
    key = strip_invisible(key)
    if found := lookalike(key):
        raise ApiKeyError(f"The API key contains {found}.", "Copy it again from the user settings of the W&B site.")
    if _JWT.fullmatch(key):
        return key
    secret = key.split("-", 1)[-1]
    if re.search(r"\s", key):
        raise ApiKeyError("An API key has no spaces in it.", "Copy it again from the user settings of the W&B site.")
    if len(secret) < _MIN_KEY_CHARS:
        raise ApiKeyError(
            f"An API key has at least {_MIN_KEY_CHARS} characters, this one has {len(secret)}.",
            "Copy it again from the user settings of the W&B site.",
        )
    if not re.fullmatch(r"[\w-]+", secret, re.ASCII):
        raise ApiKeyError("An API key has letters, digits, “_” and “-” only.", "Copy it again from the W&B site.")
    return key


def netrc_path(environ: Mapping[str, str]) -> Path | None:
    """The netrc file that the SDK reads; None without a home folder."""
    if named := environ.get("NETRC"):
        return Path(named).expanduser()
    home = home_folder(environ)
    if home is None:
        return None
    usual, windows = home / ".netrc", home / "_netrc"
    if usual.exists() or not (windows.exists() or sys.platform == "win32"):
        return usual
    return windows


def read_netrc(path: Path, base_url: str) -> str | None:
    """The key for this server; `default` entries do not count.

    Raises:
        ApiKeyError: The file cannot be read.
    """
    try:
        hosts = netrc.netrc(path).hosts
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        raise ApiKeyError(
            f"{path} cannot be read ({_reason(error)}).", "Correct that file, or run wandb login."
        ) from None
    # Only the ends: an invisible character that came along with a copy belongs to no name.
    named = {strip_invisible(host): entry[2] for host, entry in hosts.items()}
    wanted = _host_names(urlsplit(base_url).netloc)
    for name in wanted:
        if key := named.get(name):
            return key
    _check_entry(path, named, wanted, urlsplit(base_url).hostname or "")
    for host in named:
        if (found := lookalike(host)) and plain_latin(host) in wanted:
            raise ApiKeyError(f"A machine's name in {path} contains {found}.", "Type it instead of pasting it.")
    return None


def _check_entry(path: Path, named: Mapping[str, str | None], wanted: tuple[str, ...], hostname: str) -> None:
    """Raise where an entry seems to be meant for this server, but gives no key for it."""
    for name in wanted:
        if name in named:
            raise ApiKeyError(f"{path} has no password for {name}.", "Add it, or run wandb login.")
    if hostname in named:
        raise ApiKeyError(
            f"{path} names {hostname} without its port; its entry would have to begin with machine {wanted[0]}.",
            "Correct that file, or run wandb login.",
        )


def _reason(error: netrc.NetrcParseError | OSError | UnicodeDecodeError) -> str:
    """The reason why a netrc file cannot be read, without any of its content."""
    match error:
        case netrc.NetrcParseError():
            where = f"syntax error in line {error.lineno}" if error.lineno else "syntax error"
            # The parser shows the word that it stumbles over, as Python writes it; it may be a secret.
            quoted = re.search(r"token ('.*'|\".*\")$", error.msg)
            character = _misleading(str(ast.literal_eval(quoted[1]))) if quoted else ""
            return f"{where}: {character}" if character else where
        case UnicodeDecodeError():
            return f"not UTF-8 at byte {error.start}"
        case _:
            return error.strerror or type(error).__name__


def _misleading(word: str) -> str:
    """The character that keeps a word of a netrc file from being read, in words; empty where there is none.

    Only ASCII spaces end a word there.
    """
    space = next((character for character in word if character.isspace()), "")
    return f"a space that does not separate words (U+{ord(space):04X})" if space else lookalike(word)


def _host_names(host: str) -> tuple[str, ...]:
    """The host names under which a key for `host` may be stored: its own, then the shared service's."""
    for names in _SAME_SERVICE:
        if host in names:
            return (host, names[-1])
    return (host,)

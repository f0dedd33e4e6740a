"""The address of a page on a W&B server: which server it is on, and its path there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from wandb_tui.core.errors import UsageError

EXPECTED = "entity/project/run_id, or the address of the run's page"
"""The accepted forms of a run's address, for the hints of errors."""

_FORGE_PAGES = "https://forge.coreweave.com/wandb"
# Since the move to Forge these show the same pages; old links redirect.
_FORGE_ALIASES = (_FORGE_PAGES, "https://wandb.ai", "https://www.wandb.ai", "https://app.wandb.ai")
_FORGE_ALIAS_HOSTS = frozenset({"wandb.ai", "www.wandb.ai", "app.wandb.ai", "forge.coreweave.com"})

OTHER_PAGES = {
    "workspace": "a workspace",
    "sweeps": "a sweep",
    "reports": "a report",
    "reportlist": "a list of reports",
    "groups": "a group of runs",
    "table": "a table of runs",
    "overview": "a project",
    "artifacts": "a page of artifacts",
    "models": "a page of models",
    "jobs": "a page of jobs",
    "automations": "a page of automations",
}
"""Pages that show no run, by the third part of their address, after entity and project."""

_PAGE_KINDS = frozenset({"runs", *OTHER_PAGES})


def as_url(text: str, app_url: str = "") -> str:
    """`text` as a full URL; empty if it is only a path.

    Args:
        text: The address as typed or pasted.
        app_url: Base address of the chosen server's pages, if known.

    Raises:
        UsageError: It is a URL, but not of a web page.
    """
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        if not re.match(r"https?://", text, re.IGNORECASE):
            raise UsageError(f"“{shortened(text)}” is not a web address.", f"Give {EXPECTED}.")
        return text
    head, slash, path = text.partition("/")
    if slash and _is_host(head.lower(), path, app_url):
        local = head.lower().startswith(("localhost", "127.", "["))
        return f"{'http' if local else 'https'}://{text}"
    return ""


def _is_host(head: str, path: str, app_url: str) -> bool:
    """Whether an address without a scheme, which browsers hide, starts with a host rather than an entity.

    An entity has no colon, but may have a dot: then the host must be a known one, or the path that of a page.
    """
    if re.fullmatch(r"localhost(:\d+)?|[\w.-]+\.[a-z]{2,}:\d+|[\d.]+:\d+|\[[0-9a-f:]+\](:\d+)?", head):
        return True
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.[a-z]{2,}", head):
        return False
    known = {*_FORGE_ALIAS_HOSTS, urlsplit(app_url).hostname}
    parts = [part for part in path.partition("?")[0].split("/") if part]
    return head in known or head.endswith((".wandb.io", ".wandb.ai")) or not _PAGE_KINDS.isdisjoint(parts[2:])


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"“{shortened(url)}” is not a web address.", f"Give {EXPECTED}.") from None
    if not host:
        raise UsageError(f"“{shortened(url)}” names no server.", f"Give {EXPECTED}.")
    scheme = parts.scheme.lower()
    if port == {"http": 80, "https": 443}[scheme]:
        port = None
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def page_path(url: str, app_url: str) -> str:
    """The path of a page relative to its server's base address.

    Args:
        url: The page's full address.
        app_url: Base address of the chosen server's pages; empty for any server.

    Raises:
        UsageError: The page is on another server.
    """
    origin = _origin(url)
    path = urlsplit(url).path
    if not app_url:
        host = urlsplit(origin).hostname or ""
        prefix = "/wandb" if host == "forge.coreweave.com" else ""
        return _below(path, prefix) or ""
    home = app_url.rstrip("/")
    roots = _FORGE_ALIASES if _is_forge(home) else (home,)
    for root in roots:
        same = _origin(root) == origin or (_is_forge(home) and _same_host(root, origin))
        below = _below(path, urlsplit(root).path) if same else None
        if below is not None:
            return below
    raise UsageError(
        f"That address is on {_host(origin)}, but this is {_host(_origin(home))}.",
        f"Start wandb-tui with --host {origin} to watch runs there.",
    )


def _is_forge(app_url: str) -> bool:
    return (urlsplit(app_url).hostname or "") in _FORGE_ALIAS_HOSTS


def _same_host(root: str, origin: str) -> bool:
    return urlsplit(root).hostname == urlsplit(origin).hostname and urlsplit(origin).port is None


def _host(origin: str) -> str:
    return origin.split("://", 1)[1]


def _below(path: str, prefix: str) -> str | None:
    prefix = prefix.rstrip("/")
    if path == prefix or path.startswith(prefix + "/"):
        return path[len(prefix) :]
    return None


def shortened(text: str, limit: int = 60) -> str:
    """A text, cut at the end if it is long."""
    return text if len(text) <= limit else text[: limit - 1] + "…"

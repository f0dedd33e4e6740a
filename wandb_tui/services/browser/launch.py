"""How Chromium is started: its switches and its proxy.

Certificates: Chromium trusts what the system trusts (on Linux its own store and ``~/.pki/nssdb``), not the files that
``REQUESTS_CA_BUNDLE`` or ``SSL_CERT_FILE`` name. Its only switch for more would trust any certificate that merely
carries the named one along, which is no protection for a password, so it is not used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wandb_tui.core.errors import NoBrowserError
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.proxies import ProxySettings

if TYPE_CHECKING:
    from playwright.async_api import ProxySettings as PlaywrightProxy

# Of several such switches Chromium heeds the last, so what Playwright turns off is turned off here as well (a test
# compares). The address bar's popups are ours: nobody sees them, and they take nearly half of all that a start costs.
_TURNED_OFF = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
# Playwright sets most of these itself; they are written out because nothing but the server may be talked to.
SWITCHES = (
    # Some components are asked for even with updates off (measured): then they are sought where nobody is.
    "--component-updater=url-source=http://127.0.0.1:9/,disable-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    f"--disable-features={','.join(_TURNED_OFF)}",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--safebrowsing-disable-auto-update",
)


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a window can be shown: elsewhere than on Linux there is always a desktop."""
    return not sys.platform.startswith("linux") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def no_display() -> NoBrowserError:
    """What to say, and what to do instead, where no window can be shown."""
    return NoBrowserError(
        "There is no display here for a browser window.",
        "On a machine with one: wandb-tui login --window --print-session | ssh THIS wandb-tui login --session-stdin",
    )


def switches(environ: Mapping[str, str], *, headless: bool) -> list[str]:
    """The switches that Chromium is started with; a window on a display without X needs to be told so."""
    wayland = not headless and bool(environ.get("WAYLAND_DISPLAY")) and not environ.get("DISPLAY")
    return [*SWITCHES, *(["--ozone-platform=wayland"] if wayland else [])]


def sandboxed() -> bool:
    """Whether Chromium's own sandbox can be on: it cannot for root."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


def proxy_for(server: ServerInfo, environ: Mapping[str, str]) -> PlaywrightProxy | None:
    """The proxy that the environment names for this server's pages, in the words of Playwright; never for loopback.

    Chromium gets one proxy and the list of hosts that are reached without it, since signing in leads to other hosts.

    Args:
        server: Its scheme says which of ``HTTPS_PROXY`` and ``HTTP_PROXY`` counts.
        environ: See `ProxySettings`.
    """
    settings = ProxySettings(environ)
    proxy, bypass = settings.for_scheme(urlsplit(server.app_url).scheme), settings.chromium_bypass
    if proxy is None or bypass is None:
        return None
    found: PlaywrightProxy = {
        "server": f"{proxy.scheme.replace('socks5h', 'socks5')}://{proxy.address}",
        "bypass": bypass,
    }
    if proxy.username:
        found["username"], found["password"] = proxy.username, proxy.password
    return found

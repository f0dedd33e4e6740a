"""The switches and the proxy that Chromium is started with."""

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

# Chromium uses only the last of several such switches, so this list repeats Playwright's (a test compares them), except
# for ThirdPartyStoragePartitioning: with that off, Chromium 156 denies a frame of another site its storage, and a
# sign-in may run in such a frame. The
# address bar's popups are added: they are never seen, and take nearly half of the start's cost.
_DISABLED_FEATURES = (
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
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
# Playwright sets most of these itself; they are repeated because the browser must contact no host but the server.
SWITCHES = (
    # Some components are requested even with updates off (measured); this address answers nothing.
    "--component-updater=url-source=http://127.0.0.1:9/,disable-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    f"--disable-features={','.join(_DISABLED_FEATURES)}",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--safebrowsing-disable-auto-update",
)


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a window can be shown; systems other than Linux always have a desktop."""
    return not sys.platform.startswith("linux") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def no_display() -> NoBrowserError:
    """The error where no window can be shown."""
    return NoBrowserError(
        "There is no display here for a browser window.",
        "On a machine with one: wandb-tui login --window --print-session | ssh THIS wandb-tui login --session-stdin",
    )


def switches(environ: Mapping[str, str], *, headless: bool) -> list[str]:
    """The switches that Chromium is started with; a window on Wayland without X needs one more."""
    wayland = not headless and bool(environ.get("WAYLAND_DISPLAY")) and not environ.get("DISPLAY")
    return [*SWITCHES, *(["--ozone-platform=wayland"] if wayland else [])]


def can_use_sandbox() -> bool:
    """Whether Chromium's own sandbox can be used: not as root."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


def proxy_for(server: ServerInfo, environ: Mapping[str, str]) -> PlaywrightProxy | None:
    """The environment's proxy for this server's pages, as a Playwright option; loopback never uses it.

    Chromium gets one proxy and the hosts that bypass it, since signing in leads to other hosts.

    Args:
        server: Its scheme selects ``HTTPS_PROXY`` or ``HTTP_PROXY``.
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

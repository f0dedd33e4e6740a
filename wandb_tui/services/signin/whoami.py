"""Finds out who is signed in, by asking the server from inside a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error, Page

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.origins import origin_of

_VIEWER_QUERY = "query Viewer { viewer { id username } }"
_EMAIL_QUERY = "query Viewer { viewer { id email } }"
_TIMEOUT_MS = 8000

# Sends the page's cookies, as its own scripts do.
_QUERY_SCRIPT = """async ({urls, query, timeoutMs}) => {
  for (const url of urls) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: "POST", credentials: "include", signal: stop.signal, redirect: "follow",
        headers: {"content-type": "application/json"},
        body: JSON.stringify({operationName: "Viewer", query, variables: {}}),
      });
      if (response.status === 401) return {known: true, viewer: null};
      const reply = await response.json();
      if (reply && reply.data && "viewer" in reply.data) return {known: true, viewer: reply.data.viewer};
    } catch (error) {
      // Try the next address.
    } finally {
      clearTimeout(timer);
    }
  }
  return {known: false, viewer: null};
}"""


@dataclass(frozen=True, slots=True)
class WhoamiReply:
    """The server's answer to the question who is signed in.

    Attributes:
        known: Whether the server answered at all.
        username: The user who is signed in; empty if signed out.
    """

    known: bool = False
    username: str = ""


class Whoami:
    """Queries one server; learns the address of its API from the pages' own traffic."""

    def __init__(self, server: ServerInfo) -> None:
        self._own_origins = {origin_of(server.app_url), origin_of(server.base_url)} - {""}
        app = origin_of(server.app_url)
        self.omits_viewer = False
        """Whether this server's API reports no user even when one is signed in."""
        self._urls = list(dict.fromkeys((f"{server.base_url}/graphql", f"{server.app_url}/graphql", f"{app}/graphql")))

    def learn(self, url: str) -> None:
        """Use the address to which a page sent its own query."""
        # Cookies are sent along, so only the server's own addresses are used.
        if origin_of(url) in self._own_origins and self._urls[0] != url:
            self._urls = [url, *(known for known in self._urls if known != url)]

    def is_own_page(self, page: Page) -> bool:
        """Whether the page belongs to the server."""
        return origin_of(page.url) in self._own_origins

    async def ask(self, page: Page) -> WhoamiReply:
        """Ask from inside a page; unknown if the page is not the server's, or is being left."""
        if not self.is_own_page(page):
            return WhoamiReply()
        try:
            reply = await self._query(page, _VIEWER_QUERY)
        except Error as error:
            if page.is_closed() or "closed" in str(error):
                raise
            return WhoamiReply()
        viewer = reply.get("viewer")
        if not isinstance(viewer, dict):
            return WhoamiReply(known=bool(reply.get("known")))
        return WhoamiReply(known=True, username=str(viewer.get("username") or viewer.get("id") or ""))

    async def email(self, page: Page) -> str:
        """The e-mail address of the signed-in user; empty if unknown."""
        if not self.is_own_page(page):
            return ""
        try:
            viewer = (await self._query(page, _EMAIL_QUERY)).get("viewer")
        except Error:
            return ""
        return str(viewer.get("email") or "") if isinstance(viewer, dict) else ""

    async def _query(self, page: Page, query: str) -> dict[str, Any]:
        reply: dict[str, Any] = await page.evaluate(
            _QUERY_SCRIPT, {"urls": self._urls, "query": query, "timeoutMs": _TIMEOUT_MS}
        )
        return reply

"""Asks the server, from inside a page, as whom that page is signed in: the surest test there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error, Page

from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin.origins import origin_of

_QUERY = "query Viewer { viewer { id username } }"
_EMAIL = "query Viewer { viewer { id email } }"
_PATIENCE = 8000

# The page's own cookies go along, as they do when its scripts ask.
_ASK = """async ({urls, query, patience}) => {
  for (const url of urls) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), patience);
    try {
      const answer = await fetch(url, {
        method: "POST", credentials: "include", signal: stop.signal, redirect: "follow",
        headers: {"content-type": "application/json"},
        body: JSON.stringify({operationName: "Viewer", query, variables: {}}),
      });
      if (answer.status === 401) return {known: true, viewer: null};
      const said = await answer.json();
      if (said && said.data && "viewer" in said.data) return {known: true, viewer: said.data.viewer};
    } catch (error) {
      // Not this address; the next one may do.
    } finally {
      clearTimeout(timer);
    }
  }
  return {known: false, viewer: null};
}"""


@dataclass(frozen=True, slots=True)
class WhoamiReply:
    """What the server says about who we are.

    Attributes:
        known: Whether it said anything at all.
        username: As whom we are signed in; empty for signed out.
    """

    known: bool = False
    username: str = ""


class Whoami:
    """Asks one server; learns from the pages' own traffic where to ask."""

    def __init__(self, server: ServerInfo) -> None:
        self._own = {origin_of(server.app_url), origin_of(server.base_url)} - {""}
        app = origin_of(server.app_url)
        self.never_names = False
        """Whether this server says that nobody is signed in, even where somebody is."""
        self._urls = list(dict.fromkeys((f"{server.base_url}/graphql", f"{server.app_url}/graphql", f"{app}/graphql")))

    def learn(self, url: str) -> None:
        """The pages themselves ask here."""
        # Cookies are sent along, so only the server's own addresses are ever asked.
        if origin_of(url) in self._own and self._urls[0] != url:
            self._urls = [url, *(known for known in self._urls if known != url)]

    def can_ask(self, page: Page) -> bool:
        """Whether the page is one of the server's own."""
        return origin_of(page.url) in self._own

    async def ask(self, page: Page) -> WhoamiReply:
        """Ask from inside this page; nothing is known where it is not the server's, or is just being left."""
        if not self.can_ask(page):
            return WhoamiReply()
        try:
            said = await self._ask(page, _QUERY)
        except Error as error:
            if page.is_closed() or "closed" in str(error):
                raise
            return WhoamiReply()
        viewer = said.get("viewer")
        if not isinstance(viewer, dict):
            return WhoamiReply(known=bool(said.get("known")))
        return WhoamiReply(known=True, username=str(viewer.get("username") or viewer.get("id") or ""))

    async def email(self, page: Page) -> str:
        """The e-mail address of whoever is signed in, as far as the server tells it."""
        if not self.can_ask(page):
            return ""
        try:
            viewer = (await self._ask(page, _EMAIL)).get("viewer")
        except Error:
            return ""
        return str(viewer.get("email") or "") if isinstance(viewer, dict) else ""

    async def _ask(self, page: Page, query: str) -> dict[str, Any]:
        said: dict[str, Any] = await page.evaluate(_ASK, {"urls": self._urls, "query": query, "patience": _PATIENCE})
        return said

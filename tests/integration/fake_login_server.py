"""A server with one sign-in page from `pages/`, which counts what is typed into it and submitted to it.

A file in `pages/` may hold several pages, each after the first begun by a line ``<!-- page: NAME -->``:

- ``password`` is shown for a form that was sent without a password, as the second of two steps;
- ``after`` is shown after the right password, in place of being signed in;
- ``wrong`` is shown after a wrong one, in place of the first page with what stands between ``{{wrong}}`` and ``{{/}}``;
- any other is served under its name.

``{{elsewhere}}`` stands for the address of a server of another origin.
"""

import json
import re
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.integration.quiet_server import QuietServer

USER, PASSWORD, WRONG = "ada@lab.example", "right & proper pässword", "some other pässword"
PAGES = Path(__file__).with_name("pages")
COUNTS_TYPING = (
    '<script>addEventListener("input", () => fetch("/typed", {method: "POST", keepalive: true}), true)</script>'
)
SESSION = "session=1; HttpOnly; SameSite=Lax; Path=/"
HOME = "<title>Home</title><h1>Runs</h1><p>42 runs</p><a href='/out'>Log out</a>"
SIGNED_OUT = "<title>Home</title><h1>Welcome</h1><a href='/login'>Log in</a>"


class FakeLoginServer:
    """The server; `with` starts and ends it.

    Args:
        page: The name of a file in `pages/`, without its ending.
        elsewhere: The address of a server of another origin.
        viewer: Whether it answers who is signed in.
        seconds: How long it takes to answer a password.
        status: With what it answers a password, in place of a page.
        way: Paths that redirect one to the other, the first from ``/login``, before the page comes; the last may be an
            address on another server, which lets people in by sending them to ``/callback`` with one of `tickets`.
        counts_typing: Whether a script on each page counts what is typed.
    """

    def __init__(self, page="", *, elsewhere="", viewer=True, seconds=0.0, status=0, way=(), counts_typing=True):
        text = (PAGES / f"{page}.html").read_text(encoding="utf-8") if page else SIGNED_OUT
        first, *others = re.split(r"<!-- page: (\w+) -->", text.replace("{{elsewhere}}", elsewhere))
        self.pages = {"login": first, **dict(zip(others[::2], others[1::2], strict=True))}
        self.viewer, self.seconds, self.status = viewer, seconds, status
        self.counts_typing = counts_typing
        self.way = ["/login", *way]
        self.home, self.closed = HOME, SIGNED_OUT
        self.port = 0
        self.typed = self.submissions = self.identifiers = 0
        self.asked, self.tickets = [], set()

    def __enter__(self):
        login_server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("content-length") or 0)
                try:
                    status, headers, text = login_server.answer(
                        self.command, self.path, self.headers, self.rfile.read(length).decode()
                    )
                    sent = text.encode()
                    self.send_response(status)
                    for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(sent)))
                    self.end_headers()
                    self.wfile.write(sent)
                except ConnectionError:
                    self.close_connection = True

            do_POST = do_GET  # noqa: N815 - the names the base class looks for

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, headers, body):
        parts = urlsplit(path)
        name = parts.path.strip("/")
        self.asked.append((method, parts.path))
        signed_in = SimpleCookie(headers.get("cookie") or "").get("session") is not None
        if name == "typed":
            self.typed += 1
            return 204, {}, ""
        if name == "graphql":
            return self._viewer(signed_in)
        fields, is_json = _fields(parts.query, headers, body)
        if {PASSWORD, WRONG} & set(fields):
            return self._password(fields, is_json=is_json)
        return self._step(name, fields) if method == "POST" else self._show(parts, signed_in=signed_in)

    def _show(self, parts, *, signed_in):
        if parts.path == "/callback" and parts.query.removeprefix("ticket=") in self.tickets:
            self.tickets.remove(parts.query.removeprefix("ticket="))
            return 302, {"location": "/home", "set-cookie": SESSION}, ""
        if parts.path in self.way[:-1]:
            return 302, {"location": self.way[self.way.index(parts.path) + 1]}, ""
        name = "login" if parts.path == self.way[-1] else parts.path.strip("/")
        if name in self.pages:
            return 200, {}, self._page(name, wrong="wrong" in parts.query)
        if name in {"", "home"}:
            return 200, {}, self.home if signed_in else self.closed
        return 404, {}, "<h1>404</h1>"

    def _viewer(self, signed_in):
        if not self.viewer:
            return 404, {}, "<h1>404</h1>"
        viewer = {"id": "VXNlcjox", "username": "ada"} if signed_in else None
        return 200, {"content-type": "application/json"}, json.dumps({"data": {"viewer": viewer}})

    def _password(self, fields, *, is_json):
        self.submissions += 1
        time.sleep(self.seconds)
        if self.status:
            return self.status, {}, "<title>Oops</title>"
        right = PASSWORD in fields and (USER in fields or USER.partition("@")[0] in fields)
        session = {"set-cookie": SESSION} if right and "after" not in self.pages else {}
        if is_json:
            said = {"ok": right, "next": "/after" if "after" in self.pages else "/home"}
            return 200 if right else 401, {"content-type": "application/json", **session}, json.dumps(said)
        if right:
            return (
                (200, {}, self._page("after")) if "after" in self.pages else (303, {"location": "/home", **session}, "")
            )
        if "redirect" in fields:
            return 303, {"location": "/login?wrong=1"}, ""
        return 200, {}, self._page("wrong") if "wrong" in self.pages else self._page("login", wrong=True)

    def _step(self, name, fields):
        if name in {"after", "skip"}:
            return 303, {"location": "/home", "set-cookie": SESSION}, ""
        if USER in fields and "password" in self.pages:
            self.identifiers += 1
            return 200, {}, self._page("password")
        return 200, {}, "{}"

    def _page(self, name, *, wrong=False):
        text = self.pages[name]
        if name == "login" and "password" in self.pages and wrong:
            text = self.pages["password"]
        shown = r"\1" if wrong else ""
        return COUNTS_TYPING * self.counts_typing + re.sub(r"\{\{wrong\}\}(.*?)\{\{/\}\}", shown, text, flags=re.DOTALL)


def _fields(query, headers, body):
    """All values that a request carries, and whether they came as JSON."""
    values = [value for _, value in parse_qsl(query)]
    if body.startswith("{"):
        return [*values, *map(str, json.loads(body).values())], True
    if body.startswith("--"):
        return [*values, *re.findall(r"\r\n\r\n(.*?)\r\n--", body, re.DOTALL)], False
    return [*values, *(value for _, value in parse_qsl(body))], False

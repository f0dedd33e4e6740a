"""Passes requests on to a program whose insides cannot count them, and shows each to the one who does."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler

from tests.integration.quiet_server import QuietServer

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "date", "server"}
_PATIENCE_S = 60


class CountingProxy:
    """A reverse proxy on loopback that keeps the browser's idea of the host's name.

    Attributes:
        url: Its own origin.
        upstream: The port of the program behind it; set once that is known.

    Args:
        count: Called with the method, the body and the headers of each request.
    """

    def __init__(self, count):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                count(self.command, body.decode("utf-8", "replace"), self.headers)
                upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=_PATIENCE_S)
                sent = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                upstream.request(self.command, self.path, body, sent)
                answer = upstream.getresponse()
                text = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                upstream.close()

            do_POST = do_PUT = do_OPTIONS = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the base class looks for them

            def log_message(self, *_):
                pass

        self.upstream = 0
        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        """End it."""
        self._server.shutdown()
        self._server.server_close()

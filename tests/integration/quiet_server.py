"""A server for the tests' own pages, which says nothing when a client goes away in the middle."""

import sys
from http.server import ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    """Prints nothing about lost connections: that would appear in the output of another test that runs just then."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

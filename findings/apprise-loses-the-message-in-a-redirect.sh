#!/usr/bin/env bash
# A webhook that answers with a redirect gets no message, and Apprise reports success.
#
# A good guess: a json:// address whose server moved (http to https, a slash added, a new host) either works, because the redirect is
#   followed with the message, or fails, and notify() says so. It posts one message and looks at the answer.
# Why it is wrong: the redirect is followed by a GET without any body, as the HTTP client does for 301, 302 and 303, and the page found
#   there answers 200. Success is reported, and the message was delivered nowhere. With 307 and 308 it arrives.
# Versions: apprise 2.3.0, requests 2.34.2, Python 3.11.
# Source: apprise/plugins/custom_json.py lets the HTTP client follow redirects (an option of the address turns it off) and
#   looks at the last status only.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" apprise==2.3.0 requests==2.34.2

cat > "$tmp/check.py" <<'PY'
import http.server
import logging
import threading
from importlib.metadata import version

import apprise

logging.disable()
arrived = []


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/new":
            arrived.append((self.command, b"run abc is available" in body))
            self.send_response(200)
        else:
            self.send_response(int(self.path[1:]))
            self.send_header("Location", "/new")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("apprise", version("apprise"), "requests", version("requests"))
seen = {}
for status in (301, 302, 303, 307, 308):
    arrived.clear()
    services = apprise.Apprise()
    services.add(f"json://127.0.0.1:{server.server_address[1]}/{status}")
    said = bool(services.notify(body="run abc is available"))
    seen[status] = (said, *arrived)
    print(f"  {status}: success reported {said}; the new place got {arrived[0][0]}, the message {'in' if arrived[0][1] else 'not in'} it")
lost, kept = (True, ("GET", False)), (True, ("POST", True))
assert seen == {301: lost, 302: lost, 303: lost, 307: kept, 308: kept}, seen
PY
HOME="$tmp" timeout 60 "$tmp/venv/bin/python" "$tmp/check.py"
echo "As found: after 301, 302 and 303 success is reported and the message is lost."

#!/usr/bin/env bash
# What Apprise's notify() answers is no longer True, False or None, and its status is falsy when all went well.
#
# A good guess: notify() gives True when every service took the message, False when one did not, and None when none has the tag, which
#   callers test with `is None` and `is False`. So it was up to 1.9.
# Why it is wrong: Apprise 2 answers with an object. `is None`, `is False` and `is True` never hold, so "no service to tell" falls
#   through to whatever the other branch does. Its truth still means "all delivered", so one failure out of two and no service at all
#   are both false; telling them apart takes its .status. That is an IntEnum made for exit codes: SUCCESS is 0, so `if answer.status`
#   is true for everything but success. len() counts the services that were tried, and does not say whether they took it.
# Versions: apprise 2.3.0 against 1.9.5, Python 3.11.
# Source: apprise/result.py: the class for the answer, its truth and its statuses (2 is left out for click's usage errors).
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/check.py" <<'PY'
import http.server
import logging
import threading
from importlib.metadata import version

import apprise

logging.disable()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503 if "down" in self.path else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=server.serve_forever, daemon=True).start()


def notify(*paths, **more):
    services = apprise.Apprise()
    for path in paths:
        services.add(f"json://127.0.0.1:{server.server_address[1]}/{path}")
    return services.notify(body="run abc is available", **more)


print("apprise", version("apprise"))
cases = {"all": notify("up"), "some": notify("up", "down"), "none": notify("down"), "no service": notify(), "no such tag": notify("up", tag="x")}
if version("apprise").startswith("1."):
    for case, answer in cases.items():
        print(f"  {case}: {answer!r}")
    assert list(cases.values()) == [True, False, False, False, None], cases
else:
    seen = {}
    for case, answer in cases.items():
        seen[case] = (bool(answer), answer.status.name, int(answer.status), len(answer))
        print(f"  {case}: {answer!r}: true {bool(answer)}, status true {bool(answer.status)}, length {len(answer)}")
        assert not any(answer is constant for constant in (True, False, None))
        assert bool(answer) is not bool(answer.status)
    assert seen == {
        "all": (True, "SUCCESS", 0, 1), "some": (False, "PARTIAL", 4, 2), "none": (False, "FAILURE", 1, 1),
        "no service": (False, "NOMATCH", 3, 0), "no such tag": (False, "NOMATCH", 3, 0),
    }, seen
PY
for release in 2.3.0 1.9.5; do
    python3 -m uv venv -q "$tmp/$release"
    python3 -m uv pip install -q --python "$tmp/$release/bin/python" "apprise==$release"
    HOME="$tmp" timeout 60 "$tmp/$release/bin/python" "$tmp/check.py"
done
echo "As found: an object, true when all went well, with a status that is then false."

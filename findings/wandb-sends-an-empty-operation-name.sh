#!/usr/bin/env bash
# wandb's GraphQL requests: since the move to Go most of them say `"operationName": ""`, which strict servers refuse.
#
# A good guess: a request with one named operation either leaves `operationName` out, as older versions did, or gives the
# operation's name; a server by the book, such as one on graphql-core (strawberry, graphene, ariadne), answers both. So a
# compatible server that works with one version of the SDK works with the next.
#
# What is so: 0.24.1 sends no `operationName` at all. 0.27.2 sends an empty text with every query of
# `wandb.Api`; 0.28.2 and 0.31.0 send the right name for what the service process asks by itself (Viewer,
# ServerFeaturesQuery) and the empty text for the queries of the public API. For graphql-core a text that is
# not the name of an operation is an error, the empty one too, although null or nothing would do. So logging in works and
# every later question fails, and `artifact_exists` of 0.31.0 turns that (HTTP 400) into a plain False.
#
# Versions: wandb 0.24.1, 0.27.2, 0.28.2, 0.31.0; graphql-core 3.3.2 on Python 3.11.
# Source: measured; graphql/execution/execute.py, `build`: only None stands for "the only operation".
set -euo pipefail
export WANDB_ERROR_REPORTING=false
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > "$work/check.py" <<'PY'
import http.server
import json
import os
import subprocess
import sys
import threading

from graphql import build_schema, graphql_sync
from graphql import version as core

schema = build_schema("type Query { viewer: String }")
answers = {}
for name in (None, "Viewer", ""):
    result = graphql_sync(schema, "query Viewer { viewer }", {"viewer": "me"}, operation_name=name)
    answers[name] = result.errors[0].message if result.errors else result.data["viewer"]
    print(f"graphql-core {core}: operationName {json.dumps(name):8} → {answers[name]}")
assert (answers[None], answers["Viewer"], answers[""][:23]) == ("me", "me", "Unknown operation named"), answers

seen = []
VIEWER = {"id": "VXNlcjox", "entity": "lab", "username": "me", "email": "me@lab.example", "name": "Me", "flags": "{}",
          "admin": False, "deletedAt": None, "teams": {"edges": []}, "apiKeys": {"edges": []}}


class Server(http.server.BaseHTTPRequestHandler):
    """Answers every query as a server does that has no such project."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/graphql":
            seen.append(json.loads(content).get("operationName", "absent"))
        body = json.dumps({"data": {"viewer": VIEWER, "project": None, "serverInfo": {"features": []}}}).encode()
        self.send_response(200 if self.path == "/graphql" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
ASK = "import wandb; print(wandb.__version__, wandb.Api().artifact_exists('lab/p/run-x-history:v0'))"
wrong = []
for version, some, last in (
    ("0.24.1", {"absent"}, "absent"),
    ("0.27.2", {""}, ""),
    ("0.28.2", {"Viewer", ""}, ""),
    ("0.31.0", {"Viewer", "ServerFeaturesQuery", ""}, ""),
):
    seen.clear()
    home = os.path.join(sys.argv[1], "home")
    os.makedirs(home, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_API_KEY": "k" * 40, "WANDB_SILENT": "true",
                   "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_ERROR_REPORTING": "false"}
    with open(os.path.join(sys.argv[1], "out"), "w") as out:
        subprocess.run([f"{sys.argv[1]}/{version}/bin/python", "-c", ASK], env=environment, cwd=home, stdout=out,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60, check=True)
    print(f"wandb {version}: operationName of its requests {seen}")
    if (set(seen), seen[-1]) != (some, last):
        wrong.append(version)
if wrong:
    sys.exit(f"behaves otherwise now: {wrong}")
print("as described")
PY

for version in 0.24.1 0.27.2 0.28.2 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done
python3 -m uv venv -q "$work/core"
python3 -m uv pip install -q --python "$work/core/bin/python" graphql-core==3.3.2
timeout 170 "$work/core/bin/python" "$work/check.py" "$work"

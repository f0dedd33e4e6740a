#!/usr/bin/env bash
# Extra HTTP headers for W&B: which requests carry them depends on the SDK version, and on the ORDER of the environment.
#
# A good guess: a lab whose W&B server stands behind an access gateway sets the extra-headers setting once
# (WANDB_X_EXTRA_HTTP_HEADERS, or the older spelling WANDB__EXTRA_HTTP_HEADERS), and every request of the SDK carries
# the header; if both spellings are set, the newer one wins, or both are merged.
#
# What is so, for `wandb.Api()` followed by `Api.artifact_exists`:
#   0.24.1  the older spelling reaches only the request that verifies the key at the start; the queries themselves carry
#           nothing. So signing in passes the gateway and every later question is refused. The newer spelling reaches
#           none of them.
#   0.27.2  the older spelling reaches all, the newer one all but the verification, which is the first request: a
#           gateway refuses it and nothing later happens.
#   0.31.0  both reach all.
# And where both are set, 0.31.0 uses only the one that stands LATER in the process environment. Two shells that export
# the same two variables in different order send different headers.
#
# Versions: wandb 0.24.1, 0.27.2, 0.31.0 on Python 3.11.
# Source: wandb/sdk/wandb_settings.py, `update_from_env_vars`: one loop over the environment writes each variable to its
# setting; a name with two underscores after WANDB and the one with _X_ end in the same setting, so the last one written
# stays. In 0.24.1 wandb/sdk/internal/internal_api.py reads the older name by itself, and the public client of
# wandb/apis/public/api.py builds its own headers.
set -euo pipefail
export WANDB_ERROR_REPORTING=false
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > "$work/check.py" <<'PY'
import http.server, json, os, subprocess, sys, threading

seen = []
VIEWER = {"id": "VXNlcjox", "entity": "lab", "username": "me", "email": "me@lab.example", "name": "Me", "flags": "{}",
          "admin": False, "deletedAt": None, "teams": {"edges": []}, "apiKeys": {"edges": []}}


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/graphql":
            seen.append([name for name in ("X-Older", "X-Newer") if self.headers.get(name)])
        data = {"viewer": VIEWER, "project": None, "serverInfo": {"features": []}}
        body = json.dumps({"data": data}).encode()
        self.send_response(200 if self.path == "/graphql" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
ASK = "import wandb; print(wandb.__version__, wandb.Api().artifact_exists('lab/p/run-x-history:v0'))"
OLDER = ("WANDB__EXTRA_HTTP_HEADERS", '{"X-Older": "1"}')
NEWER = ("WANDB_X_EXTRA_HTTP_HEADERS", '{"X-Newer": "1"}')


def headers(version, *extra):
    """The extra headers of each request, the verification first."""
    seen.clear()
    home = os.path.join(sys.argv[1], "home")
    os.makedirs(home, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_API_KEY": "k" * 40, "WANDB_SILENT": "true",
                   "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_ERROR_REPORTING": "false"}
    for name, value in extra:
        environment[name] = value
    with open(os.path.join(sys.argv[1], "out"), "w+") as out:
        subprocess.run([f"{sys.argv[1]}/{version}/bin/python", "-c", ASK], env=environment, cwd=home, stdin=subprocess.DEVNULL,
                       stdout=out, stderr=subprocess.STDOUT, timeout=50, check=False)
        out.seek(0)
        answer = out.read().strip().splitlines()[-1:]
    first, rest = seen[0], {tuple(names) for names in seen[1:]}
    print(f"wandb {version:7} {' + '.join(n for n, _ in extra):56} first {first} later {sorted(rest)} {answer}")
    return first, rest


wrong = []
for version, extra, first, later in (
    ("0.24.1", (OLDER,), ["X-Older"], {()}),
    ("0.24.1", (NEWER,), [], {()}),
    ("0.27.2", (OLDER,), ["X-Older"], {("X-Older",)}),
    ("0.27.2", (NEWER,), [], {("X-Newer",)}),
    ("0.31.0", (OLDER,), ["X-Older"], {("X-Older",)}),
    ("0.31.0", (NEWER,), ["X-Newer"], {("X-Newer",)}),
    ("0.31.0", (OLDER, NEWER), ["X-Newer"], {("X-Newer",)}),
    ("0.31.0", (NEWER, OLDER), ["X-Older"], {("X-Older",)}),
):
    if headers(version, *extra) != (first, later):
        wrong.append((version, [n for n, _ in extra]))
if wrong:
    sys.exit(f"behaves otherwise now: {wrong}")
print("as described")
PY

for version in 0.24.1 0.27.2 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done
timeout 170 python3 "$work/check.py" "$work"

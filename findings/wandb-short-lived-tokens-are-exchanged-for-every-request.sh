#!/usr/bin/env bash
# With identity federation, an access token that lives 300 seconds or less doubles all traffic of the W&B SDK.
#
# A good guess: with WANDB_IDENTITY_TOKEN_FILE the SDK exchanges its identity token once, keeps the access token, and asks for
#   a new one shortly before that expires: with tokens of five minutes, every four or five minutes.
# Why it is wrong: the service process renews a token as soon as five minutes or less of it are left. One that the server
#   issues for 300 seconds is due from the moment it arrives, so each single query is preceded by an exchange at /oidc/token.
#   A few seconds of lifetime more, and one exchange does for all of them. Nothing tells the user. A program that polls a run every few
#   seconds asks the identity endpoint as often as the API.
#   0.25.1, whose public API still asked by itself from Python, exchanged once in either case: it had no such margin.
#
# Versions: wandb 0.25.1 and 0.31.0, Python 3.11.
# Source: measured; the file of credentials that the service process keeps (credentials.json) shows the expiry that it goes by. In 0.25.1
#   wandb/sdk/lib/credentials.py compares the expiry with the present moment.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 0.25.1 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done

cat > "$work/check.py" <<'PY'
import collections, http.server, json, os, subprocess, sys, tempfile, threading

work = sys.argv[1]
asked = collections.Counter()
lifetime = 0


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked[self.path] += 1
        if self.path == "/oidc/token":
            answer = {"access_token": f"token-{asked[self.path]}", "token_type": "Bearer", "expires_in": lifetime}
        else:
            viewer = {"id": "1", "entity": "lab", "username": "u", "email": "u@lab.example", "flags": "{}", "teams": {"edges": []}}
            answer = {"data": {"viewer": viewer, "project": None, "serverInfo": {"features": []}}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
ASK = "import wandb\napi = wandb.Api()\nfor n in range(5):\n    api.artifact_exists(f'lab/p/run-x-history:v{n}')"


def count(version, seconds):
    """How many exchanges and how many queries a process makes that asks for five artifacts."""
    global lifetime
    lifetime = seconds
    asked.clear()
    with tempfile.TemporaryDirectory(dir=work) as home, open(os.path.join(work, "out"), "w") as out:
        token = os.path.join(home, "identity.jwt")
        with open(token, "w") as file:
            file.write("e30.e30.c2ln")
        environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}",
                       "WANDB_IDENTITY_TOKEN_FILE": token, "WANDB_CREDENTIALS_FILE": os.path.join(home, "credentials.json"),
                       "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
        subprocess.run([f"{work}/{version}/bin/python", "-c", ASK], env=environment, cwd=home, stdin=subprocess.DEVNULL,
                       stdout=out, stderr=out, timeout=60, check=True)
    print(f"wandb {version}, tokens of {seconds:3} s: {asked['/oidc/token']} exchanges for {asked['/graphql']} queries")
    return asked["/oidc/token"], asked["/graphql"]


ok = True
for version, seconds, each in (("0.31.0", 120, True), ("0.31.0", 300, True), ("0.31.0", 330, False), ("0.25.1", 120, False)):
    exchanges, queries = count(version, seconds)
    ok &= queries >= 6 and exchanges == (queries if each else 1)
if not ok:
    sys.exit("behaves otherwise now")
print("as described")
PY
timeout 150 python3 "$work/check.py" "$work"

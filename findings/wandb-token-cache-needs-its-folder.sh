#!/usr/bin/env bash
# With identity federation, the W&B SDK keeps no access token where the folder of its credentials file is missing.
#
# A good guess: the SDK stores the access token that it gets for an identity token in ~/.config/wandb/credentials.json, so that the
#   processes of a user share it; like other programs it makes the folders above that file when they are missing, or complains.
# Why it is wrong: in 0.31.0 the service process writes the file only into a folder that exists. In a fresh container there is no
#   ~/.config/wandb, so nothing is stored and nothing is said: each process exchanges the identity token anew.
#   `mkdir -p ~/.config/wandb` before the first run is enough: then a second process needs no exchange at all.
#
# Versions: wandb 0.31.0, Python 3.11.
# Source: measured, with a server on loopback that counts exchanges.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/env"
python3 -m uv pip install -q --python "$work/env/bin/python" "wandb==0.31.0"

cat > "$work/check.py" <<'PY'
import collections, http.server, json, os, subprocess, sys, tempfile, threading

work = sys.argv[1]
asked = collections.Counter()


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked[self.path] += 1
        if self.path == "/oidc/token":
            answer = {"access_token": f"token-{asked[self.path]}", "token_type": "Bearer", "expires_in": 3600}
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
ASK = "import wandb\nwandb.Api().artifact_exists('lab/p/run-x-history:v0')"


def count(folder):
    """How many exchanges two processes make, one after the other; and whether the file is there then."""
    with tempfile.TemporaryDirectory(dir=work) as home, open(os.path.join(work, "out"), "w") as out:
        token = os.path.join(home, "identity.jwt")
        with open(token, "w") as file:
            file.write("e30.e30.c2ln")
        if folder:
            os.makedirs(os.path.join(home, ".config", "wandb"))
        environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}",
                       "WANDB_IDENTITY_TOKEN_FILE": token, "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
        exchanges = []
        for _ in range(2):
            asked.clear()
            subprocess.run([f"{work}/env/bin/python", "-c", ASK], env=environment, cwd=home, stdin=subprocess.DEVNULL,
                           stdout=out, stderr=out, timeout=60, check=True)
            exchanges.append(asked["/oidc/token"])
        stored = os.path.exists(os.path.join(home, ".config", "wandb", "credentials.json"))
    print(f"~/.config/wandb {'exists' if folder else 'is missing'}: {exchanges[0]} and {exchanges[1]} exchanges, "
          f"the token is {'stored' if stored else 'not stored'}")
    return exchanges[1], stored


missing, there = count(folder=False), count(folder=True)
if missing[0] < 1 or missing[1] or there != (0, True):
    sys.exit("behaves otherwise now")
print("as described")
PY
timeout 150 python3 "$work/check.py" "$work"

#!/usr/bin/env bash
# One netrc entry cannot serve wandb and the other clients of a W&B server that listens on a port of its own.
#
# A good guess: netrc knows machines, not ports, so `machine wandb.lab.example` holds for http://wandb.lab.example:8080 in
#   every client, and what `wandb login` writes there can be used with curl, requests, httpx or aiohttp for a quick look at the
#   same server's GraphQL.
# Why it is wrong: wandb takes host and port together as the machine's name, for writing and for reading. An entry without
#   the port, which the four others use, is none for wandb ("No API key configured"); the one with the port, which wandb
#   writes, is none for the four others, and they send no credentials. With a key replaced by appending a
#   second entry for the same machine, curl uses the first one and the Python clients, wandb among them, the last.
#
# Versions: wandb 0.31.0 (0.24.1 the same), requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5, curl 7.88.1, Python 3.11.
# Source: wandb/sdk/lib/wbauth/wbnetrc.py asks Python's netrc for the address's netloc; requests/utils.py, httpx/_auth.py and
#   aiohttp/helpers.py ask it for the host alone; curl's manual describes its own reader, which stops at the first match.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5

cat > "$work/check.py" <<'PY'
import base64, http.server, json, os, subprocess, sys, threading
from importlib.metadata import version

work = sys.argv[1]
sent = []


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/graphql":
            sent.append(self.headers.get("Authorization"))
        viewer = {"id": "1", "entity": "lab", "username": "u", "email": "u@lab.example", "flags": "{}", "teams": {"edges": []}}
        body = json.dumps({"data": {"viewer": viewer}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
machine = f"127.0.0.1:{server.server_port}"
url = f"http://{machine}/graphql"
python = sys.executable
AIOHTTP = f"""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        await session.post({url!r}, json={{}})
asyncio.run(main())
"""
CLIENTS = {
    "curl": ["curl", "--silent", "--netrc", "--data", "{}", "--output", "/dev/null", url],
    "requests": [python, "-c", f"import requests; requests.post({url!r}, json={{}})"],
    "httpx": [python, "-c", f"import httpx; httpx.post({url!r}, json={{}}, auth=httpx.NetRCAuth())"],
    "aiohttp": [python, "-c", AIOHTTP],
    "wandb": [python, "-c", "import wandb; wandb.Api()"],
}


def keys(text):
    """The first letter of the key that each client sends, or - for none."""
    path = os.path.join(work, ".netrc")
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o600)
    environment = {"PATH": os.environ["PATH"], "HOME": work, "NETRC": path, "WANDB_BASE_URL": f"http://{machine}",
                   "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    found = {}
    for name, command in CLIENTS.items():
        sent.clear()
        with open(os.path.join(work, "out"), "w") as out:
            subprocess.run(command, env=environment, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=60, check=False)
        headers = [header for header in sent if header]
        found[name] = base64.b64decode(headers[0].split()[1]).decode().split(":")[1][0] if headers else "-"
    return found


print(*(f"{name} {version(name)}" for name in ("wandb", "requests", "httpx", "aiohttp")))
print(subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split(" (")[0])
old, new = "a" * 40, "b" * 40
cases = {
    "machine without port": (f"machine 127.0.0.1 login user password {old}\n", ["a", "a", "a", "a", "-"]),
    "machine with port": (f"machine {machine} login user password {old}\n", ["-", "-", "-", "-", "a"]),
    "both, a key, then a newer one": (
        "".join(f"machine {name} login user password {key}\n" for key in (old, new) for name in ("127.0.0.1", machine)),
        ["a", "b", "b", "b", "b"],
    ),
}
wrong = []
for what, (text, expected) in cases.items():
    found = keys(text)
    print(f"{what:30}", found)
    if list(found.values()) != expected:
        wrong.append(what)
if wrong:
    sys.exit(f"behaves otherwise now: {wrong}")
print("as described")
PY
timeout 150 "$work/venv/bin/python" "$work/check.py" "$work"

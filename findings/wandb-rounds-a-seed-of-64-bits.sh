#!/usr/bin/env bash
# W&B does not keep a seed of 64 bits or more: the run cannot be repeated from its config.
#
# A good guess: an int in run.config is exact, as JSON and Python know no limit; if there is one, it is JavaScript's 2**53, in the web
# interface alone.
# Why it is wrong: the SDK's service sends integers up to 2**63 - 1 as they are, those above 2**53 included, and any larger one as a double:
# numpy's own kind of seed, the 128 bits of SeedSequence().entropy, keeps its first 16 digits, and the generator that is made of the
# number which the server has draws other numbers. config.yaml, metrics and summary have the double as well; the file of an offline
# run still holds all digits of the config. Nothing is said. Store such a seed as text.
#
# Versions: wandb 0.31.0, numpy 2.4.6, Python 3.11.
# Source: the requests of a run to a server on loopback, read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true HOME="$work" WANDB_DIR="$work" WANDB_CONFIG_DIR="$work/config"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 numpy==2.4.6 pyyaml==6.0.3

cat > "$work/check.py" <<'PYTHON'
import http.server, json, pathlib, re, threading

import numpy as np
import wandb
import yaml

sent = {}
history = []


def answer(operation: str, variables: dict) -> dict:
    if operation == "Viewer":
        return {"viewer": {"id": "1", "entity": "lab", "username": "u", "email": "u@example.com", "flags": "{}", "teams": {"edges": []}}}
    if operation == "UpsertBucket":
        sent.update(json.loads(variables["config"] or "{}"))
        project = {"id": "1", "name": "p", "entity": {"id": "2", "name": "lab"}}
        bucket = {"id": "b", "name": "r", "displayName": "r", "config": "{}", "historyLineCount": 0, "project": project}
        return {"upsertBucket": {"bucket": bucket, "inserted": True}}
    if operation == "CreateRunFiles":
        files = [{"name": name, "uploadUrl": f"{base}/upload"} for name in variables["files"]]
        return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
    return {}


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_PUT(self) -> None:
        self.read()
        self.reply(b"")

    def do_POST(self) -> None:
        body = self.read()
        if self.path.endswith("/graphql"):
            asked = json.loads(body)
            operation = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
            return self.reply(json.dumps({"data": answer(operation[1], asked.get("variables") or {})}).encode())
        if self.path.endswith("/file_stream"):
            lines = json.loads(body).get("files", {}).get("wandb-history.jsonl", {}).get("content", [])
            history.extend(map(json.loads, lines))
        self.reply(b"{}")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"

seeds = {"int64": 2**63 - 1, "uint64": 2**64 - 1, "entropy": 199660438807746511707141061754964527965}
settings = wandb.Settings(base_url=base, api_key="k" * 40, console="off", x_disable_stats=True, init_timeout=30)
run = wandb.init(entity="lab", project="p", id="r", config=seeds, settings=settings)
run.log({"uint64": seeds["uint64"]})
files = pathlib.Path(run.dir)
run.finish()

stored = yaml.safe_load((files / "config.yaml").read_text())
first = np.random.default_rng(seeds["entropy"]).random()
again = np.random.default_rng(int(sent["entropy"]["value"])).random()
print("wandb", wandb.__version__, "numpy", np.__version__)
for name, seed in seeds.items():
    print(f"{name:8} seed {seed}, sent {sent[name]['value']}, config.yaml {stored[name]['value']}")
print("logged:", history[0]["uint64"])
print("first number drawn:", first, "and from the seed that was sent:", again)
assert sent["int64"]["value"] == seeds["int64"], sent
for name in ("uint64", "entropy"):
    assert isinstance(sent[name]["value"], float) and int(sent[name]["value"]) != seeds[name], sent
    assert float(stored[name]["value"]) == sent[name]["value"], stored
assert isinstance(history[0]["uint64"], float) and first != again
print("as expected: the seed is rounded")
PYTHON
timeout 120 ./venv/bin/python check.py < /dev/null > out 2>&1 || { cat out; exit 1; }
cat out

#!/usr/bin/env bash
# OpenWandb, a W&B-compatible server: a fork succeeds even from a run that does not exist, and has no history below it.
#
# A good guess: a compatible server that does not support forking refuses `wandb.init(fork_from="PARENT?_step=500")`, as
# W&B does for a parent that it does not know; or at least the SDK notices that the new run is no fork. A program that
# calls init and gets a run at the right step may go on.
#
# What is so: the SDK sends a fork as an ordinary new run with the branch point inside its config. A server that does not
# look there creates an ordinary run and says yes. The SDK believes it: `starting_step` is 501, the first row is logged
# at step 501, and the exit status is 0. Nothing of the parent is there, since no parent was ever looked for; the same
# happens with a parent that does exist. So a fork has to be checked by its rows, or by whether the server exports
# histories at all, not by `init`.
#
# Versions: openwandb 0.5.25, wandb 0.24.1 and 0.31.0 on Python 3.11.
# Source: openwandb/graphql_schema.py, `upsert_bucket`, which stores `config` and knows no branch point; in the SDK
# `_wandb.branch_point` of the config in wandb/sdk/wandb_init.py and the service process.
set -euo pipefail
export WANDB_ERROR_REPORTING=false
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

python3 -m uv venv -q "$work/server"
python3 -m uv pip install -q --python "$work/server/bin/python" openwandb==0.5.25
for version in 0.24.1 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
HOME="$work" "$work/server/bin/openwandb" serve --host 127.0.0.1 --port "$port" --data-dir "$work/data" \
  > "$work/server.log" 2>&1 < /dev/null &
server=$!
for _ in $(seq 300); do
  python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2> /dev/null && break
  sleep 0.1
done

cat > "$work/fork.py" <<'PY'
import sys

import wandb

child = "child" + wandb.__version__.replace(".", "")
run = wandb.init(entity="default", project="forks", id=child, fork_from="never-logged?_step=500")
print(f"wandb {wandb.__version__}: init gives {run.id}, starting_step {run.starting_step}")
assert (run.id, run.starting_step) == (child, 501)
run.log({"loss": 1.0})
run.finish()
PY

for version in 0.24.1 0.31.0; do
  HOME="$work" WANDB_DIR="$work" WANDB_SILENT=true WANDB_BASE_URL="http://127.0.0.1:$port" \
    WANDB_API_KEY="local$(printf '0%.0s' $(seq 40))" \
    timeout 60 "$work/$version/bin/python" "$work/fork.py" > "$work/out" 2>&1 < /dev/null || { cat "$work/out"; exit 1; }
  cat "$work/out"
done

cat > "$work/check.py" <<'PY'
import json
import sys
import urllib.request


def ask(query):
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{sys.argv[1]}/graphql", body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=10))["data"]["project"]


for child in ("child0241", "child0310"):
    rows = json.load(urllib.request.urlopen(f"{sys.argv[1]}/api/v2/runs/{child}/metrics", timeout=10))
    steps = [row["step"] for row in rows["metrics_by_key"]["loss"]]
    found = ask(f'{{ project(name: "forks", entityName: "default") {{ run(name: "{child}") {{ state }} }} }}')
    print(f"openwandb 0.5.25: {child} is {found['run']['state']}, its rows have the steps {steps}")
    assert (found["run"]["state"], steps) == ("finished", [501])
parent = ask('{ project(name: "forks", entityName: "default") { run(name: "never-logged") { state } } }')["run"]
print(f"openwandb 0.5.25: the parent is {parent}")
assert parent is None
print("as described")
PY
timeout 60 python3 "$work/check.py" "http://127.0.0.1:$port"

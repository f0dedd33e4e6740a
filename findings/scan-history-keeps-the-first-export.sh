#!/usr/bin/env bash
# run.scan_history() goes on reading the first export of a run after the server has written a longer one.
#
# A good guess: the copies that the SDK keeps are bound to what they are copies of (the link, an ETag, the artifact's
# version or digest), so a scan after a new export reads the new export; at worst the steps that the old copy lacks
# are fetched as live data.
# Why it is wrong: a copy is known by the entity, the project, the run and the position of the link in the server's list,
# and by nothing else; that a file of that name exists is enough to use it. Once the whole run has been exported the server
# has no live data to offer either, so the newer steps are missing without a word, although the same run object knows a
# last step beyond them. With `keys=` the copy is used as well, if an earlier scan without `keys=` made one; whether it did
# decides what `keys=` finds. `use_cache=False` reads the new export and replaces the copy.
#
# Versions: wandb 0.31.0, pyarrow 26.0.1, Python 3.11.
# Source: core/internal/runhistoryreader/reader.go in wandb's repository (getParquetFilePaths builds the name); the
# docstring of Run.scan_history mentions the cache, but not when it stops being true.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_CACHE_DIR="$work/cache" HOME="$work" WANDB_CONFIG_DIR="$work/config"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import http.server, io, json, re, threading

import pyarrow as pa
import pyarrow.parquet as pq
import wandb

exported = {}
last_step = 0


def export(steps: int, loss: float) -> None:
    """The server writes the run's history anew, as one file; nothing is left over as live data."""
    global last_step
    out = io.BytesIO()
    pq.write_table(pa.table({"_step": range(steps), "loss": [loss] * steps}), out)
    exported["0000.parquet"], last_step = out.getvalue(), steps - 1


def answer(operation: str, name: str) -> dict:
    if operation in ("Viewer", "GetDefaultEntity"):
        viewer = {"id": "1", "entity": "lab", "username": "u", "email": "u@example.com", "flags": "{}", "teams": {"edges": []}}
        return {"viewer": viewer}
    if operation == "RunParquetHistory":
        links = [f"{base}/files/v{last_step}/{file}?signature=s{last_step}" for file in exported]
        return {"project": {"run": {"parquetHistory": {"parquetUrls": links, "liveData": []}}}}
    fields = "sweepName group jobType commit description notes"
    run = dict.fromkeys(fields.split()) | {
        "id": "r", "projectId": "1", "tags": [], "name": name, "displayName": name, "state": "running", "config": "{}",
        "readOnly": False, "createdAt": "2026-11-01T00:00:00", "heartbeatAt": "2026-11-01T00:00:00", "systemMetrics": "{}",
        "summaryMetrics": "{}", "historyLineCount": 1, "user": {"name": "u", "username": "u"},
        "historyKeys": {"lastStep": last_step, "keys": {}},
    }
    return {"project": {"run": run}}


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        body = exported[self.path.rpartition("/")[2].partition("?")[0]]
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not wanted:
            return self.reply(body)
        start, stop = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
        self.reply(body[start : stop + 1], 206, Content_Range=f"bytes {start}-{stop}/{len(body)}")

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.endswith("/graphql"):
            return self.reply(b"{}", 404)
        asked = json.loads(asked)
        operation = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
        name = (asked.get("variables") or {}).get("name", "run1")
        self.reply(json.dumps({"data": answer(operation[1] if operation else "", name)}).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"


def scan(**options) -> tuple[list, int]:
    run = wandb.Api(overrides={"base_url": base}, api_key="k" * 40).run("lab/forks/run1")
    return [(row["_step"], row["loss"]) for row in run.scan_history(**options)], run.lastHistoryStep


export(steps=3, loss=1.5)
first, _ = scan()
export(steps=6, loss=2.5)
second, last = scan()
with_keys, _ = scan(keys=["loss"])
fresh, _ = scan(use_cache=False)
print("wandb", wandb.__version__)
print("first export, steps 0-2:          ", first)
print("new export, steps 0-5:            ", second, "although the run's last step is", last)
print("the same with keys=['loss']:      ", with_keys)
print("the same with use_cache=False:    ", fresh)
assert first == [(0, 1.5), (1, 1.5), (2, 1.5)], first
assert last == 5, last
assert second == first and with_keys == first, (second, with_keys)
assert fresh == [(step, 2.5) for step in range(6)], fresh
print("as expected: steps 3 to 5 are missing, and steps 0 to 2 are those of the old export")
PYTHON
timeout 120 "$work/venv/bin/python" "$work/check.py" < /dev/null > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
cat "$work/out"

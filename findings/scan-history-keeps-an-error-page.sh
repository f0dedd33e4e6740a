#!/usr/bin/env bash
# One expired link makes a run's history unreadable for run.scan_history() until its cache is emptied by hand.
#
# A good guess: when the storage refuses a link (HTTP 403, as signed links do once they have expired), scan_history() fails
# with that status, and the next call, which asks the server for new links anyway, succeeds.
# Why it is wrong: the status of the download is not looked at. The text of the error page is written under the name of
# the run's Parquet file, and as a file of that name is taken for a finished copy, every later scan reads the error page
# again, asks the storage for nothing, and calls the Parquet file corrupt. Only `use_cache=False` gets out of it. In the
# same release run.download_history_exports() looks at the status and reports the 403.
#
# Versions: wandb 0.31.0, pyarrow 26.0.1, Python 3.11.
# Source: DownloadRunHistoryFile in core/internal/runhistoryreader/parquet/downloader.go of wandb's repository copies the
# body whatever the status is; the retrying HTTP client in front of it gives up at once on a 403, without an error.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_ERROR_REPORTING=false WANDB_SILENT=true WANDB_CACHE_DIR="$work/cache" HOME="$work" WANDB_CONFIG_DIR="$work/config"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" wandb==0.31.0 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import http.server, io, json, os, pathlib, re, threading

import pyarrow as pa
import pyarrow.parquet as pq
import wandb

exported = {}
refusals = 0
fetched = 0
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
        global refusals, fetched
        fetched += 1
        if refusals:
            refusals -= 1
            return self.reply(b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", 403)
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


def run():
    return wandb.Api(overrides={"base_url": base}, api_key="k" * 40).run("lab/forks/run1")


def scan(**options) -> list | str:
    try:
        return [(row["_step"], row["loss"]) for row in run().scan_history(**options)]
    except wandb.errors.CommError as error:
        return "CommError: ..." + str(error)[-70:]


export(steps=3, loss=1.5)
refusals = 1
first = scan()
fetches_before, second = fetched, scan()
asked_again = fetched - fetches_before
kept = next(pathlib.Path(os.environ["WANDB_CACHE_DIR"]).glob("*.parquet")).read_text()
fresh = scan(use_cache=False)
refusals = 1
result = run().download_history_exports(download_dir=os.environ["WANDB_CACHE_DIR"] + "/exports")
print("wandb", wandb.__version__)
print("first scan, its link refused once:", first)
print("second scan, links good again:    ", second, f"({asked_again} requests to the storage)")
print("what the cache holds:             ", kept)
print("use_cache=False:                  ", fresh)
print("download_history_exports:         ", result.paths, *result.errors.values())
assert isinstance(first, str) and "Corrupt footer" in first, first
assert second == first and asked_again == 0, (second, asked_again)
assert kept.startswith("<Error>"), kept
assert fresh == [(0, 1.5), (1, 1.5), (2, 1.5)], fresh
assert not result.paths and ["403" in error for error in map(str, result.errors.values())] == [True], result
print("as expected: the error page was kept as the run's history")
PYTHON
timeout 120 "$work/venv/bin/python" "$work/check.py" < /dev/null > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
cat "$work/out"

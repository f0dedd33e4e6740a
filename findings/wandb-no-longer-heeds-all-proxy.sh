#!/usr/bin/env bash
# ALL_PROXY sends an older wandb.Api through the proxy, and a newer one past it, in silence.
#
# A good guess: on a cluster whose nodes reach the world through one proxy, ALL_PROXY is enough: requests, httpx, curl and
#   pip all use it, and so does the W&B SDK, as it always has.
# Why it is wrong: ALL_PROXY is known to requests, not to Go. `wandb.Api` of 0.25.1 asks through requests and goes through
#   the proxy, while `wandb.init` of the same version does not; in 0.31.0 the service process asks for both, and nothing goes
#   through the proxy any more. Where the direct way is closed, the SDK then waits until it times out, with a message about the host's name
#   and no word of a proxy. HTTP_PROXY, shown for comparison, is heeded by all.
#
# Versions: wandb 0.25.1 and 0.31.0, requests 2.34.2, Python 3.11, Linux (0.0.0.0 leads to the machine itself there, and is
#   not one of the addresses that clients exempt from proxies).
# Source: Go's golang.org/x/net/http/httpproxy lists the variables that count: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or small letters.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 0.25.1 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version" requests==2.34.2
done

cat > "$work/check.py" <<'PY'
import http.server, json, os, subprocess, sys, tempfile, threading

work = sys.argv[1]
ways = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        ways.append("proxy" if self.path.startswith("http://") else "direct")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"data": {"viewer": None}}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


wandb_port, proxy_port = serve(), serve()
CALLS = {"requests": f"import requests; requests.post('http://0.0.0.0:{wandb_port}/graphql', json={{}})",
         "Api": "import wandb; wandb.Api(timeout=3)",
         "init": "import wandb; wandb.init(entity='lab', project='p', settings=wandb.Settings(init_timeout=3, x_disable_stats=True))"}


def way(version, call, variable):
    """By which way the first request of this call came."""
    ways.clear()
    with tempfile.TemporaryDirectory(dir=work) as home, open(os.path.join(work, "out"), "w") as out:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_BASE_URL": f"http://0.0.0.0:{wandb_port}",
                       "WANDB_API_KEY": "k" * 40, "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
                       variable: f"http://127.0.0.1:{proxy_port}", variable.lower(): f"http://127.0.0.1:{proxy_port}"}
        subprocess.run([f"{work}/{version}/bin/python", "-c", CALLS[call]], env=environment, cwd=home,
                       stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=40, check=False)
    found = ways[0] if ways else "no request"
    print(f"{'requests' if call == 'requests' else f'wandb {version} {call}':18} with {variable:10} goes {found}")
    return found


expected = {("0.31.0", "requests", "ALL_PROXY"): "proxy",
            ("0.25.1", "Api", "ALL_PROXY"): "proxy", ("0.25.1", "init", "ALL_PROXY"): "direct",
            ("0.31.0", "Api", "ALL_PROXY"): "direct", ("0.31.0", "init", "ALL_PROXY"): "direct",
            ("0.31.0", "Api", "HTTP_PROXY"): "proxy", ("0.31.0", "init", "HTTP_PROXY"): "proxy"}
wrong = [case for case, by in expected.items() if way(*case) != by]
if wrong:
    sys.exit(f"behaves otherwise now: {wrong}")
print("as described")
PY
timeout 170 python3 "$work/check.py" "$work"

#!/usr/bin/env bash
# REQUESTS_CA_BUNDLE, which made wandb trust a lab's own certificate authority for years, does nothing in newer versions.
#
# A good guess: wandb is a Python library that depends on requests, so behind a server with a private certificate authority one
#   sets REQUESTS_CA_BUNDLE, and both `wandb.Api` and `wandb.init` trust it; at least the SDK hands it on to its service process.
# Why it is wrong: in 0.25.1 the two halves listen to different variables: `wandb.Api` to REQUESTS_CA_BUNDLE alone,
#   `wandb.init` (the service process, in Go) to SSL_CERT_FILE alone, so each by itself gives a half-working SDK. In 0.31.0
#   the service process sends everything, and REQUESTS_CA_BUNDLE is not looked at any more: only SSL_CERT_FILE counts.
#   A program that polls with requests of its own and lets the SDK fork or download needs both, or one half of it fails.
#
# Versions: wandb 0.25.1 and 0.31.0, Python 3.11, Linux.
# Source: wandb/sdk/lib/service/service_process.py hands the environment to the service process as it is, and Go's crypto/x509 reads
#   SSL_CERT_FILE and SSL_CERT_DIR on Linux, nothing else; requests reads REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 0.25.1 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done
{
  openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3 -subj "/CN=Lab authority"
  openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=wandb"
  echo "subjectAltName=IP:127.0.0.1" > names
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 3 -extfile names
} 2> openssl.log

cat > "$work/check.py" <<'PY'
import http.server, json, os, ssl, subprocess, sys, tempfile, threading

work = sys.argv[1]
reached = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        reached.set()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"data": {"viewer": None}}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that does not trust us hangs up


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{work}/server.pem", f"{work}/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
CALLS = {"Api": "import wandb; wandb.Api(timeout=3)",
         "init": "import wandb; wandb.init(entity='lab', project='p', settings=wandb.Settings(init_timeout=3, x_disable_stats=True))"}


def trusts(version, call, variable):
    """Whether a request of this call got through to the server."""
    reached.clear()
    with tempfile.TemporaryDirectory(dir=work) as home, open(os.path.join(work, "out"), "w") as out:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "WANDB_BASE_URL": f"https://127.0.0.1:{server.server_port}",
                       "WANDB_API_KEY": "k" * 40, "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
                       variable: f"{work}/ca.pem"}
        process = subprocess.Popen([f"{work}/{version}/bin/python", "-c", CALLS[call]], env=environment, cwd=home,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        for _ in range(30):
            if reached.wait(0.5) or process.poll() is not None:
                break
        got_through = reached.is_set()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    print(f"wandb {version} {call:4} with {variable:18} {'trusts the server' if got_through else 'does not'}")
    return got_through


expected = {("0.25.1", "Api", "REQUESTS_CA_BUNDLE"): True, ("0.25.1", "Api", "SSL_CERT_FILE"): False,
            ("0.25.1", "init", "REQUESTS_CA_BUNDLE"): False, ("0.25.1", "init", "SSL_CERT_FILE"): True,
            ("0.31.0", "Api", "REQUESTS_CA_BUNDLE"): False, ("0.31.0", "Api", "SSL_CERT_FILE"): True,
            ("0.31.0", "init", "REQUESTS_CA_BUNDLE"): False, ("0.31.0", "init", "SSL_CERT_FILE"): True}
wrong = [case for case, trusted in expected.items() if trusts(*case) != trusted]
if wrong:
    sys.exit(f"behaves otherwise now: {wrong}")
print("as described")
PY
timeout 170 python3 "$work/check.py" "$work"

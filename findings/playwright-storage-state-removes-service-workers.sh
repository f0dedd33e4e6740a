#!/usr/bin/env bash
# Playwright's set_storage_state() takes a site's service worker away, keeps what that had cached, and stores less than it clears.
#
# A good guess: `await context.set_storage_state(await context.storage_state())` puts back what it has just read and so
#   changes nothing; and what the description does not list (service workers, the cache storage, storage buckets,
#   sessionStorage) stays as it is.
# Why it is wrong: the state as read by default has neither IndexedDB nor files in it, but both are cleared before
#   it is put back, so the round trip drops tokens that a site keeps there. And although the description names cookies,
#   localStorage, IndexedDB, private files and passkeys only, the site's service workers are unregistered too, while their caches and
#   the site's storage buckets stay. An open page is still controlled by the worker that its origin no longer has; the next context
#   or tab is not. With indexed_db=True and opfs=True the data come back, the worker does not.
#
# Versions: Playwright 1.65.0 (Python), Debian's chromium 156.0.8078.108 (the current one is used), Python 3.11.
# Source: the description of BrowserContext.set_storage_state in playwright/async_api/_generated.py; measured.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chromium=$(command -v chromium) || { echo "needs Debian's package chromium" >&2; exit 2; }
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" playwright==1.65.0

cat > "$work/check.py" <<'PY'
import asyncio, http.server, os, sys, threading
from importlib.metadata import version

from playwright.async_api import async_playwright

FILL = """async () => {
  localStorage.token = "1"; sessionStorage.token = "1";
  await (await caches.open("shell")).put("/shell", new Response("shell"));
  await new Promise((done, failed) => {
    const asked = indexedDB.open("auth", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("tokens").put("secret", "access");
    asked.onsuccess = () => { asked.result.close(); done() }; asked.onerror = failed;
  });
  await (await navigator.storage.getDirectory()).getFileHandle("token", {create: true});
  await (await navigator.storageBuckets.open("inbox")).getDirectory();
  await navigator.serviceWorker.register("/worker.js");
  await navigator.serviceWorker.ready;
  while (!navigator.serviceWorker.controller) await new Promise(done => setTimeout(done, 50));
}"""
LOOK = """async () => {
  const found = [];
  if (localStorage.token) found.push("localStorage");
  if (sessionStorage.token) found.push("sessionStorage");
  if ((await indexedDB.databases()).length) found.push("IndexedDB");
  for await (const name of (await navigator.storage.getDirectory()).keys()) found.push("file");
  if ((await caches.keys()).length) found.push("caches");
  if ((await navigator.storageBuckets.keys()).length) found.push("buckets");
  if ((await navigator.serviceWorker.getRegistrations()).length) found.push("service worker");
  if (navigator.serviceWorker.controller) found.push("controlled page");
  return found;
}"""
WORKER = "addEventListener('install', () => skipWaiting()); addEventListener('activate', e => e.waitUntil(clients.claim()));"


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if self.path == "/worker.js" else "text/html")
        self.end_headers()
        self.wfile.write((WORKER if self.path == "/worker.js" else "a page").encode())


async def round_trip(browser, url, **kinds):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    await page.evaluate(FILL)
    before = await page.evaluate(LOOK)
    await context.set_storage_state(await context.storage_state(**kinds))
    after = await page.evaluate(LOOK)
    await context.close()
    print(f"storage_state({', '.join(f'{k}={v}' for k, v in kinds.items())}), put back")
    print("  before:", ", ".join(before))
    print("  gone:  ", ", ".join(kind for kind in before if kind not in after))
    return before, [kind for kind in before if kind not in after]


async def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://localhost:{server.server_port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=sys.argv[1], chromium_sandbox=os.geteuid() != 0)
        print(f"Playwright {version('playwright')}, Chromium {browser.version}")
        before, plain = await round_trip(browser, url)
        _, full = await round_trip(browser, url, indexed_db=True, opfs=True)
        await browser.close()
    everything = ["localStorage", "sessionStorage", "IndexedDB", "file", "caches", "buckets", "service worker", "controlled page"]
    if before != everything or plain != ["IndexedDB", "file", "service worker"] or full != ["service worker"]:
        sys.exit("behaves otherwise now")
    print("as described")


asyncio.run(main())
PY
timeout 120 "$work/venv/bin/python" "$work/check.py" "$chromium"

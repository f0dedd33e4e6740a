#!/usr/bin/env bash
# Under Playwright with Debian's Chromium, a frame from another site may not touch localStorage or sessionStorage at all.
#
# A good guess: a sign-in page that embeds a frame of its identity host (silent sign-in, a session check) sees either common
#   storage, as under Playwright's own Chromium, whose partitioning Playwright switches off, or, as in any current Chrome, a
#   partition of its own for that pair of sites. Reading `localStorage` throws only where all cookies are forbidden.
# Why it is wrong: two choices meet. This build of Chromium blocks third-party cookies from the start, also in a fresh profile and with
#   no setting touched; Chrome softens that by giving the frame partitioned storage. Playwright switches the
#   partitioning off by a feature flag, and what is left of the two is the block: SecurityError for localStorage, sessionStorage,
#   the cache storage and the private file system. Cookies marked Partitioned (CHIPS) still work, so a frame that looks at
#   its cookie goes on and dies at its storage. Without Playwright's list of features everything works, partitioned.
#
# Versions: Playwright 1.65.0 (Python), Debian's chromium 156.0.8078.108 (the distribution's current one is used), Python 3.11.
# Source: the list of features that Playwright turns off names ThirdPartyStoragePartitioning (chromiumSwitches); Chromium has
#   given partitioned storage to frames whose third-party cookies are blocked since version 119, says a maintainer in
#   wanderview/quota-storage-partitioning issue 7.
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

LOOK = """async () => {
  const tell = async use => { try { await use(); return "works" } catch (error) { return error.name } };
  return {
    localStorage: await tell(() => { localStorage.tried = "1" }),
    sessionStorage: await tell(() => { sessionStorage.tried = "1" }),
    caches: await tell(() => caches.keys()),
    files: await tell(() => navigator.storage.getDirectory()),
    cookies: document.cookie,
    seen: await tell(() => { if (!localStorage.written_by_the_site_itself) throw {name: "a partition of its own"} }),
  };
}"""


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.path == "/frame":
            self.send_header("Set-Cookie", "common=1; Path=/; Secure; SameSite=None")
            self.send_header("Set-Cookie", "partitioned=1; Path=/; Secure; SameSite=None; Partitioned")
        self.end_headers()
        page = f"<iframe src='{identity}/frame'></iframe>" if self.path == "/sign-in" else "a page"
        self.wfile.write(page.encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
site, identity = (f"http://{host}:{server.server_port}" for host in ("localhost", "127.0.0.1"))


async def look(playwright, *more):
    browser = await playwright.chromium.launch(
        executable_path=sys.argv[1], chromium_sandbox=os.geteuid() != 0, args=list(more))
    try:
        page = await (await browser.new_context()).new_page()
        await page.goto(identity)
        await page.evaluate("localStorage.written_by_the_site_itself = '1'")
        await page.goto(f"{site}/sign-in")
        return browser.version, await page.frames[1].evaluate(LOOK)
    finally:
        await browser.close()


async def main():
    async with async_playwright() as playwright:
        number, as_started = await look(playwright)
        # Of several such switches Chromium heeds the last, so this one takes the place of Playwright's list.
        _, partitioned = await look(playwright, "--disable-features=MediaRouter")
    print(f"Playwright {version('playwright')}, Chromium {number}")
    print("as Playwright starts it:", as_started)
    print("with partitioning on:   ", partitioned)
    denied = dict.fromkeys(("localStorage", "sessionStorage", "caches", "files", "seen"), "SecurityError")
    works = dict.fromkeys(("localStorage", "sessionStorage", "caches", "files"), "works")
    if as_started != denied | {"cookies": "partitioned=1"}:
        sys.exit("behaves otherwise now: as Playwright starts it")
    if partitioned != works | {"cookies": "partitioned=1", "seen": "a partition of its own"}:
        sys.exit("behaves otherwise now: with partitioning on")
    print("as described")


asyncio.run(main())
PY
timeout 120 "$work/venv/bin/python" "$work/check.py" "$chromium"

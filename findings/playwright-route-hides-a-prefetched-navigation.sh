#!/usr/bin/env bash
# Registering a route that lets everything pass makes Playwright lose sight of a page that was opened from a prefetch.
#
# A good guess: a route whose handler only says continue_() changes nothing but speed; each document that a tab shows still has its
#   request and response event, so counting a page's traffic, or waiting for the answer of a navigation, works as before.
# Why it is wrong: where the page before names the next one in speculation rules, as sites do for links that people are likely to
#   follow, Chromium fetches it ahead. Without a route Playwright reports that fetch, and the document once more
#   when the link is followed. With the pass-through route it reports neither: the fetch comes to the server, but to no event and no
#   handler, and the tab ends on a document for which there was no request and no response. What its scripts ask for is
#   reported as usual. Nor is the page rendered ahead in either case, though the rules ask for that and the server is told so
#   (Sec-Purpose: prefetch;prerender): its scripts run only when the link is followed.
#
# Versions: Playwright 1.65.0 (Python), Debian's chromium 156.0.8078.108 (the current one is used), Python 3.11.
# Source: measured; the documentation of routes speaks of service workers as what may keep requests from them, not of prefetching.
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

RULES = '{"prerender": [{"source": "list", "urls": ["/run"], "eagerness": "immediate"}]}'
PAGES = {"/project": f"<a href='/run'>run</a><script type='speculationrules'>{RULES}</script>",
         "/run": "<title>run</title><script>fetch('/graphql', {method: 'POST', body: '{}'})</script>"}
served = []


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path in PAGES:
            served.append((self.path, self.headers.get("Sec-Purpose") or ""))
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(self.path, "").encode())

    def do_POST(self):
        served.append((self.path, ""))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


async def follow(browser, url, route):
    served.clear()
    context = await browser.new_context()
    requests, responses, routed = [], [], []

    def path(thing):
        return thing.url.removeprefix(url)

    async def let_pass(route):
        routed.append(path(route.request))
        await route.continue_()

    context.on("request", lambda request: requests.append(f"{path(request)} {request.resource_type}"))
    context.on("response", lambda response: responses.append(path(response)))
    if route:
        await context.route("**/*", let_pass)
    page = await context.new_page()
    await page.goto(f"{url}/project")
    for _ in range(100):
        if any(where == "/run" for where, _ in served):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    before = len(served)
    await page.click("a")
    await page.wait_for_url("**/run")
    await asyncio.sleep(1.5)
    title, ahead = await page.title(), await page.evaluate("performance.getEntriesByType('navigation')[0].activationStart > 0")
    await context.close()
    kept = [entry for entry in requests if "favicon" not in entry]
    print("with a route that lets everything pass" if route else "without a route")
    print("  served:  ", served[:before], "after the click", served[before:])
    print("  requests:", kept, "responses to /run:", responses.count("/run"), "in the route:", [p for p in routed if "favicon" not in p])
    print("  the tab shows:", title, "rendered ahead:", ahead)
    assert (title, ahead) == ("run", False), "behaves otherwise now: the page"
    assert served == [("/project", ""), ("/run", "prefetch;prerender"), ("/graphql", "")], "behaves otherwise now: the server"
    return kept, responses.count("/run"), "/run" in routed


async def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://localhost:{server.server_port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=sys.argv[1], chromium_sandbox=os.geteuid() != 0)
        print(f"Playwright {version('playwright')}, Chromium {browser.version}")
        plain, answers, _ = await follow(browser, url, False)
        hidden, no_answers, in_route = await follow(browser, url, True)
        await browser.close()
    if plain != ["/project document", "/run other", "/run document", "/graphql fetch"] or not answers:
        sys.exit("behaves otherwise now: without a route")
    if hidden != ["/project document", "/graphql fetch"] or no_answers or in_route:
        sys.exit("behaves otherwise now: with a route")
    print("as described")


asyncio.run(main())
PY
timeout 120 "$work/venv/bin/python" "$work/check.py" "$chromium"

#!/usr/bin/env bash
# Playwright's new virtual passkeys do not do what a page asks for: wrong key type, no waiting, no cancelling.
#
# A good guess: `context.credentials.install()` gives the context an authenticator like the virtual one of Chromium's developer tools. A page
#   that takes RSA keys only gets NotSupportedError; a request with `mediation: "conditional"`, which sign-in pages
#   start when they load, waits behind the autofill for a person and ends with AbortError when the page gives it up.
# Why it is wrong: it is a script in the page that answers by itself.
#   (1) Whatever algorithms the page lists, the new key is ECDSA P-256 (-7), also where -7 is not on the list; the page's
#       server is the first to notice, as the webauthn package does here.
#   (2) A conditional request is answered at once: without a passkey by NotAllowedError, which sign-in pages show or log as a failure,
#       with one by signing in before the user touched the page; the page's abort signal is not heeded.
#   (3) Two questions about the same thing differ: isUserVerifyingPlatformAuthenticatorAvailable() says yes,
#       getClientCapabilities() of the same page, which stays Chromium's own, says no.
#
# Versions: Playwright 1.65.0 (Python), webauthn 3.0.1, Debian's chromium 156.0.8078.108 (the current one is used), Python 3.11.
# Source: the API's description says that install() overrides the two functions of navigator.credentials in pages, and that made keys are
#   ECDSA P-256; it does not say what becomes of the other options. Measured.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chromium=$(command -v chromium) || { echo "needs Debian's package chromium" >&2; exit 2; }
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" playwright==1.65.0 webauthn==3.0.1

cat > "$work/check.py" <<'PY'
import asyncio, http.server, json, os, sys, threading
from importlib.metadata import version

from playwright.async_api import async_playwright
from webauthn import verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier

CREATE = """async algorithms => {
  const made = await navigator.credentials.create({publicKey: {
    rp: {id: "localhost", name: "Lab"}, user: {id: new Uint8Array([7]), name: "me", displayName: "Me"},
    challenge: new Uint8Array(16), pubKeyCredParams: algorithms.map(alg => ({type: "public-key", alg})),
    authenticatorSelection: {residentKey: "required"}}});
  return {algorithm: made.response.getPublicKeyAlgorithm(), answer: made.toJSON()};
}"""
CONDITIONAL = """async abort => {
  const control = new AbortController();
  const asked = navigator.credentials.get({mediation: "conditional", signal: control.signal,
    publicKey: {rpId: "localhost", challenge: new Uint8Array(16)}});
  if (abort) control.abort();
  const waiting = new Promise(done => setTimeout(() => done("waits"), 2000));
  return await Promise.race([asked.then(() => "signed in", error => error.name), waiting]);
}"""
CAPABLE = """async () => [await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable(),
  (await PublicKeyCredential.getClientCapabilities()).userVerifyingPlatformAuthenticator]"""


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()


def verified(answer, origin, *algorithms):
    """What a server says to the answer."""
    try:
        verify_registration_response(
            credential=json.dumps(answer), expected_challenge=bytes(16), expected_rp_id="localhost", expected_origin=origin,
            supported_pub_key_algs=list(algorithms))
    except Exception as error:
        return str(error)
    return "accepted"


async def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=sys.argv[1], chromium_sandbox=os.geteuid() != 0)
        print(f"Playwright {version('playwright')}, webauthn {version('webauthn')}, Chromium {browser.version}")
        context = await browser.new_context()
        await context.credentials.install()
        page = await context.new_page()
        await page.goto(origin)
        seen = {"capable": await page.evaluate(CAPABLE)}
        seen["conditional, no passkey"] = await page.evaluate(CONDITIONAL, False)
        made = await page.evaluate(CREATE, [-257])
        seen["key made for a page that takes -257 only"] = made["algorithm"]
        seen["its server"] = verified(made["answer"], origin, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256)
        seen["a server that takes anything"] = verified(
            made["answer"], origin, COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256)
        seen["conditional, given up"] = await page.evaluate(CONDITIONAL, True)
        await browser.close()
    for what, value in seen.items():
        print(f"{what:42} {value}")
    refused = seen.pop("its server")
    if seen != {"capable": [True, False], "conditional, no passkey": "NotAllowedError", "conditional, given up": "signed in",
                "key made for a page that takes -257 only": -7, "a server that takes anything": "accepted"} or "accepted" in refused:
        sys.exit("behaves otherwise now")
    print("as described")


asyncio.run(main())
PY
timeout 120 "$work/venv/bin/python" "$work/check.py" "$chromium"

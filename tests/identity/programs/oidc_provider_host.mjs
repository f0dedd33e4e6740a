// Runs oidc-provider with its own interaction pages, and a client that exchanges the code for a token.
// Usage: node oidc_provider_host.mjs USER ORIGIN. Prints its port; a sign-in begins at /start?to=ADDRESS[&consent=1].
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [user, origin] = process.argv.slice(2);
const redirect = `${origin}/done`;
const secret = randomBytes(16).toString("hex");
const client = (id) => ({ client_id: id, client_secret: secret, redirect_uris: [redirect], client_name: "Lab" });

const provider = new Provider(origin, {
  clients: [client("lab"), client("third-party")],
  // Pages of the organisation's own need no consent: the grant is there beforehand.
  async loadExistingGrant(context) {
    const { client: asking, session } = context.oidc;
    const id = session.grantIdFor(asking.clientId);
    if (id) return provider.Grant.find(id);
    if (asking.clientId !== "lab" || !context.oidc.account) return undefined;
    const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
  findAccount: (_, id) => (id === user ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
  claims: { openid: ["sub"], profile: ["name"] },
  cookies: { keys: [secret] },
});
provider.proxy = true;

const begun = new Map();
const hashed = (text) => createHash("sha256").update(text).digest("base64url");

function begin(query, response) {
  const state = randomBytes(8).toString("hex"), verifier = randomBytes(32).toString("base64url");
  const clientId = query.get("consent") ? "third-party" : "lab";
  begun.set(state, { to: query.get("to"), verifier, clientId });
  const asked = new URLSearchParams({
    client_id: clientId, response_type: "code", redirect_uri: redirect, scope: "openid profile", state, nonce: state,
    code_challenge: hashed(verifier), code_challenge_method: "S256",
  });
  response.writeHead(302, { location: `${origin}/auth?${asked}` }).end();
}

async function finish(query, response) {
  const { to, verifier, clientId } = begun.get(query.get("state"));
  const answer = await fetch(`${origin}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({
      grant_type: "authorization_code", code: query.get("code"), redirect_uri: redirect, code_verifier: verifier,
    }),
  });
  const token = await answer.json();
  const claims = token.id_token && JSON.parse(Buffer.from(token.id_token.split(".")[1], "base64url"));
  if (claims?.sub !== user) return response.writeHead(403).end(JSON.stringify(token));
  return response.writeHead(302, { location: to }).end();
}

const callback = provider.callback();
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, origin);
  if (pathname === "/start") return begin(searchParams, response);
  if (pathname === "/done") return finish(searchParams, response);
  return callback(request, response);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));

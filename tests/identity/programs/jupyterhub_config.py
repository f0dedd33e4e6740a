"""The configuration of a JupyterHub on loopback, whose users sign in to a service of it."""

import os
import socket

from jupyterhub.auth import Authenticator

c = get_config()  # noqa: F821 - JupyterHub provides it

with socket.socket() as public, socket.socket() as hub, socket.socket() as routes:
    for listener in (public, hub, routes):
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in (public, hub, routes)]

lab = os.environ
c.JupyterHub.bind_url = f"http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{ports[1]}"
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret = os.urandom(32)
c.ConfigurableHTTPProxy.command = [lab["LAB_ROUTES"]]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.pid_file = lab["LAB_PIDS"]


# Those that it has compare ASCII only.
class LabAuthenticator(Authenticator):
    async def authenticate(self, handler, data):
        return data["username"] if data["password"] == lab["LAB_PASSWORD"] else None


c.JupyterHub.authenticator_class = LabAuthenticator
c.LabAuthenticator.allow_all = True
c.JupyterHub.services = [
    {
        "name": name,
        "api_token": lab["LAB_TOKEN"] + name,
        "oauth_client_id": f"service-{name}",
        "oauth_redirect_uri": lab["LAB_BACK"],
        "oauth_no_confirm": name == "own",
    }
    for name in ("own", "other")
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=own", "access:services!service=other"]}
]
print(ports[0], flush=True)

"""The one account of a sandbox, created once per data folder and stored in it."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENTITY = "lab"
USERNAME = "researcher"
EMAIL = "researcher@lab.example"
FULL_NAME = "Robin Researcher"


@dataclass(frozen=True)
class SandboxAccount:
    """The account that may sign in, with its secrets."""

    password: str
    api_key: str
    signing_key: str
    second_factor: str
    entity: str = ENTITY
    username: str = USERNAME
    email: str = EMAIL

    def knows(self, identifier: str) -> bool:
        """Whether this is the account's e-mail or user name."""
        return identifier.strip().lower() in (self.email, self.username)

    def accepts(self, identifier: str, password: str) -> bool:
        """Whether this is the right pair of identifier and password."""
        return self.knows(identifier) and hmac.compare_digest(password.encode(), self.password.encode())

    def accepts_key(self, api_key: str) -> bool:
        """Whether this is the account's API key."""
        return hmac.compare_digest(api_key.encode(), self.api_key.encode())

    @property
    def identity_token(self) -> str:
        """A JSON Web Token as an identity provider signs them for a job; it never expires."""
        parts = ({"alg": "HS256", "typ": "JWT"}, {"iss": "https://identity.lab.example", "sub": self.email})
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_base64url(hmac.digest(self.signing_key.encode(), signed.encode(), 'sha256'))}"

    def accepts_identity(self, token: str) -> bool:
        """Whether this is the account's identity token."""
        return hmac.compare_digest(token.encode(), self.identity_token.encode())

    def sign(self, text: str) -> str:
        """A signature that gives access to a storage URL without any other sign-in."""
        return hmac.new(self.signing_key.encode(), text.encode(), "sha256").hexdigest()


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def load_account(data_dir: Path) -> SandboxAccount:
    """The account of this data folder, created with its identity token if missing, readable only by the owner."""
    path = data_dir / "account.json"
    if path.exists():
        return SandboxAccount(**json.loads(path.read_text(encoding="utf-8")))
    account = SandboxAccount(
        password=secrets.token_urlsafe(12),
        api_key=secrets.token_hex(20),
        signing_key=secrets.token_hex(32),
        second_factor=f"{secrets.randbelow(10**6):06d}",
    )
    _write_new(path, json.dumps(asdict(account), indent=2))
    _write_new(data_dir / "identity-token.jwt", account.identity_token)
    return account


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)

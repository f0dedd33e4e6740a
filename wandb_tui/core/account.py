"""Credentials for a server and where they come from. The only secret is the password of `WandBCredentials`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class WandBCredentials:
    """The credentials for the browser sign-in.

    Attributes:
        username: The user name or e-mail address.
        password: The password; it never shows in a repr.
    """

    username: str
    password: str = field(repr=False)


Credentials = WandBCredentials
"""The short name for internal use; the long one is public."""


class Source(StrEnum):
    """The source of a secret."""

    NONE = "none"
    ENVIRONMENT = "environment"
    IDENTITY = "identity token"
    NETRC = "netrc"
    KEYRING = "keyring"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class AccountState:
    """The sources of the credentials for one server, without any secret.

    Attributes:
        username: The user name of the browser sign-in, or empty.
        password: Where the password comes from.
        api_key: Where the API key comes from, or what stands in for it.
        saved_session: Whether an encrypted browser session is stored.
        keyring_problem: The keyring's problem and its remedy, or empty.
        api_key_problem: Why the API key in the environment or the netrc file cannot be used, or empty.
        unknown_origin: The page that a sign-in led to and that is not known, so that the user must decide whether the
            password may be typed there; or empty.
    """

    username: str = ""
    password: Source = Source.NONE
    api_key: Source = Source.NONE
    saved_session: bool = False
    keyring_problem: str = ""
    api_key_problem: str = ""
    unknown_origin: str = ""

    @property
    def can_visit(self) -> bool:
        """Whether the browser can be signed in without asking the user."""
        return self.password is not Source.NONE or self.saved_session

    @property
    def can_probe(self) -> bool:
        """Whether private runs can be probed."""
        return self.api_key is not Source.NONE

"""Amplify's Authenticator from npm, and as much of Cognito as it talks to."""

import base64
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.identity.host import PageHost
from tests.identity.installation import ESBUILD, PAGES, bundled, npm_packages
from tests.identity.secure_remote_password import Verifier
from tests.integration.fake_login_server import PASSWORD, USER

PACKAGES = ("@aws-amplify/ui-react@6.15.6", "aws-amplify@6.22.1", "react@18.3.1", "react-dom@18.3.1", ESBUILD)
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Lab</title><link rel="stylesheet" href="/pages.css">
</head><body><div id="root"></div><script>window.lab = LAB;</script><script src="/pages.js"></script></body></html>"""
_AMZ = {"content-type": "application/x-amz-json-1.1"}
_SESSION_S = 3600


class AmplifyHost(PageHost):
    """The component and the stub.

    Attributes:
        language: The language of its texts.
        second_factor: Whether a code of an authenticator app is asked for after the password.
        new_password: Whether the password has to be replaced after it was given.
        unverified: Whether the account's address was never confirmed.
        proof: Whether the page proves that it knows the password, in place of sending it.
    """

    def __init__(self, folder):
        npm_packages(folder, *PACKAGES)
        self._pages = bundled(folder, PAGES / "amplify.jsx")
        self._style = (Path(folder) / "amplify.bundle.css").read_text(encoding="utf-8")
        self.language, self.second_factor, self.new_password, self.unverified = "en", False, False, False
        self.proof = False
        super().__init__()

    @property
    def start(self):
        return f"{self.url}/u"

    def answer(self, method, path, headers, body):
        place = urlsplit(path).path
        if place == "/u":
            lab = {"back": self.back, "language": self.language, "plain": not self.proof}
            return 200, {}, _PAGE.replace("LAB", json.dumps(lab))
        if place in {"/pages.js", "/pages.css"}:
            kind = "text/css" if place.endswith("css") else "text/javascript; charset=utf-8"
            return 200, {"content-type": kind}, self._style if place.endswith("css") else self._pages
        if place.startswith("/cognito") and method == "POST":
            asked = headers.get("x-amz-target", "").rpartition(".")[2]
            status, reply = self._cognito(asked, json.loads(body))
            return status, _AMZ, json.dumps(reply)
        return 404, {}, "<h1>404</h1>"

    def _cognito(self, asked, given):
        if asked == "InitiateAuth" and given["AuthFlow"] == "USER_SRP_AUTH":
            return 200, self._begin_proof(given)
        if asked in {"InitiateAuth", "RespondToAuthChallenge"}:
            return (200, self._next_step()) if (error := self._refusal(given)) is None else (400, error)
        if asked == "GetUser":
            attributes = [{"Name": "email", "Value": USER}, {"Name": "email_verified", "Value": "true"}]
            return 200, {"Username": "ada", "UserAttributes": attributes}
        if asked == "ResendConfirmationCode":
            details = {"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@l***"}
            return 200, {"CodeDeliveryDetails": details}
        return 400, _error("InvalidParameterException", asked)

    def _begin_proof(self, given):
        self._verifier = Verifier("lab", "ada", PASSWORD)
        self._client_public = given["AuthParameters"]["SRP_A"]
        known = {"USER_ID_FOR_SRP": "ada", "USERNAME": "ada", "SALT": self._verifier.salt}
        known |= {"SRP_B": self._verifier.public, "SECRET_BLOCK": self._verifier.block}
        return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": known}

    def _next_step(self):
        """The step after the right password."""
        if self.new_password:
            needed = {"USER_ID_FOR_SRP": "ada", "requiredAttributes": "[]", "userAttributes": "{}"}
            return {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s", "ChallengeParameters": needed}
        if self.second_factor:
            return {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s", "ChallengeParameters": {}}
        tokens = {"AccessToken": _token("access"), "IdToken": _token("id"), "TokenType": "Bearer"}
        return {"AuthenticationResult": tokens | {"ExpiresIn": _SESSION_S}, "ChallengeParameters": {}}

    def _refusal(self, given):
        if not self._accepts(given):
            return _error("NotAuthorizedException", "Incorrect username or password.")
        return _error("UserNotConfirmedException", "User is not confirmed.") if self.unverified else None

    def _accepts(self, given):
        if "AuthParameters" in given:
            told = given["AuthParameters"]
            return (told["USERNAME"], told["PASSWORD"]) == (USER, PASSWORD)
        self.submissions += 1
        told = given["ChallengeResponses"]
        return self._verifier.accepts(self._client_public, told["TIMESTAMP"], told["PASSWORD_CLAIM_SIGNATURE"])


def _error(kind, text):
    return {"__type": kind, "message": text}


def _token(use):
    claims = {"sub": "ada", "token_use": use, "iat": int(time.time()), "exp": int(time.time()) + _SESSION_S}
    claims |= {"username": "ada", "cognito:username": "ada"}
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"

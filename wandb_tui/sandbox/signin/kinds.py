"""The kinds of sign-in page of the sandbox."""

from __future__ import annotations

SIGN_INS: dict[str, str] = {
    "one-page": "one form with e-mail or user name and password",
    "two-step": "the e-mail first, the password on a second page",
    "late-script": "a form drawn by a script after 1.5 s, inside a shadow root",
    "sign-up-beside": "a sign-up form and “Continue with” buttons beside it, a cookie banner over it",
    "second-factor": "asks for a code after the password",
    "challenge": "a challenge that only a person should solve",
    "blocked": "says that there were too many attempts",
    "unverified": "says that the e-mail address has to be verified first",
    "sso": "the organisation signs in elsewhere: the password field goes away",
    "look-alike": "sends the browser to a copy of the page on a foreign origin",
    "slow": "the page takes 8 s to answer",
}
"""Each kind of sign-in page, with a description in one line."""

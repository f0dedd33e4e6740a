#!/usr/bin/env bash
# The keyring backend for pass stores a password without its spaces at the ends, and of several lines the first, without an error.
#
# A good guess: what set_password has taken, get_password gives back, or set_password raises; that pass keeps a text of several lines is
# what it is known for.
# Why it is wrong: the backend types the first line into `pass insert`, whose shell reads a line and drops the blanks around it. The other
# password that is left is stored, answered from then on, and refused at the sign-in, where repeated failures may lock the account; a
# service account's key or a session of several lines is cut to its first. pass itself is not to blame: with `pass insert --multiline` it
# stores all of it. Read a secret back before relying on a keyring, and delete it if it differs.
#
# Versions: keyring-pass 0.9.3, keyring 25.7.0, pass 1.7.4 (Debian 12), Python 3.11; needs gpg, and root for apt-get if pass is missing.
# Source: set_password in keyring_pass/__init__.py; `read` in the function cmd_insert of the pass script.
set -euo pipefail

command -v pass gpg > /dev/null || apt-get install -y -qq --no-install-recommends pass gnupg > /dev/null
work=$(mktemp -d)
export GNUPGHOME="$work/gnupg" PASSWORD_STORE_DIR="$work/store" HOME="$work"
trap 'gpgconf --kill all 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$work"
mkdir -m 700 gnupg
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" keyring-pass==0.9.3 keyring==25.7.0
gpg --batch --quiet --passphrase '' --quick-gen-key store@example.com default default never 2> /dev/null
pass init store@example.com > /dev/null
pass version | grep -o 'v[0-9.]*'

cat > "$work/check.py" <<'PYTHON'
import subprocess
from importlib.metadata import version

import keyring
from keyring_pass import PasswordStoreBackend

keyring.set_keyring(PasswordStoreBackend())
print("keyring-pass", version("keyring-pass"), "keyring", version("keyring"))
changed = {}
for number, secret in enumerate(["plain secret", "ends with a space ", "  begins with two", "first line\nsecond line"]):
    keyring.set_password("metrics.example", f"user{number}", secret)
    kept = keyring.get_password("metrics.example", f"user{number}")
    print(f"  stored {secret!r}, read {kept!r}")
    if kept != secret:
        changed[secret] = kept
text = "  two lines \nof text "
subprocess.run(["pass", "insert", "--multiline", "direct"], input=text, text=True, check=True, stdout=subprocess.DEVNULL)
direct = subprocess.run(["pass", "show", "direct"], capture_output=True, text=True, check=True).stdout
print(f"  pass alone: {direct!r}")
assert changed == {
    "ends with a space ": "ends with a space",
    "  begins with two": "begins with two",
    "first line\nsecond line": "first line",
}, changed
assert direct == text, direct
print("as expected: three of four secrets are not the ones that were stored")
PYTHON
timeout 120 ./venv/bin/python check.py

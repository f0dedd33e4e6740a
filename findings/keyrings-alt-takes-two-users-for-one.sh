#!/usr/bin/env bash
# The file keyrings of keyrings.alt hold one secret for user names that differ only in capital letters.
#
# A good guess: a keyring keeps a secret per service and user name, both taken as they are; `Ada` and `ada` are two users, as they are in
# Secret Service, and asking for one that was never stored gives None.
# Why it is wrong: the backends for a file keep user names as option names of an INI file, which Python's configparser turns into lower
# case when it writes and when it reads. What was stored for `Ada` is answered for `ada`, and storing a secret for `ada` replaces
# that of `Ada` without a word. The service, a section's name, does keep its capitals. User names are escaped beforehand, so that
# other odd characters are safe; capital letters pass the escape untouched.
#
# Versions: keyrings.alt 5.0.2, keyring 25.7.0, Python 3.11.
# Source: `escape_for_ini` and `set_password` in keyrings/alt/file_base.py; `optionxform` in the documentation of configparser.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" keyrings.alt==5.0.2 keyring==25.7.0

cat > "$work/check.py" <<'PYTHON'
from importlib.metadata import version

from keyrings.alt.file import PlaintextKeyring

print("keyrings.alt", version("keyrings.alt"), "keyring", version("keyring"))
ring = PlaintextKeyring()
ring.set_password("metrics.example", "Ada", "first")
unknown = ring.get_password("metrics.example", "ada")
print("stored for Ada, asked for ada:", unknown)
ring.set_password("metrics.example", "ada", "second")
replaced = ring.get_password("metrics.example", "Ada")
print("then stored for ada, asked for Ada:", replaced)
service = ring.get_password("Metrics.example", "Ada")
print("asked for another spelling of the service:", service)
assert (unknown, replaced, service) == ("first", "second", None)
print("as expected: capital letters of a user name do not count, those of a service do")
PYTHON
XDG_DATA_HOME="$work/data" ./venv/bin/python check.py

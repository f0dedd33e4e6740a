#!/usr/bin/env bash
# Installing one small plug-in for the `pass` manager makes every use of keyring fail on machines without `pass`.
#
# A good guess: keyring passes over a backend that does not fit the machine: whatever error its priority raises, it
#   counts as not viable, and the next one is used, or the one that says that there is none.
# Why it is wrong: keyring asks the class, and this plug-in has written its priority as a property of the instance. Asked of the class, such a
#   property answers with itself, without an error, so the backend counts as viable; the real priority is worked out when instances are
#   compared, and there nothing catches its FileNotFoundError. get_keyring(), and with it getting, setting and deleting,
#   end with that error for every program of the environment, whether or not it ever meant to use `pass`; it is neither a KeyringError
#   nor the RuntimeError that the rules for backends ask for. `python -m keyring --list-backends` fails too. Naming a backend in
#   PYTHON_KEYRING_BACKEND goes round it.
#
# Versions: keyring 25.7.0, keyrings.unixpass 0.0.2, Python 3.11, Linux without the `pass` command in PATH.
# Source: keyrings/unixpass.py (a plain property that starts `pass version`); keyring/backend.py, where `viable` reads the
#   priority of the class; keyring/backends/chainer.py and keyring/core.py, which compare instances by it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" keyring==25.7.0

cat > "$work/check.py" <<'PY'
import os, sys

import keyring
from keyring.errors import KeyringError

os.environ["PATH"] = os.environ["EMPTY"]
told = {}
for name, call in {
    "get_keyring": keyring.get_keyring,
    "get_password": lambda: keyring.get_password("wandb", "me"),
    "set_password": lambda: keyring.set_password("wandb", "me", "secret"),
}.items():
    try:
        call()
        told[name] = "works"
    except Exception as error:
        told[name] = f"{type(error).__name__}{' (a KeyringError)' if isinstance(error, KeyringError) else ''}"
print(told)
sys.exit(0 if list(told.values()) == sys.argv[1:] else "behaves otherwise now")
PY
mkdir "$work/empty"
export EMPTY="$work/empty" HOME="$work" XDG_CONFIG_HOME="$work" XDG_DATA_HOME="$work"
unset DBUS_SESSION_BUS_ADDRESS PYTHON_KEYRING_BACKEND
ask() { timeout 60 "$work/venv/bin/python" "$work/check.py" "$@"; }

echo "keyring 25.7.0 alone"
ask works "NoKeyringError (a KeyringError)" "NoKeyringError (a KeyringError)"
python3 -m uv pip install -q --python "$work/venv/bin/python" keyring==25.7.0 keyrings.unixpass==0.0.2
echo "with keyrings.unixpass 0.0.2 beside it"
ask FileNotFoundError FileNotFoundError FileNotFoundError
echo "the same, with a backend named in the environment"
PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring ask works works works
if PATH="$EMPTY" "$work/venv/bin/python" -m keyring --list-backends > "$work/out" 2>&1; then
  echo "listing the backends works now" >&2
  exit 1
fi
tail -n 1 "$work/out"
echo "as described"

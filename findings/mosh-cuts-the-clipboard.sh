#!/usr/bin/env bash
# A text of more than 12,284 bytes copied through mosh reaches the terminal cut off, as base64 that is neither whole nor refused.
#
# A good guess: mosh 1.4 passes the clipboard sequence (OSC 52) on to the user's terminal. One that is too long for it is dropped as a whole,
#   so that the user pastes either all of the text or what was there before.
# Why it is wrong: mosh keeps the first 16 KiB of the sequence, drops what comes after, and passes that on, ended properly. The cut falls
#   inside a group of four characters and takes the padding with it. So a strict terminal ignores the copy, and a lenient one
#   takes the first 12,284 bytes: a copied log, or a list of some 350 runs, that ends in the middle of a line. The program hears
#   of neither.
# Versions: mosh 1.4.0 (Debian 12), Python 3.11.
# Source: the terminal emulator in mosh's source collects an OSC sequence up to a constant of 16 * 1024 characters; the manual page does
#   not name it.
set -euo pipefail

command -v mosh-server > /dev/null || apt-get install -y -qq --no-install-recommends mosh > /dev/null
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat > "$tmp/check.py" <<'PY'
import base64
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

folder = sys.argv[1]
lines = "".join(f"lab/forks/{number:08d}  available  v3\n" for number in range(500)).encode()
environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TERM": "xterm-256color"}


def through_mosh(text: bytes) -> bytes:
    """What the user's terminal gets for its clipboard when a program copies `text`."""
    with open(os.path.join(folder, "sequence"), "wb") as file:
        file.write(b"\x1b]52;c;" + base64.b64encode(text) + b"\x07")
    shell = f"sleep 2; cat '{folder}/sequence'; sleep 60"
    started = subprocess.run(
        ["mosh-server", "new", "-i", "127.0.0.1", "-p", "0", "--", "bash", "-c", shell], env=environment, capture_output=True, text=True
    ).stdout
    port, key = re.search(r"MOSH CONNECT (\d+) (\S+)", started).groups()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execvpe("mosh-client", ["mosh-client", "127.0.0.1", port], {**environment, "MOSH_KEY": key})
    output, until, found = b"", time.monotonic() + 40, None
    while found is None and time.monotonic() < until:
        if select.select([terminal], [], [], 0.5)[0]:
            output += os.read(terminal, 65536)
            found = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", output)
    os.write(terminal, b"\x1e.")  # mosh's own keys for leaving
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # the client has gone
        pass
    os.close(terminal)
    os.waitpid(child, 0)
    return found[1]


print(subprocess.run(["mosh-server", "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.splitlines()[0])
for text in (lines[:12_000], lines):
    passed, whole = through_mosh(text), base64.b64encode(text)
    got = base64.b64decode(passed + b"=" * (-len(passed) % 4))  # as a lenient terminal reads it
    print(f"  copied {len(text):6} bytes, {len(whole):6} in base64; passed on {len(passed):6}, which is {len(got):6}, up to {got[-20:]!r}")
    assert whole.startswith(passed) and text.startswith(got)
    if len(text) <= 12_284:
        assert passed == whole
    else:
        assert (len(passed), len(got)) == (16 * 1024 - len("52;c;"), 12_284)
        assert len(passed) % 4 != 0
PY
timeout 150 python3 "$tmp/check.py" "$tmp" < /dev/null
echo "As found: passed on without its end, in silence."

#!/usr/bin/env bash
# pyte, the terminal emulator in Python, prints a letter over the screen of every Textual app that ends.
#
# A good guess: an emulator passes over a control sequence that it does not know, up to the sequence's last letter. The screen that a test, a
#   recorder or a replay reads from pyte holds what the app has drawn, and nothing else.
# Why it is wrong: pyte 0.8.2 takes parameters of digits, ";", "?", " " and ">" only; any other character ends the sequence for it, and
#   what follows is text. When Textual gives the terminal back it sends "CSI < u", which takes its mode of kitty's keyboard protocol from
#   the terminal's stack: pyte prints "u" where the cursor stands. It also keeps one screen where terminals have two, so that the letter
#   lands on the app's last frame: "loss 0.25" reads "uoss 0.25". Colours written with colons, as in "CSI 38:2::1:2:3 m", are printed as well.
# Versions: pyte 0.8.2, textual 8.2.8, Python 3.11, Linux.
# Source: _parser_fsm in pyte/streams.py; stop_application_mode in textual/drivers/linux_driver.py; the description of kitty's
#   keyboard protocol.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" pyte==0.8.2 textual==8.2.8

cat > "$tmp/app.py" <<'PY'
from textual.app import App
from textual.widgets import Static


class Example(App[None]):
    def compose(self):
        yield Static("loss 0.25")

    def on_ready(self):
        self.set_timer(0.5, self.exit)


Example().run()
PY
cat > "$tmp/check.py" <<'PY'
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from importlib.metadata import version

import pyte

COLUMNS, LINES = 40, 5
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    os.execve(sys.executable, [sys.executable, sys.argv[1]], os.environ | {"TERM": "xterm-256color"})
written = b""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    written += chunk
_, status = os.waitpid(pid, 0)


def screen(output):
    shown = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(shown).feed(output)
    return [line.rstrip() for line in shown.display]


last = written.rindex(b"\x1b[<u")
print("pyte", version("pyte"), "textual", version("textual"))
print("kitty's protocol:", re.findall(rb"\x1b\[[<>]\d*u", written))
print("before the end:", screen(written[:last])[0])
print("after the end:", screen(written)[0])
colons = screen(b"\x1b[38:2::1:2:3mloss")[0]
print("a colour with colons:", colons)
assert status == 0
assert screen(written[:last])[0] == "loss 0.25"
assert screen(written)[0] == "uoss 0.25"
assert screen(b"\x1b[38;2;1;2;3mloss")[0] == "loss" and colons == "2::1:2:3mloss"
PY
timeout 60 "$tmp/venv/bin/python" "$tmp/check.py" "$tmp/app.py" < /dev/null

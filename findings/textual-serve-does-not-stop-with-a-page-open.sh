#!/usr/bin/env bash
# textual-serve, told to stop while a page is open, neither stops nor tells the served app; killed for that, it leaves the app behind.
#
# A good guess: SIGTERM (or Ctrl+C) ends the server within a second or two, and each served app quits in an orderly way, as it does when its
#   page is closed. If the server is killed outright, the app reads the end of its input, or fails to write, and ends on its own.
# Why it is wrong: the server stops listening and then waits for the open pages; until one goes, its app runs on and is sent no signal. (The
#   server reads nothing from the page meanwhile, so in the end its own heartbeat gives the page up, some 20 s later, and all ends in
#   order.) A supervisor that waits less long (`docker stop`: 10 s) sends SIGKILL. Then the app's input is at its end and nothing
#   reads its output, and it goes on all the same: its timers fire, it draws into the broken pipe, and it has to be ended by hand.
# Versions: textual-serve 1.1.3, textual 8.2.8, aiohttp 3.14.5, Python 3.11 on Linux.
# Source: textual_serve/server.py: the hook for the shutdown is empty, and only a page's end stops its app; textual/drivers/web_driver.py: the
#   end of input ends the thread that reads, and nothing else.
set -euo pipefail

tmp=$(mktemp -d)
server='' app=''
stop() {
    [ -z "$app" ] || kill -KILL "$app" 2>/dev/null || true
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
    rm -rf "$tmp"
}
trap stop EXIT
python3 -m uv venv -q "$tmp/venv"
python3 -m uv pip install -q --python "$tmp/venv/bin/python" textual-serve==1.1.3 textual==8.2.8 aiohttp==3.14.5

cat > "$tmp/app.py" <<'PY'
import os
import sys

from textual.app import App
from textual.widgets import Static

record = open(sys.argv[1], "a", buffering=1)
record.write(f"pid {os.getpid()}\n")


class Example(App[None]):
    ticks = 0

    def compose(self):
        yield Static("0")

    def on_mount(self) -> None:
        self.set_interval(0.5, self.tick)

    def tick(self) -> None:
        self.ticks += 1
        self.query_one(Static).update(str(self.ticks))
        record.write("tick\n")

    def on_unmount(self) -> None:
        record.write("unmount\n")


Example().run()
record.write("end\n")
PY
cat > "$tmp/serve.py" <<'PY'
import sys

from textual_serve.server import Server

Server(f"{sys.executable} {sys.argv[1]}/app.py {sys.argv[1]}/{sys.argv[3]}", host="127.0.0.1", port=int(sys.argv[2])).serve()
PY
cat > "$tmp/page.py" <<'PY'
import asyncio
import os
import sys
import time

import aiohttp


async def main(port: str, opened: str) -> None:
    """A page: it answers pings and is left open."""
    until = time.monotonic() + 60
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                socket = await session.ws_connect(f"ws://127.0.0.1:{port}/ws?width=80&height=24")
                break
            except aiohttp.ClientError:
                assert time.monotonic() < until
                await asyncio.sleep(0.3)
        async for _ in socket:
            if not os.path.exists(opened):
                open(opened, "w").close()


asyncio.run(main(*sys.argv[1:]))
PY
count() { grep -c "$1" "$tmp/$2" || true; }
begin() { # Serves the app in one page; its record is called $1.
    port=$("$tmp/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$tmp/venv/bin/python" "$tmp/serve.py" "$tmp" "$port" "$1" > "$tmp/log" 2>&1 &
    server=$!
    timeout 120 "$tmp/venv/bin/python" "$tmp/page.py" "$port" "$tmp/$1.opened" 2>> "$tmp/log" &
    for _ in $(seq 300); do
        [ -s "$tmp/$1" ] && [ "$(count tick "$1")" -ge 2 ] && break
        sleep 0.2
    done
    app=$(sed -n 's/^pid //p' "$tmp/$1")
    [ -n "$app" ]
}
"$tmp/venv/bin/python" -c 'from importlib.metadata import version as v; print("textual-serve", v("textual-serve"), "textual", v("textual"), "aiohttp", v("aiohttp"))'

begin stopped
kill -TERM "$server"
before=$(count tick stopped)
sleep 8
kill -0 "$server" && kill -0 "$app"
[ "$(count unmount stopped)" = 0 ]
echo "  8 s after SIGTERM: server and app are there, the app drew $(($(count tick stopped) - before)) times more and was told nothing"
from=$SECONDS status=0
wait "$server" || status=$?
echo "  the server ended $((SECONDS - from + 8)) s after SIGTERM, status $status"
[ $((SECONDS - from)) -lt 80 ]
for _ in $(seq 50); do [ "$(count end stopped)" = 1 ] && break; sleep 0.2; done
[ "$(count end stopped)" = 1 ]

begin killed
kill -KILL "$server"
wait "$server" 2>/dev/null || true
sleep 2
before=$(count tick killed)
sleep 8
kill -0 "$app"
more=$(($(count tick killed) - before))
echo "  8 s after SIGKILL of the server: the app is there and drew $more times more; unmounted: $(count unmount killed)"
[ "$more" -ge 5 ] && [ "$(count unmount killed)" = 0 ]
echo "As found: the server waits for its pages, and its apps outlive it."

#!/usr/bin/env bash
# `wandb login` may delete netrc lines that belong to other hosts, say that all is well, and leave a file that no program can parse.
#
# A good guess: logging in replaces the entry of that server in the netrc file, however the entry is written (netrc knows
#   no lines, only words), and leaves everything else alone.
# Why it is wrong: up to 0.27.2 the entry is found as a piece of text in a line, and that line goes together with the next
#   two, whatever they are. (1) An entry on one line takes the first two lines of the following host along; the password of
#   that host stays behind as an orphan, so the whole file cannot be parsed any more: `wandb login` ends with status 0, and
#   the next `wandb.Api()` says that no API key is configured; other programs that read the file lose theirs as well.
#   (2) Logging in to a server on port 808 removes the entry of another one on port 8080, since the one's name begins like
#   the other's. 0.28.2 and later go by words and keep both, but now everything up to the next `machine` belongs to the old
#   entry: a comment above the next host, and a `macdef` after the replaced entry, vanish without a word.
#
# Versions: wandb 0.27.2 and 0.31.0, Python 3.11.
# Source: wandb/sdk/lib/wbauth/wbnetrc.py in both: before, a counter that skips two lines after one that contains
#   "machine" and the name; now, a flag that stays up until a line begins with `machine` or `default`.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" WANDB_CONFIG_DIR="$work/config" WANDB_ERROR_REPORTING=false NETRC="$work/netrc"
unset WANDB_API_KEY WANDB_BASE_URL
for version in 0.27.2 0.31.0; do
  python3 -m uv venv -q "$work/$version"
  python3 -m uv pip install -q --python "$work/$version/bin/python" "wandb==$version"
done
key=$(printf 'k%.0s' {1..40})

# login VERSION ADDRESS: writes the key for that server; nothing is asked over the network.
login() {
  chmod 600 "$NETRC"
  timeout 60 "$work/$1/bin/wandb" login --host "$2" --no-verify "$key" > "$work/out" 2>&1 < /dev/null
  echo "-- wandb $1 login --host $2: status $?, then the file is"
  sed 's/^/   /' "$NETRC"
}
# key_for VERSION ADDRESS: which key the SDK itself finds there afterwards; no connection is opened.
key_for() {
  WANDB_SILENT=true timeout 60 "$work/$1/bin/python" - "$2" 2> "$work/err" < /dev/null <<'PY'
import sys
from wandb.sdk.lib.wbauth import wbnetrc
print((wbnetrc.read_netrc_auth(host=sys.argv[1]) or "no key")[:6])
PY
}
one_line() {
  cat > "$NETRC" <<'NETRC'
machine wandb.lab.example login user password 0000000000000000000000000000000000000000
machine git.lab.example
  login me
  password secret-of-git
# where the data is
machine data.lab.example
  login me
  password secret-of-data
NETRC
}
two_ports() {
  cat > "$NETRC" <<'NETRC'
machine wandb.lab.example:8080
  login user
  password 8080808080808080808080808080808080808080
machine wandb.lab.example:808
  login user
  password 0000000000000000000000000000000000000000
# where the data is
macdef fetch
cd /exports

machine data.lab.example
  login me
  password secret-of-data
NETRC
}
expect() {
  if [ "$2" != "$3" ]; then
    echo "$1: expected '$2', saw '$3'" >&2
    exit 1
  fi
}
left() { grep -c -- "$1" "$NETRC" || true; }

one_line
login 0.27.2 https://wandb.lab.example
expect "the other host's name after 0.27.2" 0 "$(left 'machine git')"
expect "its orphaned password" 1 "$(left secret-of-git)"
expect "the key just written, as 0.27.2 reads it" "no key" "$(key_for 0.27.2 https://wandb.lab.example)"
expect "and as 0.31.0 reads it" "no key" "$(key_for 0.31.0 https://wandb.lab.example)"

two_ports
login 0.27.2 http://wandb.lab.example:808
expect "the server on port 8080 after 0.27.2" 0 "$(left ':8080')"

one_line
login 0.31.0 https://wandb.lab.example
expect "the other host's name after 0.31.0" 1 "$(left 'machine git')"
expect "the key just written, as 0.31.0 reads it" "kkkkkk" "$(key_for 0.31.0 https://wandb.lab.example)"

two_ports
login 0.31.0 http://wandb.lab.example:808
expect "the server on port 8080 after 0.31.0" 1 "$(left ':8080')"
expect "the comment above the next host after 0.31.0" 0 "$(left 'where the data is')"
expect "the macro after 0.31.0" 0 "$(left 'macdef')"
echo "as described"

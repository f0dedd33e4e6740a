"""One call to a keyring backend, in a process without a terminal: ``python -m …keyring_child``, JSON in and out.

A backend that would prompt for its password on the terminal, over the dashboard, finds none here and fails instead.
Secrets pass through pipes, never on a command line.
"""

from __future__ import annotations

import json
import sys

ASKS_ON_TERMINAL = "asks on the terminal"


def main() -> None:
    """Read a request from stdin, perform it, and print the reply."""
    request = json.loads(sys.stdin.readline())
    replies = sys.stdout
    # A backend's own output must not be mistaken for the reply.
    sys.stdout = sys.stderr
    try:
        from keyring.core import load_keyring

        backend = load_keyring(request["backend"])
        match request["operation"]:
            case "get":
                reply = {"value": backend.get_password(request["service"], request["entry"])}
            case "set":
                backend.set_password(request["service"], request["entry"], request["value"])
                reply = {}
            case _:
                backend.delete_password(request["service"], request["entry"])
                reply = {}
    except EOFError:
        reply = {"error": ASKS_ON_TERMINAL}
    except Exception as error:  # noqa: BLE001 - each keyring backend has its own errors
        reply = {"error": type(error).__name__}
    print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()

"""Reads request bodies, and logs requests and answers."""

from __future__ import annotations

import gzip
import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext

_LOCK = threading.Lock()


async def read_body(request: Request) -> bytes:
    """The request's body, decompressed if necessary."""
    body = await request.body()
    return gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body


def record(sandbox: SandboxContext, request: Request, asked: dict[str, Any], status: int, answered: Any) -> None:
    """Write a request and its answer to the traffic log, if there is one. Headers, and so secrets, are left out."""
    path = sandbox.config.traffic_log
    if path is None:
        return
    line = {
        "method": request.method,
        "path": request.url.path,
        "agent": request.headers.get("user-agent", "").partition("/")[0],
        "asked": asked,
        "status": status,
        "answered": answered,
    }
    with _LOCK, path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")

"""Routes for a run's uploads: its file stream, and whole files."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from wandb_tui.sandbox.sessions import KeyRefusedError
from wandb_tui.sandbox.traffic import read_body, record

if TYPE_CHECKING:
    from starlette.requests import Request

    from wandb_tui.sandbox.context import SandboxContext
    from wandb_tui.sandbox.state import Run

SUMMARY = "wandb-summary.json"


class _StoredFile(FileResponse):
    """A file, sent in larger pieces than usual: each of them crosses two threads."""

    chunk_size = 256 * 1024


async def file_stream(request: Request) -> Response:
    """``POST /files/{entity}/{project}/{run}/file_stream``: lines of history, output and so on."""
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        caller = sandbox.sessions.caller(request)
    except KeyRefusedError:
        return JSONResponse({"error": "invalid API key"}, status_code=401)
    project = sandbox.state.project(request.path_params["entity"], request.path_params["project"])
    run = sandbox.state.run(project, request.path_params["run"]) if project else None
    if run is None or run.project.entity not in caller.entities:
        return JSONResponse({"error": "run not found"}, status_code=404)
    try:
        posted = json.loads(await read_body(request))
    except ValueError:
        return JSONResponse({"error": "the request has to be JSON"}, status_code=400)
    await run_in_threadpool(_take, sandbox, run, posted)
    answer: dict[str, Any] = {"exitcode": None, "limits": {}, "stopped": run.state == "killed"}
    record(sandbox, request, posted, 200, answer)
    return JSONResponse(answer)


def _take(sandbox: SandboxContext, run: Run, posted: dict[str, Any]) -> None:
    """Store one post of the stream."""
    columns: dict[str, Any] = {}
    for file, chunk in (posted.get("files") or {}).items():
        lines = [str(line) for line in chunk.get("content") or []]
        if file == SUMMARY:
            columns["summary"] = json.loads(lines[-1]) if lines else {}
        elif lines:
            sandbox.histories.append(run, file, int(chunk.get("offset") or 0), lines)
    if posted.get("complete"):
        code = int(posted.get("exitcode") or 0)
        columns |= {"state": "failed" if code else "finished", "exit_code": code, "finished_at": time.time()}
    sandbox.state.update_run(run, **columns)


async def storage(request: Request) -> Response:
    """``/storage/…``: uploads and downloads at signed URLs, as with a bucket."""
    sandbox: SandboxContext = request.app.state.sandbox
    path = request.path_params["path"]
    if not sandbox.storage.is_signed(path, request.query_params.get("signature", "")):
        return Response("The signature does not fit the address.", status_code=403)
    kind, key, name = path.split("/", 2)
    if request.method == "PUT":
        content = await read_body(request)
        await run_in_threadpool(sandbox.storage.keep, int(key), name, content)
        record(sandbox, request, {"bytes": len(content)}, 200, None)
        return Response()
    if kind == "manifests":
        version = sandbox.exports.version_by_key(int(key))
        return JSONResponse(sandbox.exports.manifest(version)) if version else Response(status_code=404)
    file = (
        sandbox.storage.run_file_path(int(key), name)
        if kind == "runs"
        else sandbox.storage.export_file_path(int(key), name)
    )
    return _StoredFile(file) if file is not None and file.exists() else Response(status_code=404)


async def run_file(request: Request) -> Response:
    """``GET /files/{entity}/{project}/{run}/{name}``: a run's file, for callers who may see the run."""
    sandbox: SandboxContext = request.app.state.sandbox
    try:
        caller = sandbox.sessions.caller(request)
    except KeyRefusedError:
        return Response(status_code=401)
    project = sandbox.state.project(request.path_params["entity"], request.path_params["project"])
    run = sandbox.state.run(project, request.path_params["run"]) if project and caller.may_see(project) else None
    file = sandbox.storage.run_file_path(run.key, request.path_params["name"]) if run else None
    return _StoredFile(file) if file is not None and file.exists() else Response(status_code=404)

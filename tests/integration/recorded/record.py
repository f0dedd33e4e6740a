"""Record what the real SDK asks: ``python -m tests.integration.recorded.record`` writes the files beside this one.

The programs below use the SDK as people do, one file each. The server that they talk to writes down every GraphQL
request, its query's text and its variables. Headers are not written, and addresses and the particulars of the machine
are taken out of the variables.
"""

import json
import re
import socket
import tempfile
from pathlib import Path

from tests.integration.sandbox_fixtures import log_run, run_sdk_script
from wandb_tui.sandbox import Sandbox, SandboxConfig

HERE = Path(__file__).parent

PROGRAMS = {
    "api": "api = wandb.Api(); api.viewer; api.default_entity; list(api.projects('lab'))",
    "run": "run = api.run('lab/forks/abc'); run.lastHistoryStep; run.load(force=True); list(run.files())",
    "runs": (
        "list(api.runs('lab/forks', filters={'state': 'finished'}, order='-created_at')); len(api.runs('lab/forks'))"
    ),
    "sweeps": (
        "settings = wandb.Settings(sweep_id='swp1'); "
        "run = wandb.init(project='forks', id='swept', group='grid', settings=settings); run.log({'loss': 1.0}); "
        "run.finish(); api = wandb.Api(); list(api.project('forks', 'lab').sweeps()); "
        "list(api.sweep('lab/forks/swp1').runs); "
        "list(api.runs('lab/forks', filters={'$and': [{'group': 'grid'}, {'sweep': 'swp1'}]}))"
    ),
    "history": (
        "run = api.run('lab/forks/abc'); run.history(pandas=False); run.history(pandas=False, keys=['loss']); "
        "run.history(pandas=False, stream='system'); list(run.scan_history()); list(run.scan_history(keys=['loss'])); "
        "run.download_history_exports('exports', require_complete_history=False)"
    ),
    "history_live": (
        "run = wandb.init(project='forks', id='live'); run.log({'loss': 1.0}); run.finish(); api = wandb.Api(); "
        "run = api.run('lab/forks/live'); list(run.scan_history()); list(run.scan_history(keys=['loss']))"
    ),
    "artifact_exists": (
        "api.artifact_exists('lab/forks/run-abc-history:latest'); "
        "api.artifact_exists('lab/forks/run-xyz-history:latest')"
    ),
    "artifact": (
        "artifact = api.artifact('lab/forks/run-abc-history:latest'); artifact.download(); list(artifact.files()); "
        "artifact.logged_by(); artifact.used_by(); list(api.artifacts('wandb-history', 'lab/forks/run-abc-history')); "
        "list(api.artifact_collections('lab/forks', 'wandb-history')); list(api.artifact_types('lab/forks')); "
        "list(api.run('lab/forks/abc').logged_artifacts())"
    ),
    "feed": (
        "collections = api.artifact_type('wandb-history', 'lab/forks').collections; "
        "list(collections(order='-updated_at', per_page=10)); "
        "list(collections(filters={'name': 'run-abc-history'}, order='-updated_at')); "
        "[(run.state, run.lastHistoryStep) for run in "
        "api.runs('lab/forks', filters={'heartbeatAt': {'$gte': '2026-01-01T00:00:00Z'}}, order='-heartbeat_at')]"
    ),
    "init_log_finish": (
        "run = wandb.init(project='forks', id='fresh', config={'lr': 0.1}); "
        "[run.log({'loss': 1 / (step + 1)}) for step in range(20)]; run.finish()"
    ),
    "console": (
        "run = wandb.init(project='forks', id='talks'); print('one'); print('two'); run.finish(); api = wandb.Api(); "
        "run = api.run('lab/forks/talks'); list(run.console_logs(per_page=1)); list(run.console_logs(last=2))"
    ),
    "resume": "run = wandb.init(project='forks', id='abc', resume='must'); run.log({'loss': 0.5}); run.finish()",
    "fork": (
        "run = wandb.init(project='forks', id='child', fork_from='abc?_step=20'); run.log({'loss': 0.5}); run.finish()"
    ),
}


def main() -> None:
    for name, program in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as folder:
            requests = record(program, Path(folder))
        (HERE / f"{name}.json").write_text(json.dumps(requests, indent=1, sort_keys=True) + "\n")
        print(f"{name}: {len(requests)} requests")


def record(program: str, folder: Path) -> list[dict]:
    """The different GraphQL requests that a program makes, in order."""
    log = folder / "traffic.jsonl"
    with Sandbox(SandboxConfig(traffic_log=log, export_delay=0)) as sandbox:
        sandbox.export_now(log_run(sandbox, folder, steps=40))
        log.unlink()
        start = "" if program.startswith(("api = ", "run = wandb", "settings = ")) else "api = wandb.Api(); "
        run_sdk_script(sandbox, f"import wandb; {start}{program}", folder)
    found = []
    for line in log.read_text().splitlines():
        asked = json.loads(line)["asked"]
        if "query" not in asked:
            continue
        one = {"query": asked["query"], "variables": scrubbed(asked["variables"])}
        if one not in found:
            found.append(one)
    return found


def scrubbed(variables: dict) -> dict:
    """The variables without what belongs to one machine or one moment."""
    text = json.dumps(variables)
    text = text.replace(socket.gethostname(), "host") if len(socket.gethostname()) > 3 else text
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1", text)
    cleaned = json.loads(text)
    if cleaned.get("host"):
        cleaned["host"] = "host"
    if isinstance(cleaned.get("config"), str):
        config = json.loads(cleaned["config"])
        internal = config.get("_wandb", {}).get("value", {})
        recorded_keys = ("branch_point", "cli_version", "m", "python_version", "t")
        config["_wandb"] = {"value": {key: internal[key] for key in recorded_keys if key in internal}}
        cleaned["config"] = json.dumps(config)
    for name in ("program", "commit", "repo"):
        if cleaned.get(name):
            cleaned[name] = "train.py" if name == "program" else None
    return cleaned


if __name__ == "__main__":
    main()

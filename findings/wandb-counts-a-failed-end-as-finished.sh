#!/usr/bin/env bash
# A notebook that fails while it is executed unattended, and a script that raises SystemExit(1), end as finished runs.
#
# A good guess: a run is "finished" if its process has succeeded, "failed" after an exception or another exit status, and "crashed"
#   if its process is gone without a word. A notebook that stops at an error leaves a failed run, or one that has crashed with its kernel.
# Why it is wrong: the SDK learns of the end from `sys.excepthook` and from a `sys.exit` that it puts in the place of Python's. IPython shows
#   exceptions by itself, so that no hook hears of them, and the kernel then ends in good order: exit code 0 is recorded. `raise SystemExit(1)` and
#   the builtin `exit(1)` pass by both as well, and the code recorded is 0 while the process's status is 1; after `sys.exit(1)` it is 1.
#   Who waits for runs that have "finished" gets the ones that diverged in a notebook, too. A `with wandb.init(...)` around the
#   code, or `run.finish(exit_code=1)`, records the failure.
# Versions: wandb 0.31.0, nbclient 0.11.0, ipykernel 7.4.0, Python 3.11.
# Source: wandb/sdk/lib/exit_hooks.py (the two hooks); records of offline runs read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export WANDB_MODE=offline WANDB_ERROR_REPORTING=false WANDB_SILENT=true
python3 -m uv venv -q venv
python3 -m uv pip install -q --python venv/bin/python wandb==0.31.0 nbclient==0.11.0 ipykernel==7.4.0
./venv/bin/python -m ipykernel install --prefix "$work/venv" > out 2>&1

cat > check.py <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

START = "import wandb\nrun = wandb.init(project='p', id='{}', settings=wandb.Settings(x_disable_stats=True))\nrun.log({{'loss': 0.5}})\n"


def script(name, end):
    """The exit status of a script, and the exit code that its run records."""
    Path(f"{name}.py").write_text(START.format(name) + end)
    ended = subprocess.run([sys.executable, f"{name}.py"], stdin=subprocess.DEVNULL, capture_output=True, timeout=100)
    return ended.returncode, recorded(name)


def notebook(name, end):
    """What executing a notebook raised, and the exit code that its run records."""
    cells = [nbformat.v4.new_code_cell(code) for code in (START.format(name), end)]
    try:
        NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="python3").execute()
        raised = None
    except CellExecutionError as error:
        raised = error.ename
    return raised, recorded(name)


def recorded(name):
    [file] = Path("wandb").glob(f"offline-run-*-{name}/*.wandb")
    command = [str(Path(sys.executable).with_name("wandb")), "leet", "inspect", "--json", str(file)]
    printed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=True)
    ends = [record["exit"] for record in map(json.loads, printed.stdout.splitlines()) if record["type"] == "exit"]
    return [end.get("exit_code", 0) for end in ends]


print("wandb", version("wandb"), "nbclient", version("nbclient"), "ipykernel", version("ipykernel"))
cases = {
    "notebook": notebook("cell", "raise RuntimeError('the loss is NaN')"),
    "notebook, with": notebook("block", "with run:\n    raise RuntimeError('the loss is NaN')"),
    "raise RuntimeError": script("error", "raise RuntimeError('the loss is NaN')"),
    "sys.exit(1)": script("sysexit", "import sys\nsys.exit(1)"),
    "raise SystemExit(1)": script("raised", "raise SystemExit(1)"),
    "exit(1)": script("builtin", "exit(1)"),
    "script, with": script("within", "with run:\n    raise SystemExit(1)"),
}
for name, (outcome, codes) in cases.items():
    print(f"{name}: {'raised' if 'notebook' in name else 'exit status'} {outcome}, recorded exit code {codes}")
assert cases == {
    "notebook": ("RuntimeError", [0]),
    "notebook, with": ("RuntimeError", [1]),
    "raise RuntimeError": (1, [1]),
    "sys.exit(1)": (1, [1]),
    "raise SystemExit(1)": (1, [0]),
    "exit(1)": (1, [0]),
    "script, with": (1, [1]),
}
PYTHON
timeout 170 ./venv/bin/python check.py < /dev/null 2> err || { cat err; exit 1; }

"""Wait in the background, with other work meanwhile."""

import os
import sys
import time

from wandb_tui import SimpleWandBMonitor, WandBCredentials

if len(sys.argv) != 4:
    sys.exit("Usage: python threaded.py ENTITY PROJECT RUN_ID")
if not os.environ.get("WANDB_VIEWER_MAIL") or not os.environ.get("WANDB_VIEWER_PW"):
    sys.exit("Set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW to sign in with.")
entity, project, run_id = sys.argv[1:4]

credentials = WandBCredentials(
    username=os.environ["WANDB_VIEWER_MAIL"],
    password=os.environ["WANDB_VIEWER_PW"],
)

with SimpleWandBMonitor(credentials, headless=True) as monitor:
    thread = monitor.run_threaded_monitor(
        entity=entity,
        project=project,
        run_id=run_id,
        check_interval=5.0,
        max_wait_time=300.0,
    )

    # Do other work while monitoring runs in background
    print("Doing other work...")
    time.sleep(1)

    # Wait for completion
    thread.join()
    result = monitor.result(entity, project, run_id)

print(f"{result.artifact_name} after {result.wait_time:.1f} s")

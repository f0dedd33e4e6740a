"""An experiment starts the monitor for the run that it has just logged."""

import os
import sys
import threading

import wandb

from wandb_tui import SimpleWandBMonitor, WandBCredentials

if len(sys.argv) != 3:
    sys.exit("Usage: python from_another_script.py ENTITY PROJECT")
if not os.environ.get("WANDB_VIEWER_MAIL") or not os.environ.get("WANDB_VIEWER_PW"):
    sys.exit("Set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW to sign in with.")
entity, project = sys.argv[1:3]


def start_monitoring_from_experiment(run_id: str) -> tuple[threading.Thread | None, SimpleWandBMonitor | None]:
    """Start monitoring from your main experiment script."""
    credentials = WandBCredentials(
        username=os.environ["WANDB_VIEWER_MAIL"],
        password=os.environ["WANDB_VIEWER_PW"],
    )

    monitor = SimpleWandBMonitor(credentials, headless=True)

    if monitor.login():
        # Start monitoring in background
        thread = monitor.run_threaded_monitor(
            entity=entity,
            project=project,
            run_id=run_id,
            check_interval=5.0,
            max_wait_time=300.0,
        )
        return thread, monitor

    return None, None


# Usage in your experiment
with wandb.init(entity=entity, project=project) as run:
    for step in range(10):
        run.log({"metric": step})

monitor_thread, monitor = start_monitoring_from_experiment(run.id)

# Continue with your experiment while monitoring runs
# The thread will report when artifacts are available
if monitor_thread is not None and monitor is not None:
    monitor_thread.join()
    monitor.cleanup()

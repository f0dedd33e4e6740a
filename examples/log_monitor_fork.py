"""Logging, monitoring and forking in one script; the fork is at step 200."""

import os
import sys

import wandb

from wandb_tui import SimpleWandBMonitor, WandBCredentials

if len(sys.argv) != 3:
    sys.exit("Usage: python log_monitor_fork.py ENTITY PROJECT")
if not os.environ.get("WANDB_VIEWER_MAIL") or not os.environ.get("WANDB_VIEWER_PW"):
    sys.exit("Set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW to sign in with.")
ENTITY, PROJECT = sys.argv[1:3]


def main() -> None:
    """Log a run, wait for its history, and fork it."""
    run1 = wandb.init(entity=ENTITY, project=PROJECT, mode="online")
    for i in range(300):
        run1.log({"metric": i})
    run1.finish()

    # Start monitoring the run's artifact availability
    credentials = WandBCredentials(
        username=os.environ["WANDB_VIEWER_MAIL"],
        password=os.environ["WANDB_VIEWER_PW"],
    )

    monitor = SimpleWandBMonitor(credentials, headless=True)

    if monitor.login():
        # Start monitoring in background thread
        monitor_thread = monitor.run_threaded_monitor(
            entity=ENTITY,
            project=PROJECT,
            run_id=run1.id,  # Use the actual run ID
            check_interval=5.0,
            max_wait_time=300.0,
        )

        # Wait until the artifact is there: before that, the fork would be refused
        monitor_thread.join(timeout=300)

        # Your existing forking code...
        run2 = wandb.init(entity=ENTITY, project=PROJECT, fork_from=f"{run1.id}?_step=200")
        run2.log({"metric": -200})
        run2.finish()
        print(f"Forked {run1.id} at step 200: {run2.id}")

        monitor.cleanup()


if __name__ == "__main__":
    main()

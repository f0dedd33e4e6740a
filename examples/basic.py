"""Sign in, visit a run's page, and wait for its history artifact, one after the other."""

import os
import sys

from wandb_tui import SimpleWandBMonitor, WandBCredentials

if len(sys.argv) != 4:
    sys.exit("Usage: python basic.py ENTITY PROJECT RUN_ID")
if not os.environ.get("WANDB_VIEWER_MAIL") or not os.environ.get("WANDB_VIEWER_PW"):
    sys.exit("Set WANDB_VIEWER_MAIL and WANDB_VIEWER_PW to sign in with.")
entity, project, run_id = sys.argv[1:4]

credentials = WandBCredentials(
    username=os.environ["WANDB_VIEWER_MAIL"],
    password=os.environ["WANDB_VIEWER_PW"],
)

monitor = SimpleWandBMonitor(credentials, headless=True)

# 1. Login
if monitor.login():
    # 2. Visit run page
    monitor.visit_run_page(entity, project, run_id)

    # 3. Monitor artifact
    monitor.monitor_artifact_availability(entity, project, run_id)

monitor.cleanup()

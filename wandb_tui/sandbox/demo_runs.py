"""The process that logs the demo's runs: ``python -m wandb_tui.sandbox.demo_runs READY_FILE``."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import wandb

if TYPE_CHECKING:
    from types import FrameType

_SLOW_S = 0.5

_FINISHED = (
    # id, display name, steps logged, steps planned, learning rate
    ("q8f3n1vd", "unvisited-12", 300, 300, 3e-4),
    ("h2x6m0ta", "visited-13", 200, 200, 1e-4),
    ("w5c9r7be", "long-run-14", 400, 400, 3e-5),
    ("d1j4s8ku", "sweep-best-15", 250, 250, 1e-3),
    # Not on the demo's list: for the user to add.
    ("k3v9x2lm", "gentle-breeze-17", 120, 120, 2e-4),
    ("p7qd41zs", "silver-brook-18", 160, 160, 6e-4),
    ("t0hw58ce", "amber-field-19", 90, 90, 8e-5),
)
_RUNNING = ("n6y2p9gz", "training-16", 60, 500, 5e-4)


def metrics(step: int, steps: int, rate: float) -> dict[str, float]:
    """Something that looks like training: losses that fall, with one spike, and an accuracy that rises; with noise."""
    progress = min(1.0, step / steps)
    noise = (math.sin(step * 1.7) + math.sin(step * 0.31) + math.sin(step * step * 0.7)) / 3
    spike = 0.5 * math.exp(-(((progress - 0.35) / 0.02) ** 2))
    loss = 2.3 * math.exp(-4 * progress) + 0.15 + spike
    return {
        "train/loss": loss + 0.12 * loss * noise,
        "train/accuracy": min(0.99, 0.1 + 0.85 * (1 - math.exp(-5 * progress)) - 0.3 * spike + 0.02 * noise),
        "val/loss": loss + 0.1 + 0.45 * progress**3 + 0.05 * noise,
        "learning_rate": rate * min(1.0, 20 * progress) * 0.5 * (1 + math.cos(math.pi * progress)),
        "epoch": step // 50,
    }


def _settings() -> wandb.Settings:
    """Settings for one run; ``wandb.init`` writes into them, so each run needs its own."""
    return wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True)


def begin(name: str, display_name: str, logged: int, steps: int, rate: float) -> wandb.Run:
    """Begin a run and log its first steps."""
    run = wandb.init(
        id=name,
        name=display_name,
        group="learning-rates",
        job_type="train",
        tags=["small", "baseline"],
        config={"learning_rate": rate, "batch_size": 64, "model": "small"},
        settings=_settings(),
        reinit="create_new",
    )
    for step in range(logged):
        run.log(metrics(step, steps, rate), step=step)
    return run


def _end_with_the_demo(parent: int) -> None:
    """Go, and take the SDK's service along, as soon as the demo is gone; nothing else would ever end them."""
    while os.getppid() == parent:
        time.sleep(_SLOW_S)
    # This process leads a group of its own. With the server gone no run could be finished in good order.
    os.killpg(0, signal.SIGKILL)


def main(ready: Path) -> None:
    """Log the finished runs side by side, then go on with the one that is running until we are ended."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_end_with_the_demo, args=(os.getppid(),), daemon=True).start()
    wandb.setup()
    with ThreadPoolExecutor(len(_FINISHED) + 1) as pool:
        for run in pool.map(lambda row: begin(*row), (*_FINISHED, _RUNNING)):
            run.finish()
    # The SDK sends a running run's steps every 15 s only; finishing it and resuming it brings the first ones at once.
    name, _, step, steps, rate = _RUNNING
    running = wandb.init(id=name, resume="must", settings=_settings(), reinit="create_new")
    ready.touch()
    while not ended.wait(_SLOW_S):
        running.log(metrics(step, steps, rate), step=step)
        step += 1
    running.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

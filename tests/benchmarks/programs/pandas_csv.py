"""Writes one run's exported history as CSV with pandas: the artifact whole, then a data frame of it, then the text."""

from __future__ import annotations

import sys
from pathlib import Path


def main(run: str, folder: str) -> None:
    """Download by the SDK, read and write by pandas."""
    import pandas as pd
    import wandb

    entity, project, run_id = run.split("/")
    artifact = wandb.Api().artifact(f"{entity}/{project}/run-{run_id}-history:latest")
    artifact.download(root=folder, skip_cache=True)
    frame = pd.concat(pd.read_parquet(file) for file in sorted(Path(folder).glob("*.parquet")))
    frame.to_csv(Path(folder) / "history.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

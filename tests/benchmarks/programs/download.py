"""Downloads one run's exported history into a folder: ``ours``, or one of the SDK's two ways."""

from __future__ import annotations

import sys


def main(way: str, run: str, folder: str) -> None:
    """Download by `way`; imports are a part of what is measured."""
    if way == "ours":
        from wandb_tui import download_history

        download_history(run, folder, visit=False)
        return
    import wandb

    api = wandb.Api()
    if way == "artifact":
        entity, project, run_id = run.split("/")
        api.artifact(f"{entity}/{project}/run-{run_id}-history:latest").download(root=folder, skip_cache=True)
    else:
        api.run(run).download_history_exports(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

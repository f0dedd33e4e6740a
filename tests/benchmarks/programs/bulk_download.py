"""Downloads many exported histories: ``exports`` loops over the SDK's call, ``plain`` fetches known addresses.

``hashed`` does as ``plain`` and computes the digests that a check would need.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_CONNECTIONS = 8


def main(way: str, names: str, folder: str) -> None:
    """Download by `way` the runs, or the addresses, that the file `names` lists."""
    wanted = Path(names).read_text().split()
    Path(folder).mkdir()
    if way in {"plain", "hashed"}:
        _fetch_plainly(wanted, Path(folder), hashed=way == "hashed")
        return
    import wandb

    api = wandb.Api()
    for run in wanted:
        api.run(run).download_history_exports(str(Path(folder) / run.rpartition("/")[2]))


def _fetch_plainly(urls: list[str], folder: Path, *, hashed: bool) -> None:
    import requests

    local = threading.local()

    def fetch(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        path = folder / f"{number:04d}.parquet"
        digest = hashlib.md5(usedforsecurity=False)
        with local.session.get(urls[number], stream=True) as response, path.open("wb") as file:
            response.raise_for_status()
            for chunk in response.iter_content(1 << 20):
                file.write(chunk)
                if hashed:
                    digest.update(chunk)

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(fetch, range(len(urls))))


if __name__ == "__main__":
    main(*sys.argv[1:])

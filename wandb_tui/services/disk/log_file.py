"""The log file: the only place that our own and the libraries' log records go to, never the terminal."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from wandb_tui.services.credentials.redaction import RedactingFilter
from wandb_tui.services.disk.paths import private_file

_BYTES = 2_000_000
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s [%(threadName)s] %(message)s"


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file that nobody but its owner may read."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the base class leaves it untyped too
        private_file(Path(self.baseFilename))
        return super()._open()


def log_to(path: Path) -> None:
    """Send all log records to `path`, without secrets. A second call changes nothing.

    Where nothing can be written, as in a batch job whose home is read-only, the records go nowhere.
    """
    root = logging.getLogger()
    if any(isinstance(handler, _PrivateRotatingFile) for handler in root.handlers):
        return
    try:
        handler = _PrivateRotatingFile(path, maxBytes=_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        # Without any handler Python would print them.
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(RedactingFilter())
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("wandb_tui").setLevel(logging.INFO)

"""The log file: receives all log records, ours and the libraries', so that none reaches the terminal."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from wandb_tui.services.credentials.redaction import RedactingFilter
from wandb_tui.services.disk.paths import private_file

_MAX_LOG_BYTES = 2_000_000
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s [%(threadName)s] %(message)s"


class _PrivateRotatingFileHandler(logging.handlers.RotatingFileHandler):
    """A rotating log file that only its owner may read."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the base class leaves it untyped too
        private_file(Path(self.baseFilename))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name in the base class
        """Drop a record that cannot be written, as on a full disk: Python would print a traceback for each."""


def log_to(path: Path) -> None:
    """Write all log records to `path`, without secrets. A second call changes nothing.

    If the file cannot be written, as in a batch job with a read-only home or on a full disk, the records are dropped.
    """
    root = logging.getLogger()
    if any(isinstance(handler, _PrivateRotatingFileHandler) for handler in root.handlers):
        return
    try:
        handler = _PrivateRotatingFileHandler(path, maxBytes=_MAX_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        # Without any handler Python would print the records.
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(RedactingFilter())
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("wandb_tui").setLevel(logging.INFO)

"""The status lines of monitors without a callback."""

import io
import sys

from wandb_tui.core.events import MonitorStatus
from wandb_tui.library.api import print_status


class Written(io.RawIOBase):
    """A file that records each write of something."""

    def __init__(self):
        self.pieces = []

    def writable(self):
        return True

    def write(self, data):
        self.pieces += filter(None, [bytes(data).decode()])
        return len(data)


def test_a_line_is_written_with_its_end_where_output_is_not_buffered(monkeypatch):
    written = Written()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "utf-8", write_through=True))
    print_status(MonitorStatus.VISITING, {"message": "🌐 Visiting run page…"})
    assert written.pieces == ["🌐 Visiting run page…\n"]

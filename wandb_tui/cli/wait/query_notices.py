"""The messages of ``wandb-tui wait`` about queries, beside the lines of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wandb_tui.cli.console import say
from wandb_tui.core.errors import WandbTuiError

if TYPE_CHECKING:
    from wandb_tui.cli.wait.first_answer import FirstAnswerNotice
    from wandb_tui.cli.wait.output import Output
    from wandb_tui.core.project_query import ProjectQuery
    from wandb_tui.core.query_list import FollowedQuery


class QueryNotices:
    """Says how many runs a query has at first, and what the server answers instead."""

    def __init__(self, queries: Sequence[FollowedQuery], out: Output, notice: FirstAnswerNotice) -> None:
        """Say nothing yet.

        Args:
            queries: The queries.
            out: Prints the notices.
            notice: Learns that the server has answered.
        """
        self._queries = queries
        self._out = out
        self._notice = notice
        self._told: dict[ProjectQuery, str] = {}

    def tick(self) -> None:
        """Print what is new."""
        for row in self._queries:
            if row.looked or row.error is not None:
                self._notice.on_answer()
            if row.failed:
                continue
            if row.error is not None:
                self._tell(row, f"{row.query}: {row.error}")
            elif row.looked and row.query not in self._told:
                count = len(row.run_ids)
                waits = "no run yet; waiting for the first" if not count else f"{count:,} run{'s' if count > 1 else ''}"
                self._tell(row, f"{row.query}: {waits}")

    def conclude(self) -> list[WandbTuiError]:
        """Print why queries have failed; the errors."""
        errors = [row.error for row in self._queries if row.error is not None and row.failed]
        for error in errors:
            say(f"wandb-tui: {error}", err=True)
        return errors

    def _tell(self, row: FollowedQuery, text: str) -> None:
        if self._told.get(row.query) != text:
            self._told[row.query] = text
            self._out.notice(text)

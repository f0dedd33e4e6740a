"""Runs: their logged data, and how much of it has been exported."""

from __future__ import annotations

import base64
import fnmatch
import json
import re
from typing import TYPE_CHECKING, Any

from wandb_tui.sandbox.history import EVENTS, HISTORY, OUTPUT, sample
from wandb_tui.sandbox.resolvers.artifact import CollectionView
from wandb_tui.sandbox.resolvers.context import timestamp
from wandb_tui.sandbox.resolvers.paging import connection
from wandb_tui.sandbox.resolvers.people import UserView

if TYPE_CHECKING:
    from wandb_tui.sandbox.resolvers.context import ResolverContext
    from wandb_tui.sandbox.state import Run
    from wandb_tui.sandbox.storage import RunFile

_DEFAULT_SAMPLES = 500

_OUTPUT_LINE = re.compile(
    r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT[\d:.]+) (?:\[(?P<label>[^\]]*)\] )?(?P<line>.*)", re.DOTALL
)
"""As the SDK streams it: what was written to stderr is marked, and with `x_label` the label follows the time."""


class RunView:
    """One run."""

    def __init__(self, context: ResolverContext, run: Run) -> None:
        self._context = context
        self._histories = context.sandbox.histories
        self._run = run
        self.id = run_id(run)
        self.name = run.name
        self.project_id = str(run.project.key)
        self.display_name = run.display_name
        self.description = run.description
        self.notes = run.notes
        self.tags = run.tags
        self.sweep_name = run.sweep
        self.state = run.live_state
        self.stopped = False
        self.group = run.run_group
        self.job_type = run.job_type
        self.commit = run.git_commit
        self.host = run.host
        self.program = run.program
        self.read_only = False
        self.exitcode = run.exit_code
        self.created_at = timestamp(run.created_at)
        self.updated_at = timestamp(run.heartbeat_at)
        self.heartbeat_at = self.updated_at

    def project(self) -> object:
        """The project it belongs to."""
        return self._context.view(self._run.project)

    def user(self) -> UserView:
        """The user who logged it."""
        return UserView(self._context)

    def config(self) -> str:
        """The configuration, each value wrapped as the SDK sent it."""
        return json.dumps(self._run.config)

    def wandb_config(self, keys: list[str] | None = None) -> str:
        """Parts of the SDK's own data in the configuration."""
        own = self._run.config.get("_wandb", {}).get("value", {})
        return json.dumps({key: own[key] for key in keys or own if key in own})

    def summary_metrics(self) -> str:
        """The last value of each metric."""
        return json.dumps(self._run.summary)

    def system_metrics(self) -> str:
        """The last value of each system metric."""
        lines = self._histories.tail(self._run, EVENTS)
        return lines[-1] if lines else "{}"

    # History

    def history_keys(self) -> dict[str, Any] | None:
        """The logged metrics with their counts, and the last step; null if nothing was logged."""
        index = self._histories.key_index(self._run)
        return index if index["lastStep"] >= 0 else None

    def history_line_count(self) -> int:
        """The number of history lines."""
        return self._histories.count(self._run, HISTORY)

    def events_line_count(self) -> int:
        """The number of lines of system metrics."""
        return self._histories.count(self._run, EVENTS)

    def log_line_count(self) -> int:
        """The number of lines of output."""
        return self._histories.count(self._run, OUTPUT)

    def history_tail(self) -> str:
        """The last history line, in a list."""
        return json.dumps(self._histories.tail(self._run, HISTORY))

    def events_tail(self) -> str:
        """The last line of system metrics, in a list."""
        return json.dumps(self._histories.tail(self._run, EVENTS))

    def history(
        self,
        min_step: int | None = None,
        max_step: int | None = None,
        samples: int | None = None,
        max_key_limit: int | None = None,
    ) -> list[str]:
        """The rows from ``minStep`` up to ``maxStep``; without a range, an even sample of all."""
        # No row here has that many.
        del max_key_limit
        first = min_step or 0 if max_step is None else self._first_wanted(min_step or 0)
        rows = self._histories.rows(self._run, first, max_step)
        count = _DEFAULT_SAMPLES if samples is None else samples
        chosen = rows[:count] if max_step is not None else sample(rows, count)
        return [json.dumps(row) for row in chosen]

    def events(self, samples: int | None = None) -> list[str]:
        """A sample of the system metrics."""
        return sample(self._histories.texts(self._run, EVENTS), _DEFAULT_SAMPLES if samples is None else samples)

    def sampled_history(self, specs: list[str]) -> list[list[dict[str, Any]]]:
        """For each specification, the rows that hold all of its metrics, sampled."""
        return [self._sampled(json.loads(spec)) for spec in specs]

    def _sampled(self, spec: dict[str, Any]) -> list[dict[str, Any]]:
        keys = spec.get("keys", [])
        # Unlike that of ``history``, the highest step here is included.
        end = int(spec["maxStep"]) + 1 if "maxStep" in spec else None
        first = self._first_wanted(int(spec["minStep"])) if "minStep" in spec else 0
        rows = self._histories.rows(self._run, first, end)
        whole = [{key: row[key] for key in keys} for row in rows if all(key in row for key in keys)]
        return sample(whole, int(spec.get("samples", _DEFAULT_SAMPLES)))

    def _first_wanted(self, first_step: int) -> int:
        """The first step of a range: a caller that reads the exported files needs only the steps after them."""
        covered = self._context.sandbox.exports.covered_step(self._run) if self._context.reads_parquet else None
        hidden = self._context.sandbox.faults.get("no-parquet-history") is not None
        return first_step if covered is None or hidden else max(first_step, covered + 1)

    def parquet_history(self, live_keys: list[str]) -> dict[str, Any]:
        """The exported files, and the rows that came after them."""
        if self._context.sandbox.faults.get("no-parquet-history"):
            return {"parquet_urls": [], "live_data": []}
        version = self._context.sandbox.exports.current(self._run)
        files = self._context.sandbox.exports.files(version) if version else []
        storage, origin = self._context.sandbox.storage, self._context.origin
        first_live = version.last_step + 1 if version else 0
        rows = (
            [] if self._context.sandbox.faults.get("live-data-empty") else self._histories.rows(self._run, first_live)
        )
        wanted = {"_step", *live_keys}
        live = [{key: value for key, value in row.items() if not live_keys or key in wanted} for row in rows]
        return {"parquet_urls": [storage.export_file_url(origin, file) for file in files], "live_data": live}

    # Output, files, artifacts

    def log_lines(
        self, first: int | None = None, last: int | None = None, after: str | None = None, **_: bool | None
    ) -> dict[str, Any]:
        """The run's output: a page of it, or its last lines; whether improved or not, paging is the same."""
        count = self._histories.count(self._run, OUTPUT)
        start = max(0, count - last) if last is not None else 0
        lines = [
            _output_line(start + index, text)
            for index, text in enumerate(self._histories.texts(self._run, OUTPUT, start))
        ]
        return connection(lines, first=first or max(1, count), after=after)

    def file_count(self) -> int:
        """The number of uploaded files."""
        return len(self._context.sandbox.storage.run_files(self._run))

    def files(
        self,
        names: list[str] | None = None,
        pattern: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> dict[str, Any]:
        """The uploaded files, by names or by a pattern in the style of SQL's LIKE."""
        glob = (pattern or "%").replace("%", "*").replace("_", "?")
        found = [
            self._file(file)
            for file in self._context.sandbox.storage.run_files(self._run)
            if (file.name in names if names else fnmatch.fnmatchcase(file.name, glob))
        ]
        return connection(found, first=first, after=after)

    def output_artifacts(self, **page: Any) -> dict[str, Any]:
        """The run's history artifacts, newest version first."""
        views = [
            edge["node"]
            for collection in CollectionView.of_run(self._context, self._run)
            for edge in collection.artifacts()["edges"]
        ]
        return connection(views, **page)

    def input_artifacts(self, **page: Any) -> dict[str, Any]:
        """Nothing was used."""
        return connection([], **page)

    def _file(self, file: RunFile) -> dict[str, Any]:
        url = self._context.sandbox.storage.run_file_url(self._context.origin, self._run, file.name)
        return {
            "id": base64.b64encode(f"File:{self._run.key}:{file.name}".encode()).decode(),
            "name": file.name,
            "display_name": file.name,
            "url": url,
            "direct_url": url,
            "size_bytes": file.size,
            "mimetype": "",
            "updated_at": timestamp(file.updated_at),
            "md5": file.md5,
            "digest": file.md5,
        }


def _output_line(number: int, text: str) -> dict[str, Any]:
    """A line of output as the SDK streamed it, taken apart."""
    found = _OUTPUT_LINE.fullmatch(text)
    if found is None:
        return {"number": number, "line": text, "timestamp": None, "level": None, "label": None}
    return {
        "number": number,
        "line": found["line"],
        "timestamp": found["time"],
        "level": "error" if found["error"] else None,
        "label": found["label"],
    }


def run_id(run: Run) -> str:
    """The opaque id by which the API knows a run."""
    return base64.b64encode(f"Run:v1:{run.name}:{run.project.name}:{run.project.entity}".encode()).decode()


def parse_run_id(identifier: str) -> tuple[str, str, str]:
    """Entity, project and run of such an id; empty if it is not valid."""
    try:
        parts = base64.b64decode(identifier, validate=True).decode().split(":")
    except ValueError:
        return "", "", ""
    return (parts[4], parts[3], parts[2]) if len(parts) == 5 and parts[0] == "Run" else ("", "", "")  # noqa: PLR2004

"""A new run in place of a fork, for servers that do not fork: the parent's history is logged into it once more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wandb_tui.core.details import RunRecord
from wandb_tui.core.errors import ServerError
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.history_check import NOT_FINITE
from wandb_tui.library.history_reader import HistoryReader
from wandb_tui.library.history_table import exported_history
from wandb_tui.services.wandb_api.run_values import FORKED_FROM, REPLAYED_FROM

if TYPE_CHECKING:
    from wandb_tui.core.address import RunAddress
    from wandb_tui.library.results import MonitorResult
    from wandb_tui.wiring import Wiring

REPLAY = "replay"
"""The value of ``fallback`` that asks for it."""
TAG = "replayed"
TIMESTAMP = "parent/timestamp"
"""The metric with the time at which the parent logged a row, in seconds since 1970."""
_TIMESTAMP_COLUMN = "_timestamp"

Convert = Callable[[Any], Any]
"""The value to log for one of the export; `_MEDIA` for what cannot be logged once more."""
_MEDIA = object()


@dataclass(frozen=True, slots=True)
class ReplayOrigin:
    """Where the history of a run is from that was made by a replay.

    Attributes:
        run: The parent, ``entity/project/run_id``.
        step: The last step replayed.
        complete: Whether the replay has come to its end.
    """

    run: str
    step: int
    complete: bool

    @classmethod
    def of(cls, record: RunRecord) -> ReplayOrigin | None:
        """What a run's config says; None where it was not made by a replay."""
        match record.config.get(REPLAYED_FROM):
            case {"run": str(run), "step": int(step), **more}:
                return cls(run, step, more.get("complete") is True)
            case _:
                return None


@dataclass(slots=True)
class ReplayReport:
    """What was replayed, and what could not be.

    Attributes:
        rows: How many rows were logged.
        media: The columns with media, tables and the like, whose files belong to the parent.
        not_rising: How many rows were left out since their step is not above the one before.
        summary: The names in the parent's summary that were left out, as they may be from after the step.
    """

    rows: int = 0
    media: set[str] = field(default_factory=set)
    not_rising: int = 0
    summary: Sequence[str] = ()

    @property
    def left_out(self) -> str:
        """What was left out, as a sentence; empty for nothing."""
        parts = [
            f"media and tables in {', '.join(sorted(self.media))}" if self.media else "",
            f"{self.not_rising:,} row{'' if self.not_rising == 1 else 's'} whose step does not rise"
            if self.not_rising
            else "",
            f"of the summary {', '.join(self.summary)}" if self.summary else "",
        ]
        named = "; ".join(part for part in parts if part)
        return f"Left out: {named}." if named else ""


class Replay:
    """The history of a run up to a step, to be logged into a new run."""

    def __init__(self, wiring: Wiring, parent: RunAddress, export: MonitorResult, step: int) -> None:
        """Prepare; nothing is read yet.

        Args:
            wiring: The services.
            parent: The run whose history it is.
            export: Names the version of its history artifact that covers the step.
            step: The last step to be logged.
        """
        self._wiring, self._parent, self._step = wiring, parent, step
        self._artifact = str(export.artifact_name)
        # What the summary says of a run that has gone further is no longer true of the step.
        self._is_all = export.last_step == step

    def into(self, start: Callable[[], Any]) -> tuple[Any, str]:
        """Log it into a new run, which is marked by a tag and in its config.

        Args:
            start: Starts the new run, once the history is here.

        Returns:
            The run, and what was done, as one or two sentences.

        Raises:
            WandbTuiError: The export cannot be read, or the run not be started.
        """
        record = self._wiring.history_files.run_record(self._parent)
        if record is None:
            raise ServerError(f"The server does not report the config of {self._parent}.", "Try again.")
        with exported_history(self._wiring, self._parent, self._artifact, StepRange(None, self._step + 1)) as reader:
            run = start()
            try:
                report = self._log(reader, record, run)
            except BaseException:
                run.finish(exit_code=1)
                raise
        rows = f"{report.rows:,} row{'' if report.rows == 1 else 's'}"
        done = f"{rows} of {self._parent} up to step {self._step:,} were logged once more into the new run {run.id}."
        return run, f"{done} {report.left_out}".strip()

    def _log(self, reader: HistoryReader, record: RunRecord, run: Any) -> ReplayReport:
        run.tags = (*(run.tags or ()), TAG)
        origins = {REPLAYED_FROM, FORKED_FROM}
        run.config.setdefaults({name: value for name, value in record.config.items() if name not in origins})
        self._mark(run, complete=False)
        report = ReplayReport()
        for step, values in _rising(_rows(reader, report), report):
            # Committed at once: what the caller logs next belongs to another row.
            run.log(values, step=step, commit=True)
            report.rows += 1
        summary = {name: value for name, value in record.summary.items() if not _is_media(value)}
        if self._is_all:
            run.summary.update(summary)
        else:
            report.summary = sorted(summary.keys() - {name.partition(".")[0] for name in reader.schema.names})
        self._mark(run, complete=True)
        return report

    def _mark(self, run: Any, *, complete: bool) -> None:
        origin = {"run": str(self._parent), "step": self._step, "complete": complete}
        run.config.update({REPLAYED_FROM: origin}, allow_val_change=True)


def _rows(reader: HistoryReader, report: ReplayReport) -> Iterator[tuple[int, dict[str, Any]]]:
    """The step of each row, and what is to be logged for it."""
    for batch in reader.batches():
        steps = batch.column(STEP).to_pylist()
        # A parent that was replayed itself has the times at which the rows were first logged.
        timestamp = None if TIMESTAMP in batch.schema.names else _TIMESTAMP_COLUMN
        columns = [
            (TIMESTAMP if name == timestamp else name, column.to_pylist(), _converter(column.type))
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
            if not name.startswith("_") or name == timestamp
        ]
        for number, step in enumerate(steps):
            if step is None:
                continue
            values: dict[str, Any] = {}
            for name, cells, convert in columns:
                if (value := cells[number]) is None:
                    continue
                if convert is not None and (value := convert(value)) is _MEDIA:
                    report.media.add(name)
                else:
                    values[name] = value
            yield step, values


def _rising(rows: Iterator[tuple[int, dict[str, Any]]], report: ReplayReport) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows whose steps rise: rows of one step are one, as where exported files overlap; what falls is left out."""
    last: tuple[int, dict[str, Any]] | None = None
    for step, values in rows:
        if last is None or step > last[0]:
            if last is not None:
                yield last
            last = step, values
        elif step == last[0]:
            last[1].update(values)
        else:
            report.not_rising += 1
    if last is not None:
        yield last


def _converter(kind: Any) -> Convert | None:
    """How values of a column's type become values to log; None where they are so already."""
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text
    return _from_nested if pa.types.is_nested(kind) else str


def _from_text(value: str) -> Any:
    if value in NOT_FINITE:
        return float(value)
    if value.startswith("{") and '"_type"' in value:
        try:
            found = json.loads(value)
        except ValueError:
            return value
        return _MEDIA if _is_media(found) else value
    return value


def _from_nested(value: Any) -> Any:
    return _MEDIA if _is_media(value) else value


def _is_media(value: object) -> bool:
    """Whether a value stands for a file or the like; also where it is one of several in a list."""
    if isinstance(value, list):
        return any(_is_media(one) for one in value)
    return isinstance(value, Mapping) and "_type" in value

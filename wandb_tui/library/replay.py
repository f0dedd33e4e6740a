"""A new run in place of a fork, for servers that do not fork: the parent's history is logged into it once more."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.details import RunRecord
from wandb_tui.core.errors import ServerError, UsageError, WandbTuiError
from wandb_tui.core.step_range import STEP, StepRange
from wandb_tui.library.branch_check import differences, flat
from wandb_tui.library.history_check import NOT_FINITE
from wandb_tui.library.history_reader import HistoryReader
from wandb_tui.library.history_table import exported_history
from wandb_tui.services.wandb_api.run_values import FORKED_FROM, REPLAYED_FROM

if TYPE_CHECKING:
    from wandb_tui.library.results import MonitorResult
    from wandb_tui.wiring import Wiring

REPLAY = "replay"
"""The value of ``fallback`` that asks for it."""
TAG = "replayed"
TIMESTAMP = "parent/timestamp"
"""The metric with the time at which the parent logged a row, in seconds since 1970."""
_TIMESTAMP_COLUMN = "_timestamp"
_STEPS_COMPARED = 20
"""The number of steps of an interrupted replay that are compared with the parent's before it is continued."""

Row = tuple[int, dict[str, Any]]
"""The step of a row, and its values by name."""
Convert = Callable[[Any], Any]
"""The value to log for one of the export; `_MEDIA` for what cannot be logged once more."""
_MEDIA = object()


@dataclass(frozen=True, slots=True)
class ReplayOrigin:
    """The origin of a run that was made by a replay.

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
        """The origin that a run's config names; None where it was not made by a replay."""
        match (record.config or {}).get(REPLAYED_FROM):
            case {"run": str(run), "step": int(step), **more}:
                return cls(run, step, more.get("complete") is True)
            case _:
                return None


@dataclass(slots=True)
class ReplayReport:
    """The rows that a replay logged, and the values that it had to leave out.

    Attributes:
        rows: How many rows were logged.
        kept: How many had been logged by an earlier call that was interrupted.
        media: The columns with media, tables and the like, whose files belong to the parent.
        not_rising: How many rows were left out since their step is not above the one before.
        summary: The names in the parent's summary that were left out, as they may be from after the step; None where
            the server does not report the summary.
    """

    rows: int = 0
    kept: int = 0
    media: set[str] = field(default_factory=set)
    not_rising: int = 0
    summary: Sequence[str] | None = ()

    @property
    def left_out(self) -> str:
        """The values that were left out, as a sentence; empty for none."""
        parts = [
            f"media and tables in {', '.join(sorted(self.media))}" if self.media else "",
            f"{self.not_rising:,} row{'' if self.not_rising == 1 else 's'} whose step does not rise"
            if self.not_rising
            else "",
            f"of the summary {', '.join(self.summary)}" if self.summary else "",
            "the summary, which the server does not report" if self.summary is None else "",
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
        # The summary of a run that has gone further is no longer true of the step.
        self._is_all = export.last_step == step

    @property
    def _marks(self) -> dict[str, Any]:
        return {REPLAYED_FROM: {"run": str(self._parent), "step": self._step, "complete": False}}

    def into(self, start: Callable[[Mapping[str, Any]], Any]) -> tuple[Any, str]:
        """Log it into a new run, marked by a tag and in its config, or the rest of it where that was interrupted.

        Args:
            start: Starts the run, or resumes it, once the history is here; is given what the config of a new one is to
                say from its first moment on, so that it is known for what it is if it is interrupted.

        Returns:
            The run, and what was done, as one or two sentences.

        Raises:
            UsageError: The run holds rows that the parent does not have like that, so that it cannot be continued.
            WandbTuiError: The export cannot be read, or the run not be started.
        """
        record = self._wiring.history_files.run_record(self._parent)
        if record is None or record.config is None:
            raise ServerError(f"The server does not report the config of {self._parent}.", "Try again.")
        with exported_history(self._wiring, self._parent, self._artifact, StepRange(None, self._step + 1)) as reader:
            run = start(self._marks)
            # Of a run that is resumed, the step after the last one; SDK 0.27 on tells it only here.
            first = max(run.step, run.starting_step)
            try:
                report = self._log(reader, record, run, first)
            except BaseException:
                run.finish(exit_code=1)
                raise
        return run, f"{self._done(report, run.id, first)} {report.left_out}".strip()

    def _done(self, report: ReplayReport, run_id: str, first: int) -> str:
        rows = f"{report.rows:,} row{'' if report.rows == 1 else 's'} of {self._parent} up to step {self._step:,}"
        if not report.kept:
            return f"{rows} were logged once more into the new run {run_id}."
        kept = f"{report.kept:,} up to step {first - 1:,} {'was' if report.kept == 1 else 'were'} there"
        return f"{rows} were logged once more into the run {run_id}; {kept} from a replay that was interrupted."

    def _log(self, reader: HistoryReader, record: RunRecord, run: Any, first: int) -> ReplayReport:
        report = ReplayReport()
        # Nothing is changed before the rows that are there have been compared.
        rows = self._missing(_rising(_rows(reader, report), report), run, first, report)
        run.tags = (*(tag for tag in run.tags or () if tag != TAG), TAG)
        origins = {REPLAYED_FROM, FORKED_FROM}
        run.config.setdefaults({name: value for name, value in (record.config or {}).items() if name not in origins})
        origin = dict(run.config.get(REPLAYED_FROM, {})) | self._marks[REPLAYED_FROM]
        if report.kept:
            origin["continued_at"] = [*origin.get("continued_at", ()), first]
        run.config.update({REPLAYED_FROM: origin}, allow_val_change=True)
        for step, values in rows:
            # Committed at once: what the caller logs next belongs to another row.
            run.log(values, step=step, commit=True)
            report.rows += 1
        summary = {name: value for name, value in (record.summary or {}).items() if not _is_media(value)}
        if record.summary is None:
            report.summary = None
        elif self._is_all:
            run.summary.update(summary)
        else:
            report.summary = sorted(summary.keys() - {name.partition(".")[0] for name in reader.schema.names})
        run.config.update({REPLAYED_FROM: {**origin, "complete": True}}, allow_val_change=True)
        return report

    def _missing(self, rows: Iterator[Row], run: Any, first: int, report: ReplayReport) -> Iterator[Row]:
        """The rows that the run lacks: those from a step on. The last ones before it are compared."""
        if not first:
            return rows
        kept: deque[Row] = deque(maxlen=_STEPS_COMPARED)
        rest: Iterator[Row] = iter(())
        for row in rows:
            if row[0] >= first:
                rest = chain([row], rows)
                break
            report.kept += 1
            kept.append(row)
        self._check_kept(dict(kept), RunAddress(run.entity, run.project, run.id), first)
        return rest

    def _check_kept(self, wanted: dict[int, dict[str, Any]], child: RunAddress, first: int) -> None:
        """Compare the last rows that are in the run already with the parent's, as far as the server reports them.

        Raises:
            UsageError: They differ, as after a rewind of the parent.
        """
        start = min(wanted, default=max(0, first - _STEPS_COMPARED))
        try:
            # Rows above the step are the caller's, logged after a replay whose last mark got lost.
            reported = self._wiring.inspector.rows(child, start, min(first, self._step + 1)) or []
        except WandbTuiError:
            reported = []
        found = {int(row[STEP]): flat(row) for row in reported if STEP in row}
        if found.keys() - wanted.keys() or differences({step: wanted[step] for step in found}, found):
            raise UsageError(
                f"The replay of {self._parent} into {child} was interrupted after step {first - 1:,}, and cannot be "
                "continued: the history of the parent has changed since.",
                "Delete that run, or give another id.",
            )


def _rows(reader: HistoryReader, report: ReplayReport) -> Iterator[Row]:
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


def _rising(rows: Iterator[Row], report: ReplayReport) -> Iterator[Row]:
    """Rows whose steps rise: rows of one step are one, as where exported files overlap; what falls is left out."""
    last: Row | None = None
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
    """The conversion of a column's values into values to log; None where they need none."""
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

"""Orders to fork or rewind a run, what is known beforehand about one, and how far it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from wandb_tui.core.address import RunAddress
from wandb_tui.core.branch_kind import BranchKind
from wandb_tui.core.errors import UsageError
from wandb_tui.core.events import Level
from wandb_tui.core.metric_value import MetricValue

MAX_TIMES = 100
"""The maximum number of children that one order may ask for."""


@dataclass(frozen=True, slots=True)
class BranchOrder:
    """An order to fork or rewind a run.

    Attributes:
        run: The run.
        kind: Whether to fork or to rewind.
        target: The step, or a metric and its value.
        times: How many children to make; 1 for a rewind.
        replays: Whether the history is logged into a new run where the server refuses.
    """

    run: RunAddress
    kind: BranchKind
    target: int | MetricValue
    times: int = 1
    replays: bool = False

    @classmethod
    def parse(cls, run: RunAddress, kind: BranchKind, where: str, times: str, *, replays: bool = False) -> BranchOrder:
        """Read what is typed.

        Args:
            run: The run.
            kind: Whether to fork or to rewind.
            where: A step, or ``METRIC=VALUE``.
            times: How many children to make; not read for a rewind.
            replays: Whether the history is logged into a new run where the server refuses.

        Raises:
            UsageError: One of these is not valid.
        """
        text = where.strip()
        if re.fullmatch(r"\d[\d_,]{0,18}", text, re.ASCII):
            target: int | MetricValue = int(re.sub(r"\D", "", text))
        elif "=" in text:
            target = MetricValue.parse(text, nearest=True)
        else:
            raise UsageError(
                f"“{text[:40]}” is not a step." if text else "No step is given.",
                "Give a step, such as 200, or METRIC=VALUE, such as global_step=121638.",
            )
        if kind is BranchKind.REWIND:
            return cls(run, kind, target, replays=replays)
        if not re.fullmatch(r"\d{1,9}", times.strip(), re.ASCII) or not 1 <= int(times) <= MAX_TIMES:
            raise UsageError(f"“{times[:10]}” is no number of children.", f"Give 1 to {MAX_TIMES}.")
        return cls(run, kind, target, int(times), replays)

    @property
    def where(self) -> str:
        """The step or value to branch off at, in words."""
        return f"step {self.target:,}" if isinstance(self.target, int) else str(self.target)

    @property
    def begun(self) -> BranchProgress:
        """The progress at its beginning."""
        return BranchProgress("Starting")

    @property
    def call(self) -> str:
        """The line of Python that does the same."""
        function = "rewind_when_ready" if self.kind is BranchKind.REWIND else "fork_when_ready"
        # JSON strings are valid Python strings.
        arguments = [json.dumps(str(self.run), ensure_ascii=False)]
        if isinstance(self.target, int):
            arguments.append(f"step={self.target}")
        else:
            arguments += [f"at={json.dumps(str(self.target), ensure_ascii=False)}", "nearest=True"]
        if self.replays:
            arguments.append('fallback="replay"')
        call = f"{function}({', '.join(arguments)})"
        return call if self.times == 1 else f"[{call} for _ in range({self.times})]"


@dataclass(frozen=True, slots=True)
class BranchFinding:
    """Something that is known about an order before it is carried out.

    Attributes:
        text: A clause, or several.
        level: `Level.INFO` for what is as it should be, `Level.WARNING` for what may surprise, `Level.ERROR` for what
            makes it fail.
    """

    text: str
    level: Level = Level.INFO


@dataclass(frozen=True, slots=True)
class BranchProgress:
    """The progress of an order.

    Attributes:
        message: The current step, in one line; the reason, once it has failed.
        children: The runs made so far; the run itself, once it is rewound.
        warnings: Warnings about surprises in them, as sentences.
        final: Whether nothing follows.
        failed: Whether it has ended before all was done.
    """

    message: str
    children: tuple[RunAddress, ...] = ()
    warnings: tuple[str, ...] = ()
    final: bool = False
    failed: bool = False

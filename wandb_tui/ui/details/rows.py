"""The lines in the sections of a run's details, never wider than the section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

from wandb_tui.core.details import RunFacts, Scalar, Values, VersionCoverage, Versions
from wandb_tui.core.log import Attempt
from wandb_tui.core.probe import RunInfo
from wandb_tui.core.watch_list import WatchedRun
from wandb_tui.text import run_labels, times
from wandb_tui.text.durations import format_elapsed
from wandb_tui.text.event_text import event_text, row_text
from wandb_tui.text.glyphs import STATE_COLOURS, Glyphs
from wandb_tui.text.plain_text import clean
from wandb_tui.text.run_labels import version_label
from wandb_tui.text.sizes import format_bytes
from wandb_tui.text.wrapping import wrapped
from wandb_tui.ui.table.cells import RUN_STATE_COLOURS

T = TypeVar("T")

_LABEL_CELLS = 10
_MAX_VALUES = 300
_MAX_LINES = 4
_DATE_CELLS = 16
_LONG, _HUGE = 10**18, 10**300


@dataclass(frozen=True, slots=True)
class SectionPart(Generic[T]):
    """One part of the details, as far as it is known.

    Attributes:
        answer: The server's answer; None until there is one.
        problem: Why there is no newer answer, in one sentence, or empty.
    """

    answer: T | None = None
    problem: str = ""

    def failed(self, problem: str) -> SectionPart[T]:
        """The same with the error of a new request."""
        return SectionPart(self.answer, problem)


@dataclass(frozen=True, slots=True)
class Frame:
    """The context in which lines are laid out."""

    glyphs: Glyphs
    width: int
    now: float = 0.0

    def text(self, text: str, colour: str = "$foreground") -> Content:
        """One line, cut to fit."""
        return Content.styled(self.glyphs.fit(text, self.width), colour)

    def paragraph(self, text: str, colour: str = "$foreground", indent: str = "") -> Iterator[Content]:
        """A text wrapped into a few lines at most."""
        room = max(1, self.width - len(indent))
        lines = wrapped(self.glyphs.text(clean(text, 500)), room)
        if len(lines) > _MAX_LINES:
            lines = [*lines[: _MAX_LINES - 1], self.glyphs.fit(lines[_MAX_LINES - 1] + " " * room, room)]
        return (Content.styled(indent + line, colour) for line in lines)

    def labelled(self, label: str, text: str, colour: str = "$foreground") -> Content:
        """A label and its value, on one line."""
        room = max(1, self.width - _LABEL_CELLS)
        return Content.assemble((f"{label:<{_LABEL_CELLS}}", "$quiet"), (self.glyphs.fit(text, room), colour))


def missing_lines(part: SectionPart[T], frame: Frame) -> Iterator[Content]:
    """The lines in place of an answer that is missing or out of date."""
    if part.problem:
        yield from frame.paragraph(part.problem, "$warning")
    elif part.answer is None:
        yield frame.text("loading…", "$quiet")


def run_lines(
    row: WatchedRun, url: str, facts: SectionPart[RunFacts], info: RunInfo, frame: Frame
) -> Iterator[Content]:
    """The run's address, its monitor and its facts; `info` is the newest known."""
    yield from _link(url or run_labels.run_path(row.run), url, frame)
    yield frame.labelled("goal", str(row.goal))
    known = " · ".join(
        part for part in (str(row.state), version_label(row), format_elapsed(row.elapsed(frame.now))) if part
    )
    state = f"{frame.glyphs.icon(row.state)} {frame.glyphs.text(known)}"
    yield frame.labelled("monitor", state, f"${STATE_COLOURS[row.state]}")
    message = row_text(row, frame.now)
    yield from frame.paragraph(message, "$quiet", indent=" " * _LABEL_CELLS)
    state = clean(info.state, 40)
    yield frame.labelled("run is", clean(info.shown, 80) or "–", f"${RUN_STATE_COLOURS.get(state, 'foreground')}")
    if facts.answer is not None:
        yield from _facts(facts.answer, frame)
    # Of the two, only one is a sentence.
    if facts.problem.rstrip(".") != message.rstrip("."):
        yield from missing_lines(facts, frame)


def _link(text: str, url: str, frame: Frame) -> Iterator[Content]:
    style = Style(link=url) if url else Style()
    for line in wrapped(frame.glyphs.text(clean(text, 1000)), frame.width):
        yield Content.styled(line, "$primary").stylize(style)


def _facts(facts: RunFacts, frame: Frame) -> Iterator[Content]:
    if facts.created is not None:
        yield frame.labelled("created", times.date_and_time(facts.created))
    named = (
        ("user", facts.user),
        ("group", facts.group),
        ("job type", facts.job_type),
        ("sweep", facts.sweep),
        ("tags", ", ".join(facts.tags)),
    )
    for label, text in named:
        if text:
            yield frame.labelled(label, clean(text, 300))
    if facts.unknown_fields:
        yield from frame.paragraph(f"This server does not know {', '.join(facts.unknown_fields)}.", "$quiet")


def summary_lines(facts: SectionPart[RunFacts], info: RunInfo, frame: Frame) -> Iterator[Content]:
    """The last value of each metric; `info` is the newest known of the run."""
    if facts.answer is None:
        return _nothing_of_the_run(facts, frame)
    none = "The run has no summary." if info.ended else "The run has no summary yet."
    return _value_lines("summary", facts.answer.summary, none, frame)


def config_lines(facts: SectionPart[RunFacts], frame: Frame) -> Iterator[Content]:
    """The run's config."""
    if facts.answer is None:
        return _nothing_of_the_run(facts, frame)
    return _value_lines("config", facts.answer.config, "The run has no config.", frame)


def _nothing_of_the_run(facts: SectionPart[RunFacts], frame: Frame) -> Iterator[Content]:
    if facts.problem:
        yield frame.text("Unknown: the server reports nothing.", "$quiet")
    else:
        yield from missing_lines(facts, frame)


def _value_lines(name: str, values: Values | None, none: str, frame: Frame) -> Iterator[Content]:
    if values is None:
        yield frame.text(f"The server does not report the run's {name}.", "$warning")
    elif not values:
        yield frame.text(none, "$quiet")
    else:
        yield from _values(values, frame)


def _values(values: Values, frame: Frame) -> Iterator[Content]:
    shown = [(frame.glyphs.fit(clean(name, 200), frame.width // 2), value) for name, value in values[:_MAX_VALUES]]
    longest = max(cell_len(name) for name, _ in shown) + 2
    for name, value in shown:
        text, colour = _value(value)
        gap = " " * (longest - cell_len(name))
        yield Content.assemble(
            (name + gap, "$quiet"), (frame.glyphs.fit(text, max(1, frame.width - longest)), f"${colour}")
        )
    if len(values) > _MAX_VALUES:
        yield frame.text(f"and {len(values) - _MAX_VALUES} more", "$quiet")


def _value(value: Scalar) -> tuple[str, str]:
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text, "warning" if text in {"nan", "inf", "-inf"} else "foreground"
    if isinstance(value, int) and not isinstance(value, bool):
        return (f"{value:,}" if abs(value) < _LONG else f"{value:.6e}" if abs(value) < _HUGE else "huge"), "foreground"
    if isinstance(value, str):
        return clean(value, 300), "warning" if value in {"NaN", "Infinity", "-Infinity"} else "foreground"
    return ("–" if value is None else str(value).lower()), "foreground"


def version_lines(
    versions: SectionPart[Versions],
    covered: SectionPart[Mapping[int, VersionCoverage]],
    last_step: int | None,
    frame: Frame,
) -> Iterator[Content]:
    """The versions of the history artifact, newest first."""
    yield from missing_lines(versions, frame)
    if versions.answer is None:
        return
    newest, total = versions.answer.newest, versions.answer.total
    if not newest:
        yield frame.text("No version yet.", "$quiet")
        return
    names = [f"v{one.version.version}" for one in newest]
    sizes = [format_bytes(one.version.size) for one in newest]
    name_width, size_width = max(map(len, names)), max(map(len, sizes))
    unknown: dict[str, None] = {}
    for one, name, size in zip(newest, names, sizes, strict=True):
        covers = covered.answer.get(one.version.version) if covered.answer is not None else None
        if covers is not None and covers.last is None:
            unknown[covers.why_not] = None
        created = times.date_and_time(one.version.created) if one.version.created else "–"
        steps = "steps unknown" if covers is None and covered.problem else _covered(covers, last_step)
        # The first one is obviously the latest, and there is little room.
        known = {"latest"} if one is newest[0] else set()
        aliases = ", ".join(clean(alias, 40) for alias in one.aliases if alias not in known)
        parts = (f"{name:<{name_width}}", f"{created:<{_DATE_CELLS}}", f"{size:>{size_width}}", steps, aliases)
        yield frame.text("  ".join(parts).rstrip())
    if total is not None and (older := total - len(newest)) > 0:
        yield frame.text(f"and {older:,} older {'one' if older == 1 else 'ones'}", "$quiet")
    for why in unknown:
        if why:
            yield from frame.paragraph(f"Unknown: {why}.", "$quiet")
    if covered.problem:
        yield from frame.paragraph(covered.problem, "$warning")


def _covered(covers: VersionCoverage | None, last_step: int | None) -> str:
    if covers is None:
        return "…"
    if covers.last is None:
        return "steps unknown"
    if covers.last < 0:
        return "no step"
    if covers.complete:
        return f"all, to step {covers.last:,}"
    missing = covers.complete is False and last_step is not None and last_step > covers.last
    return f"to step {covers.last:,}" + (f" of {last_step:,}" if missing else "")


def attempt_lines(row: WatchedRun, frame: Frame) -> Iterator[Content]:
    """All attempts, newest first: when and how they ended, how long they took, and why."""
    if not row.attempts:
        yield frame.text("No attempt yet.", "$quiet")
    for attempt in reversed(row.attempts):
        state = f"{frame.glyphs.icon(attempt.state)} {attempt.state}"
        current = attempt.number == row.attempt
        if attempt.ended is not None:
            when = times.date_and_time(attempt.ended)
        else:
            when = "in progress" if current and row.active else "–"
        took = _took(attempt, row, frame.now) if attempt.ended is not None or current else "–"
        head = f"{attempt.number:<3} {state:<13} {when:<{_DATE_CELLS}} {took:>7}"
        yield Content.styled(frame.glyphs.fit(head, frame.width), f"${STATE_COLOURS[attempt.state]}")
        reason = row_text(row, frame.now) if current and row.notice else event_text(attempt.notice)
        if reason:
            yield from frame.paragraph(reason, "$quiet", indent="    ")


def _took(attempt: Attempt, row: WatchedRun, now: float) -> str:
    """The duration of an attempt: by its own clock if that is known, which stops while the user is needed."""
    if attempt.number == row.attempt:
        return format_elapsed(row.elapsed(now))
    ended = attempt.ended or attempt.started
    return format_elapsed(max(0.0, (ended - attempt.started).total_seconds()))

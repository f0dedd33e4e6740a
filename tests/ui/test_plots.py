"""The model of plots: curves, axes, what is shown of them, and how they are drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wandb_tui.core.details import RUNTIME, STEP, TIMESTAMP
from wandb_tui.ui.plots.axis import AxisKind, Span, shown_duration, ticks
from wandb_tui.ui.plots.canvas import Canvas, dots_of
from wandb_tui.ui.plots.curve import Curve, CurveOptions, Extremes
from wandb_tui.ui.plots.metric_choice import by_importance, first_choice
from wandb_tui.ui.plots.palette import MAX_CURVES, assigned
from wandb_tui.ui.plots.settings import PlotSettings
from wandb_tui.ui.plots.spark import sparkline
from wandb_tui.ui.plots.view import PlotView

ANY = st.floats(allow_nan=False, allow_infinity=False)
MODERATE = st.floats(-1e6, 1e6)
VALUES = st.lists(ANY | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=80)


def curve(values, options=CurveOptions()):  # noqa: B008 - frozen
    return Curve([(step, step, value) for step, value in enumerate(values)], options)


def drawn(one, low=None, high=None, width=20, height=6, *, ascii_look=False):
    """The canvas of one curve between two places, and its dots."""
    canvas = Canvas(width, height, ascii_look=ascii_look)
    across = one.across if low is None else (low, high)
    frame = canvas.frame(Span(across), Span(one.up_within(*across) or one.up))
    dots = dots_of(one, frame)
    canvas.draw(dots, 0, "")
    return canvas, frame, dots


def test_the_metric_that_tells_most_comes_first():
    names = ("lr", "glossary", "epoch", "val/accuracy", "reward", "Train_Loss", "aloss", "throughput")
    assert by_importance(names) == (
        *("aloss", "Train_Loss", "reward", "val/accuracy", "glossary", "throughput", "epoch", "lr"),
    )
    flat, empty, falls = curve([1, 1]), curve([]), curve([1, 0])
    assert first_choice([flat, empty, falls]) == 2
    assert first_choice([empty, flat]) == 1
    assert first_choice([empty]) == 0


@pytest.mark.parametrize(
    ("low", "high", "count", "whole", "labels"),
    [
        (0, 299, 4, True, "0 100 200"),
        (0, 99, 4, True, "0 20 40 60 80"),
        (0.786, 2.61, 4, False, "1 1.5 2 2.5"),
        (0.786, 2.61, 10, False, "0.8 1 1.2 1.4 1.6 1.8 2 2.2 2.4 2.6"),
        (2.1, 9.9, 2, False, "4 6 8"),
        (1200, 98000, 4, False, "20000 40000 60000 80000"),
        (1e6, 6e6, 4, True, "2,000,000 4,000,000 6,000,000"),
        (0.00012, 0.0031, 4, False, "0.001 0.002 0.003"),
        (-1.7e308, 1.7e308, 4, False, "-1e+308 0 1e+308"),
        (0, 1, 8, True, "0 1"),
        (0.2, 0.9, 3, True, "0"),
    ],
)
def test_the_labels_of_an_axis_are_round_numbers_within_it(low, high, count, whole, labels):
    span = Span([low, high])
    found = ticks(span, count, AxisKind.STEP if whole else AxisKind.VALUE)
    assert [text for _, text in found] == labels.split()
    assert all(0 <= place <= 1 for place, _ in found)


@example(4e16, -4e16)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_every_axis_has_a_few_labels(one, other):
    for count in (2, 5, 10):
        for kind in AxisKind:
            found = ticks(Span([one, other]), count, kind)
            assert 1 <= len(found) <= count + 2
            assert [place for place, _ in found] == sorted(place for place, _ in found)


@pytest.mark.parametrize(
    ("low", "high", "count", "labels"),
    [
        (-3, 2, 6, "0.001 0.01 0.1 1 10 100"),
        (-12, 12, 5, "1e-10 1e-05 1 100000 1e+10"),
        (0, 1, 4, "1 2 5 10"),
        (-0.8, 0.2, 4, "0.2 0.5 1"),
        (0.31, 0.32, 4, "2.04174 2.0893"),
    ],
)
def test_the_labels_of_a_logarithmic_axis_are_powers_of_ten_or_close_to_them(low, high, count, labels):
    assert [text for _, text in ticks(Span([low, high]), count, AxisKind.VALUE, log=True)] == labels.split()


@given(st.floats(-320, 308), st.floats(-320, 308))
def test_every_logarithmic_axis_has_a_few_labels(one, other):
    for count in (2, 5, 10):
        found = ticks(Span([one, other]), count, AxisKind.VALUE, log=True)
        assert 1 <= len(found) <= count + 1
        assert all(-1e-9 <= place <= 1 + 1e-9 for place, _ in found)


def test_times_are_labelled_as_clocks_show_them():
    assert [text for _, text in ticks(Span([0, 7200]), 4, AxisKind.DURATION)] == [
        "0 s",
        "30:00",
        "1:00:00",
        "1:30:00",
        "2:00:00",
    ]
    assert [shown_duration(seconds) for seconds in (3, 90, 86_400 * 2 + 3_600)] == ["3 s", "1:30", "2 d 1 h"]
    day = ticks(Span([1_790_000_000, 1_790_086_400]), 4, AxisKind.TIME)
    assert 3 <= len(day) <= 5
    assert all(text.endswith(":00") for _, text in day)


@given(st.lists(MODERATE, min_size=1, max_size=300), st.data())
def test_the_extremes_of_any_range_are_those_of_its_values(values, data):
    first = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(first + 1, len(values)))
    part = values[first:stop]
    assert Extremes(values).of(first, stop) == (min(part), max(part))


@settings(max_examples=60)
@given(VALUES)
@example([0.0] * 50 + [1e308] + [0.0] * 900)
@example([-1e308, 1e308])
def test_every_extreme_and_every_point_has_its_dot(values):
    one = curve(values)
    assert len(one) + one.not_finite == len(values)
    if not len(one):
        return
    _, frame, dots = drawn(one)
    low, high = one.up
    for extreme in (low, high):
        row = min(frame.rows - 1, max(0, int(frame.row(extreme) + 0.5)))
        assert any(column >> row & 1 for column in dots)
    for value, x in zip(one.ys, one.xs, strict=True):
        # One less or more, since the same arithmetic in another order rounds differently.
        column, row = int(frame.column(x)), int(frame.row(value) + 0.5)
        assert any(rows >> max(0, row - 1) & 0b111 for rows in dots[max(0, column - 1) : column + 2])


def test_what_is_not_finite_is_a_gap():
    gap = curve([1.0] * 10 + [math.nan] * 10 + [1.0] * 10)
    _, frame, dots = drawn(gap)
    empty = [column for column, rows in enumerate(dots) if not rows]
    assert empty
    assert all(9 < column / frame.columns * 29 < 20 for column in empty)
    whole = curve([1.0] * 10 + [1.0] * 10)
    assert all(drawn(whole)[2])


def test_a_spike_among_a_hundred_thousand_points_is_seen_at_every_zoom():
    one = curve([math.sin(step / 900) for step in range(50_000)] + [50.0] + [0.0] * 49_999)
    for low, high in ((0, 100_000), (40_000, 60_000), (49_990, 50_010)):
        _, frame, dots = drawn(one, low, high)
        assert any(column & 1 for column in dots)
        assert one.up_within(low, high)[1] == 50.0
        at = next(column for column, rows in enumerate(dots) if rows & 1)
        assert abs(at - frame.column(50_000)) < 1.01


def test_the_line_between_two_points_that_are_out_of_sight_is_seen():
    one = curve([0.0, 10.0])
    _, _, dots = drawn(one, 0.4, 0.6)
    assert all(dots)


@given(st.lists(MODERATE, min_size=2, max_size=60), st.floats(0.1, 0.99))
def test_smoothing_stays_within_the_values_and_does_not_move_a_constant(values, weight):
    smooth = curve(values, CurveOptions(weight))
    assert min(values) - 1e-6 <= min(smooth.ys)
    assert max(smooth.ys) <= max(values) + 1e-6
    assert list(smooth.ys) == pytest.approx(values) or len({*values}) > 1
    assert smooth.ys[0] == values[0]


def test_smoothing_counts_distances_not_points():
    sparse = [(x, x, 1.0 if x >= 500 else 0.0) for x in range(0, 1000, 10)]
    dense = [(x, x, 1.0 if x >= 500 else 0.0) for x in range(1000)]
    one, other = (Curve(points, CurveOptions(0.9)) for points in (sparse, dense))
    assert one.nearest(520)[1] == pytest.approx(other.nearest(520)[1], abs=0.25)
    assert 0 < one.nearest(500)[1] < 1


def test_logarithmic_axes_leave_out_what_is_not_positive_and_keep_the_gap():
    one = Curve([(0, 0, 1.0), (1, 1, 10.0), (2, 2, -1.0), (3, 3, 0.0), (4, 4, 100.0)], CurveOptions(log_up=True))
    assert (list(one.xs), list(one.ys), one.off_axis) == ([0, 1, 4], [0, 1, 2], 2)
    assert one.breaks == {2}
    both = Curve([(0, 0, 1.0), (1, 10, 10.0)], CurveOptions(log_across=True))
    assert list(both.xs) == [1.0]


def test_points_over_another_metric_go_from_left_to_right():
    one = Curve([(0, 5.0, 1.0), (1, 2.0, 2.0), (2, math.nan, 3.0)])
    assert (list(one.xs), list(one.ys), one.not_finite) == ([2.0, 5.0], [2.0, 1.0], 1)


RANGES = st.tuples(ANY, ANY).map(sorted).filter(lambda pair: pair[0] < pair[1])


@given(RANGES, st.lists(st.tuples(st.floats(0.1, 3), st.floats(0, 1), st.floats(-1, 1)), max_size=12))
def test_zooming_and_panning_never_leave_what_there_is(bounds, steps):
    low, high = bounds
    view = PlotView()
    for factor, at, share in steps:
        view = view.zoomed_across((low, high), factor, at).panned_across((low, high), share)
        if view.across is not None:
            assert low <= view.across[0] < view.across[1] <= high


def test_zooming_keeps_the_place_under_the_cursor_and_out_again_shows_everything():
    view = PlotView().zoomed_across((0, 100), 0.5, 0.2)
    assert view.across == (10, 60)
    assert view.panned_across((0, 100), 2).across == (50, 100)
    assert view.zoomed_across((0, 100), 8, 0.2).across is None
    up = PlotView().zoomed_up((0, 10), (0, 20), 0.5).panned_up((0, 10), (0, 20), 1)
    assert up.up == (7.5, 12.5)


def test_a_canvas_in_ascii_shows_each_curve_by_its_sign():
    canvas = Canvas(10, 4, ascii_look=True)
    for number, values in enumerate(([0.0, 0.0], [1.0, 1.0])):
        frame = canvas.frame(Span([0.0, 1.0]), Span([0.0, 1.0]))
        canvas.draw(dots_of(curve(values), frame), number, str(number + 1))
    lines = ["".join(text for text, _ in canvas.row(row)) for row in range(4)]
    assert lines == ["2" * 10, " " * 10, " " * 10, "1" * 10]
    assert canvas.row(0) == [("2" * 10, 1)]


def test_curves_bear_their_signs_and_the_cursor_fills_what_is_free():
    canvas = Canvas(80, 4, ascii_look=False)
    frame = canvas.frame(Span([0.0, 1.0]), Span([0.0, 1.0]))
    both = [dots_of(curve(values), frame) for values in ([0.0, 0.0], [1.0, 1.0])]
    for number, dots in enumerate(both):
        canvas.draw(dots, number, "")
    for number, dots in enumerate(both):
        canvas.sign(dots, number, str(number + 1), number, 2)
    canvas.rule(40, -2, "|")
    lines = ["".join(text for text, _ in canvas.row(row)) for row in range(4)]
    assert (lines[0].count("2"), lines[3].count("1")) == (2, 2)
    assert [line[40] for line in lines[1:3]] == ["|", "|"]


@given(VALUES, st.integers(1, 30), st.booleans())
def test_a_small_curve_has_a_cell_for_each_part(values, width, ascii_look):
    text = sparkline(values, width, ascii_look=ascii_look)
    finite = [value for value in values if math.isfinite(value)]
    assert len(text) == (min(width, len(values)) if finite else 0)
    assert text.isascii() or not ascii_look


def test_a_small_curve_keeps_its_spike():
    assert sparkline([0.0] * 40 + [9.0] + [0.0] * 40, 9) == "▁▁▁▁█▁▁▁▁"
    assert sparkline([0.0, math.nan, 1.0], 3) == "▁ █"
    assert sparkline([2.0], 5) == "▅"


def test_runs_keep_their_colours_and_new_ones_take_those_that_are_free():
    before = assigned(list("abcd"), {})
    assert before == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert assigned(list("xcay"), before) == {"x": 1, "c": 2, "a": 0, "y": 3}
    assert len(assigned([str(number) for number in range(20)], {})) == MAX_CURVES


@given(
    st.none()
    | st.dictionaries(
        st.sampled_from(["metric", "across", "other", "smoothing", "log_up"]),
        st.none() | st.text() | st.floats() | st.booleans(),
    )
)
def test_settings_survive_a_restart_and_nonsense(saved):
    one = PlotSettings.of(saved)
    assert PlotSettings.of(one.saved) == one


def test_the_horizontal_axis_goes_round():
    one = PlotSettings("loss")
    assert [one.across, one.next_across.across, one.next_across.next_across.across] == [STEP, RUNTIME, TIMESTAMP]
    assert one.next_across.next_across.next_across == one
    over = one.over("tokens")
    assert (over.across, over.axes.name, over.next_across.across) == ("tokens", "tokens", STEP)
    assert over.next_across.next_across.next_across.next_across.across == "tokens"
    assert one.smoother(3).smoother(-1).options.smoothing == 0.6
    assert PlotSettings("gone").with_metric(["a", "b"]).metric == "a"

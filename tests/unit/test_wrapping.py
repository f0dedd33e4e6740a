"""Text broken into lines, for the screen and for the shell."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wandb_tui.text.wrapping import wrapped

WORDS = st.lists(st.text("abc漢", min_size=1, max_size=30), min_size=1, max_size=20)


@given(WORDS, st.integers(10, 40), st.integers(0, 6), st.integers(0, 6))
def test_lines_fit_and_nothing_is_lost(words, width, indent, hang):
    lines = wrapped(" " * indent + " ".join(words), width, hang=hang)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(words)
    assert all(line.startswith(" " * hang) for line in lines[1:])


@given(WORDS, st.integers(10, 40), st.integers(0, 6))
def test_words_stay_whole_if_wanted(words, width, hang):
    lines = wrapped(" ".join(words), width, hang=hang, break_words=False)
    assert " ".join(lines).split() == words


@pytest.mark.parametrize("width", [12, 20])
def test_colours_have_no_width(width):
    red = click.style("red", fg="red")
    lines = wrapped(f"{red} and {red} and {red}", width, cells=lambda text: cell_len(click.unstyle(text)))
    assert [click.unstyle(line) for line in lines] == wrapped("red and red and red", width)

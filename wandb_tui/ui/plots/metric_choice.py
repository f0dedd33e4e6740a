"""Ranks a run's metrics by how informative they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wandb_tui.ui.plots.curve import Curve

_WORDS = re.compile(r"[^a-z0-9]+")
_LOSSES = frozenset({"nll", "mse", "mae", "rmse", "cost", "perplexity", "ppl", "elbo"})
_REWARDS = frozenset({"reward", "rewards", "return", "returns", "score"})
_RATES = frozenset({"acc", "accuracy", "f1", "auc", "bleu", "map", "iou", "precision", "recall", "error"})
_CLOCKS = frozenset({"epoch", "epochs", "step", "steps", "lr", "time", "iter", "iteration", "seconds", "rate"})


def by_importance(metrics: Iterable[str]) -> tuple[str, ...]:
    """The metrics, losses first, then rewards and rates, then others, counters and settings last."""
    return tuple(sorted(metrics, key=lambda name: (_rank(name), name.casefold())))


def first_choice(curves: Sequence[Curve]) -> int:
    """The index of the first curve that changes, else of the first that can be drawn."""
    ranges = [curve.up for curve in curves]
    changing = (index for index, up in enumerate(ranges) if up is not None and up[0] < up[1])
    drawn = (index for index, up in enumerate(ranges) if up is not None)
    return next(changing, next(drawn, 0))


def _rank(name: str) -> int:
    words = set(_WORDS.split(name.casefold()[:200]))
    if any(word.endswith("loss") for word in words) or words & _LOSSES:
        return 0
    for rank, known in enumerate((_REWARDS, _RATES), start=1):
        if words & known:
            return rank
    return 4 if words & _CLOCKS else 3

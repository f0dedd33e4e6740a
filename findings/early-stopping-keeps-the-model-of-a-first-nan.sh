#!/usr/bin/env bash
# A validation metric that is NaN in the first round only makes Keras, XGBoost and LightGBM stop early and keep the first model.
#
# A good guess: NaN is never better than anything, so a round without a value is passed over, the first like any other; or NaN ends the training.
# Why it is wrong: the first value is taken as the best so far without a comparison. Afterwards nothing is better than NaN: the patience runs out,
# and the "best" model is that of round one, with all later ones better. NaN in the second round is passed over as guessed. In Keras the same
# value makes ModelCheckpoint(save_best_only=True) save the first epoch and no other, and ReduceLROnPlateau divide the learning rate
# every few epochs, though the metric improves. A correlation or an explained variance is NaN as long as the model predicts a
# constant, which just the first rounds do. Return a bad number in place of NaN.
#
# Versions: keras 3.15.1 (on jax 0.10.2), xgboost 3.2.0 (xgboost-cpu), lightgbm 4.7.0, numpy 2.4.6, Python 3.11.
# Source: keras/src/callbacks/monitor_callback.py; EarlyStopping in xgboost/callback.py; `early_stopping` in lightgbm/callback.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" keras==3.15.1 jax==0.10.2 xgboost-cpu==3.2.0 lightgbm==4.7.0 numpy==2.4.6

cat > "$work/check.py" <<'PYTHON'
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import lightgbm
import numpy as np
import xgboost

NAN = float("nan")
PATIENCE = 3
LOSSES = [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
SERIES = {
    "no NaN": LOSSES,
    "NaN in round 2": [8.0, NAN, *LOSSES[2:]],
    "NaN in round 1": [NAN, *LOSSES[1:]],
}
features = np.arange(40.0).reshape(20, 2)
target = features[:, 0] ** 2


def with_xgboost(losses: Iterator[float]) -> tuple[int, int]:
    """The rounds trained and the best of them, counted from one."""
    data = xgboost.DMatrix(features, target)
    model = xgboost.train(
        {"disable_default_eval_metric": True},
        data,
        len(LOSSES),
        evals=[(data, "validation")],
        custom_metric=lambda predicted, data: ("loss", next(losses)),
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    return model.num_boosted_rounds(), model.best_iteration + 1


def with_lightgbm(losses: Iterator[float]) -> tuple[int, int]:
    """The same; LightGBM discards what comes after the best round, so its rounds are counted here."""
    rounds = []
    data = lightgbm.Dataset(features, target)
    model = lightgbm.train(
        {"metric": "None", "verbose": -1, "min_data_in_leaf": 2},
        data,
        len(LOSSES),
        valid_sets=[lightgbm.Dataset(features, target, reference=data)],
        feval=lambda predicted, data: ("loss", next(losses), False),
        callbacks=[lambda env: rounds.append(env.iteration), lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return len(rounds), model.best_iteration


class Loss(keras.callbacks.Callback):
    """Puts the losses into the logs that the callbacks after it read."""

    def __init__(self, losses: Iterator[float]) -> None:
        super().__init__()
        self.losses = losses

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        logs["val_loss"] = next(self.losses)


def with_keras(losses: Iterator[float]) -> tuple[int, int]:
    """The same, of EarlyStopping; ModelCheckpoint and ReduceLROnPlateau are asserted beside it."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    stop = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, mode="min")
    name = f"checkpoints{len(list(Path().glob('checkpoints*')))}"
    Path(name).mkdir()
    save = keras.callbacks.ModelCheckpoint(name + "/{epoch}.keras", "val_loss", mode="min", save_best_only=True)
    reduce = keras.callbacks.ReduceLROnPlateau("val_loss", patience=2, factor=0.1, min_lr=0, mode="min")
    history = model.fit(features, target, epochs=len(LOSSES), verbose=0, callbacks=[Loss(losses), stop, save, reduce])
    saved = sorted(int(file.stem) for file in Path(name).iterdir())
    print(f"    Keras saved the epochs {saved}, last learning rate {float(model.optimizer.learning_rate):.0e}")
    if np.isnan(history.history["val_loss"][0]):
        assert saved == [1] and float(model.optimizer.learning_rate) < 5e-7
    else:
        assert saved[-1] == len(LOSSES) and float(model.optimizer.learning_rate) > 5e-7
    return len(history.history["val_loss"]), stop.best_epoch + 1


def check(name: str, train: Callable[[Iterator[float]], tuple[int, int]]) -> None:
    for series, losses in SERIES.items():
        trained, best = train(iter(losses))
        print(f"  {name:18} {series:15} rounds {trained}, best {best}")
        assert (trained, best) == ((PATIENCE + 1, 1) if series == "NaN in round 1" else (len(LOSSES), len(LOSSES)))


check(f"xgboost {xgboost.__version__}", with_xgboost)
check(f"lightgbm {lightgbm.__version__}", with_lightgbm)
check(f"keras {keras.__version__}", with_keras)
print("as expected: a first NaN stays the best value")
PYTHON
KERAS_BACKEND=jax JAX_PLATFORMS=cpu timeout 170 ./venv/bin/python check.py 2> errors.txt || { tail -20 errors.txt; exit 1; }

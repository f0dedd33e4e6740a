"""Ray Tune: where a scheduler lets a trial go on from another one's checkpoint, its run is a fork of that one's.

Population based training exploits: a bad trial takes over the checkpoint of a good one. With Ray's own W&B callback the
trial's run then goes on with another's metrics, and W&B drops the rows whose step is not above the last. With this one

    tuner = tune.Tuner(
        train,
        tune_config=tune.TuneConfig(scheduler=PopulationBasedTraining(...)),
        run_config=tune.RunConfig(callbacks=[ForkingLoggerCallback(project="forks")]),
    )

the run ends there, and the trial logs to a fork of the good trial's run at the step of the checkpoint. Trials need no
line for it: they report to Tune.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import ray
from ray.air.integrations.wandb import WandbLoggerCallback, _QueueItem, _WandbLoggingActor
from ray.air.util.node import _force_on_current_node

from wandb_tui.core.errors import WandbTuiError
from wandb_tui.integrations.ray import HistoryCallback, fork_when_ready
from wandb_tui.wiring import Wiring

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

log = logging.getLogger(__name__)

_TRIAL_ID, _ITERATION, _TIME = "trial_id", "training_iteration", "timestamp"
"""The keys that Tune adds to each result. The iteration is the step at which Ray's own callback logs it."""


@dataclass(frozen=True, slots=True)
class _Fork:
    """An order to a trial's logging process, given when the trial has taken over another one's checkpoint.

    Attributes:
        parent: The run to fork, ``project/run_id`` or with the entity before it.
        step: The step to fork it at.
        timeout: Seconds until giving up.
        fallback: As for `fork_when_ready`.
        host: The W&B server.
        init: The arguments for ``wandb.init``.
    """

    parent: str
    step: int
    timeout: float
    fallback: Literal["replay"] | None
    host: str
    init: dict[str, Any]


class _ForkingLoggingActor(_WandbLoggingActor):
    """The process that logs for one trial."""

    def run(self) -> None:
        """Log until the trial ends, with the API key of this machine."""
        with contextlib.closing(Wiring()) as wiring:
            key = wiring.account.api_key()
        if key:
            os.environ.setdefault("WANDB_API_KEY", key)
        super().run()  # type: ignore[no-untyped-call]

    def _handle_checkpoint(self, checkpoint_path: str | _Fork) -> None:
        # Ray's loop takes a fork for a checkpoint: it knows results, checkpoints and the end.
        if isinstance(checkpoint_path, _Fork):
            self._fork(checkpoint_path)
        else:
            super()._handle_checkpoint(checkpoint_path)

    def _fork(self, fork: _Fork) -> None:
        """End the run, and log to a fork of another one from now on."""
        self._wandb.finish()
        try:
            run = fork_when_ready(
                fork.parent, fork.step, fallback=fork.fallback, timeout=fork.timeout, host=fork.host, **fork.init
            )
        except WandbTuiError as error:
            log.warning("%s is not forked, so its trial logs to a new run: %s", fork.parent, error)
            run = self._wandb.init(**fork.init)
        run.config.trial_log_path = self._logdir


class ForkingLoggerCallback(WandbLoggerCallback):
    """Ray's W&B callback, with a fork of the other trial's run wherever a scheduler exploits.

    The fork is made in the trial's logging process, which keeps what the trial reports meanwhile; neither the trial nor
    Tune waits for it. If it fails, which is logged as a warning, the trial logs to a new run. As with a
    `HistoryCallback`, the cluster's shared monitor starts with the experiment and ends after the last one. It reads its
    secrets on the head node; the logging processes read the API key where the script runs.
    """

    _logger_actor_cls = _ForkingLoggingActor

    def __init__(
        self,
        *args: Any,
        fork_timeout: float = 300.0,
        fallback: Literal["replay"] | None = None,
        host: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            args: As for Ray's own callback.
            fork_timeout: Seconds until giving up on a fork; 0 waits for ever.
            fallback: As for `wandb_tui.fork_when_ready`; it needs pyarrow where the script runs.
            host: The W&B server; by default that of the environment here.
            kwargs: As for Ray's own callback: ``project``, ``group`` and so on, and arguments for ``wandb.init``.
        """
        super().__init__(*args, **kwargs)
        self._fork_timeout, self._fallback = fork_timeout, fallback
        self._host = host
        self._remote_logger_class: Any = None
        self._shared_monitor = HistoryCallback(host)
        self._run_ids: dict[str, str] = {}
        """The id of the run that each trial logs to, by the trial's id."""
        self._forks: Counter[str] = Counter()
        self._reported: dict[tuple[object, ...], str] = {}
        """The id of the run that each result was logged to."""

    def setup(self, *_: object, **__: object) -> None:
        """Start the shared monitor, or join it; Tune calls this at the beginning.

        Raises:
            ApiKeyError: There is an API key here, but none on the head node, where the shared monitor runs.
        """
        super().setup()  # type: ignore[no-untyped-call]
        self._shared_monitor.setup()
        with contextlib.closing(Wiring(host=self._host)) as wiring:
            self._host = wiring.server.info.base_url

    def on_experiment_end(self, *_: object, **__: object) -> None:
        """Wait until all is logged, then leave the shared monitor; Tune calls this at the end."""
        super().on_experiment_end([])
        self._shared_monitor.on_experiment_end()

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        """Log a result; Tune calls this.

        Args:
            iteration: Not used.
            trial: The trial.
            result: The result that it has reported.
        """
        super().log_trial_result(iteration, trial, result)
        self._reported[_identity(result)] = self._run_ids[trial.trial_id]

    def _start_logging_actor(self, trial: Trial, exclude_results: list[str], **wandb_init_kwargs: Any) -> None:
        if self._remote_logger_class is None:
            # Ray's own passes the API key in the runtime environment, which Ray writes to a log.
            options: dict[str, Any] = {
                "num_cpus": 0,
                "runtime_env": {"env_vars": {"WANDB_BASE_URL": self._host}},
                "max_restarts": -1,
                "max_task_retries": -1,
                **cast("dict[str, Any]", _force_on_current_node()),
            }
            self._remote_logger_class = ray.remote(**options)(self._logger_actor_cls)
        super()._start_logging_actor(trial, exclude_results, **wandb_init_kwargs)
        self._run_ids.setdefault(trial.trial_id, wandb_init_kwargs["id"])
        taken_over = trial.latest_checkpoint_result
        metrics = taken_over.metrics if taken_over is not None else None
        if not metrics or metrics.get(_TRIAL_ID) in {None, trial.trial_id}:
            return
        parent = self._reported.get(_identity(metrics))
        if parent is None:
            log.warning("The run of trial %s is not known, so it is not forked.", metrics[_TRIAL_ID])
            return
        self._forks[trial.trial_id] += 1
        run_id = f"{wandb_init_kwargs['id']}-{self._forks[trial.trial_id]}"
        self._run_ids[trial.trial_id] = run_id
        init = {name: value for name, value in wandb_init_kwargs.items() if name not in {"resume", "reinit"}}
        project = "/".join(filter(None, (init.get("entity"), init["project"])))
        step = metrics[_ITERATION]
        fork = _Fork(
            f"{project}/{parent}", step, self._fork_timeout, self._fallback, str(self._host), {**init, "id": run_id}
        )
        self._trial_queues[trial].put((_QueueItem.CHECKPOINT, fork))


def _identity(result: dict[str, Any]) -> tuple[object, ...]:
    """The values that tell a result from all others: a trial may reach an iteration more than once."""
    return result.get(_TRIAL_ID), result.get(_ITERATION), result.get(_TIME)

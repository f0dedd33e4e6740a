"""What training libraries are given: the real library, the real SDK, the real browser."""

import pytest

from wandb_tui.sandbox import Sandbox, SandboxConfig

# The trainer itself needs torch; what calls its callbacks, and the one that logs to W&B, do not.
TRANSFORMERS = """
from types import SimpleNamespace
from transformers.integrations import WandbCallback
from transformers.trainer_callback import CallbackHandler, DefaultFlowCallback, TrainerControl, TrainerState
from wandb_tui.integrations.transformers import HistoryCallback

args = SimpleNamespace(to_dict=lambda: {"lr": 0.1}, run_name=None, logging_steps=1)

def train(history, main=True):
    handler = CallbackHandler([DefaultFlowCallback, WandbCallback, history], SimpleNamespace(), None, None, None)
    state, control = TrainerState(is_world_process_zero=main), TrainerControl()
    handler.on_train_begin(args, state, control)
    for step in range(30):
        state.global_step = step
        handler.on_log(args, state, control, {"loss": 1 / (step + 1)})
    handler.on_train_end(args, state, control)
"""
LIGHTNING = """
import warnings
warnings.simplefilter("ignore")  # its own, of torch
import lightning.pytorch as pl
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import WandbLogger
from wandb_tui.integrations.lightning import HistoryCallback

class Model(BoringModel):
    def training_step(self, batch, batch_idx):
        loss = self.step(batch)
        self.log("loss", loss)
        return loss

def train(history, main=True):
    pl.Trainer(
        max_steps=30,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_checkpointing=False,
        limit_val_batches=0,
        logger=WandbLogger(experiment=wandb.run) if main else False,
        callbacks=[history],
    ).fit(Model())
"""
# There is no Lightning in CI: it needs torch. With it installed these tests try it, too.
LIBRARIES = {"transformers": TRANSFORMERS, "lightning": LIGHTNING}
BEGUN = """
def begun(**more):
    soon = wandb.Settings(x_file_stream_transmit_interval=1)
    return wandb.init(entity=ENTITY, project=PROJECT, settings=soon, **more)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        yield sandbox


@pytest.fixture(params=LIBRARIES)
def train(request, script):
    """Runs a script in which `train` trains with one of the libraries."""
    pytest.importorskip(request.param)
    return lambda source: script(LIBRARIES[request.param] + BEGUN + source)


def test_when_the_training_ends_its_run_can_be_forked(train, sandbox):
    before = sandbox.stats()["fork_refusals"]
    text = train(
        """
history = HistoryCallback(timeout=60)
with begun() as run:
    train(history)
    print("covered", history.result.artifact_name)
    with begun(fork_from=f"{run.id}?_step=29", reinit="create_new") as child:
        print("forked", child.id)
"""
    )
    assert "🎉" in text
    assert "covered lab/forks/run-" in text
    assert "forked " in text
    assert sandbox.stats()["fork_refusals"] == before


def test_what_goes_wrong_is_a_warning_and_no_fault_of_the_training(train, sandbox):
    sandbox.set_faults("export-never")
    text = train(
        """
history = HistoryCallback(timeout=2, callback=lambda status, data: None)
with begun():
    train(history)
with begun(mode="offline"):
    train(history)
print("trained", history.result)
with begun():
    train(history, main=False)
"""
    )
    assert text.count("is not exported: Timeout reached after 2 s") == 1
    assert "Nothing was logged to a W&B server" in text
    assert "trained None" in text

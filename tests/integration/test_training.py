"""The integrations of training libraries: the real library, the real SDK, the real browser."""

import pytest

from wandb_tui.sandbox import Sandbox, SandboxConfig

# The trainer itself needs torch; what calls its callbacks, and the one that logs to W&B, do not. Its state is saved and
# restored here as the trainer does it.
TRANSFORMERS = """
from types import SimpleNamespace
from transformers.integrations import WandbCallback
from transformers.trainer_callback import (
    CallbackHandler, DefaultFlowCallback, ExportableState, TrainerControl, TrainerState
)
from wandb_tui.integrations.transformers import HistoryCallback

STEP = "train/global_step"

def train(history, main=True, checkpoint=False, resume=False):
    args = SimpleNamespace(to_dict=lambda: {"lr": 0.1}, run_name=None, logging_steps=1)
    handler = CallbackHandler([DefaultFlowCallback, WandbCallback, history], SimpleNamespace(), None, None, None)
    handler.on_init_end(args, TrainerState(), TrainerControl())
    savers = [callback for callback in handler.callbacks if isinstance(callback, ExportableState)]
    state, control = TrainerState(is_world_process_zero=main, stateful_callbacks=savers), TrainerControl()
    if resume:
        state = TrainerState.load_from_json("state.json")
    handler.on_train_begin(args, state, control)
    while state.global_step < 30:
        state.global_step += 1
        handler.on_log(args, state, control, {"loss": 1 / state.global_step})
        if checkpoint and state.global_step == 20:
            for saver in savers:
                assert isinstance(state.stateful_callbacks[type(saver).__name__], dict)
                state.stateful_callbacks[type(saver).__name__] = saver.state()
            state.save_to_json("state.json")
    handler.on_train_end(args, state, control)
"""
TRAINER = """
import warnings
warnings.simplefilter("ignore")  # its own, of torch
import torch
from transformers import Trainer, TrainingArguments
from wandb_tui.integrations.transformers import HistoryCallback

STEP = "train/global_step"

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x, labels):
        return {"loss": (self.layer(x).squeeze(-1) - labels).square().mean()}

DATA = [{"x": torch.ones(2), "labels": torch.tensor(1.0)} for _ in range(60)]

def train(history, main=True, checkpoint=False, resume=False):
    args = TrainingArguments(
        "trained",
        max_steps=30,
        logging_steps=1,
        per_device_train_batch_size=2,
        save_strategy="steps" if checkpoint else "no",
        save_steps=20,
        report_to="wandb" if main else "none",
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(Model(), args, train_dataset=DATA, callbacks=[history] if main else [])
    trainer.train(resume_from_checkpoint="trained/checkpoint-20" if resume else None)
"""
LIGHTNING = """
import warnings
warnings.simplefilter("ignore")  # its own, of torch
import lightning.pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import WandbLogger
from wandb_tui.integrations.lightning import HistoryCallback

STEP = "trainer/global_step"

class Model(BoringModel):
    def training_step(self, batch, batch_idx):
        loss = self.step(batch)
        self.log("loss", loss)
        return loss

def train(history, main=True, checkpoint=False, resume=False):
    # It saves before the trainer logs what belongs to that step.
    saved = [ModelCheckpoint("trained", filename="saved", every_n_train_steps=20)] if checkpoint else []
    pl.Trainer(
        max_steps=30,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_checkpointing=bool(saved),
        limit_val_batches=0,
        logger=WandbLogger(project=PROJECT, entity=ENTITY, experiment=wandb.run) if main else False,
        callbacks=[history, *saved],
    ).fit(Model(), ckpt_path="trained/saved.ckpt" if resume else None)
"""
# There is no torch in CI. With it installed, `python -m tests --all` tries the trainers themselves, too.
LIBRARIES = [
    pytest.param(("transformers", TRANSFORMERS), id="transformers"),
    pytest.param(("accelerate", TRAINER), id="trainer", marks=pytest.mark.long),
    pytest.param(("lightning", LIGHTNING), id="lightning", marks=pytest.mark.long),
]
BEGUN = """
def begun(**more):
    return wandb.init(entity=ENTITY, project=PROJECT, **more)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.3)) as sandbox:
        yield sandbox


@pytest.fixture(params=LIBRARIES)
def train(request, script):
    """Runs a script in which `train` trains with one of the libraries."""
    needed, library = request.param
    if needed != "transformers":
        pytest.importorskip("torch")
    pytest.importorskip(needed)
    environ = {"WANDB_ENTITY": "lab", "WANDB_PROJECT": "forks", "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    return lambda source: script(library + BEGUN + source, **environ)


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


RESUMED = """
from wandb_tui import load_history

def steps(run_id):
    history = load_history(f"lab/forks/{run_id}", [STEP], stitch=True, timeout=60)
    return history.column(STEP).drop_null().to_pylist()

quiet = lambda status, data: None
with begun() as parent:
    train(HistoryCallback(timeout=60, callback=quiet), checkpoint=True)
whole = steps(parent.id)
print("trained", len(set(whole)), "steps")

def resumed(**options):
    history = HistoryCallback(timeout=60, callback=quiet, **options)
    train(history, resume=True)
    run = wandb.run
    run.finish()
    assert history.result.success
    return run
"""


def test_a_resumed_training_forks_its_run_where_the_checkpoint_is(train):
    text = train(
        RESUMED
        + """
child = resumed(on_resume="fork", tags=["forked"])
assert child.id != parent.id and child.tags == ("forked",)
print("forked", child.starting_step == 20, steps(child.id) == whole, steps(parent.id) == whole)
resumed_again = resumed(on_resume="rewind")
print("rewound", resumed_again.id == parent.id, resumed_again.starting_step == 20, steps(parent.id) == whole)
resumed_once_more = resumed(on_resume="continue")
print("continued", resumed_once_more.id == parent.id, steps(parent.id) == whole + whole[20:])
"""
    )
    assert "trained 30 steps" in text
    assert "forked True True True" in text
    assert "rewound True True True" in text
    assert "continued True True" in text


@pytest.mark.long
def test_where_forking_fails_the_training_goes_on_with_a_new_run(train, sandbox):
    sandbox.set_faults("fork-refused:code=400,message=forking is not supported here")
    text = train(
        RESUMED
        + """
child = resumed(on_resume="fork")
print("trained", child.id != parent.id, child.starting_step, steps(child.id) == whole[20:])
child = resumed(on_resume="rewind", fallback="replay")
print("replayed", child.id != parent.id, steps(child.id) == whole, steps(parent.id) == whole)
"""
    )
    assert "replayed True True True" in text
    assert "on_resume='fork' failed, so the training logs to a new run: The server does not fork" in text
    assert "trained True 0 True" in text

"""`fork_when_ready` with the real SDK against every refusal that is known, one process each."""

import pytest

from tests.integration.scripts import export_run
from wandb_tui.sandbox import Sandbox, SandboxConfig

FORK = """
from wandb_tui import *
from wandb_tui import fork_when_ready
def fork(parent, step=200, **options):
    run = fork_when_ready(parent, step, timeout=options.pop("timeout", 60), **options)
    run.log({"metric": -1})
    run.finish()
    point = wandb.Api().run(f"lab/forks/{run.id}")
    print("forked", run.id, point.lastHistoryStep, flush=True)
    return run
def fails(kind, *arguments, **options):
    try:
        fork_when_ready(*arguments, **options)
    except WandbTuiError as error:
        assert type(error) is kind, repr(error)
        print(kind.__name__, error, flush=True)
    else:
        raise AssertionError("it was forked")
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        export_run(sandbox, "parent")
        yield sandbox


REFUSALS = [
    "fork-refused:code=400,times=1",
    "fork-refused:code=403,times=1",
    "fork-refused:code=404,times=1,message=could not find run",
    "fork-refused:code=422,times=1",
    "fork-refused:code=409,times=2",
    "fork-refused:code=500,times=2,message=Something went wrong; contact support",
    "fork-refused:code=400,times=2,message=fromStep is greater than the run's last step",
    "fork-graphql-error:times=1",
]
SURVIVE = """
import requests
for i, fault in enumerate({faults}):
    requests.post(os.environ["WANDB_BASE_URL"] + "/sandbox/faults", json=[fault], timeout=5).raise_for_status()
    run = fork("lab/forks/parent", **({{"id": f"child{{os.getpid()}}-{{i}}"}} if {with_id} else {{}}))
    assert run.id == f"child{{os.getpid()}}-{{i}}" or not {with_id}
"""


@pytest.mark.parametrize(
    ("faults", "with_id"),
    [
        (REFUSALS[:4], True),
        pytest.param(REFUSALS[4:], True, marks=pytest.mark.long),
        ([REFUSALS[i] for i in (0, 5, 7)], False),
    ],
)
def test_every_known_refusal_is_survived(script, sandbox, faults, with_id):
    before = sandbox.stats()["fork_refusals"]
    text = script(FORK + SURVIVE.format(faults=faults, with_id=with_id), timeout=120)
    assert text.count("forked") == text.count(" 201\n") == len(faults)
    assert sandbox.stats()["fork_refusals"] - before >= len(faults)


def test_what_is_not_exported_is_visited_and_a_stale_export_is_renewed(script, sandbox):
    export_run(sandbox, "fresh", exported=False)
    # The account is passed as in the other calls; the environment knows the server for the last look only.
    text = script(
        FORK
        + """
account = {
    "credentials": WandBCredentials(os.environ.pop("WANDB_VIEWER_MAIL"), os.environ.pop("WANDB_VIEWER_PW")),
    "api_key": (key := os.environ.pop("WANDB_API_KEY")),
    "host": (host := os.environ.pop("WANDB_BASE_URL")),
    "callback": lambda status, data: print(data["message"]),
}
with fork_when_ready("lab/forks/fresh", 299, timeout=60, **account) as run:
    run.log({"metric": -1})
print("forked", wandb.Api({"base_url": host}, api_key=key).run(run.path).lastHistoryStep)
"""
    )
    assert "🌐" in text
    assert "forked 300" in text


def test_run_objects_of_both_kinds_and_another_run_that_is_active(script, sandbox):
    sandbox.set_faults("fork-refused:code=400,times=1")
    text = script(
        FORK
        + """
other = wandb.init(entity=ENTITY, project=PROJECT, id="bystander")
other.log({"x": 1})
first = fork(wandb.Api().run("lab/forks/parent"), id="beside")
assert first.id == "beside"
other.log({"x": 2})
assert wandb.run is other
second = fork("lab/forks/parent", settings={"run_id": "by-settings"})
assert second.id == "by-settings"
fails(UsageError, "lab/forks/parent", 5, reinit="return_previous")
fails(UsageError, "lab/forks/parent", 5, id="bystander")
third = fork("lab/forks/parent", reinit="finish_previous", settings=wandb.Settings(init_timeout=90))
assert third is not other
summary = wandb.Api().run("lab/forks/bystander").summary
assert summary["x"] == 2
grandchild = fork(first, 100)
print("done")
"""
    )
    assert text.count("forked") == 4
    assert "done" in text


def test_what_waiting_cannot_fix_fails_clearly(script, sandbox):
    sandbox.set_faults("fork-refused:code=403,message=forking is not enabled for this account")
    text = script(
        FORK
        + """
fails(RunNotFoundError, "lab/forks/nobody", 5, timeout=20)
fails(ForkError, "lab/forks/parent", 5)
fails(UsageError, "lab/forks/parent", -1)
fails(UsageError, "lab/forks/parent", 5, resume="must")
fails(UsageError, "lab/forks/parent", 5, settings={"no_such_setting": 1})
fails(ApiKeyError, "lab/forks/parent", 5, settings={"api_key": "s3cret word no key has"})
fails(UsageError, "lab/forks/parent", 5, no_such_argument=1)
fails(WaitTimeoutError, "lab/forks/parent", 999, timeout=3)
"""
    )
    assert "forking is not enabled" in text
    assert "s3cret" not in text
    assert sandbox.stats()["fork_refusals"] > 0


def test_what_is_known_beforehand_is_reported_before_anything_is_asked(script, sandbox):
    before = sandbox.stats()
    text = script(
        "import os\nos.environ['WANDB_RESUME'] = 'allow'\n"
        + FORK
        + """
fails(UsageError, "lab/forks/parent", 5)
"""
    )
    assert "WANDB_RESUME=allow is set, which cannot be combined with a fork. Unset it." in text
    text = script(
        FORK
        + """
fails(UsageError, "lab/forks/parent", 5, settings={"resume": "must"})
fails(UsageError, "lab/forks/parent", 5, settings={"resume_from": "x?_step=3"})
fails(UsageError, "lab/forks/parent", 5, id="parent")
fails(UsageError, "lab/forks/parent", 5, no_such_argument=1)
"""
    )
    assert "resume is set in settings" in text
    assert "resume_from is set in settings" in text
    assert "parent is the parent's own id" in text
    assert "wandb.init has no argument no_such_argument" in text
    assert sandbox.stats() == before


def test_run_ids_that_no_branch_points_text_could_carry(script, sandbox):
    ids = ["a[b", "a]b", "a&b=c", "a@b"]
    for run_id in ids:
        export_run(sandbox, run_id)
    text = script(FORK + f'for run_id in {ids}:\n    fork("lab/forks/" + run_id, 200)')
    assert text.count("forked") == len(ids)


def test_called_again_with_the_same_id_the_fork_is_resumed(script, sandbox):
    text = script(
        FORK
        + """
for again in ({"step": 200}, {"step": 200}, {"at": "metric=200"}):
    with fork_when_ready("lab/forks/parent", id="again", timeout=60, **again) as run:
        run.log({"metric": -1})
print([row["_step"] for row in wandb.Api().run("lab/forks/again").scan_history()] == list(range(204)))
"""
    )
    assert "True" in text


def test_an_id_of_something_else_is_refused_before_anything_is_waited_for(script, sandbox):
    export_run(sandbox, "unrelated")
    before = sandbox.stats()
    text = script(
        FORK
        + """
fork("lab/forks/parent", 200, id="made")
fails(UsageError, "lab/forks/parent", 100, id="made")
fails(UsageError, "lab/forks/unrelated", 200, id="made")
fails(UsageError, "lab/forks/parent", 200, id="unrelated")
"""
    )
    assert text.count("lab/forks/made exists already, and is a fork of parent at step 200. Give the fork another") == 2
    assert "lab/forks/unrelated exists already, and is no fork." in text
    assert {name: sandbox.stats()[name] - before[name] for name in ("sign_ins", "page_visits", "fork_refusals")} == {
        "sign_ins": 0,
        "page_visits": 0,
        "fork_refusals": 0,
    }

"""Each way in which forks and rewinds are refused, with the real SDK: the error, and the documented sentence."""

import json
import re

import pytest

from tests.integration.scripts import export_run
from tests.refusals import REFUSALS
from wandb_tui.sandbox import Sandbox, SandboxConfig

REFUSED = """
import json, requests
from wandb_tui import WandbTuiError, fork_when_ready, rewind_when_ready
for case in json.loads(os.environ["CASES"]):
    faults = [case["fault"]] if case["fault"] else []
    requests.post(os.environ["WANDB_BASE_URL"] + "/sandbox/faults", json=faults, timeout=5).raise_for_status()
    call = rewind_when_ready if case["rewind"] else fork_when_ready
    try:
        call(**case["arguments"])
    except WandbTuiError as error:
        print("REFUSED", json.dumps([type(error).__name__, str(error)]), flush=True)
    else:
        print("REFUSED", json.dumps(["", "it was done"]), flush=True)
"""
TIMEOUTS = {True: 90, False: 2}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(SandboxConfig(export_delay=0.5)) as sandbox:
        export_run(sandbox, "parent")
        export_run(sandbox, "other", steps=3)
        yield sandbox


def refused(script, cases, **environ):
    """The error that each case raised, and its text."""
    given = []
    for case in cases:
        arguments = {"run": "parent", "step": 200, "timeout": TIMEOUTS[case.slow], **case.arguments}
        arguments["run"] = f"lab/forks/{arguments['run']}"
        arguments = {name: "parent" if value == "{name}" else value for name, value in arguments.items()}
        given.append({"fault": case.fault, "rewind": case.rewind, "arguments": arguments})
    text = script(REFUSED, CASES=json.dumps(given), **environ)
    return [json.loads(line.removeprefix("REFUSED ")) for line in text.splitlines() if line.startswith("REFUSED ")]


def check(script, cases, **environ):
    for case, (name, text) in zip(cases, refused(script, cases, **environ), strict=True):
        says = case.says("lab/forks/parent").replace(" 300 s", f" {TIMEOUTS[case.slow]} s")
        assert name == case.error.__name__, (case.cause, text)
        assert re.match(".*".join(map(re.escape, says.split("…"))), text), (case.cause, text)


def test_each_refusal_has_its_error_and_its_sentence(script):
    check(script, [case for case in REFUSALS if not case.slow and not case.environ])


@pytest.mark.parametrize("case", [case for case in REFUSALS if case.environ], ids=lambda case: case.cause)
def test_each_clash_in_the_environment_has_its_sentence(script, case):
    check(script, [case], **case.environ)


@pytest.mark.long
def test_words_that_are_not_known_are_taken_for_a_refusal_after_five_tries(script):
    check(script, [case for case in REFUSALS if case.slow])

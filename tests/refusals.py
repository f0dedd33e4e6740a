"""The refusals of forks and rewinds: by the server, or beforehand; with the error and the sentence for each.

`tests.integration.test_refusals` has each of them happen, and the table in ``docs/guides/forks.md`` is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wandb_tui.core.errors import ApiKeyError, ForkError, RunNotFoundError, UsageError, WaitTimeoutError, WandbTuiError

DOCUMENTED = "lab/forks/abc123"
STILL = "The server still refuses to fork {run} at step 200 after 300 s: "
DOES_NOT = "The server does not {verb} {run} at step 200: "
AGAIN = "when the time is over; visited and tried again until then"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to be refused.

    Attributes:
        cause: The thing that is refused, in a few words.
        error: The error.
        sentence: The error's text; ``{run}`` stands for the parent, ``{project}`` for its project, “…” for anything.
        after: When that is said.
        fault: The sandbox's fault that stands for the server.
        environ: Variables of the environment.
        arguments: Those of the call.
        rewind: Whether it is about a rewind.
        slow: Whether that takes half a minute.
    """

    cause: str
    error: type[WandbTuiError]
    sentence: str
    after: str = "at once"
    fault: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    rewind: bool = False
    slow: bool = False

    def says(self, run: str) -> str:
        """The sentence for a run."""
        verb = "rewind" if self.rewind else "fork"
        return self.sentence.format(run=run, project=run.rpartition("/")[0], name=run.rpartition("/")[2], verb=verb)


REFUSALS = (
    Refusal(
        "HTTP 400 or 409, “history not materialized yet”: no export yet",
        *(WaitTimeoutError, f"{STILL}…history not materialized yet.", AGAIN),
        fault="fork-refused:code=400",
    ),
    Refusal(
        "HTTP 200 with an error that says so",
        *(WaitTimeoutError, f"{STILL}…history not materialized yet.", AGAIN),
        fault="fork-graphql-error",
    ),
    Refusal(
        "HTTP 500, “contact support”: no export yet",
        *(
            WaitTimeoutError,
            f"{STILL}…",
            AGAIN,
        ),
        fault="fork-refused:code=500,message=Something went wrong; contact support",
    ),
    Refusal(
        "HTTP 400, “fromStep is greater than the run's last step”: a stale export",
        *(WaitTimeoutError, f"{STILL}…fromStep is greater than the run's last step.", AGAIN),
        fault="fork-refused:code=400,message=fromStep is greater than the run's last step",
    ),
    Refusal(
        "HTTP 400, 403, 404 or 422 in other words",
        *(ForkError, f"{DOES_NOT}…could not find run.", "after five tries, in about 30 s"),
        fault="fork-refused:code=404,message=could not find run",
        slow=True,
    ),
    Refusal(
        "“not supported”, “not enabled” or “disabled”: no forks on this server",
        *(ForkError, f"{DOES_NOT}…forking is not enabled.", "at the first try"),
        fault="fork-refused:code=403,message=forking is not enabled",
    ),
    Refusal(
        "the same for a rewind",
        *(ForkError, f"{DOES_NOT}…rewinding is not supported.", "at the first try"),
        fault="fork-refused:code=400,message=rewinding is not supported",
        rewind=True,
    ),
    Refusal(
        "a step that the run has never logged",
        *(
            WaitTimeoutError,
            "Timeout reached after 300 s: artifact v0 covers step 299, the run's last, waiting for 900",
        ),
        after="when the time is over; a warning at once",
        arguments={"step": 900},
    ),
    Refusal(
        "no such run",
        RunNotFoundError,
        "There is no run typo in {project}, or this API key may not see it",
        arguments={"run": "typo"},
    ),
    Refusal("a wrong API key", ApiKeyError, "… refused the API key …", arguments={"api_key": "0" * 40}),
    Refusal(
        "`resume`, `resume_from` or `fork_from` beside it",
        *(UsageError, "fork_when_ready cannot be combined with resume."),
        arguments={"resume": "must"},
    ),
    Refusal(
        "`WANDB_RESUME`, `WANDB_RESUME_FROM` or `WANDB_FORK_FROM`",
        *(UsageError, "WANDB_FORK_FROM=abc?_step=1 is set, which cannot be combined with a fork. Unset it."),
        environ={"WANDB_FORK_FROM": "abc?_step=1"},
    ),
    Refusal(
        "`mode` or `WANDB_MODE` without a server",
        *(UsageError, "WANDB_MODE=offline is set, and a fork needs the server. Unset it."),
        environ={"WANDB_MODE": "offline"},
    ),
    Refusal(
        "`id` or `WANDB_RUN_ID` that is the parent's",
        *(UsageError, "{name} is the parent's own id. Give the fork another id, or none."),
        arguments={"id": "{name}"},
    ),
    Refusal(
        "an id that belongs to something else",
        *(UsageError, "{project}/other exists already, and is no fork. Give the fork another id."),
        environ={"WANDB_RUN_ID": "other"},
    ),
    Refusal(
        "another id for a rewind",
        *(UsageError, "other is not the id of the run to rewind. Leave the id out."),
        arguments={"id": "other"},
        rewind=True,
    ),
    Refusal(
        "another `project` or `entity`",
        *(UsageError, "A fork is made in the project of its parent, {project}, not in lab/elsewhere."),
        arguments={"project": "elsewhere"},
    ),
    Refusal(
        "a metric that never had the value",
        *(ForkError, "metric was never 0.5 in {run}; the nearest below is 0 at step 0."),
        after="once the export is complete",
        arguments={"step": None, "at": "metric=0.5"},
    ),
)

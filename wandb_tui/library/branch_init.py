"""The call of ``wandb.init`` that forks or rewinds a run: its arguments, and how it may be refused."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError, UsageError, WandbTuiError
from wandb_tui.library.branch_target import Branching
from wandb_tui.services.credentials.redaction import learn, redact
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.services.wandb_api.sdk import (
    active_run_ids,
    config_values,
    forget_lost_service,
    free_run_id,
    local_problem,
    new_run_id,
    process_settings,
    service_is_lost,
    unknown_init_arguments,
)

if TYPE_CHECKING:
    from wandb_tui.wiring import Wiring


MODES_WITHOUT_SERVER = {"offline", "dryrun", "disabled"}
"""Values of ``mode`` and ``WANDB_MODE`` with which the SDK asks no server."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason for which the server, or the SDK, refused one try."""

    message: str


class BranchInit:
    """Calls ``wandb.init`` with the same arguments for all tries.

    Attributes:
        run_id: The id that was given for the run, or that a rewind keeps; None for none.
    """

    def __init__(self, wiring: Wiring, parent: RunAddress, branching: Branching, init: dict[str, Any]) -> None:
        """Take the arguments; `prepare` looks at them.

        Args:
            wiring: Names the server and the API key.
            parent: The run to fork or rewind.
            branching: Which of the two.
            init: The arguments.
        """
        self.run_id: str | None = None
        self._chosen_id = ""
        self._wiring, self._parent, self._branching = wiring, parent, branching
        self._entity, self._project = init.get("entity") or parent.entity, init.get("project") or parent.project
        self._init = init | {"entity": self._entity, "project": self._project}
        self._settings = self._init.pop("settings", None)

    def prepare(self) -> None:
        """Prepare what is the same for all tries, and reject arguments with which no try can succeed.

        Raises:
            UsageError: The SDK would refuse the arguments or the environment, after all the waiting.
        """
        import wandb

        if unknown := unknown_init_arguments(self._init):
            raise UsageError(f"wandb.init has no argument {', '.join(unknown)}.")
        self._chosen_id = new_run_id()
        given = self._settings
        if isinstance(given, dict):
            # The SDK quotes values that it rejects.
            learn(given.get("api_key"))
        try:
            self._settings = wandb.Settings(**given) if isinstance(given, dict) else given or wandb.Settings()
        except ValueError as error:
            raise UsageError(f"The settings for wandb.init cannot be read: {_one_line(error)}") from None
        self.run_id = self._init.get("id") or self._settings.run_id or process_settings().run_id
        if not self._settings.identity_token_file:
            # With an identity token in the environment there is no key, and the SDK reads that itself.
            self._settings.api_key = self._settings.api_key or self._wiring.account.api_key()
        if "base_url" not in self._settings.model_fields_set:
            self._settings.base_url = self._wiring.server.info.base_url
        self._check_conflicts()
        self._choose_reinit()

    def _check_conflicts(self) -> None:
        kind = self._branching.name
        self._check_settings()
        place = RunAddress(self._entity, self._project, self._parent.run_id)
        if place != self._parent:
            raise UsageError(
                f"A {kind} is made in the project of its parent, {self._parent.project_path}, not in "
                f"{place.project_path}.",
                "Leave entity and project out.",
            )
        if self._branching.keeps_id:
            if self.run_id not in {None, self._parent.run_id}:
                raise UsageError(f"{self.run_id} is not the id of the run to rewind.", "Leave the id out.")
            self.run_id = self._parent.run_id
        elif self.run_id == self._parent.run_id:
            raise UsageError(f"{self.run_id} is the parent's own id.", "Give the fork another id, or none.")

    def _check_settings(self) -> None:
        """Reject settings, also those of the environment, with which the SDK would refuse or ignore a branch."""
        kind = self._branching.name
        for source, settings in (("settings", self._settings), ("the environment", process_settings())):
            for name in ("resume", "resume_from", "fork_from"):
                value = getattr(settings, name, None)
                if value is None:
                    continue
                variable = f"WANDB_{name.upper()}"
                if source != "settings" and os.environ.get(variable):
                    raise UsageError(
                        f"{variable}={os.environ[variable]} is set, which cannot be combined with a {kind}.",
                        "Unset it.",
                    )
                raise UsageError(f"{name} is set in {source}, which cannot be combined with a {kind}.")
        settings = self._settings if "mode" in self._settings.model_fields_set else process_settings()
        mode = self._init.get("mode") or settings.mode
        if mode in MODES_WITHOUT_SERVER:
            given = self._init.get("mode") or "mode" in self._settings.model_fields_set
            if not given and os.environ.get("WANDB_MODE"):
                raise UsageError(f"WANDB_MODE={mode} is set, and a {kind} needs the server.", "Unset it.")
            raise UsageError(f"The mode is {mode}, and a {kind} needs the server.", "Leave the mode out.")

    def _choose_reinit(self) -> None:
        reinit = self._init.get("reinit")
        reinit = self._settings.reinit if reinit is None else reinit
        active = active_run_ids()
        if reinit == "default" and active:
            # The SDK's own default would return the active run, and fork nothing.
            self._init["reinit"] = "create_new"
        elif reinit in {"return_previous", False} and active:
            raise UsageError(
                f"reinit={reinit!r} would return the active run instead of a {self._branching.name}.",
                'Leave it out, or pass reinit="create_new" or "finish_previous".',
            )
        if self.run_id in active and reinit in {"default", "create_new"} and not self._branching.keeps_id:
            # SDK 0.24 would log both under it.
            raise UsageError(f"The id {self.run_id} belongs to another run of this process.", "Give another id.")

    def child(self) -> RunAddress:
        """The address of a fork whose id was given."""
        return RunAddress(self._parent.entity, self._parent.project, self.run_id or "")

    def new_run(self, marks: Mapping[str, Any]) -> Any:
        """An ordinary new run in place of a branch, or its `Refusal`; that of a rewind gets an id of its own.

        Args:
            marks: The values that its config has from its first moment on, beside those that the user has given.
        """
        include, exclude = (self._init.pop(f"config_{name}_keys", None) for name in ("include", "exclude"))
        more: dict[str, Any] = {"config": {**config_values(self._init.get("config"), include, exclude), **marks}}
        if self._branching.keeps_id:
            more["id"] = new_run_id()
        return self.run(**more)

    def run(self, timeout: float | None = None, **more: Any) -> Any:
        """The run that ``wandb.init`` returns, or its `Refusal`.

        Args:
            timeout: Seconds for which the SDK itself may retry; None leaves it to the settings.
            more: Arguments of this call alone.

        Raises:
            ApiKeyError: The server refuses the key.
            UsageError: The SDK rejects the arguments.
        """
        try:
            return self._call(timeout, more)
        except Exception as error:  # noqa: BLE001 - the SDK raises some that are not its own base class's
            if not service_is_lost(error):
                return self._refusal(error)
        forget_lost_service()
        try:
            return self._call(timeout, more)
        except Exception as error:  # noqa: BLE001 - as above
            return self._refusal(error)

    def _call(self, timeout: float | None, more: dict[str, Any]) -> Any:
        import wandb

        # wandb.init changes the settings it gets, so each call has its own copy.
        settings = deepcopy(self._settings)
        if timeout is not None:
            settings.init_timeout = timeout
        # With one id for all tries, a fork that was made while its answer got lost is not made a second time.
        own_id = {} if self.run_id else {"id": self._chosen_id}
        with sdk_environment(settings.base_url):
            return wandb.init(settings=settings, **self._init | own_id | more)

    def _refusal(self, error: Exception) -> Refusal:
        """The error of ``wandb.init`` as a refusal; an error with another cause is raised."""
        import wandb

        if problem := local_problem(error):
            raise WandbTuiError(
                f"The W&B SDK {redact(' '.join(problem.split()))}.",
                "Check the limits (ulimit -a), the disk, and whether wandb.init() works here.",
            ) from None
        match error:
            case wandb.errors.AuthenticationError():
                raise ApiKeyError(
                    f"The server refused the API key for the {self._branching.name}: {_one_line(error)}"
                ) from None
            case wandb.errors.UsageError() | TypeError() | ValueError():
                raise UsageError(f"wandb.init rejects its arguments: {_one_line(error)}") from None
            case _:
                return Refusal(_one_line(error))

    def release_id(self) -> bool:
        """Release the id after a refusal; returns whether it can be used again in this process."""
        released = free_run_id(self.run_id or self._chosen_id)
        if not released:
            self._chosen_id = new_run_id()
        return released or not self.run_id


_ADVICE = re.compile(r"\nConsider increasing|\s+For further information|\s+Please try increasing")


def _one_line(error: Exception) -> str:
    """The refusal in one line, without secrets and without the SDK's advice to wait longer or to read its help."""
    text = _ADVICE.split(str(error), maxsplit=1)[0]
    return redact(_servers_words(" ".join(text.split()))) or type(error).__name__


def _servers_words(text: str) -> str:
    """The server's own messages, where the SDK quotes its whole answer, as 0.24 does."""
    try:
        answer = json.loads(text[text.find("{") :])
        return "; ".join(str(error["message"]) for error in answer["errors"])
    except (ValueError, TypeError, LookupError):
        return text

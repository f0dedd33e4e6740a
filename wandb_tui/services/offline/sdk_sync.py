"""Uploads offline runs with the SDK's own command, ``wandb beta sync``, which all supported versions have.

It ends with status 0 where the server refuses, so that its status says nothing: the server has to be asked.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from wandb_tui.core.address import RunAddress
from wandb_tui.services.credentials.redaction import redact, without_password
from wandb_tui.services.processes import terminate_process_group
from wandb_tui.services.proxies import keep_sdk_off_proxy
from wandb_tui.services.sdk_environment import additions

_POLL_INTERVAL_S = 0.2
_TERMINATE_TIMEOUT_S = 2.0
_MAX_OUTPUT_BYTES = 20_000
"""The last bytes of the command's output that are looked at."""

_MAX_REASON_CHARS = 300

_NOT_PASSED_ON = (
    *("WANDB_MODE", "WANDB_RESUME", "WANDB_FORK_FROM", "WANDB_RESUME_FROM", "WANDB_RUN_ID", "WANDB_RUN_GROUP"),
    *("WANDB_SILENT", "WANDB_QUIET", "WANDB_NAME", "WANDB_NOTES", "WANDB_TAGS", "WANDB_JOB_TYPE", "WANDB_SERVICE"),
)
"""Variables that are meant for a training script, or would hide what the command says."""
_FILE_VARIABLES = ("WANDB_IDENTITY_TOKEN_FILE", "WANDB_CREDENTIALS_FILE")


class SdkSync:
    """Runs the command for one file at a time; may be used by several threads."""

    def __init__(self, base_url: str, api_key: Callable[[], str | None], environ: Mapping[str, str]) -> None:
        """Prepare; nothing starts yet.

        Args:
            base_url: The address of the API.
            api_key: Gives the API key; None leaves it to the environment's identity token.
            environ: The environment that the command inherits.
        """
        keep_sdk_off_proxy(base_url)
        self._base_url = base_url
        self._api_key = api_key
        self._environ = environ

    def upload(
        self, file: Path, run: RunAddress, keep_waiting: Callable[[float], bool], inherited: tuple[int, ...] = ()
    ) -> str:
        """Upload a file, and wait for the end of the command.

        Args:
            file: The ``.wandb`` file.
            run: The run that it is uploaded as; its id is the file's own.
            keep_waiting: Asked several times a second with the seconds since the start; False ends the command.
            inherited: File descriptors that stay open in the command, such as that of a lock.

        Returns:
            The reason for which nothing or not everything was uploaded, as far as the command tells; else empty.

        Raises:
            OSError: The command cannot be started.
        """
        with tempfile.TemporaryDirectory(prefix="wandb-tui-sync-") as folder:
            output = Path(folder) / "output.txt"
            command = [sys.executable, "-m", "wandb", "beta", "sync", "--no-skip-synced"]
            command += ["--entity", run.entity, "--project", run.project, str(file.resolve())]
            with output.open("wb") as out:
                process = subprocess.Popen(
                    command,
                    # The command writes its own log below the current folder.
                    cwd=folder,
                    env=self._environment(folder),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    pass_fds=inherited,
                    # Ctrl-C in our terminal is ours to handle.
                    start_new_session=True,
                )
            self._wait(process, keep_waiting)
            return reason_in(output.read_bytes()[-_MAX_OUTPUT_BYTES:].decode(errors="replace"))

    def _environment(self, folder: str) -> dict[str, str]:
        environ = without_password(self._environ)
        environ |= additions(self._environ)
        for name in _NOT_PASSED_ON:
            environ.pop(name, None)
        for name in _FILE_VARIABLES:
            if environ.get(name):
                # The command has another current folder.
                environ[name] = str(Path(environ[name]).absolute())
        key = self._api_key()
        return environ | {
            "WANDB_BASE_URL": self._base_url,
            "WANDB_DIR": folder,
            "PYTHONIOENCODING": "utf-8",
            **({"WANDB_API_KEY": key} if key else {}),
        }

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], keep_waiting: Callable[[float], bool]) -> None:
        began = time.monotonic()
        try:
            while process.poll() is None and keep_waiting(time.monotonic() - began):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_INTERVAL_S)
        finally:
            if process.poll() is None:
                terminate_process_group(process, _TERMINATE_TIMEOUT_S)
                process.wait()


def reason_in(output: str) -> str:
    """The errors that the SDK's command printed, in one line without secrets; empty for none."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in output.splitlines()]
    lines = [line.removeprefix("wandb: ") for line in lines]
    errors = [line.removeprefix("ERROR").strip() for line in lines if line.startswith(("ERROR", "Error"))]
    return redact(" ".join(" ".join(dict.fromkeys(errors)).split()))[:_MAX_REASON_CHARS]

"""Probing through the SDK's own calls, the last resort for a server that does not understand our queries.

They cost several requests per run, and retry internally for a while. Calls block.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from itertools import islice
from typing import Any

from wandb_tui.core.address import RunAddress
from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import ArtifactVersion, Persistence, Probe, ProbeOutcome, RunInfo
from wandb_tui.services.credentials.authorization import ApiKey, Authorize
from wandb_tui.services.sdk_environment import sdk_environment
from wandb_tui.services.wandb_api.dialect import UNKNOWN_FIELD
from wandb_tui.services.wandb_api.graphql import RATE_LIMITED, one_line
from wandb_tui.services.wandb_api.probe_query import HISTORY_TYPE
from wandb_tui.services.wandb_api.probe_response import NOTHING_LOGGED
from wandb_tui.services.wandb_api.sdk import causes, forget_lost_service, local_problem, service_is_lost

log = logging.getLogger(__name__)

_SDK_TIMEOUT_S = 15
_NEWEST_VERSIONS = 3
_UNAUTHORIZED_STATUSES = frozenset({401, 403})
_TOO_MANY_REQUESTS = 429
_FIRST_SERVER_ERROR = 500


class SdkProber:
    """Probes through one `wandb.Api`, which is built for the first probe. Safe to use from several threads."""

    def __init__(self, base_url: str, authorize: Authorize) -> None:
        """Prepare; nothing is imported or sent yet.

        Args:
            base_url: Where the API is.
            authorize: Gives the key; without one nothing is sent, since the SDK would prompt on the terminal. For an
                access token the SDK makes its own exchange.
        """
        self._base_url = base_url
        self._authorize = authorize
        self._api: Any = None
        self._built_with: str | None = None
        self._building = threading.Lock()

    def probe(self, run: RunAddress) -> Probe:
        """Probe one run. Errors of the network and the server are outcomes, too; it never raises them."""
        try:
            api = self._connect()
        except Exception as error:  # noqa: BLE001 - as below
            return _unconnected(error)
        try:
            info = _run_info(api, run)
        except Exception as error:  # noqa: BLE001 - any error of the SDK is an answer to be classified
            self._forget_if_lost(api, error)
            return _classify(
                error,
                absent=Probe(ProbeOutcome.NOT_FOUND, message=f"There is no run {run}, or this API key may not see it"),
            )
        try:
            return Probe(ProbeOutcome.FOUND, _newest_version(api, run), info)
        except Exception as error:  # noqa: BLE001 - as above
            return _classify(error, absent=Probe(ProbeOutcome.NOT_YET, run=info))

    def file_urls(self, run: RunAddress, version: int) -> list[str]:
        """The URLs of a version's files. Raises errors of the SDK."""
        artifact = self._connect().artifact(f"{run.history_artifact}:v{version}")
        return [file.direct_url for file in artifact.files() if file.name.endswith(".parquet")]

    def version_files(self, artifact: str) -> list[tuple[str, str, int | None, str, str]]:
        """Name, address, size, digest and algorithm of each Parquet file of a version. Raises what the SDK raises."""
        found = self._connect().artifact(artifact, type=HISTORY_TYPE)
        urls = {file.name: file.direct_url for file in found.files()}
        return [
            (path, urls[path], entry.size, str(entry.digest), str((entry.extra or {}).get("alg") or "MD5"))
            for path, entry in found.manifest.entries.items()
            if path.endswith(".parquet")
        ]

    def _connect(self) -> Any:
        """The SDK's API object; the first call takes a second or two. Raises `ApiKeyError` without a key."""
        authorization = self._authorize()
        if authorization is None:
            raise ApiKeyError("This server answers only the W&B SDK, which needs an API key.")
        # Without a key the SDK goes by the identity token of the environment, and renews its access tokens itself.
        key = authorization.secret if isinstance(authorization, ApiKey) else None
        with self._building:
            if self._api is None or self._built_with != key:
                import wandb

                self._api = None
                try:
                    with sdk_environment(self._base_url):
                        options = {"base_url": self._base_url}
                        self._api = wandb.Api(overrides=options, timeout=_SDK_TIMEOUT_S, api_key=key)
                except Exception as error:
                    if service_is_lost(error):
                        forget_lost_service()
                    raise
                self._built_with = key
            return self._api

    def _forget_if_lost(self, api: Any, error: Exception) -> None:
        """Start over with the next probe if the service process behind this API object has ended."""
        if not service_is_lost(error):
            return
        with self._building:
            # Where another thread has started over, the service process is not the one that was lost.
            if self._api is api:
                forget_lost_service()
                self._api = None


def _run_info(api: Any, run: RunAddress) -> RunInfo:
    found = api.run(str(run))
    found.load(force=True)
    last = found.lastHistoryStep
    step = last if isinstance(last, int) and last >= 0 else None
    return RunInfo(str(found.name or ""), str(found.state or ""), step, without_steps=last == NOTHING_LOGGED)


def _newest_version(api: Any, run: RunAddress) -> ArtifactVersion:
    """The newest committed version, whether or not it has the alias ``latest``. Raises errors of the SDK."""
    listed = islice(api.artifacts(HISTORY_TYPE, run.history_artifact), _NEWEST_VERSIONS)
    versions = [_version(artifact) for artifact in listed if artifact.state == "COMMITTED"]
    # A compatible server may list nothing but still have the alias.
    return max(versions, key=lambda one: one.version) if versions else _version(_latest(api, run))


def _latest(api: Any, run: RunAddress) -> Any:
    return api.artifact(f"{run.history_artifact}:latest")


def _version(artifact: Any) -> ArtifactVersion:
    try:
        created = datetime.fromisoformat(str(artifact.created_at))
    except ValueError:
        created = None
    return ArtifactVersion(int(str(artifact.version).removeprefix("v")), created, str(artifact.digest), artifact.size)


def _unconnected(error: Exception) -> Probe:
    """The outcome where there is no `wandb.Api` to ask with."""
    message = one_line(getattr(error, "message", "") or error)
    match error:
        case ApiKeyError():
            return Probe(ProbeOutcome.UNAUTHORIZED, message=message)
        case ServerError():
            return Probe(ProbeOutcome.UNAVAILABLE, message=message)
    if problem := local_problem(error):
        text = f"The W&B SDK, which alone this server answers, {one_line(problem)}"
        return Probe(ProbeOutcome.UNAVAILABLE, message=text, persistence=Persistence.LIKELY_PERMANENT)
    return _classify(error, absent=Probe(ProbeOutcome.UNAVAILABLE, message=message))


def _classify(error: Exception, *, absent: Probe) -> Probe:
    """The outcome for an error of the SDK, which uses one class for absence, refusal and failure."""
    chain = list(causes(error))
    status = next((found for one in chain if (found := http_status(one))), 0)
    message = one_line(getattr(error, "message", "") or error)
    if status in _UNAUTHORIZED_STATUSES:
        return Probe(ProbeOutcome.UNAUTHORIZED, message=f"The server refused the API key (HTTP {status})")
    if status == _TOO_MANY_REQUESTS:
        return Probe(ProbeOutcome.UNAVAILABLE, message=RATE_LIMITED, limited=True)
    if status >= _FIRST_SERVER_ERROR:
        return Probe(ProbeOutcome.UNAVAILABLE, message=f"The server reports an error (HTTP {status})")
    if any(isinstance(one, ValueError) for one in chain[:2]) or "not find" in message.lower():
        return absent
    if status or UNKNOWN_FIELD.search(message):
        return _not_understood(message, status)
    log.info("The SDK's call failed: %s", " < ".join(type(one).__name__ for one in chain))
    return Probe(ProbeOutcome.UNAVAILABLE, message=f"The W&B SDK says: {message}")


def _not_understood(message: str, status: int) -> Probe:
    if UNKNOWN_FIELD.search(message):
        # It knows neither the fields of our queries nor those of the SDK's: no repetition helps.
        text, persistence = "The server understands neither wandb-tui nor the W&B SDK", Persistence.PERMANENT
    else:
        text, persistence = "The W&B SDK says", Persistence.LIKELY_PERMANENT
    detail = f"{message} (HTTP {status})" if status else message
    return Probe(ProbeOutcome.INVALID_RESPONSE, message=f"{text}: {detail}", persistence=persistence)


def http_status(error: object) -> int:
    """The HTTP status in an error of the SDK, of any version, or of requests; 0 for none."""
    response = getattr(error, "response", None)
    status = getattr(response, "http_status", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else 0

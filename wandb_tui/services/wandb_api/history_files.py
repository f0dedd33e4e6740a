"""The files of an exported history: where they are, and their sizes and digests, as listed or in the manifest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from wandb_tui.core.address import RunAddress
from wandb_tui.core.daemon_pool import start_daemon
from wandb_tui.core.details import BranchPoint, RunOrigin, RunRecord
from wandb_tui.core.errors import ApiKeyError, ServerError
from wandb_tui.core.probe import ProbeOutcome
from wandb_tui.services.disk.branch_notes import BranchNotes
from wandb_tui.services.wandb_api.graphql import GraphQL, Reply, one_line
from wandb_tui.services.wandb_api.history_version import (
    AddressExpiredError,
    HistoryFile,
    HistoryVersion,
    checked_files,
    is_history,
)
from wandb_tui.services.wandb_api.origins import read_origin
from wandb_tui.services.wandb_api.response import error_from, json_object
from wandb_tui.services.wandb_api.retries import with_retries
from wandb_tui.services.wandb_api.run_queries import read_facts
from wandb_tui.services.wandb_api.run_values import read_record
from wandb_tui.services.wandb_api.schema_gaps import SchemaGaps
from wandb_tui.services.wandb_api.sdk_prober import SdkProber
from wandb_tui.services.wandb_api.version_query import (
    Wanted,
    compose,
    digest_of,
    listed_file,
    listed_files,
    membership_of,
    number_of,
)

_MAX_BATCH = 25
"""The maximum number of versions asked for in one request."""
_QUIET_S, _MAX_QUIET_S = 0.005, 0.1
"""The seconds without a further question after which a request goes out, and the most that it waits for them."""

_NO_ANSWER = frozenset({ProbeOutcome.UNAUTHORIZED, ProbeOutcome.UNAVAILABLE})
"""The problems with which a reply tells nothing about what was asked for."""

_RUN_RECORD = """
query RunRecord($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      name
      config
      summaryMetrics
    }
  }
}
"""


_Answer = Future[tuple[Reply, int]]
"""The reply to a request for several versions, and the number of the one that is meant."""


class HistoryFiles:
    """Locates the files of versions. May be used by several threads."""

    def __init__(
        self,
        client: GraphQL,
        base_url: str,
        read_json: Callable[[str], Any],
        sdk: Callable[[], SdkProber],
        *,
        notes: BranchNotes,
        gaps: SchemaGaps,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: The GraphQL client, for this object alone.
            base_url: The API's address, which addresses of files may be relative to.
            read_json: Fetches a JSON document, the manifest.
            sdk: Gives the fallback for servers that do not understand the query.
            notes: Our own notes of forks.
            gaps: The known gaps in the server's API.
        """
        self._notes = notes
        self._gaps = gaps
        self._client = client
        self._base_url = base_url
        self._read_json = read_json
        self._sdk = sdk
        self._lock = threading.Lock()
        self._in_turn = threading.Lock()
        self._pending: list[tuple[Wanted, _Answer]] = []
        self._announced: dict[Wanted, None] = {}
        self._early: dict[Wanted, _Answer] = {}
        """Answers about announced versions that have not been asked for yet."""
        self._asking = False
        self._lists_digests: bool | None = None
        """Whether the server lists the digests of the manifests; None until one has been compared."""
        self._comparing = threading.Lock()
        self._closed = threading.Event()

    def announce(self, run: RunAddress, artifact: str) -> None:
        """Get ready for `locate`, with the same arguments: of many, its answer may be there already."""
        with self._lock:
            self._announced[Wanted(run, artifact)] = None

    def locate(self, run: RunAddress, artifact: str, *, digests: bool = True, alone: bool = False) -> HistoryVersion:
        """The files of a version; what several threads ask for at about the same time goes out as one request.

        Args:
            run: The run.
            artifact: ``entity/project/run-<id>-history:v0``, usually in the run's project.
            digests: Whether the files' digests are wanted, for which their manifest may have to be read.
            alone: Whether no other threads will ask for more, so that none are waited for.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: The files cannot be located.
            AddressExpiredError: The manifest is refused at the address that the server has just given.
        """
        wanted = Wanted(run, artifact)
        answer, early = self._answer(wanted, alone=alone)
        try:
            return self._version(wanted, answer, digests=digests)
        except AddressExpiredError:
            if not early:
                raise
        # It was asked for long before this call, and so is the manifest's address as old.
        answer, _ = self._answer(wanted, alone=alone)
        return self._version(wanted, answer, digests=digests)

    def _answer(self, wanted: Wanted, *, alone: bool) -> tuple[_Answer, bool]:
        """The answer about a version, to come or there, and whether it was asked for before as it was announced."""
        with self._lock:
            future = self._early.pop(wanted, None)
            early = future is not None
            if future is None:
                future = Future()
                self._announced.pop(wanted, None)
                self._pending.append((wanted, future))
            begins = not self._asking and bool(self._pending or self._may_ask_early)
            self._asking = self._asking or begins
        if begins and alone:
            self._ask_for_pending(quiet=0.0)
        elif begins:
            try:
                start_daemon(self._ask_for_pending, "wandb-tui locate")
            except RuntimeError:
                # No thread is left.
                self._ask_for_pending()
        return future, early

    def with_manifest(self, version: HistoryVersion) -> HistoryVersion:
        """A version with the sizes and digests of its manifest, in place of those that the server lists.

        Where they differ, the server lists another kind of digest: from then on, `locate` reads the manifests.

        Raises:
            ServerError: The manifest cannot be fetched.
        """
        urls = {file.name: file.url for file in version.files}
        files = checked_files(version.artifact, self._by_manifest(version.artifact, version.manifest_url, urls))
        if files != version.files:
            self._lists_digests = False
        return replace(version, files=files, manifest_url="")

    def run_record(self, run: RunAddress) -> RunRecord | None:
        """The config, summary and origin of a run; None where there is no such run.

        Args:
            run: The run.

        Raises:
            ApiKeyError: The server refuses the key.
            ServerError: The server cannot be asked, or neither its answer nor a note says where the run came from.
        """
        reply = self._ask(_RUN_RECORD, {"entity": run.entity, "project": run.project, "name": run.run_id})
        # After an error, what is missing is not told, rather than not there.
        if reply.problem is not None or reply.errors:
            raise error_from(reply)
        found = json_object(json_object((reply.data or {}).get("project")).get("run"))
        if not found:
            return None
        record, point = read_record(found), self._origin(run, found).branch_point
        if record.config is None and point is None:
            raise ServerError(f"The server does not report the config of {run}.")
        return replace(record, branch_point=point)

    def branch_point(self, run: RunAddress) -> BranchPoint | None:
        """The point at which a run was forked; None for no fork. Raises as `run_record` does."""
        record = self.run_record(run)
        return record.branch_point if record else None

    def _origin(self, run: RunAddress, found: dict[str, Any]) -> RunOrigin:
        (origin,) = self._notes.completed([read_origin(run, found)])
        return origin

    def close(self) -> None:
        """End what waits, and close the connections."""
        self._closed.set()
        self._client.close()

    @property
    def _may_ask_early(self) -> bool:
        """Whether announced versions may be asked for; not for too many, as the addresses of files expire."""
        return bool(self._announced) and len(self._early) <= _MAX_BATCH

    def _ask_for_pending(self, quiet: float = _QUIET_S) -> None:
        """Ask for everything that is pending, and for what is announced, in batches."""
        self._closed.wait(quiet)
        while True:
            with self._lock:
                batch, self._pending = self._pending[:_MAX_BATCH], self._pending[_MAX_BATCH:]
                if self._may_ask_early:
                    early = list(self._announced)[: _MAX_BATCH - len(batch)]
                    answers: dict[Wanted, _Answer] = {wanted: Future() for wanted in early}
                    batch += answers.items()
                    self._early |= answers
                    self._announced = {wanted: None for wanted in self._announced if wanted not in answers}
                if not batch:
                    self._asking = False
                    return
            try:
                reply = self._ask(*compose([wanted for wanted, _ in batch]))
            except BaseException as error:  # noqa: BLE001 - it belongs to those who wait for the answers
                # No other thread would ask for those that came meanwhile.
                with self._lock:
                    self._drop_early(batch)
                    batch, self._pending, self._asking = [*batch, *self._pending], [], False
                for _, future in batch:
                    future.set_exception(error)
                return
            if reply.problem in _NO_ANSWER:
                with self._lock:
                    self._drop_early(batch)
            for number, (_, future) in enumerate(batch):
                future.set_result((reply, number))
            # The first files are being fetched by now, so that the next request may be for many.
            if quiet:
                self._gather()

    def _drop_early(self, batch: Sequence[tuple[Wanted, _Answer]]) -> None:
        """Let the versions of a failed request that nothing waits for yet be asked for once they are wanted."""
        failed = dict(batch)
        self._early = {one: answer for one, answer in self._early.items() if failed.get(one) is not answer}

    def _gather(self) -> None:
        """Wait while more is asked for, so that one request does for many."""
        until, known = time.monotonic() + _MAX_QUIET_S, 0
        while known < (pending := len(self._pending)) < _MAX_BATCH and time.monotonic() < until:
            known = pending
            self._closed.wait(_QUIET_S)

    def _version(self, wanted: Wanted, answer: _Answer, *, digests: bool) -> HistoryVersion:
        reply, number = answer.result()
        _check_answered(reply)
        data = reply.data or {}
        run = json_object(json_object(data.get(f"r{number}") or data.get(f"q{number}")).get("run"))
        files, manifest_url = self._files(wanted, reply, number, digests=digests)
        origin = self._origin(wanted.run, run) if run else None
        told = "config" in run and not (run["config"] is None and reply.errors)
        if origin is not None and origin.parent is None and not told:
            # Without the config and without a note of ours, it is unknown whether the run is a fork.
            origin = None
        return HistoryVersion(
            wanted.artifact,
            checked_files(wanted.artifact, files),
            manifest_url,
            read_facts(run, ()) if run else None,
            origin,
        )

    def _files(self, wanted: Wanted, reply: Reply, number: int, *, digests: bool) -> tuple[list[HistoryFile], str]:
        """The files, and where the manifest is, if listed digests are taken for its."""
        found = membership_of(reply, number)
        artifact = json_object(found.get("artifact"))
        manifest_file = json_object(json_object(artifact.get("currentManifest")).get("file"))
        listed, after = listed_files(found)
        if not (manifest_file.get("directUrl") and listed):
            return self._by_sdk(wanted.artifact), ""
        while after:
            more, after = listed_files(membership_of(self._ask(*compose([wanted], after)), 0))
            if more.keys() <= listed.keys():
                # A server that lacks the argument lists the first page each time; the manifest tells what is missing.
                break
            listed |= more
        manifest_url = self._absolute(manifest_file["directUrl"])
        urls = {name: self._absolute(node["directUrl"]) for name, node in listed.items()}
        complete = number_of(artifact.get("fileCount")) == len(listed)
        if complete and not digests:
            sizes = {name: number_of(node.get("sizeBytes")) for name, node in listed.items() if is_history(name)}
            return [HistoryFile(name, urls[name], size, "") for name, size in sizes.items()], ""
        # A manifest each would be a request more for every run.
        if complete and self._lists_digests is not False:
            files = [listed_file(name, urls[name], node) for name, node in listed.items() if is_history(name)]
            whole = [file for file in files if file is not None]
            if whole == files:
                told = self._compared(wanted.artifact, manifest_url, urls, whole)
                return (whole, manifest_url) if told is None else (told, "")
        return self._by_manifest(wanted.artifact, manifest_url, urls), ""

    def _compared(
        self, artifact: str, manifest_url: str, urls: Mapping[str, str], listed: list[HistoryFile]
    ) -> list[HistoryFile] | None:
        """The files as the manifest tells them, if listed digests are not known to be its; None once they are.

        Another kind of digest may be as long as an MD5 one, as XXH128's is.
        """
        with self._comparing:
            if self._lists_digests:
                return None
            told = self._by_manifest(artifact, manifest_url, urls)
            self._lists_digests = checked_files(artifact, told) == checked_files(artifact, listed)
            return told

    def _by_manifest(self, artifact: str, manifest_url: str, urls: Mapping[str, str]) -> list[HistoryFile]:
        """The files as the manifest tells them."""
        contents = json_object(json_object(self._read_json(manifest_url)).get("contents"))
        entries = {name: json_object(entry) for name, entry in contents.items() if is_history(name)}
        if not entries.keys() <= urls.keys():
            raise ServerError(f"The server does not say where all files of {artifact} are.")
        return [HistoryFile(name, urls[name], *digest_of(entry)) for name, entry in entries.items()]

    def _absolute(self, url: object) -> str:
        return urljoin(f"{self._base_url}/", str(url))

    def _by_sdk(self, artifact: str) -> list[HistoryFile]:
        """The files as the SDK tells them."""
        try:
            return [HistoryFile(*values) for values in self._sdk().version_files(artifact)]
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, requests' and the transport's
            raise ServerError(f"{artifact} cannot be read: {one_line(error).rstrip('.')}.") from None

    def _ask(self, query: str, variables: dict[str, str]) -> Reply:
        """Ask, and ask again where the server is in trouble or limits the rate."""

        def execute() -> Reply:
            with self._in_turn:
                return self._gaps.execute(self._client.execute, query, variables)

        return with_retries(execute, self._closed.wait)


def _check_answered(reply: Reply) -> None:
    """Make sure that the server has answered.

    Raises:
        ApiKeyError: It refuses the key.
        ServerError: It cannot be asked.
    """
    if reply.problem in _NO_ANSWER:
        error = ApiKeyError if reply.problem is ProbeOutcome.UNAUTHORIZED else ServerError
        raise error(f"{reply.message}.")
